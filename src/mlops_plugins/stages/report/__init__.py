"""Report: tell people what the run found."""
