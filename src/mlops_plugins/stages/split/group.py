"""A split that keeps groups together: a customer, a site."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_plugins.api.component import Field
from mlops_plugins.stages.split.holdout import HoldOut, HoldOutSplit, log_duplicates
from mlops_plugins.stages.split.keys import hold_out_share, one_class

if TYPE_CHECKING:
    from mlops_plugins.api.context import Context
    from mlops_plugins.stages.split.rows import Rows


class Group(HoldOutSplit):
    """Holds out a share of the groups by a hash of the seed and the group's name."""

    column: str = Field(description="The column that names a row's group, as a customer or a site.")
    test_share: float = Field(
        0.2, gt=0, lt=1, description="Share of the groups to test on, 0 to 1."
    )

    def _hold_out(self, context: Context, rows: Rows) -> HoldOut:
        name = rows.require(
            self.column, what="A split by group", where="conf/split/group.yaml: column"
        )
        keys = rows.hashes([name], context.seed)
        held_out = hold_out_share(keys, one_class(keys), self.test_share)
        if inputs := rows.inputs(name):
            log_duplicates(context, rows.hashes(inputs, context.seed), held_out)
        return held_out
