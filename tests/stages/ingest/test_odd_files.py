"""What people's files hold beside rows of values: it is left out or kept, and reported."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
import pytest
import xlsxwriter

from tests.helpers.validating import RAW, Validating, accepted, refused

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def shop(tmp_path: Path) -> Validating:
    """A folder in which files are ingested."""
    return Validating(tmp_path, {"task": "binary", "target": "bought"})


def ingest(shop: Validating, content: str | bytes, name: str = "rows.csv", **options: Any) -> str:
    """Read a file, and return what was printed."""
    path = shop.root / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    shop.ingest = {"path": name, **options}
    return accepted(shop.mlops("run", "ingest"))


def rows(shop: Validating) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = pq.read_table(shop.root / RAW).to_pylist()
    return found


def manifest(shop: Validating) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((shop.root / "reports/ingest.json").read_text())
    return found


def workbook(path: Path, *lines: list[Any]) -> bytes:
    """Return a sheet of these rows."""
    book = xlsxwriter.Workbook(str(path))
    sheet = book.add_worksheet()
    blank = book.add_format({"border": 1})
    for place, line in enumerate(lines):
        for column, value in enumerate(line):
            if value is None:
                sheet.write_blank(place, column, None, blank)
            else:
                sheet.write(place, column, value)
    book.close()
    return path.read_bytes()


# ------------------------------------------------------------------------ rows without a target

REGIONS = "size,bought\n1,EU\n2,NA\n3,\n4,NA\n5,AS\n"


def test_rows_without_a_target_are_counted(shop: Validating) -> None:
    printed = ingest(shop, "size,bought\n1,0\n2,\n3,1\n4,\n")
    assert "2 of 4 rows have no target 'bought': they are in neither training nor test" in printed
    assert manifest(shop)["rows_without_target"] == 2
    ingest(shop, "size,bought\n1,0\n2,1\n")
    assert manifest(shop)["rows_without_target"] == 0


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_a_class_that_is_called_na_is_reported_and_can_be_kept(shop: Validating, kind: str) -> None:
    content: str | bytes = REGIONS
    if kind == "xlsx":
        lines = [line.split(",") for line in REGIONS.splitlines()]
        content = workbook(shop.root / "rows.xlsx", *lines)
    printed = ingest(shop, content, f"rows.{kind}")
    assert "2 row(s) have 'NA' as target 'bought', which is read as missing" in printed
    assert "set usual_nulls: false in conf/ingest/file.yaml" in printed
    assert "3 of 5 rows have no target" in printed
    assert manifest(shop)["details"]["files"][0]["target_nulls"] == {"NA": 2}
    printed = ingest(shop, content, f"rows.{kind}", usual_nulls=False)
    assert "read as missing" not in printed
    assert [row["bought"] for row in rows(shop)] == ["EU", "NA", None, "NA", "AS"]
    ingest(shop, content, f"rows.{kind}", usual_nulls=False, null_values=["EU"])
    assert [row["bought"] for row in rows(shop)] == [None, "NA", None, "NA", "AS"]


def test_a_class_that_is_called_na_is_reported_where_it_is_one_of_two(shop: Validating) -> None:
    (shop.root / "rows.csv").write_text("size,bought\n1,EU\n2,NA\n3,EU\n")
    shop.ingest = {"path": "rows.csv"}
    printed = refused(shop.mlops("run", "ingest"), "has only the value 'EU'")
    assert "1 row(s) have 'NA' as target 'bought', which is read as missing" in printed


# -------------------------------------------------------------------------- digits that are codes

CODES = {
    "a leading zero": ("06620", "10115", "has a leading zero"),
    "a leading zero in quotes": ('"00"', '"12"', "has a leading zero"),
    "a leading zero and a fraction": ("01.10", "10.00", "has a leading zero"),
    "twenty digits": (
        "12345678901234567890",
        "7",
        "has more digits than a number holds",
    ),
}


@pytest.mark.parametrize(("first", "other", "why"), CODES.values(), ids=CODES)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_digits_that_are_codes_stay_text(
    shop: Validating, first: str, other: str, why: str, encoding: str
) -> None:
    text = f"price,code,bought\n0.50,{other},0\n10.00,{first},1\n"
    printed = ingest(shop, text.encode(encoding))
    first, other = first.strip('"'), other.strip('"')
    assert [row["code"] for row in rows(shop)] == [other, first]
    assert [row["price"] for row in rows(shop)] == [0.5, 10.0]
    assert f"column 'code' stays text, as '{first}' {why}" in printed
    assert manifest(shop)["details"]["files"][0]["kept_as_text"]["code"]["example"] == first


def test_a_code_far_down_and_across_blocks_is_seen(shop: Validating) -> None:
    many = "".join(f"{i % 9},10115,{i % 2}\n" for i in range(500_000))
    printed = ingest(shop, f"size,zip,bought\n{many}1,06620,1\n")
    assert "column 'zip' stays text, as '06620' has a leading zero" in printed
    table = pq.read_table(shop.root / RAW)
    assert (table["zip"][0].as_py(), table["zip"][-1].as_py()) == ("10115", "06620")
    assert str(table.schema.field("size").type) == "int64"


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("0", 0),
        ("-0.25", -0.25),
        ("9223372036854775807", 2**63 - 1),
        ("123456789012345678901.5", 123456789012345678901.5),
        ("1e20", 1e20),
    ],
)
def test_other_digits_are_numbers(shop: Validating, value: str, read: float) -> None:
    printed = ingest(shop, f"x,bought\n{value},0\n{value},1\n")
    assert "stays text" not in printed
    assert rows(shop)[0]["x"] == read


def test_times_and_days_are_no_codes(shop: Validating) -> None:
    printed = ingest(shop, "at,day,bought\n08:15:00,2024-01-31,0\n09:00:00,2024-02-01,1\n")
    assert "stays text" not in printed
    kinds = pq.read_schema(shop.root / RAW)
    assert (str(kinds.field("at").type), str(kinds.field("day").type)) == (
        "time32[ms]",
        "date32[day]",
    )


# ------------------------------------------------------------------- titles, and rows of nothing

TABLE = [{"name": "a", "size": 1, "bought": 0}, {"name": "b", "size": 2, "bought": 1}]
CONTENT = "name;size;bought\na;1;0\nb;2;1\n"

TITLES = {
    "one line": ("Sales of 2024\n" + CONTENT, ["Sales of 2024"]),
    "with commas": ("Sales, north, 2024\n" + CONTENT, ["Sales, north, 2024"]),
    "filled up by Excel": ("Sales of 2024;;\n" + CONTENT, ["Sales of 2024"]),
    "several lines and a blank one": (
        "Sales\nmade by Ann\n\n" + CONTENT,
        ["Sales", "made by Ann"],
    ),
    "ends of lines of Windows": (("Sales\n\n" + CONTENT).replace("\n", "\r\n"), ["Sales"]),
    "below a declaration": ("sep=;\nSales\n" + CONTENT, ["Sales"]),
    "none": (CONTENT, []),
}


@pytest.mark.parametrize(("content", "titles"), TITLES.values(), ids=TITLES)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_lines_above_the_header_are_left_out_and_reported(
    shop: Validating, content: str, titles: list[str], encoding: str
) -> None:
    printed = ingest(shop, content.encode(encoding))
    assert rows(shop) == TABLE
    assert manifest(shop)["details"]["files"][0].get("title_lines", []) == titles
    said = (
        f"{len(titles)} line(s) above the header left out in rows.csv: {titles[0]!r}"
        if titles
        else ""
    )
    assert said in printed
    assert ("above the header" in printed) == bool(titles)


def test_rows_are_numbered_from_the_header_below_a_title(shop: Validating) -> None:
    (shop.root / "rows.csv").write_text("Sales\n\n" + CONTENT + "c;3;1;9\n")
    shop.ingest = {"path": "rows.csv"}
    refused(shop.mlops("run", "ingest"), "rows.csv, row 4 (the header is row 1): 'c;3;1;9'")


@pytest.mark.parametrize(
    "content", ["age\n30,0,1\n31,1,1\n", "bought\n0\n1\n", "a,bought\n1,0\n2,1\n"]
)
def test_a_header_is_no_title(shop: Validating, content: str) -> None:
    (shop.root / "rows.csv").write_text(content)
    shop.ingest = {"path": "rows.csv"}
    assert "above the header" not in shop.mlops("run", "ingest").output


def test_rows_without_any_value_are_left_out_and_reported(shop: Validating) -> None:
    printed = ingest(shop, CONTENT + ";;\n" * 3)
    assert rows(shop) == TABLE
    assert "3 row(s) without any value left out" in printed
    assert manifest(shop)["details"]["files"][0]["empty_rows"] == 3
    assert manifest(shop)["rows_without_target"] == 0
    # Of one column, a missing value is a row.
    ingest(shop, "bought\n0\nNA\n1\n")
    assert [row["bought"] for row in rows(shop)] == [0, None, 1]


def test_a_sheet_has_titles_and_rows_of_nothing_too(shop: Validating) -> None:
    lines = [
        ["Sales of 2024", None, None],
        [None, None, None],
        ["name", "size", "bought"],
        ["a", 1, 0],
        [None, None, None],
        ["b", 2, 1],
        [None, None, None],
    ]
    printed = ingest(shop, workbook(shop.root / "rows.xlsx", *lines), "rows.xlsx")
    assert rows(shop) == TABLE
    assert "1 line(s) above the header left out in rows.xlsx: 'Sales of 2024'" in printed
    assert "1 row(s) without any value left out" in printed  # those at its end are not even read


def test_a_sheet_with_numbers_of_rows_below_no_name_is_read(shop: Validating) -> None:
    lines = [[None, "size", "bought"], [0, 5, 0], [1, 6, 1]]
    ingest(shop, workbook(shop.root / "rows.xlsx", *lines), "rows.xlsx")
    assert rows(shop) == [{"": 0, "size": 5, "bought": 0}, {"": 1, "size": 6, "bought": 1}]
