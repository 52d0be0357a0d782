"""Features: turn columns into the model's features."""
