"""Running stages and jobs: one executor, its observers, and what a run leaves behind."""
