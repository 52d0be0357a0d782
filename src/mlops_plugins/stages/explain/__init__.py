"""Explain: say what the model's predictions depend on."""
