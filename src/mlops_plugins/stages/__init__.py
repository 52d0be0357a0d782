"""The built-in implementations: a folder a stage, a file for each name in `conf/`."""
