"""What the gate looks at before it lets a model through, one concern a file."""
