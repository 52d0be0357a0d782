"""Report: show people the results of a run."""
