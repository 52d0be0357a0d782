"""Monitor: compare what the model sees now with what it was trained on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, Protocol

from mlops_plugins.api import formats
from mlops_plugins.api.stage import Contract

if TYPE_CHECKING:
    from pathlib import Path

    from mlops_plugins.api.context import Context


class Monitor(Protocol):
    """Compare what the model sees now with what it was trained on."""

    def monitor(
        self, context: Context, *, reference: Path, current: Path, model: Path, output: Path
    ) -> Finding:
        """Write `report.json`, with the `status`, and `report.html` into the folder `output`.

        `reference` and `current` are Parquet: the raw columns, `prediction`, the scores, and in
        `reference` always, in `current` where labels have arrived, the target. Where a raw column is
        called `score` or `prediction`, that of the model is `predicted:score` or
        `predicted:prediction`. `model` is the folder of the model that predicted.
        """
        ...


Status = Literal["ok", "insufficient_data", "drift", "alarm"]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What a monitor found: `alarm` is broken data or lost performance, `drift` a change."""

    status: Status
    reasons: tuple[str, ...] = ()


CONTRACT: Final = Contract(
    stage="monitor",
    protocol=Monitor,
    formats=formats.MONITOR,
)
