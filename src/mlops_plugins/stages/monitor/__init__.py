"""Monitor: compare what the model sees now with what it was trained on."""
