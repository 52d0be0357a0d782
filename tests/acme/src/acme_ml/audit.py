"""An observer: what happens to a project, one JSON object a line, in `acme-events.jsonl`.

It takes of each hook what it needs, and raises nothing that it could write down instead.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from mlops_plugins import hookimpl

if TYPE_CHECKING:
    from mlops_plugins import Alert, Context, Stage

FILE = "acme-events.jsonl"


def _append(context: Context, event: str, **facts: Any) -> None:
    """Append one line, in the project's own folder also from inside an experiment's copy."""
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    line = json.dumps({"time": now, "event": event, **facts}, default=str) + "\n"
    with (context.home / FILE).open("a", encoding="utf-8") as stream:
        stream.write(line)


@hookimpl
def mlops_before_stage(stage: Stage, name: str, context: Context) -> None:
    """Note that a stage starts."""
    _append(context, "before", stage=stage, name=name)


@hookimpl
def mlops_on_metric(
    stage: Stage, name: str, context: Context, metric: str, value: float, step: int | None
) -> None:
    """Note a metric, as soon as it is told."""
    _append(context, "metric", stage=stage, name=name, metric=metric, value=value, step=step)


@hookimpl
def mlops_after_stage(stage: Stage, name: str, context: Context, seconds: float) -> None:
    """Note that a stage succeeded, and how long it took."""
    _append(context, "after", stage=stage, name=name, seconds=seconds)


@hookimpl
def mlops_on_error(stage: Stage, name: str, context: Context, error: BaseException) -> None:
    """Note that a stage failed, and why."""
    what = f"{type(error).__name__}: {error}"
    _append(context, "error", stage=stage, name=name, error=what)


@hookimpl
def mlops_on_alert(context: Context, alert: Alert) -> None:
    """Note an alert."""
    _append(context, "alert", severity=alert.severity, title=alert.title)
