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
    told = ingest(shop, "size,bought\n1,0\n2,\n3,1\n4,\n")
    assert "2 of 4 rows have no target 'bought': they are in neither training nor test" in told
    assert manifest(shop)["rows_without_target"] == 2
    ingest(shop, "size,bought\n1,0\n2,1\n")
    assert manifest(shop)["rows_without_target"] == 0


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_a_class_that_is_called_na_is_reported_and_can_be_kept(shop: Validating, kind: str) -> None:
    content: str | bytes = REGIONS
    if kind == "xlsx":
        lines = [line.split(",") for line in REGIONS.splitlines()]
        content = workbook(shop.root / "rows.xlsx", *lines)
    told = ingest(shop, content, f"rows.{kind}")
    assert "2 row(s) have 'NA' as target 'bought', which is read as missing" in told
    assert "set usual_nulls: false in conf/ingest/file.yaml" in told
    assert "3 of 5 rows have no target" in told
    assert manifest(shop)["details"]["files"][0]["target_nulls"] == {"NA": 2}
    told = ingest(shop, content, f"rows.{kind}", usual_nulls=False)
    assert "read as missing" not in told
    assert [row["bought"] for row in rows(shop)] == ["EU", "NA", None, "NA", "AS"]
    ingest(shop, content, f"rows.{kind}", usual_nulls=False, null_values=["EU"])
    assert [row["bought"] for row in rows(shop)] == [None, "NA", None, "NA", "AS"]


def test_a_class_that_is_called_na_is_reported_where_it_is_one_of_two(shop: Validating) -> None:
    (shop.root / "rows.csv").write_text("size,bought\n1,EU\n2,NA\n3,EU\n")
    shop.ingest = {"path": "rows.csv"}
    told = refused(shop.mlops("run", "ingest"), "has only the value 'EU'")
    assert "1 row(s) have 'NA' as target 'bought', which is read as missing" in told
