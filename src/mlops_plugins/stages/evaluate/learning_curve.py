"""The learning curve: what the same trainer makes of fewer training rows."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from mlops_plugins.metrics import bootstrap, scoring, weighted
from mlops_plugins.stages.evaluate.refit import described, refit, some_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlops_plugins.stages.evaluate.test_set import ScoredTestSet

SEEN_ROWS = 5_000
"""Of the rows that it was fitted to, each point is measured on at most so many."""


def curve(test_set: ScoredTestSet, shares: Sequence[float]) -> dict[str, Any]:
    """Return the primary metric for each share of the training rows; the last is the model itself."""
    points, skipped = [], []
    for share in sorted(set(shares)):
        places = some_rows(test_set, share)
        try:
            points.append(_point(test_set, share, places))
        except Exception as error:  # noqa: BLE001  fewer rows may be too few for a trainer
            skipped.append({"share": share, "rows": len(places), "reason": described(error)})
            test_set.context.log(
                f"learning curve: nothing of {len(places):,} rows: {described(error)}"
            )
    seen = some_rows(test_set, SEEN_ROWS / len(test_set.train))
    ours = test_set.model.scores(test_set.train.iloc[seen])
    points.append(_measured(test_set, 1.0, len(test_set.train), seen, ours, test_set.scores))
    return {"metric": test_set.metric, "points": points, "skipped": skipped}


def _point(test_set: ScoredTestSet, share: float, places: np.ndarray) -> dict[str, Any]:
    seen = places[:: -(-len(places) // SEEN_ROWS)] if len(places) else places
    ours, scores = refit(test_set, places, [test_set.train.iloc[seen], test_set.rows])
    return _measured(test_set, share, len(places), seen, ours, scores)


def _measured(
    test_set: ScoredTestSet,
    share: float,
    rows: int,
    seen: np.ndarray,
    ours: np.ndarray,
    scores: np.ndarray,
) -> dict[str, Any]:
    truth = test_set.known[seen]
    trained = math.nan
    if len(truth) and scoring.defined(truth):
        trained = weighted.primary(test_set.task, truth, ours)(np.ones(len(truth)))
    measured = bootstrap.measure(
        weighted.primary(test_set.task, test_set.target, scores),
        test_set.target,
        **test_set.settings,
    )
    return {"share": share, "rows": rows, "train": trained, **measured}
