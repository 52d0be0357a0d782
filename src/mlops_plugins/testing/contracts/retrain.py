"""Retrain: a decision with a reason, from the reports alone."""

from __future__ import annotations

import copy
from functools import partial
from typing import TYPE_CHECKING, Any, get_args

from mlops_plugins.api.contracts.monitor import Status
from mlops_plugins.api.contracts.retrain import Decision
from mlops_plugins.testing.failure import done, require
from mlops_plugins.testing.sandbox import Sandbox
from mlops_plugins.testing.tables import plain

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mlops_plugins.testing.subject import Run, Subject


def _report(status: str, day: int) -> dict[str, Any]:
    """Return what every monitor's report says at least."""
    created = f"2013-07-{day:02}T000000"
    return {"status": status, "reasons": ["Entfernung: größer"], "created": created, "version": "3"}


HISTORIES = {
    "no reports": [],
    **{f"one report of '{status}'": [_report(status, 1)] for status in get_args(Status)},
    "reports of each status": [_report(s, day) for day, s in enumerate(get_args(Status), start=1)],
    "forty reports of drift": [_report("drift", day % 28 + 1) for day in range(40)],
}


def _decides(name: str, subject: Subject, folder: Path) -> None:
    """It decides the same each time, says why, and changes no report."""
    sandbox = Sandbox.make(folder, subject, plain())
    reports, did = HISTORIES[name], f"it was given {name}"
    given, decisions = copy.deepcopy(reports), []
    implementation = subject.make()
    for _ in range(2):
        done(
            did,
            lambda: decisions.append(implementation.retrain(sandbox.context, reports=given)),
        )
        require(given == reports, did, expected="the reports as they were", found="changed ones")
    first, second = decisions
    require(
        isinstance(first, Decision) and isinstance(first.retrain, bool) and first.reason.strip(),
        did,
        expected="a Decision with a reason",
        found=first,
    )
    require(first == second, f"{did} twice", expected=first, found=second)


CHECKS: Mapping[str, Run] = {f"decides on {name}": partial(_decides, name) for name in HISTORIES}
