"""A split that keeps groups together: a customer, a site."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_plugins.api.component import Field
from mlops_plugins.stages.split.keys import one_class, share_of
from mlops_plugins.stages.split.parts import Parted, Parts, tell_copies

if TYPE_CHECKING:
    from mlops_plugins.api.context import Context
    from mlops_plugins.stages.split.rows import Rows


class Group(Parted):
    """Puts a share of the groups aside by a hash of the seed and what the column says."""

    column: str = Field(description="The column that names a row's group, as a customer or a site.")
    test_share: float = Field(
        0.2, gt=0, lt=1, description="Share of the groups that judge, 0 to 1."
    )

    def _parts(self, context: Context, rows: Rows) -> Parts:
        name = rows.require(
            self.column, what="A split by group", where="conf/split/group.yaml: column"
        )
        keys = rows.hashes([name], context.seed)
        parts = share_of(keys, one_class(keys), self.test_share)
        if inputs := rows.inputs(name):
            tell_copies(context, rows.hashes(inputs, context.seed), parts)
        return parts
