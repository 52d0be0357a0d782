"""Profile: show what the data look like."""
