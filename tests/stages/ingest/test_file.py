"""Ingest from the files that people have: how they are written, how many, how large, how broken."""

from __future__ import annotations

import datetime as dt
import gzip
import json
import shutil
import sys
import threading
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter

from mlops_plugins.api.errors import ExitCode
from mlops_plugins.artifacts import files
from tests.helpers.ingesting import CACHE, RAW, choose, ingested, table
from tests.helpers.projects import Project, begin, render
from tests.helpers.refusals import assert_refused, assert_told, contents, restore, snapshot

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow

SOURCE = "data/source"


@pytest.fixture(scope="module")
def shop_once(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    answers = {"data_source": "file", "data_path": f"{SOURCE}/", "target_column": "bought"}
    project = begin(render(template, tmp_path_factory.mktemp("files") / "shop", **answers))
    project.write(f"{SOURCE}/rows.csv", "age,bought\n30,0\n40,1\n")
    project.mlops("run", "ingest")
    return project


@pytest.fixture
def shop(shop_once: Project) -> Iterator[Project]:
    """A project that has read a file; its source is empty, and what a test does is undone."""
    before = snapshot(shop_once.root)
    (shop_once.root / SOURCE / "rows.csv").unlink()
    yield shop_once
    restore(shop_once.root, before)


def put(project: Project, name: str, content: str | bytes) -> str:
    """Write a source file, and return its path in the project."""
    path = project.root / SOURCE / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return f"{SOURCE}/{name}"


def ingest(project: Project, path: str, **options: Any) -> list[dict[str, Any]]:
    """Run the stage, and return its rows."""
    choose(project, "file", path=path, **options)
    project.mlops("run", "ingest")
    rows: list[dict[str, Any]] = table(project).to_pylist()
    return rows


def refuse(project: Project, path: str, *parts: str, **options: Any) -> str:
    """Run the stage, which refuses with these words, and leaves all outputs as they were."""
    choose(project, "file", path=path, **options)
    before = contents(project.root)
    done = project.mlops("run", "ingest", check=False)
    assert_refused(done, ExitCode.DATA, *parts)
    assert contents(project.root) == before
    assert not list(project.root.rglob(".writing-*"))
    return done.stderr


# ------------------------------------------------------------------------- how a text is written

EXPECTED = [
    {"name": 'Zoë; "Z"', "price": 1.5, "bought": 0, "day": dt.date(2024, 1, 31)},
    {"name": "two\nlines", "price": None, "bought": 1, "day": dt.date(2024, 2, 1)},
]
COMMAS = 'name,price,bought,day\n"Zoë; ""Z""",1.5,0,2024-01-31\n"two\nlines",NA,1,2024-02-01\n'
SEMICOLONS = 'name;price;bought;day\n"Zoë; ""Z""";1,5;0;2024-01-31\n"two\nlines";;1;2024-02-01\n'
TABS = SEMICOLONS.replace("Zoë; ", "Zoë\0").replace(";", "\t").replace("\0", "; ")
ZSTD = pa.compress(COMMAS.encode(), codec="zstd", asbytes=True)

WRITTEN: dict[str, tuple[str, str | bytes, dict[str, Any]]] = {
    "commas": ("rows.csv", COMMAS, {}),
    "semicolons and decimal commas": ("rows.csv", SEMICOLONS, {}),
    "tabs": ("rows.tsv", TABS, {}),
    "tabs in a .csv": ("rows.csv", TABS, {}),
    "bars": (
        "rows.txt",
        SEMICOLONS.replace("Zoë; ", "Zoë\0").replace(";", "|").replace("\0", "; "),
        {},
    ),
    "ends of lines of Windows": (
        "rows.csv",
        SEMICOLONS.replace(";1;2", ";1;2").replace("\n", "\r\n").replace("two\r\n", "two\n"),
        {},
    ),
    "a first line that declares the delimiter": ("rows.csv", "sep=;\r\n" + SEMICOLONS, {}),
    "a mark before UTF-8": ("rows.csv", b"\xef\xbb\xbf" + COMMAS.encode(), {}),
    "UTF-16": ("rows.csv", SEMICOLONS.encode("utf-16"), {}),
    "gzip": ("rows.csv.gz", gzip.compress(COMMAS.encode()), {}),
    "zstd": ("rows.csv.zst", ZSTD, {}),
    "an encoding that is given": ("rows.csv", COMMAS.encode("cp1252"), {"encoding": "cp1252"}),
    "all that is given": (
        "rows.csv",
        SEMICOLONS.replace(";;", ";?;"),
        {"delimiter": ";", "decimal": ",", "encoding": "utf-8", "null_values": ["?"]},
    ),
}


@pytest.mark.parametrize(("name", "content", "options"), WRITTEN.values(), ids=WRITTEN)
def test_a_text_is_read_however_it_is_written(
    shop: Project, name: str, content: str | bytes, options: dict[str, Any]
) -> None:
    assert ingest(shop, put(shop, name, content), **options) == EXPECTED


BLOCK = 5_000_000
"""More than what types are inferred from at first."""


def late(first: str, *last: str) -> str:
    """Return a column of one value, long enough, and others at its very end."""
    rows = [f"{first},{i % 2}" for i in range(BLOCK // (len(first) + 3))]
    return "\n".join(["x,bought", *rows, *(f"{each},1" for each in last), ""])


LATE = {
    "a fraction": (late("7", "7.5"), pa.float64(), 7.0, 7.5),
    "a word": (late("007", "seven"), pa.string(), "007", "seven"),
    "a fraction, then a word": (late("7", "7.5", "x"), pa.string(), "7", "x"),
    "a first value": (late("", "2024-01-31"), pa.date32(), None, dt.date(2024, 1, 31)),
    "a time": (
        late("2024-01-31", "2024-01-31 12:00:00"),
        pa.timestamp("ms"),
        dt.datetime(2024, 1, 31),
        dt.datetime(2024, 1, 31, 12),
    ),
    "a time with a zone": (
        late("true", "2024-01-31T12:00:00Z"),
        pa.string(),
        "true",
        "2024-01-31T12:00:00Z",
    ),
}


@pytest.mark.parametrize(("content", "kind", "first", "last"), LATE.values(), ids=LATE)
def test_what_comes_late_widens_a_column_and_loses_nothing(
    shop: Project, content: str, kind: Any, first: Any, last: Any
) -> None:
    rows = ingest(shop, put(shop, "rows.csv", content))
    assert table(shop).schema.field("x").type == kind
    assert (rows[0]["x"], rows[-1]["x"]) == (first, last)
    assert len(rows) == content.count("\n") - 1


MOST_RESIDENT = 700 << 20
"""Bytes; the libraries alone take a quarter of them."""

PEAK = """
import resource, subprocess, sys
subprocess.run([sys.executable, *sys.argv[1:]], check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""
"""Prints the kilobytes of a child; to be run in a process of its own, as Linux counts to a child what
its parent held when it began."""


def test_ten_million_rows_stay_far_below_the_memory_of_a_laptop(shop: Project) -> None:
    """A third of a gigabyte of text: its types change at the very end, so that it is read thrice."""
    with (shop.root / SOURCE / "rows.csv").open("w") as stream:
        stream.write("id,bought,city,price,x,day\n")
        piece = "".join(
            f"{i},{i % 2},city {i % 50},{i / 7:.3f},{i % 9},2024-01-31\n" for i in range(100_000)
        )
        for _ in range(100):
            stream.write(piece)
        stream.write("1,1,city 1,1.5,nine,2024-01-31\n")
    choose(shop, "file", path=f"{SOURCE}/rows.csv")
    done = shop.run(sys.executable, "-c", PEAK, "-m", "mlops_plugins", "run", "ingest")
    assert pq.read_metadata(shop.root / RAW).num_rows == 10_000_001
    assert int(done.stdout) * 1024 < MOST_RESIDENT


# ---------------------------------------------------------------------------------- Parquet, Excel


def test_parquet_in_folders_gets_their_values_and_plain_types(shop: Project) -> None:
    for year, region in ((2023, "S%C3%BCd"), (2024, "__HIVE_DEFAULT_PARTITION__")):
        path = shop.root / SOURCE / f"year={year}" / f"region={region}" / "part-0.parquet"
        path.parent.mkdir(parents=True)
        moment = dt.datetime(2024, 1, 1, 10, tzinfo=dt.UTC)
        columns = {
            "city": pa.array(["a", "b"]).dictionary_encode(),
            "price": pa.array([Decimal("1.25"), None]),
            "seen": pa.array([moment, None], pa.timestamp("us", "Europe/Berlin")),
            "bought": pa.array([0, 1], pa.int8() if year == 2023 else pa.int64()),
        }
        pq.write_table(pa.table(columns), path)
    put(shop, "_SUCCESS", "")
    rows = ingest(shop, f"{SOURCE}/")
    assert rows[0] == {
        "city": "a",
        "price": 1.25,
        "seen": dt.datetime(2024, 1, 1, 10),
        "bought": 0,
        "year": 2023,
        "region": "Süd",
    }
    assert [(row["year"], row["region"]) for row in rows[2:]] == [(2024, None)] * 2
    names = [each["file"] for each in ingested(shop)[1]["details"]["files"]]
    assert names == [
        f"{SOURCE}/{part}/part-0.parquet"
        for part in ("year=2023/region=S%C3%BCd", "year=2024/region=__HIVE_DEFAULT_PARTITION__")
    ]


def workbook(path: Path) -> None:
    book = xlsxwriter.Workbook(str(path))
    book.add_worksheet("Notes").write(0, 0, "nothing here")
    sheet = book.add_worksheet("Rows")
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    sheet.write_row(1, 0, ["code", "age", "price", "day", "bought"])
    for i in range(40):
        sheet.write_row(i + 2, 0, [i if i else "A0", i if i != 3 else "NA", i / 4])
        sheet.write_datetime(i + 2, 3, dt.datetime(2024, 1, 1 + i % 28), day)
        sheet.write_boolean(i + 2, 4, i % 2)
    book.close()


def test_a_sheet_of_a_workbook_is_read(shop: Project) -> None:
    workbook(shop.root / SOURCE / "rows.xlsx")
    rows = ingest(shop, f"{SOURCE}/rows.xlsx", sheet="Rows")
    assert [row["code"] for row in rows[:3]] == ["A0", "1", "2"]
    assert [row["age"] for row in rows[:5]] == [0, 1, 2, None, 4]
    assert rows[39] == {
        "code": "39",
        "age": 39,
        "price": 9.75,
        "day": dt.date(2024, 1, 12),
        "bought": True,
    }
    refuse(
        shop,
        f"{SOURCE}/rows.xlsx",
        "no sheet 'Row' in rows.xlsx. Did you mean 'Rows'?",
        "Notes, Rows",
        sheet="Row",
    )


# ------------------------------------------------------------------------------------- many files


def test_only_new_and_changed_files_are_read_again_and_the_cache_decides_nothing(
    shop: Project,
) -> None:
    for month in (1, 2, 3):
        put(shop, f"2024-{month:02}.csv", f"month,code,bought\n{month},00{month},{month % 2}\n")
    ingest(shop, f"{SOURCE}/2024-*.csv")
    put(shop, "2024-02.csv", "month,code,bought\n2,002,1\n")
    put(shop, "2024-04.csv", "month,code,bought,new\n4,A,0,x\n")
    done = shop.mlops("run", "ingest")
    # The first file and the third are read again, as text: what is '001' there is not 1.
    assert_told(done, "4 rows, 4 columns", "column 'new' is missing in 3 of 4 files")
    assert [row["code"] for row in table(shop).to_pylist()] == ["001", "002", "003", "A"]
    once = ingested(shop)
    put(shop, "2024-05.csv", "month,code,bought,new\n5,A,1,x\n")
    assert_told(shop.mlops("run", "ingest"), "5 rows", "(1 of 5 files converted)")
    twice = ingested(shop)
    (shop.root / SOURCE / "2024-05.csv").unlink()
    assert_told(shop.mlops("run", "ingest"), "(0 of 4 files converted)")
    assert ingested(shop) == once
    put(shop, "2024-05.csv", "month,code,bought,new\n5,A,1,x\n")
    for kept in (shop.root / CACHE).rglob("*.parquet"):
        kept.write_bytes(b"damaged")
    shop.mlops("run", "ingest")
    assert ingested(shop) == twice
    shutil.rmtree(shop.root / CACHE)
    shop.mlops("run", "ingest")
    assert ingested(shop) == twice


def test_the_manifest_tells_the_files(shop: Project) -> None:
    ingest(shop, put(shop, "rows.csv", SEMICOLONS))
    _, manifest = ingested(shop)
    path = shop.root / SOURCE / "rows.csv"
    [described] = manifest["details"]["files"]
    assert described == {
        "file": f"{SOURCE}/rows.csv",
        "size": path.stat().st_size,
        "sha256": files.digest(path),
        "rows": 2,
        "delimiter": ";",
        "encoding": "utf-8",
        "decimal": ",",
    }
    assert manifest["source"] == f"{SOURCE}/rows.csv"
    assert manifest["sha256"] == files.digest(shop.root / RAW)


# ---------------------------------------------------------------------------------- what is broken

RAGGED = "age,bought\n" + "".join(f"{i},{i % 2}\n" for i in range(98)) + "1\n2,3,4\n"


def test_bad_rows_are_refused_with_their_numbers(shop: Project) -> None:
    path = put(shop, "rows.csv", RAGGED)
    refuse(
        shop, path, "2 row(s) of rows.csv", "row 100 (the header is row 1): '1'", "rows 100, 101"
    )


def test_bad_rows_below_the_acceptable_share_are_left_out_and_listed(shop: Project) -> None:
    path = put(shop, "rows.csv", RAGGED)
    assert len(ingest(shop, path, bad_rows=0.02)) == 98
    [described] = ingested(shop)[1]["details"]["files"]
    assert described["bad_rows"] == {"count": 2, "rows": [100, 101]}
    refuse(shop, path, "2 row(s) of rows.csv", "acceptable are 1.9000% of 100", bad_rows=0.019)
    # A quote that never ends makes one bad row of all that follows: not one row is lost, but most.
    put(shop, "rows.csv", RAGGED.replace("\n50,", '\n"50,', 1))
    refuse(shop, path, "A quoted field of rows.csv does not end", "row 52", bad_rows=0.1)


BROKEN: dict[str, tuple[str, str | bytes, list[str]]] = {
    "not in UTF-8": (
        "rows.csv",
        'name,bought\n"Zo\xeb",1\n'.encode("latin-1"),
        ["not encoded as UTF-8", "row 2 (the header is row 1): column name", "encoding: cp1252"],
    ),
    "a quote without end": (
        "rows.csv",
        'name,bought\n"a,1\n' + "b,0\n" * 2_000_000,
        ["A quoted field of rows.csv does not end", "row 2 (the header is row 1)"],
    ),
    "a quote without end in the last column": (
        "rows.csv",
        'bought,name\n1,a\n0,"a\n1,b\n0,c\n',
        ["A quoted field of rows.csv does not end", "the last of 2 rows", "quotes in pairs"],
    ),
    "a column twice": ("rows.csv", "a,a,bought\n1,2,0\n1,2,1\n", ["more than one column 'a'"]),
    "a folder's column": ("a=1/rows.csv", "a,bought\n1,0\n1,1\n", ["more than one column 'a'"]),
    "a cut gzip": ("rows.csv.gz", gzip.compress(COMMAS.encode())[:-20], ["cannot be read"]),
    "no gzip": ("rows.csv.gz", COMMAS, ["cannot be read"]),
    "no Parquet": ("rows.parquet", COMMAS, ["cannot be read", "a Parquet file"]),
    "no workbook": ("rows.xlsx", COMMAS, ["cannot be read", "a workbook of Excel"]),
    "of another kind": ("rows.docx", COMMAS, ["no data file in data/source/", "put them there"]),
    "empty": ("rows.csv", "\n\n", ["rows.csv is empty"]),
}


@pytest.mark.parametrize(("name", "content", "parts"), BROKEN.values(), ids=BROKEN)
def test_a_broken_file_is_reported_and_leaves_everything(
    shop: Project, name: str, content: str | bytes, parts: list[str]
) -> None:
    put(shop, name, content)
    refuse(shop, f"{SOURCE}/", *parts)


def test_an_encoding_that_does_not_exist_or_does_not_fit_is_reported(shop: Project) -> None:
    path = put(shop, "rows.csv", "name,bought\nZoë,1\n")
    refuse(shop, path, "is not encoded as ascii", "export it as UTF-8", encoding="ascii")
    choose(shop, "file", path=path, encoding="utf-9")
    done = shop.mlops("run", "ingest", check=False)
    assert_refused(done, ExitCode.CONFIGURATION, "There is no encoding 'utf-9'")


def test_a_file_that_changes_while_it_is_read_is_refused(shop: Project) -> None:
    path = put(shop, "rows.csv", late("7", "7.5"))
    done = threading.Event()

    def write() -> None:
        with (shop.root / path).open("a") as stream:
            while not done.is_set():
                stream.write("7,1\n")
                stream.flush()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        refuse(shop, path, "rows.csv changed while it was read", "wait until it is complete")
    finally:
        done.set()
        writer.join()


def test_a_full_disk_is_reported_and_leaves_what_was_there(shop: Project) -> None:
    put(
        shop,
        "rows.csv",
        "x,bought\n" + "".join(f"{i * 7919 % 1_000_003},{i % 2}\n" for i in range(400_000)),
    )
    choose(shop, "file", path=f"{SOURCE}/rows.csv")
    before = contents(shop.root)
    # In KiB: less than the table, more than what the coverage of the process takes.
    limited = ["bash", "-c", "ulimit -f 800; exec mlops run ingest"]
    done = shop.run(*limited, check=False)
    assert_refused(done, ExitCode.DATA, "There is no room to write the data", "free some space")
    assert contents(shop.root) == before
    assert not list(shop.root.rglob(".writing-*"))
    shop.mlops("run", "ingest")


def test_jobs_read_the_same_files(shop: Project) -> None:
    """`mlops predict` takes what ingest takes: here the whole way from a workbook to predictions."""
    workbook(shop.root / SOURCE / "rows.xlsx")
    shop.write("conf/ingest/file.yaml", f"name: file\npath: {SOURCE}/rows.xlsx\nsheet: Rows\n")
    shop.edit("conf/evaluate/metrics.yaml", "resamples: 100", "resamples: 20")
    shop.mlops("compose")
    for stage in ("ingest", "validate", "split", "features", "train"):
        shop.mlops("run", stage)
    model = json.loads(shop.read("models/model/manifest.json"))
    assert model["data"] == ingested(shop)[1]["sha256"] == files.digest(shop.root / RAW)
    rows = "".join(f"A{i};{i};1,5;2024-01-31\n" for i in range(30))
    path = put(shop, "new.csv.gz", gzip.compress(("code;age;price;day\n" + rows).encode()))
    shop.mlops("predict", path, "--output", "scored.parquet", "--model", "models/model")
    assert pq.read_metadata(shop.root / "scored.parquet").num_rows == 30
