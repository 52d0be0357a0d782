"""A split at random: a row's hash decides, so that it stays in its part when data grow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from mlops_plugins.api.component import Field
from mlops_plugins.stages.split.keys import content, identity, one_class, share_of
from mlops_plugins.stages.split.parts import Parted, Parts, tell_copies

if TYPE_CHECKING:
    import numpy as np

    from mlops_plugins.api.context import Context
    from mlops_plugins.stages.split.rows import Rows


class Random(Parted):
    """Puts a share of the rows aside by a hash of the seed and their id, or their inputs if they have none."""

    test_share: float = Field(0.2, gt=0, lt=1, description="Share of the rows that judge, 0 to 1.")
    duplicates: Literal["report", "together"] = Field(
        "report",
        description="Rows with the same inputs and several ids: report how many are in both parts, "
        "or keep them together by hashing the inputs and not the id.",
    )

    def _parts(self, context: Context, rows: Rows) -> Parts:
        by_id = context.data.id is not None and self.duplicates == "report"
        keys = identity(context, rows) if by_id else content(context, rows)
        parts = share_of(keys, self._classes(context, rows, keys), self.test_share)
        if by_id and rows.inputs():
            advice = "; the split's option `duplicates: together` keeps them in one part"
            tell_copies(context, content(context, rows), parts, advice)
        return parts

    def _classes(self, context: Context, rows: Rows, keys: np.ndarray) -> np.ndarray:
        """Return each row's class as a number from 0: here there is one."""
        return one_class(keys)
