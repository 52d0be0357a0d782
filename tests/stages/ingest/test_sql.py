"""Ingest from databases: PostgreSQL as a server, SQLite and DuckDB as files."""

from __future__ import annotations

import json
import shutil
import socket
import sqlite3
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow.parquet as pq
import pytest

from mlops_plugins.api.errors import ExitCode
from mlops_plugins.artifacts import files
from tests.helpers.ingesting import CACHE, RAW, choose, ingested
from tests.helpers.projects import Project, begin, render
from tests.helpers.refusals import assert_refused, contents
from tests.helpers.services import postgres

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow

CONF = "conf/ingest/sql.yaml"

FILL = """
    INSERT INTO examples
    SELECT i, 18 + (7 * i) % 63, (ARRAY['a', 'b', 'c'])[1 + i % 3], (i / 8.0)::numeric(10, 3),
           timestamptz '2024-01-01 12:00:00+02' + i * interval '1 hour', 18 + (7 * i) % 63 > 50
    FROM generate_series({first}, {last}) AS i
"""


@pytest.fixture(scope="module")
def server() -> Iterator[postgres.Server]:
    with postgres.running() as running:
        running.execute(
            "CREATE TABLE examples (id integer, age integer, city text, paid numeric(10, 3),"
            " seen timestamptz, bought boolean)",
            FILL.format(first=1, last=400),
            "CREATE TABLE empty (id integer, bought boolean)",
        )
        yield running


@pytest.fixture(scope="module")
def shop_once(
    template: Path, server: postgres.Server, tmp_path_factory: pytest.TempPathFactory
) -> Project:
    answers = {"data_source": "sql", "data_table": "examples", "target_column": "bought"}
    project = begin(render(template, tmp_path_factory.mktemp("sql") / "shop", **answers))
    project.edit("conf/train/sklearn.yaml", "max_iter: 600", "max_iter: 10")
    project.edit("conf/evaluate/metrics.yaml", "resamples: 100", "resamples: 20")
    project.mlops("run", "ingest", DATABASE_URL=server.url())
    project.commit()
    return project


def test_rows_have_plain_types_and_a_manifest(shop: Project, server: postgres.Server) -> None:
    done = shop.mlops("run", "ingest", DATABASE_URL=server.url())
    table = pq.read_table(shop.root / RAW)
    assert table.slice(0, 1).to_pylist() == [
        {
            "id": 1,
            "age": 25,
            "city": "b",
            "paid": 0.125,
            "seen": datetime(2024, 1, 1, 11, 0),  # UTC
            "bought": False,
        }
    ]
    _, manifest = ingested(shop)
    assert manifest["rows"] == table.num_rows == 400
    assert manifest["details"] == {
        "database": f"postgresql://127.0.0.1:{server.port}/postgres",
        "query": shop.read("conf/ingest/data.sql").strip(),
    }
    assert manifest["sha256"] == files.digest(shop.root / RAW)
    assert "400 rows from postgresql://127.0.0.1" in done.stderr


