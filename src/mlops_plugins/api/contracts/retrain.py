"""Retrain: decide from the monitor's reports whether to train again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

from mlops_plugins.api.stage import Contract

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlops_plugins.api.context import Context


class Retrain(Protocol):
    """Decide from the monitor's reports whether to train again."""

    def retrain(self, context: Context, *, reports: list[Mapping[str, Any]]) -> Decision:
        """Return the decision; `reports` are the monitor's, oldest first."""
        ...


@dataclass(frozen=True, kw_only=True)
class Decision:
    """Whether to retrain, and why."""

    retrain: bool
    reason: str


CONTRACT: Final = Contract(stage="retrain", protocol=Retrain)
