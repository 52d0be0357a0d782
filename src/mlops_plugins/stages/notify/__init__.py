"""Notify: send alerts to people."""
