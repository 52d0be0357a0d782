"""Ingest: bring the raw table into the project."""
