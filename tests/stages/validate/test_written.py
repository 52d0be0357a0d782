"""Numbers and dates that are text: read by a format of the schema, the same at every door."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow.parquet as pq
import pytest

from mlops_plugins.api.context import Data
from mlops_plugins.api.errors import DataError
from mlops_plugins.artifacts import schema
from tests.helpers.validating import OUTPUT, Validating, accepted, refused

if TYPE_CHECKING:
    from pathlib import Path

ROWS = 70
DATA = {"task": "regression", "target": "y"}


def table(*values: Any) -> pd.DataFrame:
    """Return a table whose column x has these values in turn."""
    return pd.DataFrame(
        {"x": [values[i % len(values)] for i in range(ROWS)], "y": [i % 9 for i in range(ROWS)]}
    )


CERTAIN: dict[str, tuple[list[str], str, list[Any]]] = {
    "thousands and decimals": (
        ["1,234.50", "999"],
        'type: number, format: "1,234.5"',
        [1234.5, 999.0],
    ),
    "thousands of thousands": (["1,234,567", "49,961"], '"1,234.5"', [1234567.0, 49961.0]),
    "points and a comma": (["2.502,38", "-7,5"], '"1.234,5"', [2502.38, -7.5]),
    "money": (["$1,234.50", "-$3"], '"$1,234.5"', [1234.5, -3.0]),
    "money behind": (["1.234,5 €", "12 €"], '"1.234,5€"', [1234.5, 12.0]),
    "percent": (["21.7%", "3 %"], '"1,234.5%"', [21.7, 3.0]),
    "a unit": (["12 kg", "1,200.5 kg"], None, [12.0, 1200.5]),
    "parentheses": (["(1.20)", "3"], '"1,234.5"', [-1.2, 3.0]),
    "a minus behind": (["0.12-", "3"], '"1,234.5"', [-0.12, 3.0]),
    "spaces": (["1\u00a0234,5", "7"], '"1 234,5"', [1234.5, 7.0]),
    "a dash for a missing value": (["3.5", "-", "4"], None, [3.5, None, 4.0]),
    "days": (
        ["31/12/2024", "01/02/2024"],
        "%d/%m/%Y",
        [dt.datetime(2024, 12, 31), dt.datetime(2024, 2, 1)],
    ),
    "months first": (
        ["12/31/2024", "-"],
        "%m/%d/%Y",
        [dt.datetime(2024, 12, 31), None],
    ),
    "points and minutes": (["31.12.2024 10:15"], "%d.%m.%Y %H:%M", [dt.datetime(2024, 12, 31, 10, 15)]),
}  # fmt: skip


@pytest.mark.parametrize(("values", "said", "read"), CERTAIN.values(), ids=CERTAIN)
def test_what_can_be_read_in_one_way_is_read_so(
    tmp_path: Path, values: list[str], said: str | None, read: list[Any]
) -> None:
    made = Validating(tmp_path, DATA)
    printed = accepted(made.validate(table(*values)))
    if said is None or "type:" in said:
        assert "column 'x' is text that is read as number, by its format in schema.yaml" in printed
    else:
        assert said.strip('"') in printed
    typed = pq.read_table(tmp_path / OUTPUT)["x"].to_pylist()
    assert typed[: len(read)] == read
    assert "    format: " in made.schema()
    assert "# written as " in made.schema()
    # The next run reads the file that was written, and every door reads by it.
    assert "is text" not in accepted(made.validate())
    described = schema.read(tmp_path / "schema.yaml", Data(task="regression", target="y"))
    rows = schema.conform(table(*values).head(len(values))[["x"]], described.only(["x"]))
    assert [None if pd.isna(each) else each for each in rows["x"].tolist()] == read[: len(values)]


AMBIGUOUS = {
    "thousands or decimals": (["49,961", "12,345"], ['"1,234.5"', '"1.234,5"'], [49961, 12345]),
    "a unit": (["1,200 kg", "3 kg"], ['"1,234.5 kg"', '"1.234,5 kg"'], [1200, 3]),
    "day or month": (["01/02/2024", "03/04/2024"], ['"%d/%m/%Y"', '"%m/%d/%Y"'], None),
    "nearly all": (["1.5%"] * 34 + ["much"], ['"1,234.5%"'], None),
}


@pytest.mark.parametrize(("values", "formats", "read"), AMBIGUOUS.values(), ids=AMBIGUOUS)
def test_what_is_doubtful_is_reported_with_the_line_to_paste(
    tmp_path: Path, values: list[str], formats: list[str], read: list[float] | None
) -> None:
    made = Validating(tmp_path, DATA)
    printed = accepted(made.validate(table(*values)))
    assert "column 'x' is text, though " in printed
    assert "[written]" in printed
    (found,) = [f for f in made.report()["findings"] if f["rule"] == "written"]
    assert f"  next: {found['next']}" in printed
    for each in formats:
        assert each in found["next"]
    line = found["next"].partition("schema.yaml: ")[2].partition("; or,")[0]
    kept = made.schema().split("columns:\n")[0]
    made.schema(f"{kept}columns:\n  {line}\n  y: {{type: integer}}\n")
    if len(formats) == 1:
        refused(made.validate(), "'x' holds 'much', which is no number", "a number, written as")
        return
    accepted(made.validate())
    typed = pq.read_table(tmp_path / OUTPUT)["x"].to_pylist()
    assert read is None or typed[:2] == read


TEXT = {
    "codes with zeros": ["06620", "10115"],
    "twenty digits": ["12345678901234567890", "22345678901234567890"],
    "names": ["A1", "A2", "B3"],
    "ordinals": ["1st", "2nd", "3rd"],
    "ranges": ["18-25", "26-30"],
    "versions": ["1.2.3", "1.2.4"],
    "two units": ["12 kg", "500 g"],
    "plain numbers that are text": ["1", "2"],
    "ISO days": ["2024-01-31", "2024-02-28"],
    "days that are none": ["31/31/2024", "32/12/2024"],
}


@pytest.mark.parametrize("values", TEXT.values(), ids=TEXT)
def test_other_text_stays_text(tmp_path: Path, values: list[str]) -> None:
    made = Validating(tmp_path, DATA)
    printed = accepted(made.validate(table(*values)))
    assert "[written]" not in printed
    assert "format: " not in made.schema().split("columns:\n")[1]
    assert pq.read_table(tmp_path / OUTPUT)["x"].to_pylist()[: len(values)] == values


@pytest.mark.parametrize(
    ("described", "expected"),
    [
        ({"type": "number", "format": "12.5"}, "1234.5, 1,234.5"),
        ({"type": "number", "format": 12}, "1234.5, 1,234.5"),
        ({"type": "datetime", "format": "dd/mm/yyyy"}, "%d/%m/%Y"),
        ({"type": "text", "format": "1234.5"}, "no format"),
    ],
)
def test_a_format_that_is_none_is_refused(described: dict[str, Any], expected: str) -> None:
    content = {"columns": {"x": described}}
    with pytest.raises(DataError, match="The column 'x' has the format") as refusal:
        schema.parse(content, target="y", id=None, where="schema.yaml")
    assert expected in refusal.value.expected


def test_a_target_in_money_is_learnt_as_a_number(tmp_path: Path) -> None:
    made = Validating(tmp_path, DATA)
    frame = table("a", "b").assign(y=[f"${i + 1},234" for i in range(ROWS)])
    accepted(made.validate(frame.assign(y=frame["y"] + ".00")))
    assert pq.read_table(tmp_path / OUTPUT)["y"].to_pylist()[:2] == [1234.0, 2234.0]
