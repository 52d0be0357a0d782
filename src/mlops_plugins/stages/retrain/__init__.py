"""Retrain: decide from the monitor's reports whether to train again."""
