"""Explaining a model by its raw columns: what implementations of `explain` share, and one row."""
