"""Holding tables that are larger than memory against their schema."""
