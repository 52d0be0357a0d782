"""The learning curve: what the same trainer makes of fewer training rows."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from mlops_plugins.metrics import bootstrap, scoring, weighted
from mlops_plugins.stages.evaluate.refit import refit, some_rows, told

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from mlops_plugins.stages.evaluate.test_set import Judged

SEEN_ROWS = 5_000
"""Of the rows that it was fitted to, each point is measured on so many at the most."""


def curve(judged: Judged, shares: Sequence[float]) -> dict[str, Any]:
    """Return the primary metric for each share of the training rows; the last is the model itself."""
    points, skipped = [], []
    for share in sorted(set(shares)):
        places = some_rows(judged, share)
        try:
            points.append(_point(judged, share, places))
        except Exception as error:  # noqa: BLE001  fewer rows may be too few for a trainer
            skipped.append({"share": share, "rows": len(places), "reason": told(error)})
            judged.context.log(f"learning curve: nothing of {len(places):,} rows: {told(error)}")
    seen = some_rows(judged, SEEN_ROWS / len(judged.train))
    ours = judged.model.scores(judged.train.iloc[seen])
    points.append(_measured(judged, 1.0, len(judged.train), seen, ours, judged.scores))
    return {"metric": judged.metric, "points": points, "skipped": skipped}


def _point(judged: Judged, share: float, places: np.ndarray) -> dict[str, Any]:
    seen = places[:: -(-len(places) // SEEN_ROWS)] if len(places) else places
    ours, scores = refit(judged, places, [judged.train.iloc[seen], judged.rows])
    return _measured(judged, share, len(places), seen, ours, scores)


def _measured(
    judged: Judged,
    share: float,
    rows: int,
    seen: np.ndarray,
    ours: np.ndarray,
    scores: np.ndarray,
) -> dict[str, Any]:
    import numpy as np

    truth = judged.known[seen]
    trained = math.nan
    if len(truth) and scoring.defined(truth):
        trained = weighted.primary(judged.task, truth, ours)(np.ones(len(truth)))
    found = bootstrap.measure(
        weighted.primary(judged.task, judged.target, scores), judged.target, **judged.settings
    )
    return {"share": share, "rows": rows, "train": trained, **found}
