"""Train: fit an estimator on the features."""
