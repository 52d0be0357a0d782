"""Calibration: whether what is predicted happens as often as is said."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from mlops_plugins.stages.evaluate import intervals

if TYPE_CHECKING:
    import numpy as np

    from mlops_plugins.stages.evaluate.test_set import Judged

BINS = 10
STEPS = 25
DRAWS = 2000


def table(judged: Judged) -> dict[str, Any]:
    """Return how predictions and what was observed agree, in bins of as many rows each.

    The error is the mean distance between both over the bins (expected calibration error; Naeini
    and others, Obtaining well calibrated probabilities using Bayesian binning, 2015). Slope and
    intercept are of the observed on the predicted, for classes on the scale of log odds (Cox, Two
    further applications of a model for binary regression, 1958): 1 and 0 are perfect. `by_chance` is
    what the error of a perfect model stays below in 95 of 100 samples of so many rows.
    """
    if judged.task == "regression":
        return {"of": "the value", **_of(judged, judged.target, judged.scores)}
    if judged.task == "binary":
        positive = (judged.target == 1).astype(float)
        chance = judged.scores[:, 1].astype(float)
        return {"of": f"the probability of {judged.classes[-1]}", **_of(judged, positive, chance)}
    top = judged.scores.max(axis=1).astype(float)
    right = (judged.scores.argmax(axis=1) == judged.target).astype(float)
    classes = []
    for place, name in enumerate(judged.classes):
        one = _of(judged, (judged.target == place).astype(float), judged.scores[:, place])
        classes.append({"class": name, **{key: one[key] for key in one if key != "bins"}})
    whole = _of(judged, right, top)
    return {"of": "the predicted class's probability", **whole, "classes": classes}


def _of(judged: Judged, observed: np.ndarray, predicted: np.ndarray) -> dict[str, Any]:
    import numpy as np

    predicted = predicted.astype(float)
    edges = np.quantile(predicted, np.linspace(0, 1, BINS + 1)[1:-1])
    place = np.searchsorted(edges, predicted)
    gaps = observed - predicted

    def error(weights: np.ndarray) -> float:
        return float(np.abs(np.bincount(place, weights * gaps)).sum() / weights.sum())

    value = error(np.ones(len(place)))
    found = [error(weights) for weights in intervals.draws(judged.target, **judged.settings)]
    low, high = intervals.interval(found)
    chance = _by_chance(place, gaps, seed=judged.context.seed)
    linear = judged.task == "regression"
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
    import numpy as np

    rows = np.bincount(place)
    kept = rows > 0
    mean, square = (np.bincount(place, values)[kept] / rows[kept] for values in (gaps, gaps**2))
    deviation = np.sqrt(np.maximum(square - mean**2, 0) / np.maximum(rows[kept] - 1, 1))
    drawn = np.abs(np.random.default_rng(seed).normal(size=(DRAWS, len(mean)))) * deviation
    return float(np.percentile(drawn @ (rows[kept] / rows.sum()), 95))


def _bin(observed: np.ndarray, predicted: np.ndarray, *, linear: bool) -> dict[str, Any]:
    rows, mean = len(observed), float(observed.mean())
    if linear:
        half = (
            intervals.NORMAL * float(observed.std(ddof=1)) / math.sqrt(rows)
            if rows > 1
            else math.nan
        )
        low, high = mean - half, mean + half
    else:
        low, high = intervals.wilson(float(observed.sum()), rows)
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
    import numpy as np

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
