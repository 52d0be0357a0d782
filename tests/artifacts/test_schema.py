"""The schema: inferred from rows, written for people, read back, and given to other rows."""

from __future__ import annotations

import sys
from datetime import date
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from mlops_plugins.api.context import Data
from mlops_plugins.api.errors import DataError
from mlops_plugins.artifacts import schema, tables
from mlops_plugins.artifacts.schema import Column

DATA = Data(task="regression", target="y")
LARGEST = sys.float_info.max


@pytest.fixture
def through_files(tmp_path):
    """Return the frame as Parquet gives it back, and its schema as `schema.yaml` does."""

    def pass_through(frame, data=DATA):
        tables.write_frame(frame, tmp_path / "raw.parquet")
        read = tables.read_frame(tmp_path / "raw.parquet")
        inferred = schema.infer(read, data)
        schema.write(tmp_path / "schema.yaml", inferred)
        assert schema.read(tmp_path / "schema.yaml", data) == inferred
        return read, inferred

    return pass_through


DAYS = pd.to_datetime(["2026-01-01", None, "2026-01-03"])

KINDS = {
    "integer": ([1, 2, 3], Column(type="integer", min=0, max=4), "int64"),
    "whole floats": ([1.0, 3.0], Column(type="number", min=0.0, max=4.0), "float64"),
    "whole or null": ([1, None, 3], Column(type="number", nullable=True, min=0.0, max=4.0), "float64"),
    "nullable integer": (
        pd.array([1, None, 3], dtype="Int64"),
        Column(type="integer", nullable=True, min=0, max=4),
        "float64",
    ),
    "number": ([-0.5, 1.5, 0.0], Column(type="number", min=-1.5, max=2.5), "float64"),
    "number or null": (
        [0.5, None, 1.5],
        Column(type="number", nullable=True, min=0.0, max=2.0),
        "float64",
    ),
    "constant": ([7, 7, 7], Column(type="integer", min=6, max=8), "int64"),
    "boolean": ([True, False, True], Column(type="boolean"), "bool"),
    "boolean or null": ([True, None, False], Column(type="boolean", nullable=True), "float64"),
    "category": (["b", "a", "b"], Column(type="category", values=("a", "b")), "object"),
    "category or null": (
        ["b", None, "ä: #1"],
        Column(type="category", nullable=True, values=("b", "ä: #1")),
        "object",
    ),
    "looks like something else": (
        ["no", "1", "null"],
        Column(type="category", values=("1", "no", "null")),
        "object",
    ),
    "datetime": (DAYS[[0, 2, 0]], Column(type="datetime"), "datetime64[us]"),
    "datetime or null": (DAYS, Column(type="datetime", nullable=True), "datetime64[us]"),
    "date or null": (
        [date(2026, 1, 1), None, date(2026, 1, 3)],
        Column(type="datetime", nullable=True),
        "datetime64[us]",
    ),
    "null numbers": ([np.nan] * 3, Column(type="number", nullable=True), "float64"),
    "null text": ([None] * 3, Column(type="category", nullable=True, values=()), "object"),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_a_column_comes_back_as_what_it_is(through_files, kind):
    values, expected, dtype = KINDS[kind]
    read, inferred = through_files(pd.DataFrame({"x": values}))
    assert inferred.columns == {"x": expected}
    typed = schema.conform(read, inferred)
    assert typed["x"].dtype == dtype
    assert typed["x"].isna().tolist() == read["x"].isna().tolist()
    pd.testing.assert_frame_equal(schema.conform(typed, inferred), typed)


def test_many_different_texts_are_text(through_files):
    texts = [None, *(f"N{number}" for number in range(201))]
    read, inferred = through_files(pd.DataFrame({"x": texts}))
    assert inferred.columns["x"] == Column(type="text", nullable=True)
    assert schema.conform(read, inferred)["x"].tolist() == texts


def test_any_name_and_their_order_are_kept(through_files):
    names = ["größe in m²", "a.b", "x: y # z", "0", "no", "'", "日本", "y", " "]
    read, inferred = through_files(pd.DataFrame({name: [1, 2] for name in names}))
    assert list(inferred.columns) == names
    assert list(schema.conform(read[names[::-1]], inferred)) == names


def test_of_a_class_the_values_are_kept_and_of_an_id_nothing(through_files):
    data = Data(task="multiclass", target="y", id="id")
    _, inferred = through_files(pd.DataFrame({"id": [1, 2, 3], "y": [5, 3, 5]}), data)
    assert inferred.columns["y"] == Column(type="category", values=(3, 5))
    assert inferred.columns["id"] == Column(type="integer", unique=True)
    assert inferred.inputs == []


@pytest.mark.parametrize(
    "values",
    [
        [-LARGEST, 0, LARGEST],
        [1e308, 1.7e308],
        [LARGEST],
        [2.0**63, 1.0],
        [2**63 - 1, -(2**63) + 1],
        [2**63 - 1],
        [2**60 + 1],
        [2**64 - 1, 0],
        [123456789.5],
        [1_000_000_000.25, 1_000_000_000.5],
        [0.0, 5e-324],
        [np.inf, 1.0],
        [-np.inf],
    ],
)
def test_what_was_seen_is_within_the_range_however_large(through_files, values):
    read, inferred = through_files(pd.DataFrame({"x": values}))
    column = inferred.columns["x"]
    assert column.min <= min(values) <= max(values) <= column.max
    assert schema.conform(read, inferred)["x"].tolist() == pytest.approx(values)


def test_whole_numbers_that_no_integer_holds_are_numbers(through_files):
    _, inferred = through_files(pd.DataFrame({"x": [0.0, 1e307, 1e308]}))
    assert inferred.columns["x"] == Column(type="number", min=0.0, max=1.5e308)


def test_what_was_never_negative_may_not_become_so(through_files):
    _, inferred = through_files(pd.DataFrame({"x": [1, 101], "z": [-1, 99]}))
    assert (inferred.columns["x"].min, inferred.columns["x"].max) == (0, 151)
    assert (inferred.columns["z"].min, inferred.columns["z"].max) == (-51, 149)


def test_a_value_that_cannot_be_read_is_named(through_files):
    _, inferred = through_files(pd.DataFrame({"a b": [1, 2, 3]}))
    with pytest.raises(DataError, match=r"The column 'a b' holds 'two', which is no integer"):
        schema.conform(pd.DataFrame({"a b": ["1", "two"]}), inferred)


def test_a_missing_column_is_named(through_files):
    _, inferred = through_files(pd.DataFrame({"distance": [1, 2]}))
    with pytest.raises(DataError, match=r"'distance' is missing.*distanze"):
        schema.conform(pd.DataFrame({"distanze": [1]}), inferred)


def test_a_file_without_columns_is_to_be_inferred(tmp_path):
    assert schema.read(tmp_path / "schema.yaml", DATA).columns == {}
    (tmp_path / "schema.yaml").write_text("# nothing yet\ncolumns: {}\n")
    assert schema.read(tmp_path / "schema.yaml", DATA).columns == {}


def test_comments_that_people_wrote_stay_when_columns_are_inferred(tmp_path):
    path = tmp_path / "schema.yaml"
    path.write_text("# Ask Anna before you change this.\n\n# Prices are in francs.\ncolumns: {}\n")
    inferred = schema.infer(pd.DataFrame({"x": [1, 2], "y": ["a", "b"]}), DATA)
    schema.write(path, inferred)
    text = path.read_text()
    assert text.startswith(
        "# Ask Anna before you change this.\n\n# Prices are in francs.\n#\n# type: "
    )
    assert "type: integer  # seen: 1 to 2\n" in text
    schema.write(path, inferred)
    assert path.read_text() == text


def test_long_lists_of_values_leave_no_blank_at_a_line_s_end(through_files, tmp_path):
    values = [f"{'long ' * (i % 3)}category {i}" for i in range(150)]
    _, inferred = through_files(pd.DataFrame({"x": values}))
    text = (tmp_path / "schema.yaml").read_text()
    assert inferred.columns["x"].values == tuple(sorted(values))
    assert not any(line.endswith(" ") for line in text.splitlines())


CONVERTED = {
    "decimals": ([Decimal("1.5"), None, Decimal(2)], "number", [1.5, None, 2.0]),
    "with a zone": (
        pd.to_datetime(["2026-01-01 12:00+02:00", "2026-01-02 12:00+02:00"]),
        "datetime",
        [pd.Timestamp("2026-01-01 10:00"), pd.Timestamp("2026-01-02 10:00")],
    ),
    "in text": (
        ["2026-01-01T12:00:00+02:00", "2026-01-01", None],
        "datetime",
        [pd.Timestamp("2026-01-01 10:00"), pd.Timestamp("2026-01-01"), None],
    ),
    "days": ([date(2026, 1, 1), None], "datetime", [pd.Timestamp("2026-01-01"), None]),
    "yes and no": (["yes", "No", "1", None], "boolean", [1.0, 0.0, 1.0, None]),
}


@pytest.mark.parametrize("kind", CONVERTED)
def test_rows_from_anywhere_are_converted_as_the_pipeline_s_are(kind):
    values, type_, expected = CONVERTED[kind]
    described = schema.Schema(columns={"x": Column(type=type_, nullable=True)}, target="y")
    found = schema.conform(pd.DataFrame({"x": values}), described)["x"]
    assert [None if pd.isna(value) else value for value in found] == expected


@pytest.mark.parametrize(
    ("type_", "value"),
    [
        ("integer", 1.5),
        ("integer", np.inf),
        ("integer", 2.0**63),
        ("integer", pd.Timestamp("2026-01-01")),
        ("boolean", 2),
        ("boolean", "maybe"),
        ("datetime", 1_700_000_000),
        ("datetime", "01/02/2026"),
    ],
)
def test_what_would_be_guessed_or_cut_off_is_refused(type_, value):
    described = schema.Schema(columns={"x": Column(type=type_)}, target="y")
    with pytest.raises(DataError, match=f"which is no {type_}"):
        schema.conform(pd.DataFrame({"x": [value]}), described)


def test_values_of_several_kinds_have_no_schema():
    with pytest.raises(DataError, match="The column 'x' holds values of several kinds"):
        schema.infer(pd.DataFrame({"x": [1, "a", 2.5]}), DATA)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("columns: [a]", "The columns are"),
        ("columns: {a: integer}", "The column 'a' is 'integer'"),
        ("columns: {a: {type: int}}", "has the type 'int'"),
        ("columns: {a: {type: integer, maxx: 3}}", "unknown key 'maxx'.*max"),
        ("columns: {a: {type: integer, max: many}}", "has the max 'many'"),
        ("columns: {a: {type: integer, unique: maybe}}", "has the unique 'maybe'"),
        ("columns: {a: {type: integer, severity: fatal}}", "has the severity 'fatal'"),
        ("columns: {a: {", "not valid YAML"),
    ],
)
def test_a_mistake_in_the_file_is_named(tmp_path, text, message):
    (tmp_path / "schema.yaml").write_text(text)
    with pytest.raises(DataError, match=message):
        schema.read(tmp_path / "schema.yaml", DATA)
