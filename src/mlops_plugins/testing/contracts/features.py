"""Features: the same code, for training rows now and for single rows later and elsewhere."""

from __future__ import annotations

import json
import shutil
from functools import partial
from typing import TYPE_CHECKING

from mlops_plugins.artifacts import schema, tables
from mlops_plugins.testing.contracts import pipeline
from mlops_plugins.testing.contracts.compare import first_difference
from mlops_plugins.testing.failure import (
    ConformanceError,
    attempt,
    described,
    done,
    refused,
    require,
)
from mlops_plugins.testing.sandbox import Sandbox
from mlops_plugins.testing.tables import ODD, TASKS, Case, plain, weighted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    import pandas as pd

    from mlops_plugins.testing.processes import Action
    from mlops_plugins.testing.subject import Run, Subject

    Recipe = Callable[[pd.DataFrame], pd.DataFrame]

ALONE = (0, 1, -1)
"""The rows that are computed alone too."""


def verify(sandbox: Sandbox) -> None:
    """Both parts have a row for each row, with its target and weight; the recipe repeats what was written."""
    pipeline.keeps_formats(sandbox)
    did = f"it made features of {sandbox.case}"
    target, weight = sandbox.case.data.target, sandbox.case.data.weight
    for part in ("train", "test"):
        path = sandbox["output"] / f"{part}.parquet"
        done(f"its output {part}.parquet was read", partial(tables.read, path))
        raw, made = _raw(sandbox, part), tables.read_frame(path)
        require(
            target in made.columns and len(made) == len(raw),
            did,
            expected=f"in {part}.parquet one row for each of {len(raw)} rows, and the target '{target}'",
            found=f"{len(made)} rows, and the columns {', '.join(map(str, made.columns))}",
        )
        full = tables.read_frame(sandbox["splits"] / f"{part}.parquet")[[target]]
        found = first_difference(full, made[[target]])
        require(not found, did, expected="the target of each row, in order", found=found)
        if weight is not None:
            _carries(weight, tables.read_frame(sandbox["splits"] / f"{part}.parquet"), made, did)
        made = made.drop(columns=[target, *([] if weight is None else [weight])])
        require(made.shape[1] > 0, did, expected="features", found="none")
        _repeats(sandbox, part, raw, made)


def _carries(weight: str, raw: pd.DataFrame, made: pd.DataFrame, did: str) -> None:
    """The trainer finds what each row counts beside its features."""
    kept = weight in made and (made[weight].to_numpy() == raw[weight].to_numpy()).all()
    require(
        kept,
        did,
        expected=f"beside the features the weight of each row, '{weight}', in order",
        found="other weights" if weight in made else ", ".join(map(str, made.columns)),
    )


def _raw(sandbox: Sandbox, part: str) -> pd.DataFrame:
    """Return the rows as a prediction gets them: without target, id and weight, in the schema's types."""
    described = schema.read(sandbox["schema"], sandbox.case.data)
    full = tables.read_frame(sandbox["splits"] / f"{part}.parquet").reset_index(drop=True)
    return schema.conform(full, described.only(described.inputs))


def _recipe(sandbox: Sandbox) -> Recipe:
    path = sandbox["output"] / "recipe"
    require(path.is_dir(), "it made features", expected="a folder 'recipe'", found="none")
    loaded: list[Recipe] = []
    done("its recipe was loaded", lambda: loaded.append(sandbox.subject.make().recipe(path)))
    return loaded[0]


def _applied(sandbox: Sandbox, recipe: Recipe, rows: pd.DataFrame, what: str) -> pd.DataFrame:
    """Apply the recipe, and write and read what it gives, as the stage does."""
    given = rows.copy()
    made: list[pd.DataFrame] = []
    done(f"its recipe was given {what}", lambda: made.append(recipe(rows)))
    require(
        rows.equals(given),
        f"its recipe was given {what}",
        expected="the rows as they were",
        found="changed rows: it must work on a copy",
    )
    path = sandbox.root / "applied.parquet"
    tables.write_frame(made[0].reset_index(drop=True), path)
    return tables.read_frame(path)


def _repeats(sandbox: Sandbox, part: str, raw: pd.DataFrame, written: pd.DataFrame) -> None:
    found = first_difference(written, _applied(sandbox, _recipe(sandbox), raw, f"the {part} rows"))
    require(
        not found,
        f"its recipe was given the raw rows behind {part}.parquet",
        expected="the same features, or the model is trained on others than it predicts from",
        found=found,
    )


def _takes(case: Case, subject: Subject, folder: Path) -> None:
    verify(pipeline.ran(Sandbox.make(folder, subject, case)))


