"""The jobs outside the training pipeline: serve, predict, export, monitor, retrain, explain a row."""
