"""Drawing the rows again that an importance was measured on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_plugins import scoring

if TYPE_CHECKING:
    import numpy as np


RESAMPLES = 200
"""Bootstrap samples for an interval."""


def resamples(rows: int, *, seed: int) -> np.ndarray:
    """Return how often each row is drawn in each bootstrap sample, of shape (RESAMPLES, rows)."""
    import numpy as np

    drawn = scoring.resampled_rows(rows, resamples=RESAMPLES, seed=seed)
    return np.stack([np.bincount(each, minlength=rows) for each in drawn]).astype(float)
