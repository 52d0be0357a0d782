"""Evaluate: numbers for people and for the gate, and each test row with its prediction."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any

from mlops_plugins.artifacts import tables
from mlops_plugins.artifacts.model_folder import MANIFEST
from mlops_plugins.metrics import scoring
from mlops_plugins.testing.contracts import pipeline
from mlops_plugins.testing.contracts.compare import first_difference
from mlops_plugins.testing.failure import ConformanceError, attempt, refused, require
from mlops_plugins.testing.sandbox import Sandbox
from mlops_plugins.testing.tables import TASKS, Case, indexed, names, nulls, plain, unseen

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pyarrow as pa

    from mlops_plugins.testing.subject import Run, Subject

TEST_TABLE = "data/splits/test.parquet"


def verify(sandbox: Sandbox) -> None:
    """Metrics, summary and predictions are there, and agree."""
    pipeline.keeps_formats(sandbox)
    metrics = read_json(sandbox["metrics"], "its metrics were read")
    require(metrics, "its metrics were read", expected="metrics", found=metrics)
    summary = read_json(sandbox["output"] / "summary.json", "its summary.json was read")
    primary = scoring.PRIMARY[sandbox.case.data.task]
    require(
        primary in summary,
        "its summary.json was read",
        expected=f"the metric by which gates compare models, {primary}",
        found=", ".join(summary),
    )
    for name, measured in summary.items():
        value = measured["value"]
        require(
            metrics.get(name, value) == value,
            "its metrics and its summary.json were compared",
            expected=f"one value of {name}",
            found=f"{metrics.get(name)} and {value}",
        )
    _verify_predictions(sandbox)


def _verify_predictions(sandbox: Sandbox) -> None:
    path = sandbox["output"] / "predictions.parquet"
    did = "its predictions.parquet was read"
    rows, found = tables.read_frame(sandbox["splits"] / "test.parquet"), tables.read_frame(path)
    columns = list(map(str, rows.columns))
    absent = [name for name in columns if name not in found.columns]
    require(not absent, did, expected=f"the columns {', '.join(columns)}", found=f"no {absent}")
    changed = first_difference(rows, found[list(rows.columns)])
    require(not changed, did, expected="each test row, in order", found=changed)
    require(
        not found[["prediction", "score"]].isna().any(axis=None),
        did,
        expected="a prediction and a score of each row",
        found="nulls among them",
    )


def read_json(path: Path, did: str) -> Any:
    """Read JSON as strict readers do: without NaN.

    Raises:
        ConformanceError: It is missing, or no JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"), parse_constant=_refuse)
    except (OSError, ValueError) as error:
        raise ConformanceError(
            did, expected=f"JSON in {path.name}, in which NaN is null", found=error
        ) from None


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant}, which is no JSON")


def _measures(case: Case, subject: Subject, folder: Path) -> None:
    sandbox = Sandbox.make(folder, subject, case)
    if pipeline.refuses_the_task(sandbox):
        return
    verify(sandbox)
    values = read_json(sandbox["metrics"], "its metrics were read").values()
    require(
        any(value is not None for value in values),
        f"it measured the model on {case}",
        expected="at least one number",
        found="nulls only",
    )


def _takes_few(rows: int, subject: Subject, folder: Path) -> None:
    sandbox = Sandbox.make(folder, subject, plain())
    sandbox.alter(TEST_TABLE, lambda table: table.slice(0, rows))
    if attempt(f"it had {rows} row(s) to judge", sandbox.run) is None:
        verify(sandbox)


def refuses_a_missing_target(subject: Subject, folder: Path) -> None:
    """Without the truth nothing can be measured."""
    sandbox = Sandbox.make(folder, subject, plain())
    sandbox.alter(TEST_TABLE, lambda table: table.drop_columns(["late"]))
    refused("the rows to judge had no target", sandbox.run)


def takes_or_refuses_a_new_class(subject: Subject, folder: Path) -> None:
    """A class that the model has never seen is counted or refused, not a crash."""
    sandbox = Sandbox.make(folder, subject, plain("multiclass"))
    sandbox.alter(TEST_TABLE, _with_a_new_class)
    if attempt("a row to judge had a class that the model never saw", sandbox.run) is None:
        verify(sandbox)


def _with_a_new_class(table: pa.Table) -> pa.Table:
    import pyarrow as pa

    values = ["XXX", *table.column("origin").to_pylist()[1:]]
    place = table.column_names.index("origin")
    return table.set_column(place, "origin", pa.array(values, table.column(place).type))


def refuses_a_broken_model(subject: Subject, folder: Path) -> None:
    """A model folder with a changed file is refused."""
    sandbox = Sandbox.make(folder, subject, plain())
    break_model(sandbox["model"])
    refused("a file of the model had been cut short", sandbox.run)


def break_model(model: Path) -> None:
    """Cut a model's estimator short."""
    for path in (model / "estimator").rglob("*"):
        if path.is_file():
            path.write_bytes(path.read_bytes()[:100])


def refuses_a_missing_model(subject: Subject, folder: Path) -> None:
    """A folder without a manifest is no model."""
    sandbox = Sandbox.make(folder, subject, plain())
    (sandbox["model"] / MANIFEST).unlink()
    refused("the model folder had no manifest", sandbox.run)


MODEL_CHECKS: Mapping[str, Run] = {
    "refuses a broken model": refuses_a_broken_model,
    "refuses a folder that is no model": refuses_a_missing_model,
}
"""What every stage that opens a model must do."""

TAKEN = (nulls, unseen, names, indexed)

CHECKS: Mapping[str, Run] = {
    **pipeline.checks(verify),
    **MODEL_CHECKS,
    **{f"measures {case}": partial(_measures, case) for case in TASKS},
    **{f"takes {case()}": partial(_measures, case()) for case in TAKEN},
    "takes or refuses no rows": partial(_takes_few, 0),
    "takes or refuses one row": partial(_takes_few, 1),
    "refuses a missing target": refuses_a_missing_target,
    "takes or refuses a new class": takes_or_refuses_a_new_class,
}
