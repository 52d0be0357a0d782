"""Serve: answer requests with the model."""
