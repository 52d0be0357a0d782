"""Data that are missing, malformed or break their schema: told with their place, nothing lost."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from mlops_plugins.api.errors import ExitCode
from tests.helpers.projects import Project, begin, render
from tests.helpers.refusals import assert_refused, assert_told, contents

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

CSV = "data/source/data.csv"
HEADER = "age,city,bought"
LAST = "evaluate"
"""The stage up to which the pipeline has run: what follows is not what this file is about."""


def shoppers() -> list[str]:
    """Return a header and 200 rows from which there is something to learn."""
    ages = [18 + 7 * i % 63 for i in range(200)]
    return [HEADER, *(f"{age},{'abc'[i % 3]},{int(age > 50)}" for i, age in enumerate(ages))]


def with_rows(**rows: str) -> str:
    """Return the file with some rows replaced; `row_1` is the first below the header."""
    lines = shoppers()
    for name, text in rows.items():
        lines[int(name.removeprefix("row_"))] = text
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def shop_once(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    answers = {"data_source": "file", "data_path": CSV, "target_column": "bought", "task": "binary"}
    project = begin(render(template, tmp_path_factory.mktemp("bad-data") / "shop", **answers))
    project.write(CSV, with_rows())
    project.edit("conf/train/sklearn.yaml", "max_iter: 600", "max_iter: 10")
    project.edit("conf/evaluate/metrics.yaml", "resamples: 100", "resamples: 20")
    project.dvc("repro", LAST)
    project.commit()
    return project


INGEST = {
    "missing": (None, ["data.csv does not exist", CSV, "put it there"]),
    "empty": ("", ["data.csv is empty", CSV, "check how it was exported"]),
    "header only": (f"{HEADER}\n", ["data.csv has no rows", CSV, "below the header"]),
    "too many fields": (
        with_rows(row_3="30,b,1,9"),
        ["1 row(s) of data.csv", "row 4 (the header is row 1): '30,b,1,9'", "3 fields, found 4"],
    ),
    "too few fields": (
        with_rows(row_2="30"),
        ["1 row(s) of data.csv", "row 3 (the header is row 1): '30'", "3 fields, found 1"],
    ),
    "no target": (
        with_rows(row_0="age,city,bougth"),
        ["'bought' is no column", "Did you mean 'bougth'?", f"{CSV}: header", "data.target"],
    ),
    "constant target": (
        f"{HEADER}\n30,a,1\n40,b,1\n",
        ["only the value 1", f"{CSV}: column bought", "data.target in conf/config.yaml"],
    ),
    "null target": (
        f"{HEADER}\n30,a,\n40,b,\n",
        ["no value at all", f"{CSV}: column bought", "data.target in conf/config.yaml"],
    ),
    "a column twice": (
        with_rows(row_0="age,age,bought"),
        ["more than one column 'age'", f"{CSV}: header", "rename or remove"],
    ),
    "another encoding": (
        with_rows(row_2="30,Zürich,1").encode("latin-1"),
        ["not encoded as UTF-8", "row 3 (the header is row 1): column city", "export it as UTF-8"],
    ),
    "a picture": (b"\x89PNG\r\n\x1a\n\x00\x01", ["not encoded as UTF-8", f"{CSV}: header"]),
}


@pytest.mark.parametrize(("content", "parts"), INGEST.values(), ids=INGEST)
def test_a_bad_file_is_refused_with_its_place(
    shop: Project, content: str | bytes | None, parts: list[str]
) -> None:
    if content is None:
        (shop.root / CSV).unlink()
    else:
        (shop.root / CSV).write_bytes(content.encode() if isinstance(content, str) else content)
    before = contents(shop.root)
    assert_refused(shop.mlops("run", "ingest", check=False), ExitCode.DATA, *parts)
    assert contents(shop.root) == before


def test_a_file_of_another_kind_is_refused(shop: Project) -> None:
    shop.write("data/source/data.docx", "PK")
    shop.edit("conf/ingest/file.yaml", CSV, "data/source/data.docx")
    shop.mlops("compose")
    before = contents(shop.root)
    done = shop.mlops("run", "ingest", check=False)
    assert_refused(done, ExitCode.DATA, "data.docx is of an unknown kind", ".parquet")
    assert contents(shop.root) == before


BROKEN_ROWS = {
    "null": (
        {"row_3": ",a,1"},
        ["'age' is null, but the column is not nullable, in 1 row(s), 0.50% (row 3)"],
    ),
    "type": ({"row_3": "old,a,1"}, ["'age' holds 'old', which is no integer", "(row 3: old)"]),
    "category": (
        {"row_5": "30,zz,1", "row_6": "30,zz,1"},
        ["'city' is none of the column's values in 2 row(s), 1.00% (row 5: zz, row 6: zz)"],
    ),
    "range": (
        {"row_5": "-300,a,1"},
        ["'age' is below the column's min, 0, in 1 row(s)", "row 5: -300"],
    ),
    "column": ({"row_0": "agee,city,bought"}, ["'age' is missing. Did you mean 'agee'?"]),
    "all of these": (
        {"row_3": "old,a,1", "row_5": "-300,a,1", "row_6": "30,zz,1", "row_7": "30,zz,1"},
        ["in 3 way(s)", "(row 3: old)", "(row 5: -300)", "(row 6: zz, row 7: zz)"],
    ),
}


@pytest.mark.parametrize(("rows", "parts"), BROKEN_ROWS.values(), ids=BROKEN_ROWS)
def test_rows_that_break_the_schema_are_refused(
    shop: Project, rows: dict[str, str], parts: list[str]
) -> None:
    shop.write(CSV, with_rows(**rows))
    shop.mlops("run", "ingest")
    before = contents(shop.root)
    done = shop.mlops("run", "validate", check=False)
    assert_refused(done, ExitCode.DATA, *parts, "data/raw.parquet", "schema.yaml", "      next: ")
    assert contents(shop.root) == before
    assert "reports/violations.json" in done.stderr
    assert json.loads(shop.read("reports/violations.json"))["errors"] > 0


def test_an_unseen_category_below_the_tolerance_is_reported_and_let_through(shop: Project) -> None:
    shop.edit("conf/validate/pandera.yaml", "tolerance: 0.001", "tolerance: 0.01")
    shop.mlops("compose")
    shop.write(CSV, with_rows(row_5="30,zz,1", row_6="30,zz,1"))
    shop.mlops("run", "ingest")
    assert_told(shop.mlops("run", "validate"), "tolerated: column 'city'", "row 5: zz")


AGE = "  age:\n"

BROKEN_SCHEMAS = {
    "no YAML": (("columns:\n", "columns: [\n"), ["not valid YAML", "schema.yaml", "line"]),
    "a list": (None, ["The columns are", "schema.yaml: columns"]),
    "a word for a column": (
        (AGE, "  extra: integer\n" + AGE),
        ["'extra' is 'integer'", "schema.yaml: columns.extra", "{type: integer"],
    ),
    "unknown key": (
        (AGE, "  age:\n    typ: integer\n"),
        ["unknown key 'typ'. Did you mean 'type'?", "schema.yaml: columns.age.typ"],
    ),
    "unknown type": (
        ("type: integer  #", "type: int  #"),
        ["'age' has the type 'int'", "schema.yaml: columns.age.type", "one of integer, number"],
    ),
    "a range of words": (
        ("min: 0", "min: none"),
        ["'age' has the min 'none'", "schema.yaml: columns.age.min", "int or float"],
    ),
    "unknown severity": (
        (AGE, "  age:\n    severity: fatal\n"),
        ["'age' has the severity 'fatal'", "schema.yaml: columns.age.severity", "error or warning"],
    ),
    "no target": (
        ("  bought:\n", "  bougth:\n"),
        ["'bought' is not in schema.yaml", "data.target"],
    ),
}


@pytest.mark.parametrize(("edit", "parts"), BROKEN_SCHEMAS.values(), ids=BROKEN_SCHEMAS)
def test_a_broken_schema_is_refused_with_its_place(
    shop: Project, edit: tuple[str, str] | None, parts: list[str]
) -> None:
    if edit is None:
        shop.write("schema.yaml", "- age\n- city\n")
    else:
        shop.edit("schema.yaml", *edit)
    before = contents(shop.root)
    assert_refused(shop.mlops("run", "validate", check=False), ExitCode.DATA, *parts)
    assert contents(shop.root) == before


@pytest.mark.parametrize(
    ("content", "stage", "written"),
    [
        (f"{HEADER}\n30,a,1\n40,b,1\n", "ingest", set()),
        # Ingest succeeded on the new file; what it wrote is its output, not a loss.
        (with_rows(row_3=",a,1"), "validate", {"data/raw.parquet", "reports/ingest.json"}),
    ],
)
def test_a_failing_stage_of_dvc_repro_loses_no_output(
    shop: Project, content: str, stage: str, written: set[str]
) -> None:
    before = contents(shop.root)
    lock = shop.read("dvc.lock")
    assert before.keys() >= {
        "data/raw.parquet",
        "data/splits/test.parquet",
        "models/model/manifest.json",
    }
    shop.write(CSV, content)
    done = shop.dvc("repro", check=False)
    assert done.returncode != 0
    assert_told(done, "where:", "next:", f"failed to reproduce '{stage}'", "exited with 4")
    after = contents(shop.root)
    assert after.keys() == before.keys()
    assert {name for name in before if before[name] != after[name]} == written
    shop.write(CSV, with_rows())
    shop.dvc("repro", LAST)
    assert contents(shop.root) == before
    assert shop.read("dvc.lock") == lock


def test_dvc_names_the_missing_file_and_can_bring_back_what_it_removed(shop: Project) -> None:
    """DVC removes a stage's outputs, then finds that a dependency is missing: we are never asked."""
    before = contents(shop.root)
    (shop.root / CSV).unlink()
    done = shop.dvc("repro", check=False)
    assert done.returncode != 0
    assert_told(done, "failed to reproduce 'ingest'", CSV)
    shop.dvc("checkout", "ingest")
    assert contents(shop.root) == before
