"""Searching the trainer's options: the space, the trials, what is kept of them, and the report."""
