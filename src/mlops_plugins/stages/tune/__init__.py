"""Tune: search for the trainer's best options."""
