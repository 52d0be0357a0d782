"""Notify in the log, where the command reports everything else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_plugins.api.component import Component

if TYPE_CHECKING:
    from mlops_plugins.api.context import Context
    from mlops_plugins.api.contracts.notify import Alert


class Log(Component):
    """Writes alerts to the log of the command."""

    def notify(self, context: Context, *, alert: Alert) -> None:
        """Log the alert: its severity and title, then a line for each detail."""
        context.log(f"{alert.severity}: {alert.title}")
        for detail in alert.details:
            context.log(f"  {detail}")
