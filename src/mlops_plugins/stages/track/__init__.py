"""Track: record the finished pipeline."""
