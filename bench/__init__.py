"""The benchmark suite: `python -m bench` measures in one run, and compares by ratios."""
