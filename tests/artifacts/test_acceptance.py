"""Which rows a model predicts: one answer for every door, and an error that fits on a screen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from mlops_plugins.api.context import Data
from mlops_plugins.api.errors import DataError
from mlops_plugins.artifacts import reading, schema
from mlops_plugins.artifacts.reading.nulls import NullWords
from mlops_plugins.artifacts.schema import Column, Schema, accept

if TYPE_CHECKING:
    from pathlib import Path

MANY = tuple(f"c{number:03}" for number in range(147))

FEW = Column(type="category", values=("a", "b"))


def accepted(column: Column, *values: Any, refuse: bool = True) -> list[Any]:
    rows = pd.DataFrame({"x": pd.Series(values, dtype=object)})
    typed = accept(rows, Schema(columns={"x": column}, target="y"), refuse=refuse)["x"]
    return list(typed.astype(object).where(typed.notna(), None))


REFUSED = {
    "a null": (Column(type="integer"), None, "'x' has no value"),
    "NaN": (Column(type="number"), float("nan"), "'x' has no value"),
    "an infinity": (Column(type="number", nullable=True), float("-inf"), "'x' holds an infinity"),
    "another category": (FEW, "z", "'x' holds 'z', which is none of its categories"),
    "another number": (Column(type="category", values=(1, 2)), 3, "'x' holds 3, which is none"),
    "one of many": (Column(type="category", values=MANY, unseen="refuse"), "z", "none of its"),
}


@pytest.mark.parametrize(("column", "value", "what"), REFUSED.values(), ids=REFUSED)
def test_what_the_schema_does_not_allow_is_refused(column: Column, value: Any, what: str) -> None:
    good = column.values[0] if column.values else 1
    with pytest.raises(DataError) as error:
        accepted(column, good, value)
    assert what in error.value.what
    assert error.value.where == "column x, row 2"
    assert len(str(error.value)) < 400
    # A monitor looks at such rows; to the model the values are missing.
    assert accepted(column, good, value, refuse=False) == [good, None]


TAKEN = {
    "one of many": (Column(type="category", values=MANY), "z"),
    "as the team chose": (Column(type="category", values=("a",), unseen="as missing"), "z"),
    "a null where it is a warning only": (Column(type="number", severity="warning"), None),
}


@pytest.mark.parametrize(("column", "value"), TAKEN.values(), ids=TAKEN)
def test_what_counts_as_missing_is_taken(column: Column, value: Any) -> None:
    assert accepted(column, value) == [None]


@pytest.mark.parametrize("type_", ["integer", "number", "boolean", "datetime", "category", "text"])
def test_a_column_that_rows_lack_is_missing_in_each(type_: Any) -> None:
    x = Column(type=type_, nullable=True, values=("a",) if type_ == "category" else None)
    described = Schema(columns={"x": x, "k": Column(type="integer")}, target="y")
    rows = pd.DataFrame({"k": [1, 2]})
    pd.testing.assert_frame_equal(
        accept(rows, described), accept(rows.assign(x=pd.Series([None, None])), described)
    )
    with pytest.raises(DataError, match="The column 'k' is missing"):
        accept(pd.DataFrame({"x": [None]}), described)


def test_an_error_names_ten_values_and_how_many_more() -> None:
    with pytest.raises(DataError) as error:
        accepted(Column(type="category", values=MANY, unseen="refuse"), "z")
    assert error.value.expected.endswith("c008, c009 and 137 more")


def test_the_policy_is_in_the_schemas_file(tmp_path: Path) -> None:
    data = Data(task="binary", target="y")
    text = "columns: {x: {type: category, values: [a], unseen: as missing}}"
    read = schema.of_text(text, data, where="schema.yaml")
    assert read.columns["x"].unseen == "as missing"
    assert schema.parse(read.to_dict(), target="y", id=None, where="") == read
    with pytest.raises(DataError, match="has the unseen 'drop'"):
        schema.of_text(text.replace("as missing", "drop"), data, where="schema.yaml")
    with pytest.raises(DataError, match="lists no values"):
        schema.of_text("columns: {x: {type: text, unseen: refuse}}", data, where="schema.yaml")


DESCRIBED = Schema(
    columns={
        "id": Column(type="text"),
        "code": Column(type="category", values=("007", "012", "1E5", "NA")),
        "note": Column(type="text", nullable=True),
        "count": Column(type="integer"),
        "share": Column(type="number", nullable=True),
    },
    target="y",
    id="id",
)

FILE = """id,code,note,count,share
000001,007,,9007199254740993,1
NA,012,NA,2,NA
9007199254740993,1E5,x,3,0.5
1,NA,007,18446744073709551616,2
"""


@pytest.mark.parametrize("rows", [[0], [1], [2], [0, 1, 2], [0, 1, 2, 3]])
def test_a_value_does_not_depend_on_the_rows_beside_it(tmp_path: Path, rows: list[int]) -> None:
    header, *lines = FILE.splitlines()
    path = tmp_path / "rows.csv"
    path.write_text("\n".join([header, *(lines[row] for row in rows)]) + "\n")
    frame = reading.read_frame(path, DESCRIBED)
    ids = ["000001", "NA", "9007199254740993", "1"]
    assert frame["id"].tolist() == [ids[row] for row in rows]
    assert frame["code"].tolist() == [("007", "012", "1E5", "NA")[row] for row in rows]
    notes = frame["note"].astype(object).where(frame["note"].notna(), None)
    assert notes.tolist() == [(None, None, "x", "007")[row] for row in rows]
    counts = (2**53 + 1, 2, 3, 2**64)
    assert [int(each) for each in frame["count"]] == [counts[row] for row in rows]
    shares = np.array([1, np.nan, 0.5, 2])[rows]
    np.testing.assert_array_equal(pd.to_numeric(frame["share"]).astype(float), shares)


def test_the_words_for_a_missing_value_are_those_of_the_project(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("id,code,note,count,share\n1,NA,-,-999,-999\n")
    frame = reading.read_frame(path, DESCRIBED, NullWords(("-", "-999"), usual=False))
    assert frame["code"].tolist() == ["NA"]
    assert frame[["note", "count", "share"]].isna().all(axis=None)
    path.write_text("id,code,note,count,share\n1,007,NA,1,1\n")
    assert reading.read_frame(path, DESCRIBED, NullWords(usual=False))["note"].tolist() == ["NA"]


def test_integer_ids_of_parquet_stay_exact_beside_a_missing_one(tmp_path: Path) -> None:
    described = Schema(columns={"id": Column(type="integer")}, target="y", id="id")
    ids = pd.DataFrame({"id": pd.array([2**53 + 1, None], dtype="Int64")})
    ids.to_parquet(tmp_path / "rows.parquet")
    assert reading.read_frame(tmp_path / "rows.parquet", described)["id"][0] == 2**53 + 1