def test_a_table_becomes_a_champion_and_the_password_is_nowhere(
    shop: Project, server: postgres.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", server.url())
    first = shop.dvc("repro")
    assert first.stdout.count("Running stage 'register'") == 1
    # DVC asks the database each time; it has nothing new, so nothing follows.
    assert shop.repro() == ["ingest"]
    digest = files.digest(shop.root / RAW)
    assert json.loads(shop.read("models/model/manifest.json"))["data"] == digest
    database = sqlite3.connect(shop.root / "mlflow.db")
    tracked = database.execute("SELECT value FROM tags WHERE key = 'sha256.data'").fetchall()
    assert tracked == [(digest,)]
    for secret in (postgres.PASSWORD, server.url(), "s3cret"):
        for item in shop.root.rglob("*"):
            if item.is_file() and ".venv" not in item.parts:
                assert secret.encode() not in item.read_bytes(), item
        assert secret not in first.stdout + first.stderr


def test_a_changed_query_makes_the_stage_stale(shop: Project) -> None:
    shop.mlops("compose")
    before = shop.read("params.yaml")
    shop.edit("conf/ingest/data.sql", "FROM examples", "FROM examples WHERE age > 20")
    shop.mlops("compose")
    assert shop.read("params.yaml") != before


def test_only_newer_rows_are_fetched_and_the_cache_decides_nothing(
    shop: Project, server: postgres.Server
) -> None:
    server.execute("CREATE TABLE growing AS SELECT * FROM examples WHERE id <= 300")
    choose(shop, "sql", query="SELECT * FROM growing -- all", watermark="seen")

    def again() -> tuple[bytes, dict[str, Any], str]:
        done = shop.mlops("run", "ingest", DATABASE_URL=server.url())
        return *ingested(shop), done.stderr

    _, manifest, _ = again()
    assert manifest["rows"] == 300
    server.execute(
        "INSERT INTO growing SELECT * FROM examples WHERE id > 300",
        # One that came late, with the moment of the last one that was read.
        "INSERT INTO growing SELECT 1000, age, city, NULL, seen, bought FROM examples WHERE id = 300",
    )
    content, manifest, told = again()
    assert manifest["rows"] == 401
    assert "(102 of them fetched)" in told
    assert manifest["details"]["watermark"] == {
        "column": "seen",
        "highest": "2024-01-18 02:00:00",
    }
    shutil.rmtree(shop.root / CACHE)
    assert again()[:2] == (content, manifest)
    # What was read is not asked for again: a change there goes unseen while it is remembered.
    server.execute("UPDATE growing SET age = 99 WHERE id = 5")
    assert again()[:2] == (content, manifest)
    damaged = next((shop.root / CACHE).rglob("*.parquet"))
    damaged.write_bytes(damaged.read_bytes()[:-1])
    assert again()[0] != content


def sqlite(path: Path) -> None:
    database = sqlite3.connect(path)
    database.execute("CREATE TABLE rows (id INTEGER, day TEXT, price REAL, paid, bought INTEGER)")
    rows = [(i, "2024-01-02", i if i < 20_000 else i / 2, None, i % 2) for i in range(40_000)]
    database.executemany("INSERT INTO rows VALUES (?, ?, ?, ?, ?)", rows)
    database.commit()
    database.close()


def duck(path: Path) -> None:
    with duckdb.connect(str(path)) as database:
        database.execute(
            "CREATE TABLE rows AS SELECT i AS id, DATE '2024-01-02' AS day,"
            " CASE WHEN i < 20000 THEN i ELSE i / 2 END AS price, NULL AS paid, i % 2 AS bought"
            " FROM range(40000) AS r(i)"
        )


@pytest.mark.parametrize(
    ("backend", "fill", "day"),
    [("sqlite", sqlite, "2024-01-02"), ("duckdb", duck, date(2024, 1, 2))],
)
def test_embedded_databases_are_read_and_never_changed(
    shop: Project, backend: str, fill: Any, day: Any
) -> None:
    fill(shop.root / "rows.db")
    before = (shop.root / "rows.db").read_bytes()
    choose(
        shop, "sql", query="SELECT * FROM rows WHERE '12:30' <> ':x' AND 100 % 7 = 2 ORDER BY id;"
    )
    shop.mlops("run", "ingest", DATABASE_URL=f"{backend}:///rows.db")
    table = pq.read_table(shop.root / RAW)
    assert table.num_rows == 40_000
    last = {"id": 39_999, "day": day, "price": 19_999.5, "paid": None, "bought": 1}
    assert table.slice(39_999).to_pylist() == [last]
    assert (shop.root / "rows.db").read_bytes() == before


# ------------------------------------------------------------------------------------- what fails

ADDRESS = "postgresql://127.0.0.1"

QUERIES = {
    "an unknown table": ("SELECT * FROM nope", ['relation "nope" does not exist', ADDRESS]),
    "no SQL": ("SELEC 1", ['syntax error at or near "SELEC"', ADDRESS, "correct the query"]),
    "a write": ("UPDATE examples SET age = 0", ["syntax error", ADDRESS]),
    "a write in a query": (
        "WITH gone AS (DELETE FROM examples RETURNING *) SELECT * FROM gone",
        ["The query failed", ADDRESS],
    ),
    "an empty table": ("SELECT * FROM empty", ["returned no rows", ADDRESS, "is filled"]),
    "an error after many rows": (
        "SELECT i, 1 / (i - 50000) AS bought FROM generate_series(1, 60000) AS i ORDER BY i",
        ["The query failed: division by zero", ADDRESS],
    ),
    "a column twice": ("SELECT id, id FROM examples", ["more than one column 'id'", ADDRESS]),
    "no target": ("SELECT id, age AS bougth FROM examples", ["Did you mean 'bougth'?", ADDRESS]),
    "a constant target": ("SELECT 1 AS bought", ["only the value 1", "column bought"]),
}


@pytest.mark.parametrize(("query", "parts"), QUERIES.values(), ids=QUERIES)
def test_a_query_that_fails_is_reported_and_leaves_everything(
    shop: Project, server: postgres.Server, query: str, parts: list[str]
) -> None:
    choose(shop, "sql", query=query)
    before = contents(shop.root)
    done = shop.mlops("run", "ingest", check=False, DATABASE_URL=server.url())
    assert_refused(done, ExitCode.DATA, *parts)
    assert contents(shop.root) == before
    assert "s3cret" not in done.stdout + done.stderr


def test_a_watermark_without_value_is_refused(shop: Project, server: postgres.Server) -> None:
    choose(shop, "sql", query="SELECT NULLIF(id, 7) AS id, bought FROM examples", watermark="id")
    done = shop.mlops("run", "ingest", check=False, DATABASE_URL=server.url())
    assert_refused(done, ExitCode.DATA, "'id' has no value in some rows", "choose another column")


def test_a_column_of_numbers_and_texts_is_refused(shop: Project) -> None:
    sqlite(shop.root / "rows.db")
    database = sqlite3.connect(shop.root / "rows.db")
    database.execute("UPDATE rows SET paid = CASE WHEN id < 30000 THEN 1 ELSE 'much' END")
    database.commit()
    choose(shop, "sql", query="SELECT * FROM rows ORDER BY id")
    done = shop.mlops("run", "ingest", check=False, DATABASE_URL="sqlite:///rows.db")
    assert_refused(done, ExitCode.DATA, "'paid' mixes values", "CAST(paid AS ...)")


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


SECRET = "hunter2"  # noqa: S105
ADDRESSES = {
    "no variable": ("", ExitCode.CONFIGURATION, ["not in the environment", "export DATABASE_URL="]),
    "no address": (
        f"postgresql//team:{SECRET}@host",
        ExitCode.CONFIGURATION,
        ["cannot be understood", "the environment variable DATABASE_URL", "percent-encoded"],
    ),
    "no number": (
        f"postgresql://team:{SECRET}@host:port/x",
        ExitCode.CONFIGURATION,
        ["understood"],
    ),
    "an unknown dialect": (
        f"oracel://team:{SECRET}@host/x",
        ExitCode.CONFIGURATION,
        ["Nothing that is installed reaches oracel", "the database's own driver"],
    ),
    "a driver that is not there": (
        f"mysql+pymysql://team:{SECRET}@host/x",
        ExitCode.CONFIGURATION,
        ["Nothing that is installed reaches mysql+pymysql", "the database's own driver"],
    ),
    "a server that is down": (
        f"postgresql://team:{SECRET}@127.0.0.1:{free_port()}/x",
        ExitCode.DATA,
        ["There is no connection", "Connection refused", "start it, or correct the address"],
    ),
    "no SQLite file": (
        "sqlite:///nope.db",
        ExitCode.DATA,
        ["nope.db does not exist", "put it there"],
    ),
    "no DuckDB file": ("duckdb:///nope.db", ExitCode.DATA, ["nope.db does not exist"]),
}


@pytest.mark.parametrize(("url", "code", "parts"), ADDRESSES.values(), ids=ADDRESSES)
def test_a_database_that_is_not_there_is_reported_without_its_password(
    shop: Project, url: str, code: ExitCode, parts: list[str]
) -> None:
    before = contents(shop.root)
    done = shop.mlops("run", "ingest", check=False, DATABASE_URL=url)
    assert_refused(done, code, *parts)
    assert contents(shop.root) == before
    assert SECRET not in done.stdout + done.stderr
    assert not (shop.root / "nope.db").exists()


@pytest.mark.parametrize(
    ("address", "parts"),
    [
        ({"password": SECRET}, ["password authentication failed", "correct user and password"]),
        ({"database": "nope"}, ['database "nope" does not exist', "the database's name"]),
    ],
    ids=["a wrong password", "no such database"],
)
def test_a_server_that_refuses_is_reported(
    shop: Project, server: postgres.Server, address: dict[str, str], parts: list[str]
) -> None:
    done = shop.mlops("run", "ingest", check=False, DATABASE_URL=server.url(**address))
    assert_refused(done, ExitCode.DATA, "There is no connection", *parts)
    assert not {SECRET, "s3cret"} & set((done.stdout + done.stderr).split())
    assert SECRET not in done.stdout + done.stderr


def test_a_server_that_never_answers_is_given_up(shop: Project) -> None:
    choose(shop, "sql", query="SELECT 1", timeout=2.0)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        address = f"postgresql://team@127.0.0.1:{silent.getsockname()[1]}/x"
        done = shop.mlops("run", "ingest", check=False, DATABASE_URL=address)
    assert_refused(done, ExitCode.DATA, "There is no connection", "timeout", f"timeout in {CONF}")


def test_a_query_must_be_given_once(shop: Project, server: postgres.Server) -> None:
    for options, said in (
        ({}, "no query"),
        ({"query": "SELECT 1", "file": "x.sql"}, "two queries"),
    ):
        choose(shop, "sql", **options)
        done = shop.mlops("run", "ingest", check=False, DATABASE_URL=server.url())
        assert_refused(
            done, ExitCode.CONFIGURATION, f"There {'is' if not options else 'are'} {said}"
        )
    choose(shop, "sql", file="queries/nope.sql")
    done = shop.mlops("run", "ingest", check=False, DATABASE_URL=server.url())
    assert_refused(
        done, ExitCode.CONFIGURATION, "The query cannot be read", "file: queries/nope.sql"
    )
