"""Columns that number the rows are no features, unless the team says so in one line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.helpers.validating import OUTPUT, Validating, accepted

if TYPE_CHECKING:
    from pathlib import Path

ROWS = 200
SHUFFLED = np.random.default_rng(0).permutation(ROWS)


def table(name: str, values: Any) -> pa.Table:
    draw = np.random.default_rng(0)
    ages, bought = draw.integers(18, 80, ROWS), draw.integers(0, 2, ROWS)
    return pa.table({name: pa.array(values), "age": ages, "bought": bought})


NUMBERS = {
    "no name": ("", range(1, ROWS + 1)),
    "no name, shuffled": ("", SHUFFLED),
    "names of rows below no name": ("", [f"car {i}" for i in SHUFFLED]),
    "an index that pandas wrote": ("Unnamed: 0", range(ROWS)),
    "several files with an index": ("Unnamed: 0", [*range(100), *range(100)]),
    "an index of Parquet": ("__index_level_0__", SHUFFLED),
    "from 0": ("nr", range(ROWS)),
    "from 1": ("row", range(1, ROWS + 1)),
    "the name of a type": ("null", range(ROWS)),
}


@pytest.mark.parametrize(("name", "values"), NUMBERS.values(), ids=NUMBERS)
def test_a_number_of_the_row_is_left_out_and_reported(
    tmp_path: Path, name: str, values: Any
) -> None:
    made = Validating(tmp_path, {"task": "binary", "target": "bought"})
    printed = accepted(made.validate(table(name, list(values))))
    said = f"column '{name}' numbers the rows: it is left out [row_number]"
    assert said in printed
    assert "unexpected_column" not in printed
    assert pq.read_schema(tmp_path / OUTPUT).names == ["age", "bought"]
    # It is reported in the next run too, and stops no run.
    made.options = {"unexpected_columns": "error"}
    assert said in accepted(made.validate())
    # The line that is proposed brings it back.
    (found,) = [f for f in made.report()["findings"] if f["rule"] == "row_number"]
    line = found["next"].rpartition("schema.yaml: ")[2]
    assert f"#   {line}\n" in made.schema()
    made.schema(made.schema().replace("columns:\n", f"columns:\n  {line}\n"))
    printed = accepted(made.validate())
    assert "row_number" not in printed
    assert pq.read_schema(tmp_path / OUTPUT).names == [name, "age", "bought"]


MEASUREMENTS = {
    "years": ("year", range(1900, 1900 + ROWS)),
    "shuffled": ("nr", SHUFFLED),
    "a gap": ("nr", [*range(ROWS - 1), ROWS + 5]),
    "fractions below no name": ("", np.linspace(0, 1, ROWS)),
    "categories below no name": ("", ["a", "b"] * 100),
    "days below no name": ("Unnamed: 0", pd.date_range("2026-01-01", periods=ROWS)),
}


@pytest.mark.parametrize(("name", "values"), MEASUREMENTS.values(), ids=MEASUREMENTS)
def test_other_columns_stay(tmp_path: Path, name: str, values: Any) -> None:
    made = Validating(tmp_path, {"task": "binary", "target": "bought"})
    printed = accepted(made.validate(table(name, values)))
    assert "row_number" not in printed
    assert name in pq.read_schema(tmp_path / OUTPUT).names


@pytest.mark.parametrize("role", ["id", "time", "weight", "sensitive"])
def test_a_column_that_has_a_role_stays(tmp_path: Path, role: str) -> None:
    value = ["nr"] if role == "sensitive" else "nr"
    made = Validating(tmp_path, {"task": "binary", "target": "bought", role: value})
    accepted(made.validate(table("nr", list(range(ROWS)))))
    assert "nr" in pq.read_schema(tmp_path / OUTPUT).names


def test_copies_of_rows_are_seen_beside_their_numbers(tmp_path: Path) -> None:
    made = Validating(tmp_path, {"task": "binary", "target": "bought"})
    draw = np.random.default_rng(0)
    half = {"x": np.tile(draw.normal(size=100), 2), "bought": np.tile(draw.integers(0, 2, 100), 2)}
    assert "[duplicate_rows]" in accepted(made.validate(pd.DataFrame({"nr": range(ROWS), **half})))
