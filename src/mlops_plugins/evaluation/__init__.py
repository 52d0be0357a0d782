"""What `evaluate: metrics` does, one concern a file."""
