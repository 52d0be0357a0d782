"""What people read about a run: one report, a model card and a data sheet."""
