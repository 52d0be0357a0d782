"""Notify: every alert is delivered."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from mlops_plugins.api.contracts.notify import Alert
from mlops_plugins.testing.failure import done
from mlops_plugins.testing.sandbox import Sandbox
from mlops_plugins.testing.tables import plain

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mlops_plugins.testing.subject import Run, Subject

ALERTS = {
    "an info": Alert(severity="info", title="late-flights retrained: promote"),
    "a warning": Alert(severity="warning", title="late-flights: drift", details=("origin",)),
    "a critical alert": Alert(severity="critical", title="late-flights: alarm", details=("a", "b")),
    "an alert in many scripts": Alert(
        severity="critical",
        title='Verspätung: 温度 🌬️ <b>&amp; "quotes" {braces} %s',
        details=("línea uno\nlínea dos", "[red]no markup[/red]", "", "x" * 5000),
    ),
}


def _delivers(name: str, subject: Subject, folder: Path) -> None:
    sandbox = Sandbox.make(folder, subject, plain())
    implementation = subject.make()
    done(
        f"it was given {name}",
        lambda: implementation.notify(sandbox.context, alert=ALERTS[name]),
    )


CHECKS: Mapping[str, Run] = {f"delivers {name}": partial(_delivers, name) for name in ALERTS}
