"""A split at random: a row's hash decides, so that it stays in its set when data grow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from mlops_plugins.api.component import Field
from mlops_plugins.stages.split.holdout import HoldOut, HoldOutSplit, log_duplicates
from mlops_plugins.stages.split.keys import (
    hold_out_share,
    id_hashes,
    input_hashes,
    one_class,
)

if TYPE_CHECKING:
    import numpy as np

    from mlops_plugins.api.context import Context
    from mlops_plugins.stages.split.rows import Rows


class Random(HoldOutSplit):
    """Holds out a share of the rows by a hash of the seed and their id, or their inputs if they have none."""

    test_share: float = Field(0.2, gt=0, lt=1, description="Share of the rows to test on, 0 to 1.")
    duplicates: Literal["report", "together"] = Field(
        "report",
        description="Rows with the same inputs and several ids: report how many are in both sets, "
        "or keep them together by hashing the inputs and not the id.",
    )

    def _hold_out(self, context: Context, rows: Rows) -> HoldOut:
        by_id = context.data.id is not None and self.duplicates == "report"
        keys = id_hashes(context, rows) if by_id else input_hashes(context, rows)
        held_out = hold_out_share(keys, self._classes(context, rows, keys), self.test_share)
        if by_id and rows.inputs():
            advice = "; the split's option `duplicates: together` keeps them in one set"
            log_duplicates(context, input_hashes(context, rows), held_out, advice)
        return held_out

    def _classes(self, context: Context, rows: Rows, keys: np.ndarray) -> np.ndarray:
        """Return each row's class as a number from 0: here there is one."""
        return one_class(keys)
