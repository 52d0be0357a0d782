"""Calibration: whether what is predicted happens as often as is said."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import stats

from mlops_plugins.metrics import bootstrap
from mlops_plugins.metrics.calibration import bins, expected_error, top_label

if TYPE_CHECKING:
    from mlops_plugins.stages.evaluate.test_set import ScoredTestSet

STEPS = 25
DRAWS = 2000
NORMAL = NormalDist().inv_cdf(0.975)


def table(test_set: ScoredTestSet) -> dict[str, Any]:
    """Return how predictions and what was observed agree, in bins of as many rows each.

    The error is the expected calibration error, the mean distance between both over the bins. Slope and
    intercept are of the observed on the predicted, for classes on the scale of log odds (Cox, Two
    further applications of a model for binary regression, 1958): 1 and 0 are perfect. `by_chance` is
    what the error of a perfect model stays below in 95 of 100 samples of so many rows.
    """
    if test_set.task == "regression":
        return {"of": "the value", **_of(test_set, test_set.target, test_set.scores)}
    probability, right = top_label(test_set.target, test_set.scores)
    overall = _of(test_set, right, probability)
    if test_set.task == "binary":
        return {"of": f"the probability of {test_set.classes[-1]}", **overall}
    classes = []
    for place, name in enumerate(test_set.classes):
        one = _of(test_set, (test_set.target == place).astype(float), test_set.scores[:, place])
        classes.append({"class": name, **{key: one[key] for key in one if key != "bins"}})
    return {"of": "the predicted class's probability", **overall, "classes": classes}


def _of(test_set: ScoredTestSet, observed: np.ndarray, predicted: np.ndarray) -> dict[str, Any]:
    predicted = predicted.astype(float)
    place = bins(predicted)
    measured = bootstrap.measure(
        expected_error(predicted, observed), test_set.target, **test_set.settings
    )
    value, low, high = measured["value"], measured["low"], measured["high"]
    chance = _by_chance(place, observed - predicted, seed=test_set.context.seed)
    linear = test_set.task == "regression"
    slope, intercept = (_line if linear else _log_odds)(observed, predicted)
    return {
        "error": value,
        # Drawing adds noise, and noise adds to a distance: the interval is turned about the value,
        # and reaches 0 where noise alone would do.
        "low": 0.0 if value <= chance else max(2 * value - high, 0.0),
        "high": max(2 * value - low, 0.0),
        "by_chance": chance,
        "slope": slope,
        "intercept": intercept,
        "bins": [
            _bin(observed[place == one], predicted[place == one], linear=linear)
            for one in np.unique(place)
        ],
    }


def _by_chance(place: np.ndarray, gaps: np.ndarray, *, seed: int) -> float:
    """Return the 95th percentile of the error of a perfect model on so many rows.

    A bin's gap is then noise, of the deviation that the bin's rows have.
    """
    rows = np.bincount(place)
    kept = rows > 0
    mean, square = (np.bincount(place, values)[kept] / rows[kept] for values in (gaps, gaps**2))
    deviation = np.sqrt(np.maximum(square - mean**2, 0) / np.maximum(rows[kept] - 1, 1))
    drawn = np.abs(np.random.default_rng(seed).normal(size=(DRAWS, len(mean)))) * deviation
    return float(np.percentile(drawn @ (rows[kept] / rows.sum()), 95))


def _bin(observed: np.ndarray, predicted: np.ndarray, *, linear: bool) -> dict[str, Any]:
    rows, mean = len(observed), float(observed.mean())
    if linear:
        half = NORMAL * float(observed.std(ddof=1)) / math.sqrt(rows) if rows > 1 else math.nan
        low, high = mean - half, mean + half
    else:
        test = stats.binomtest(int(observed.sum()), rows)
        low, high = map(float, test.proportion_ci(method="wilson"))
    return {
        "predicted": float(predicted.mean()),
        "observed": mean,
        "low": low,
        "high": high,
        "rows": rows,
    }


def _line(observed: np.ndarray, predicted: np.ndarray) -> tuple[float, float]:
    centred = predicted - predicted.mean()
    spread = float(centred @ centred)
    if spread == 0:
        return math.nan, math.nan
    slope = float(centred @ observed) / spread
    return slope, float(observed.mean() - slope * predicted.mean())


def _log_odds(observed: np.ndarray, predicted: np.ndarray) -> tuple[float, float]:
    """Fit log odds of the observed to those of the predicted by Newton's steps; NaN if there is no end."""
    least = 1e-6
    clipped = np.clip(predicted, least, 1 - least)
    odds = np.log(clipped / (1 - clipped))
    design = np.column_stack([odds, np.ones(len(odds))])
    fitted = np.array([1.0, 0.0])
    for _ in range(STEPS):
        chance = 1 / (1 + np.exp(-np.clip(design @ fitted, -35, 35)))
        curvature = (design * (chance * (1 - chance))[:, None]).T @ design
        if np.linalg.cond(curvature) > 1e12:
            return math.nan, math.nan
        step = np.linalg.solve(curvature, design.T @ (observed - chance))
        fitted = fitted + step
        if float(np.abs(step).max()) < 1e-8:
            return float(fitted[0]), float(fitted[1])
    return math.nan, math.nan
