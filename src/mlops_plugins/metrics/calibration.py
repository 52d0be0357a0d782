"""The expected calibration error: how far predictions and what is observed lie apart, by bins.

Naeini, Cooper and Hauskrecht, Obtaining well calibrated probabilities using Bayesian binning, 2015.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from mlops_plugins.metrics.weighted import WeightedMetric

BINS = 10


def top_label(target: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return a probability of each row, and whether what it is about is true (1 or 0).

    Of two classes it is the last one's probability, of more the most probable one's.

    Args:
        target: Positions of the true classes, of shape (rows,).
        scores: Probabilities of shape (rows, classes).
    """
    if scores.shape[1] == 2:
        return scores[:, 1].astype(float), (target == 1).astype(float)
    right = scores.argmax(axis=1) == target
    return scores.max(axis=1).astype(float), right.astype(float)


def bins(predicted: np.ndarray) -> np.ndarray:
    """Return the bin of each prediction, of shape (rows,): ten bins of as many rows each.

    A prediction that lies on an edge is in the lower bin.
    """
    edges = np.quantile(predicted, np.linspace(0, 1, BINS + 1)[1:-1])
    return np.searchsorted(edges, predicted)


def expected_error(predicted: np.ndarray, observed: np.ndarray) -> WeightedMetric:
    """Return the mean distance of both over the bins, as a function of how often each row counts.

    Args:
        predicted: Probabilities or values, of shape (rows,).
        observed: What was observed: 1 or 0, or values.
    """
    places, gaps = bins(predicted), observed - predicted

    def error(weights: np.ndarray) -> float:
        return float(np.abs(np.bincount(places, weights * gaps)).sum() / weights.sum())

    return error
