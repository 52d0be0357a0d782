"""One file a tool: the built-in plugins."""
