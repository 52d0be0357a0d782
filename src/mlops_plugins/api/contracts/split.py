"""Split: decide which rows train and which test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from mlops_plugins.api import formats
from mlops_plugins.api.stage import Contract

if TYPE_CHECKING:
    from pathlib import Path

    from mlops_plugins.api.context import Context


class Split(Protocol):
    """Decide which rows train and which judge."""

    def split(self, context: Context, *, table: Path, output: Path) -> None:
        """Write `train.parquet` and `test.parquet` into the folder `output`.

        Each row that has a target is in one of them, as it was; rows without one may be dropped.

        Raises:
            DataError: One part would have no rows.
        """
        ...


CONTRACT: Final = Contract(
    stage="split",
    protocol=Split,
    inputs={"table": "data/validated.parquet"},
    outputs={"output": "data/splits"},
    parameters=("data", "seed"),
    formats=formats.SPLIT,
)
