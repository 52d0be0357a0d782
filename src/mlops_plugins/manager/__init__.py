"""Finding the installed plugins, and choosing one implementation by its name."""