def treats_each_row_alone(subject: Subject, folder: Path) -> None:
    """A request of one row gives the features that the row has in a batch, whatever its index."""
    sandbox = pipeline.ran(Sandbox.make(folder, subject, plain()))
    recipe, raw = _recipe(sandbox), _raw(sandbox, "test")
    batch = _applied(sandbox, recipe, raw, "rows")
    for row in ALONE:
        place = row % len(raw)
        one = raw.iloc[[place]]
        found = first_difference(
            batch.iloc[[place]], _applied(sandbox, recipe, one, f"row {place + 1} alone")
        )
        require(
            not found,
            f"its recipe was given row {place + 1} alone",
            expected="the features that the row has among others",
            found=found,
        )
    named = raw.set_axis([f"row {i}" for i in raw.index[::-1]])
    found = first_difference(batch, _applied(sandbox, recipe, named, "rows with another index"))
    require(
        not found,
        "its recipe was given rows with another index",
        expected="the same features in the same order",
        found=found,
    )


def takes_no_rows(subject: Subject, folder: Path) -> None:
    """No rows give no features, or are refused."""
    sandbox = pipeline.ran(Sandbox.make(folder, subject, plain()))
    recipe, none = _recipe(sandbox), _raw(sandbox, "test").iloc[:0]
    made: list[pd.DataFrame] = []
    error = attempt("its recipe was given no rows", lambda: made.append(recipe(none)))
    require(
        error is not None or len(made[0]) == 0,
        "its recipe was given no rows",
        expected="no rows, or a MlopsError",
        found="rows",
    )


def _elsewhere(sandbox: Sandbox) -> list[Action]:
    """Move the recipe away from its project, and apply it there."""
    moved = sandbox.root.with_name("moved")
    shutil.copytree(sandbox["output"] / "recipe", moved)
    (sandbox.root / "src").rename(sandbox.root / "gone")
    described = schema.read(sandbox["schema"], sandbox.case.data)
    inputs = json.dumps(described.only(described.inputs).to_dict())
    rows, there = sandbox["splits"] / "test.parquet", sandbox.root.with_name("features.parquet")
    return [("features", sandbox.subject.name, str(moved), str(rows), inputs, str(there))]


def travels(subject: Subject, folder: Path) -> None:
    """The recipe folder alone does the same, in another place and process."""
    one, _ = pipeline.twins(subject, _elsewhere)
    written = tables.read_frame(one["output"] / "test.parquet")
    found = first_difference(
        written.drop(columns=one.case.data.target),
        tables.read_frame(one.root.with_name("features.parquet")),
    )
    require(
        not found,
        "its recipe was moved, and loaded in a fresh process without the project",
        expected="the same features",
        found=found,
    )


def refuses_a_missing_column(subject: Subject, folder: Path) -> None:
    """A column of the schema that the rows lack is named."""
    sandbox = Sandbox.make(folder, subject, plain())
    for part in ("train", "test"):
        path = f"data/splits/{part}.parquet"
        sandbox.alter(path, lambda table: table.drop_columns(["carrier"]))
    did = "it was given splits without the column 'carrier' of the schema"
    error = refused(did, sandbox.run)
    require("carrier" in str(error), did, expected="an error that names it", found=described(error))


def refuses_a_missing_target(subject: Subject, folder: Path) -> None:
    """Features without a target train nothing."""
    sandbox = Sandbox.make(folder, subject, plain())
    for part in ("train", "test"):
        path = f"data/splits/{part}.parquet"
        sandbox.alter(path, lambda table: table.drop_columns(["late"]))
    refused("it was given splits without the target", sandbox.run)


def refuses_a_broken_recipe(subject: Subject, folder: Path) -> None:
    """A recipe without files is no recipe."""
    sandbox = pipeline.ran(Sandbox.make(folder, subject, plain()))
    path = sandbox["output"] / "recipe"
    shutil.rmtree(path)
    path.mkdir()
    error = attempt("an empty recipe was loaded", lambda: subject.make().recipe(path))
    if error is None:
        raise ConformanceError("an empty recipe was loaded", expected="a MlopsError", found="none")


def _takes_few(part: str, rows: int, subject: Subject, folder: Path) -> None:
    sandbox = Sandbox.make(folder, subject, plain())
    sandbox.alter(f"data/splits/{part}.parquet", lambda table: table.slice(0, rows))
    if attempt(f"{part}.parquet had {rows} row(s)", sandbox.run) is None:
        verify(sandbox)


CHECKS: Mapping[str, Run] = {
    **pipeline.checks(verify, then=_elsewhere),
    "has a recipe that travels": travels,
    **{f"takes {case}": partial(_takes, case) for case in TASKS},
    **{f"takes {case()}": partial(_takes, case()) for case in ODD},
    f"takes {weighted()}": partial(_takes, weighted()),
    "treats each row alone": treats_each_row_alone,
    "has a recipe that takes no rows": takes_no_rows,
    "refuses a missing column": refuses_a_missing_column,
    "refuses a missing target": refuses_a_missing_target,
    "refuses an empty recipe": refuses_a_broken_recipe,
    "takes or refuses no judging rows": partial(_takes_few, "test", 0),
    "takes one judging row": partial(_takes_few, "test", 1),
    "takes or refuses no training rows": partial(_takes_few, "train", 0),
}
