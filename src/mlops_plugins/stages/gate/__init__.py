"""Gate: decide whether the model may be promoted."""
