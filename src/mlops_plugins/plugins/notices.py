"""Telling people where they look anyway: in the log, and in a file."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from mlops_plugins.hookspecs import hookimpl
from mlops_plugins.options import Field, Options
from mlops_plugins.stages import Implementation, Stage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlops_plugins.stages import Alert, Context


@hookimpl
def mlops_implementations() -> Iterator[Implementation]:
    """Offer both notifiers."""
    yield Implementation(
        stage=Stage.NOTIFY,
        name="log",
        target="mlops_plugins.plugins.notices:Log",
        summary="Say alerts in the log",
    )
    yield Implementation(
        stage=Stage.NOTIFY,
        name="file",
        target="mlops_plugins.plugins.notices:File",
        summary="Append alerts to a file, one JSON object a line",
    )


class Log(Options):
    """Says alerts where the command says everything else."""

    def notify(self, context: Context, *, alert: Alert) -> None:
        """Say the alert: its severity and title, then a line for each detail."""
        context.say(f"{alert.severity}: {alert.title}")
        for detail in alert.details:
            context.say(f"  {detail}")


class File(Options):
    """Keeps alerts in a file, for people to read and programs to follow."""

    path: str = Field(
        "monitoring/alerts.jsonl", min_length=1, description="The file, below the project's folder."
    )

    def notify(self, context: Context, *, alert: Alert) -> None:
        """Append the alert with the time (UTC) and the project as one line of JSON."""
        path = context.home / self.path
        path.parent.mkdir(parents=True, exist_ok=True)
        now = datetime.now(UTC).isoformat(timespec="seconds")
        line = json.dumps({"time": now, "project": context.project, **asdict(alert)}) + "\n"
        with path.open("a", encoding="utf-8") as stream:
            stream.write(line)
