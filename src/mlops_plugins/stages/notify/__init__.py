"""Notify: tell people."""
