"""Explain: what the predictions depend on, in the words of the raw columns."""

from __future__ import annotations

import csv
import math
from functools import partial
from typing import TYPE_CHECKING

from mlops_plugins.testing.contracts import pipeline
from mlops_plugins.testing.contracts.evaluate import MODEL_CHECKS, TEST_TABLE, read_json
from mlops_plugins.testing.failure import ConformanceError, attempt, done, refused, require
from mlops_plugins.testing.sandbox import Sandbox
from mlops_plugins.testing.tables import DIABETES, WINES, Case, dates, indexed, names, nulls, plain

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mlops_plugins.api.contracts.explain import RowExplanation
    from mlops_plugins.testing.subject import Run, Subject


def verify(sandbox: Sandbox) -> None:
    """The table and the JSON name the raw columns that the model takes."""
    pipeline.keeps_formats(sandbox)
    columns = _inputs(sandbox)
    did = "its importance.csv was read"
    try:
        with (sandbox["output"] / "importance.csv").open(encoding="utf-8", newline="") as stream:
            first = [row[0] for row in csv.reader(stream, strict=True) if row][1:]
    except (OSError, csv.Error) as error:
        raise ConformanceError(did, expected="a header, and a row a column", found=error) from None
    strange = sorted(set(first) - set(columns))
    require(
        first and not strange and len(first) == len(set(first)),
        did,
        expected=f"in its first column names of raw columns, each once: {', '.join(columns)}",
        found=", ".join(map(repr, strange or first)),
    )
    full = read_json(sandbox["output"] / "importance.json", "its importance.json was read")
    absent = sorted(set(first) - {each["column"] for each in full["columns"]})
    require(
        not absent,
        "its importance.json was read",
        expected="the columns that importance.csv names",
        found=f"no {', '.join(absent)}",
    )


def _inputs(sandbox: Sandbox) -> list[str]:
    from mlops_plugins.artifacts.model_folder import describe

    return describe(sandbox["model"]).schema.inputs


def _explains(case: Case, subject: Subject, folder: Path) -> None:
    sandbox = Sandbox.make(folder, subject, case)
    if not pipeline.refuses_the_task(sandbox):
        verify(sandbox)


def _takes_few(rows: int, subject: Subject, folder: Path) -> None:
    sandbox = Sandbox.make(folder, subject, plain())
    sandbox.alter(TEST_TABLE, lambda table: table.slice(0, rows))
    if attempt(f"it had {rows} row(s) to look at", sandbox.run) is None:
        verify(sandbox)


def takes_or_refuses_a_missing_target(subject: Subject, folder: Path) -> None:
    """Some explanations need the truth; one that does says so."""
    sandbox = Sandbox.make(folder, subject, plain())
    sandbox.alter(TEST_TABLE, lambda table: table.drop_columns(["late"]))
    if attempt("the rows to look at had no target", sandbox.run) is None:
        verify(sandbox)


def refuses_a_missing_column(subject: Subject, folder: Path) -> None:
    """A column that the model takes is there, or its absence is reported."""
    sandbox = Sandbox.make(folder, subject, plain())
    sandbox.alter(TEST_TABLE, lambda table: table.drop_columns(["carrier"]))
    refused("the rows to look at had no column 'carrier', which the model takes", sandbox.run)


def _explains_a_row(case: Case, subject: Subject, folder: Path) -> None:
    """What the columns add, and the base, are the row's score; optional."""
    from mlops_plugins.artifacts import tables
    from mlops_plugins.artifacts.model_folder import open_model

    sandbox = Sandbox.make(folder, subject, case)
    implementation = subject.make()
    if not hasattr(implementation, "explain_row"):
        return
    reference = sandbox.root / TEST_TABLE
    row, opened = tables.read_frame(reference).iloc[[0]], open_model(sandbox["model"])
    if pipeline.refuses_the_task(sandbox):
        return
    did = f"it explained a row of {case}"
    made: list[RowExplanation] = []
    given = {"model": sandbox["model"], "reference": reference, "row": row}
    done(did, lambda: made.append(implementation.explain_row(sandbox.context, **given)))
    found = made[0]
    columns = opened.schema.inputs
    require(
        sorted(found.contributions) == sorted(columns),
        did,
        expected=f"a contribution of each raw column: {', '.join(columns)}",
        found=", ".join(map(repr, found.contributions)),
    )
    score = float(opened.predict(row)["score"].iloc[0])
    total = found.base + sum(each.value for each in found.contributions.values())
    require(
        math.isclose(total, score, rel_tol=1e-6, abs_tol=1e-9),
        did,
        expected=f"a base and contributions that add up to the score, {score:.9g}",
        found=f"{total:.9g}",
    )


TAKEN = (WINES, DIABETES, nulls(), names(), dates(), indexed())

ROWS = (plain(), WINES, DIABETES)

CHECKS: Mapping[str, Run] = {
    **pipeline.checks(verify),
    **MODEL_CHECKS,
    **{f"explains {case}": partial(_explains, case) for case in TAKEN},
    **{f"explains a row of {case}": partial(_explains_a_row, case) for case in ROWS},
    "takes or refuses no rows": partial(_takes_few, 0),
    "takes or refuses one row": partial(_takes_few, 1),
    "takes or refuses a missing target": takes_or_refuses_a_missing_target,
    "refuses a missing column": refuses_a_missing_column,
}
