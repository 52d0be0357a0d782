"""Each way in which a table can break its schema: planted, and told with its place and next step."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.helpers.validating import OUTPUT, REFUSED, REPORT, Validating, accepted, refused

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ROWS = 200


def shoppers() -> pd.DataFrame:
    draw = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "customer": np.arange(1, ROWS + 1),
            "day": pd.date_range("2026-01-01", periods=ROWS, freq="h"),
            "age": draw.integers(18, 80, ROWS),
            "income": draw.normal(3000, 500, ROWS).round(2),
            "city": draw.choice(["Bern", "Basel", "Chur"], ROWS),
            "member": draw.choice([True, False], ROWS),
            "bought": draw.integers(0, 2, ROWS),
        }
    )


@pytest.fixture
def shop(tmp_path: Path) -> Validating:
    """A team whose schema was inferred from a good table."""
    data = {"task": "binary", "target": "bought", "id": "customer", "time": "day"}
    made = Validating(tmp_path, data)
    accepted(made.validate(shoppers()))
    assert made.rules() == []
    return made


def put(column: str, *values: Any) -> Callable[[pd.DataFrame], pd.DataFrame]:
    """Return a change that writes values into the rows from 5 on."""

    def change(frame: pd.DataFrame) -> pd.DataFrame:
        kept = frame[column].astype(object)
        kept.iloc[4 : 4 + len(values)] = list(values)
        return frame.assign(**{column: kept.infer_objects()})

    return change


def text(column: str, *values: Any) -> Callable[[pd.DataFrame], pd.DataFrame]:
    """Return the same change in a file that was read as text, as CSV is with a word in a column."""
    return lambda frame: put(column, *values)(frame.astype({column: str})).astype({column: str})


ERRORS = {
    "null": (
        put("age", None, None),
        "null",
        2,
        ["column 'age' is null, but the column is not nullable", "2 row(s), 1.00% (row 5, row 6)"],
    ),
    "a word": (
        text("age", "old", "33", "ancient"),
        "type",
        2,
        [
            "column 'age' holds 'old', which is no integer",
            "row 5: old, row 7: ancient",
            "write an integer there",
        ],
    ),
    "a broken number": (
        put("age", 30.5),
        "type",
        1,
        ["column 'age' holds 30.5, which is no integer", "row 5: 30.5"],
    ),
    "a word for a number": (
        text("income", "much"),
        "type",
        1,
        ["column 'income' holds 'much', which is no number"],
    ),
    "no boolean": (
        text("member", "maybe"),
        "type",
        1,
        ["'member' holds 'maybe', which is no boolean", "yes or no"],
    ),
    "no ISO day": (
        text("day", "31.12.2025"),
        "type",
        1,
        ["'day' holds '31.12.2025', which is no datetime", "ISO 8601"],
    ),
    "below": (
        put("age", -300, -301),
        "min",
        2,
        ["column 'age' is below the column's min, 0,", "row 5: -300, row 6: -301", "min of 'age'"],
    ),
    "above": (
        put("age", 999),
        "max",
        1,
        ["column 'age' is above the column's max", "row 5: 999"],
    ),
    "category": (
        put("city", "Genf", "Genf"),
        "values",
        2,
        ["column 'city' is none of the column's values", "row 5: Genf", "values of 'city'"],
    ),
    "class": (put("bought", 7), "values", 1, ["column 'bought' is none of", "row 5: 7"]),
    "id": (
        put("customer", 1, 2),
        "duplicate",
        2,
        ["column 'customer' must be unique", "row 5: 1, as in row 1", "unique: false"],
    ),
    "missing": (
        lambda frame: frame.rename(columns={"age": "agee"}),
        "missing_column",
        ROWS,
        ["column 'age' is missing. Did you mean 'agee'?", "column 'agee'"],
    ),
    "a list": (
        lambda frame: frame.assign(city=[["Bern"]] * ROWS),
        "type",
        ROWS,
        ["column 'city' holds list<", "no type is for"],
    ),
}


@pytest.mark.parametrize(("change", "rule", "count", "parts"), ERRORS.values(), ids=ERRORS)
def test_a_broken_rule_is_reported(
    shop: Validating, change: Any, rule: str, count: int, parts: list[str]
) -> None:
    before = {name: (shop.root / name).read_bytes() for name in (OUTPUT, REPORT, "schema.yaml")}
    shop.options = {"tolerance": 0.0}
    parts = [part for part in parts if part != "column 'agee'"]
    refused(shop.validate(change(shoppers())), *parts, "data/raw.parquet", REFUSED, f"[{rule}]")
    (found,) = [f for f in shop.report(REFUSED)["findings"] if f["severity"] == "error"]
    assert (found["rule"], found["count"]) == (rule, count)
    assert found["share"] == pytest.approx(count / ROWS)
    assert found["file"] == "data/raw.parquet"
    for example in found["examples"]:
        assert example["row"] in range(5, 8)
    # What the last good run wrote is as it was.
    assert {name: (shop.root / name).read_bytes() for name in before} == before


def test_all_violations_are_reported_at_once(shop: Validating) -> None:
    shop.options = {"tolerance": 0.0}
    broken = shoppers()
    for change in (put("age", -300), put("city", "Genf"), put("income", None), put("customer", 1)):
        broken = change(broken)
    told = refused(shop.validate(broken.drop(columns="member")))
    assert "break their schema in 5 way(s), of 200 row(s)" in told
    assert told.count("      next: ") == 5
    assert sorted(shop.rules(REFUSED)) == ["duplicate", "min", "missing_column", "null", "values"]
    accepted(shop.validate(shoppers()))
    assert not (shop.root / REFUSED).exists()


def test_so_many_violations_are_bounded_on_the_terminal_and_all_in_the_report(
    tmp_path: Path,
) -> None:
    frame = pd.DataFrame({f"x{i}": np.arange(50.0) % 7 for i in range(60)})
    frame["y"] = np.arange(50) % 2
    wide = Validating(tmp_path, {"task": "binary", "target": "y"})
    wide.options = {"predictive_features": "ignore"}
    accepted(wide.validate(frame))
    told = refused(wide.validate(frame.assign(**{f"x{i}": 1e9 for i in range(60)})), "and 40 more")
    assert told.count("      next: ") == 20
    assert wide.rules(REFUSED).count("max") == 60


WARNINGS = {
    "unexpected": (
        lambda frame: frame.assign(fuel="gas"),
        "unexpected_column",
        ["column 'fuel' (", "is not in schema.yaml: it is left out"],
    ),
    "constant": (
        lambda frame: frame.assign(age=40),
        "constant",
        ["column 'age' has only the value 40"],
    ),
    "mixed": (
        lambda frame: frame.assign(
            city=[*map(str, range(ROWS - 1)), "many"]
        ),
        "mixed",
        ["'city' is text, though 199 of 200 values are numbers", "row 200: many"],
    ),
    "future": (
        put("day", pd.Timestamp("2999-01-01")),
        "future",
        ["column 'day' lies in the future in 1 row(s)", "row 5: 2999-01-01"],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("change", "rule", "parts"), WARNINGS.values(), ids=WARNINGS)
def test_what_is_unusual_is_reported_and_let_through(
    shop: Validating, change: Any, rule: str, parts: list[str]
) -> None:
    shop.schema(shop.schema().replace("values: [Basel, Bern, Chur]", "severity: warning"))
    told = accepted(shop.validate(change(shoppers())))
    for part in (*parts, f"[{rule}]"):
        assert part in told, told
    assert rule in shop.rules()
    assert shop.report()["errors"] == 0


def test_a_column_without_any_value_is_reported(tmp_path: Path) -> None:
    made = Validating(tmp_path, {"task": "binary", "target": "bought"})
    told = accepted(made.validate(shoppers().assign(notes=None)))
    assert "column 'notes' has no value at all" in told
    assert "has no value at all\n" in made.schema()


def test_too_few_rows_are_refused(shop: Validating) -> None:
    shop.options = {"min_rows": 100}
    refused(shop.validate(shoppers().head(99)), "there are 99 row(s), fewer than 100", "min_rows")
    accepted(shop.validate(shoppers().head(100)))


def test_no_schema_is_made_of_too_few_rows(tmp_path: Path) -> None:
    made = Validating(tmp_path, {"task": "binary", "target": "bought"})
    made.schema("columns: {}\n")
    refused(made.validate(shoppers().head(0)), "there are 0 row(s), fewer than 1")
    assert made.schema() == "columns: {}\n"


def test_the_team_s_words_and_order_stay(shop: Validating) -> None:
    """What people wrote is never written over, by a good table or a bad one."""
    lines = shop.schema().replace("  age:\n", "  age:  # in years, says Anna\n")
    head, _, columns = lines.partition("columns:\n")
    first, rest = columns.split("  age:", 1)
    written = f"{head}columns:\n  age:{rest}# and the others:\n{first}"
    shop.schema(written)
    accepted(shop.validate(shoppers()))
    assert pq.read_table(shop.root / OUTPUT).column_names[:2] == ["age", "income"]
    refused(shop.validate(put("age", None)(shoppers())), "column 'age' is null")
    assert shop.schema() == written


def test_an_unexpected_column_can_be_refused(shop: Validating) -> None:
    shop.options = {"unexpected_columns": "error"}
    refused(shop.validate(shoppers().assign(fuel="gas")), "column 'fuel'", "describe 'fuel'")


def test_a_few_new_categories_are_tolerated(shop: Validating) -> None:
    told = accepted(shop.validate(shoppers()))
    shop.options = {"tolerance": 0.01}
    told = accepted(shop.validate(put("city", "Genf", "Genf")(shoppers())))
    assert "tolerated: column 'city' is none of the column's values in 2 row(s)" in told
    assert pq.read_table(shop.root / OUTPUT)["city"][4].as_py() == "Genf"
    refused(shop.validate(put("city", "Genf", "Genf", "Genf")(shoppers())), "3 row(s)")


def test_severity_warning_reports_and_reads_what_it_can(shop: Validating) -> None:
    text_ = shop.schema()
    for name in ("age", "income"):
        text_ = text_.replace(f"  {name}:\n", f"  {name}:\n    severity: warning\n")
    shop.schema(text_)
    told = accepted(shop.validate(text("age", "old", "-300")(shoppers().drop(columns="income"))))
    for part in ("warning: column 'age' holds 'old'", "column 'income' is missing", "row 6: -300"):
        assert part in told, told
    typed = pq.read_table(shop.root / OUTPUT)
    assert typed["age"][4].as_py() is None
    assert typed["age"].null_count == 1
    assert typed["income"].null_count == ROWS
    # The next error of another column still stops.
    refused(shop.validate(put("city", None)(shoppers())), "column 'city' is null")


def test_the_target_is_never_optional(shop: Validating) -> None:
    shop.schema(shop.schema().replace("  bought:\n", "  bought:\n    severity: warning\n"))
    refused(shop.validate(shoppers().drop(columns="bought")), "column 'bought' is missing")


def test_a_column_can_be_unique_and_an_id_need_not_be(shop: Validating) -> None:
    again = put("customer", 1)(shoppers())
    shop.schema(shop.schema().replace("unique: true", "unique: false"))
    accepted(shop.validate(again))
    shop.schema(shop.schema().replace("  day:\n", "  day:\n    unique: true\n"))
    day = shoppers()["day"].iloc[0].to_pydatetime()
    refused(shop.validate(put("day", day)(shoppers())), "'day' must be unique", "as in row 1")


def test_a_list_column_has_no_schema(tmp_path: Path) -> None:
    made = Validating(tmp_path, {"task": "binary", "target": "bought"})
    told = refused(made.validate(shoppers().assign(tags=[["a"]] * ROWS)), "'tags' (list<")
    assert "No type of schema.yaml is for 1 column(s)" in told


def test_a_target_of_many_values_is_no_class(tmp_path: Path) -> None:
    made = Validating(tmp_path, {"task": "multiclass", "target": "y"})
    frame = pd.DataFrame({"x": np.arange(20_000) % 7, "y": np.arange(20_000)})
    refused(made.validate(frame), "more than 10,000 different values", "data.task to regression")


NANOSECONDS = [pd.Timestamp("2026-01-01 10:00").value, None, pd.Timestamp("2026-07-01").value]
"""Moments, since 1970 in UTC, as every time with a zone is stored."""


def test_times_with_a_zone_become_utc_and_decimals_numbers(tmp_path: Path) -> None:
    table = pa.table(
        {
            "at": pa.array(NANOSECONDS, pa.timestamp("ns", "Europe/Zurich")),
            "text": pa.array(["2026-01-01T12:00:00+02:00", "2026-01-01 10:00", None]),
            "price": pa.array([Decimal("1.25"), None, Decimal("-3.50")], pa.decimal128(10, 2)),
            "count": pa.array([1, 2, 3], pa.decimal128(9, 0)),
            "y": pa.array([Decimal("0.5"), Decimal("1.5"), Decimal("2.5")]),
        }
    )
    made = Validating(tmp_path, {"task": "regression", "target": "y"})
    accepted(made.validate(table))
    for said in (
        "type: datetime  # converted to UTC from Europe/Zurich",
        "type: number  # converted from decimal128(10, 2)",
        "type: integer  # converted from decimal128(9, 0)",
    ):
        assert said in made.schema()
    described = "  text:\n    type: category\n    nullable: true\n"
    assert described in made.schema()
    kept = made.schema().replace(described, described.replace("category", "datetime"))
    made.schema("\n".join(line for line in kept.splitlines() if "values: [2026" not in line))
    accepted(made.validate())
    typed = pq.read_table(made.root / OUTPUT).to_pydict()
    ten = dt.datetime(2026, 1, 1, 10)
    assert typed["at"] == [ten, None, dt.datetime(2026, 7, 1)]
    assert typed["text"] == [ten, ten, None]
    assert typed["price"] == [1.25, None, -3.5]
    assert typed["count"] == [1, 2, 3]


def test_numbers_are_words_where_the_schema_lists_words(tmp_path: Path) -> None:
    made = Validating(tmp_path, {"task": "regression", "target": "y"})
    columns = "{zone: {type: category, nullable: true, values: ['1', '2']}, y: {type: number}}"
    made.schema(f"columns: {columns}\n")
    accepted(made.validate(pd.DataFrame({"zone": [1, 2, None], "y": [0.5, 1.5, 2.5]})))
    assert pq.read_table(made.root / OUTPUT)["zone"].to_pylist() == ["1", "2", None]
