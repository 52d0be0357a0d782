"""Every stage of a machine-learning project, done the Acme way."""
