"""Profile: a page of its own, and the numbers behind it."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

from mlops_plugins.testing.contracts import pipeline
from mlops_plugins.testing.contracts.evaluate import read_json
from mlops_plugins.testing.failure import attempt, require
from mlops_plugins.testing.sandbox import Sandbox
from mlops_plugins.testing.tables import ODD, TASKS, Case, plain

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mlops_plugins.testing.subject import Run, Subject

TABLE = "data/validated.parquet"

ELSEWHERE = re.compile(
    r"""<(?:script|link|img|iframe)\b[^>]*\b(?:src|href)\s*=\s*["']?\s*(?:https?:)?//[^"'\s>]*"""
    r"""|@import\b[^;]*|url\(\s*["']?\s*(?:https?:)?//[^)]*""",
    re.IGNORECASE,
)
"""What a browser would load from another place."""


def verify(sandbox: Sandbox) -> None:
    """The page needs nothing from elsewhere, and the numbers are JSON."""
    pipeline.keeps_formats(sandbox)
    did = f"it profiled {sandbox.case}"
    numbers = read_json(sandbox["output"] / "profile.json", "its profile.json was read")
    require(numbers, "its profile.json was read", expected="numbers", found=numbers)
    page = sandbox["output"] / "profile.html"
    require(page.is_file(), did, expected="profile.html in its output", found="no such file")
    text = page.read_text(encoding="utf-8")
    require("<html" in text.lower(), did, expected="a page of HTML", found=text[:80])
    loaded = ELSEWHERE.search(text)
    require(
        loaded is None,
        did,
        expected="a page that needs nothing from elsewhere",
        found=loaded and loaded.group(),
    )


def _shows(case: Case, subject: Subject, folder: Path) -> None:
    verify(pipeline.ran(Sandbox.make(folder, subject, case)))


def _takes_few(rows: int, subject: Subject, folder: Path) -> None:
    sandbox = Sandbox.make(folder, subject, plain())
    sandbox.alter(TABLE, lambda table: table.slice(0, rows))
    if attempt(f"it was given {rows} row(s)", sandbox.run) is None:
        verify(sandbox)


def takes_or_refuses_a_missing_target(subject: Subject, folder: Path) -> None:
    """A table without the target is shown or refused, not a crash."""
    sandbox = Sandbox.make(folder, subject, plain())
    sandbox.alter(TABLE, lambda table: table.drop_columns(["late"]))
    if attempt("it was given a table without the target", sandbox.run) is None:
        verify(sandbox)


CHECKS: Mapping[str, Run] = {
    **pipeline.checks(verify),
    **{f"shows {case}": partial(_shows, case) for case in TASKS},
    **{f"shows {case()}": partial(_shows, case()) for case in ODD},
    "takes or refuses no rows": partial(_takes_few, 0),
    "takes or refuses one row": partial(_takes_few, 1),
    "takes or refuses a missing target": takes_or_refuses_a_missing_target,
}
