"""Notify: deliver an alert to people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, Protocol

from mlops_plugins.api.stage import Contract

if TYPE_CHECKING:
    from mlops_plugins.api.context import Context


class Notify(Protocol):
    """Deliver an alert to people."""

    def notify(self, context: Context, *, alert: Alert) -> None:
        """Deliver `alert`."""
        ...


@dataclass(frozen=True, kw_only=True)
class Alert:
    """Something that people should know."""

    severity: Literal["info", "warning", "critical"]
    title: str
    details: tuple[str, ...] = ()


CONTRACT: Final = Contract(stage="notify", protocol=Notify)
