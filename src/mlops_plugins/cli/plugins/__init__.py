"""The commands `mlops plugins ...`."""
