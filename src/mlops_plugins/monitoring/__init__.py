"""What monitors are made of: one file a concern, shared by the plugins that monitor."""
