"""Notify by a file, one JSON object a line."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from mlops_plugins.api.component import Component, Field

if TYPE_CHECKING:
    from mlops_plugins.api.context import Context
    from mlops_plugins.api.contracts.notify import Alert


class File(Component):
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
