"""Observers: told before and after stages, of metrics, errors and alerts."""
