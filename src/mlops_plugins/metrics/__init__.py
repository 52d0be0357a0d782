"""Metrics, defined once for evaluation, gate and monitoring."""
