"""Evaluate: measure the model on rows that it has not seen."""
