"""Observers: called before and after stages, and for metrics, errors and alerts."""
