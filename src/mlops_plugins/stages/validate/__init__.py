"""Validate: check the raw table against the schema that the team owns."""
