"""Ingest from a database: the rows that a query returns.

Rows come in pieces, as the database has them; nothing is written there. With a watermark, a column
that only grows, the rows that were read are kept in `.mlops/cache/ingest/`, and only those from the
highest value on are fetched: rows that share it may have come since, and are read again.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlops_plugins.api.component import Component, Field
from mlops_plugins.api.contracts.ingest import Source
from mlops_plugins.api.errors import ConfigurationError, DataError
from mlops_plugins.artifacts import batches, tables
from mlops_plugins.artifacts.reading import headers, values, writer
from mlops_plugins.stages.ingest import cache, target

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import pyarrow as pa
    from sqlalchemy import URL, Connection, TextClause

    from mlops_plugins.api.context import Context
    from mlops_plugins.stages.ingest.cache import CachedTable

CONF = "conf/ingest/sql.yaml"

PIECE = 16_384
"""Rows that are Python objects at a time."""

EMBEDDED = ("sqlite", "duckdb")


class Sql(Component):
    """Queries a database, whose address with its password is in the environment, never in a file."""

    query: str = Field("", description="The query; empty: it is in the file.")
    file: str = Field(
        "",
        description="The file that holds the query, relative to the project, if it is not above.",
    )
    url_variable: str = Field(
        "DATABASE_URL",
        description="The environment variable with the database's address, as SQLAlchemy writes it: "
        "postgresql://user:password@host/name, sqlite:///data/shop.db, duckdb:///data/shop.duckdb.",
    )
    watermark: str = Field(
        "",
        description="A column of the query that only grows, such as an id or the time of insertion: "
        "only rows from its highest value on are fetched. Empty: all rows, each time.",
    )
    timeout: float = Field(
        60.0, gt=0, description="Seconds after which an attempt to connect is given up."
    )

    def depends_on(self, root: Path) -> list[Path]:
        """Return the file with the query."""
        return [root / self.file] if self.file else []

    def ingest(self, context: Context, *, output: Path) -> Source:
        """Write the rows in the query's order, or in the watermark's if there is one."""
        query = self._query(context.root)
        database = _database(self.url_variable, context.root)
        if not self.watermark and "order by" not in query.lower():
            context.log("the query has no ORDER BY: the same rows in another order are other data")
        with cache.opened(context, "sql") as store:
            key = cache.key("sql", query, database.name, self.watermark)
            known = store.get(key) if self.watermark else None
            rows, fetched = self._read(database, query, known, store.folder, output)
            if self.watermark:
                store.put(key, lambda draft: _copied(output, draft))
        target.check(output, context.data.target, where=database.name)
        context.log(f"{rows:,} rows from {database.name} ({fetched:,} of them fetched)")
        details: dict[str, Any] = {"database": database.name, "query": query}
        if self.watermark:
            highest = str(_highest(output, self.watermark))
            details["watermark"] = {"column": self.watermark, "highest": highest}
        return Source(description=f"a query to {database.name}", details=details)

    def _query(self, root: Path) -> str:
        if bool(self.query) == bool(self.file):
            raise ConfigurationError(
                "There is no query." if not self.query else "There are two queries.",
                where=f"{CONF}: query, file",
                expected="one of the two",
                next_step="write the query to a file, and its path to file there",
            )
        try:
            text = self.query or (root / self.file).read_text(encoding="utf-8")
        except (OSError, UnicodeError) as error:
            raise ConfigurationError(
                f"The query cannot be read: {error}.",
                where=f"{CONF}: file: {self.file}",
                expected="a text file with one query",
                next_step="correct file there",
            ) from None
        return text.strip().rstrip(";").rstrip()

    def _read(
        self, database: Database, query: str, known: CachedTable | None, folder: Path, output: Path
    ) -> tuple[int, int]:
        """Write what is known and what is new to `output`; return how many rows, and how many new."""
        highest = _highest(known.path, self.watermark) if known else None
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            parts = self._fetch(database, query, highest, Path(scratch))
            older = [known.path] if known else []
            schemas = [tables.schema_of(part) for part in [*older, *parts]]
            if not schemas:
                raise DataError(
                    "The query returned no rows.",
                    where=f"{database.name}: {_short(query)}",
                    expected="at least one row",
                    next_step="check its conditions, and that the table is filled",
                )
            schema = writer.union(schemas)
            _check_kinds(schema, schemas, database.name)

            def rows() -> Iterator[pa.RecordBatch]:
                for part in older:
                    for batch in _fitted(part, schema):
                        yield _without(batch, self.watermark, highest)
                for part in parts:
                    yield from _fitted(part, schema)

            return writer.store(output, schema, rows()), sum(map(tables.count, parts))

    def _fetch(self, database: Database, query: str, highest: Any, folder: Path) -> list[Path]:
        """Write the query's rows into `folder`, one file for each piece, and return the files."""
        parts: list[Path] = []
        with database.connected(self.timeout) as connection, database.answers(query):
            statement, parameters = _statement(connection, query, self.watermark, highest)
            pieces = {"yield_per": PIECE}
            result = connection.execute(statement, parameters, execution_options=pieces)
            if not result.returns_rows:
                raise _no_select(database, query)
            names = list(result.keys())
            headers.check(names, "The query's result", where=f"{database.name}: {_short(query)}")
            for rows in result.partitions():
                batch = values.batch(names, rows, where=database.name)
                self._check_watermark(batch, database)
                parts.append(folder / f"{len(parts)}.parquet")
                writer.store(parts[-1], batch.schema, [batch])
        return parts

    def _check_watermark(self, batch: pa.RecordBatch, database: Database) -> None:
        if self.watermark and batch.column(self.watermark).null_count:
            raise DataError(
                f"The watermark '{self.watermark}' has no value in some rows.",
                where=f"{database.name}: column {self.watermark}",
                expected="a value in each row, or such rows would never be fetched",
                next_step="leave those rows out in the query, or choose another column",
            )


def _statement(
    connection: Connection, query: str, watermark: str, highest: Any
) -> tuple[TextClause, dict[str, Any]]:
    """Return the query, or the part of it from the watermark on, and its parameters."""
    from sqlalchemy import text

    # What looks like a parameter in a query of the team's own, as '10:30', is none.
    verbatim = query.replace(":", "\\:")
    if not watermark:
        return text(verbatim), {}
    column = connection.dialect.identifier_preparer.quote(watermark)
    since = f"WHERE {column} >= :highest" if highest is not None else ""
    # The query is the team's own, and the column's name is quoted.
    newer = f"SELECT * FROM (\n{verbatim}\n) AS queried {since} ORDER BY {column}"  # noqa: S608
    return text(newer), {} if highest is None else {"highest": highest}


def _fitted(part: Path, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    with batches.opened(part) as table:
        yield from writer.fitted(table.batches(), schema)


def _highest(table: Path, watermark: str) -> Any:
    """Return the watermark of the last row: rows are in its order."""
    with batches.opened(table) as file:
        return file.last_row([watermark])[watermark]


def _without(batch: pa.RecordBatch, watermark: str, highest: Any) -> pa.RecordBatch:
    """Leave out the rows that are read again."""
    import pyarrow as pa
    import pyarrow.compute as pc

    column = batch.column(watermark)
    return batch.filter(pc.not_equal(column, pa.scalar(highest, column.type)))


def _check_kinds(schema: pa.Schema, schemas: Iterable[pa.Schema], where: str) -> None:
    """Refuse a column that is text in one piece and something else in another."""
    import pyarrow as pa

    for name in schema.names:
        kinds = {each.field(name).type for each in schemas} - {pa.null()}
        if pa.string() in kinds and len(kinds) > 1:
            raise values.mixed(name, " and ".join(sorted(map(str, kinds))), where=where)


def _short(query: str) -> str:
    return " ".join(query.split())[:200]


def _copied(source: Path, target: Path) -> dict[str, Any]:
    shutil.copyfile(source, target)
    return {}


def _no_select(database: Database, query: str) -> DataError:
    return DataError(
        "The query is no SELECT: it returns no rows.",
        where=f"{database.name}: {_short(query)}",
        expected="SELECT ...",
        next_step=f"correct the query: {CONF}",
    )


@dataclass(frozen=True)
class Database:
    """A database's address, whose user and password no error and no file shows."""

    url: URL
    variable: str
    name: str

    @contextmanager
    def connected(self, timeout: float) -> Iterator[Connection]:
        """Give a connection that can read only.

        Raises:
            DataError: There is none within `timeout` seconds.
            ConfigurationError: The driver is not installed.
        """
        from sqlalchemy import create_engine
        from sqlalchemy.exc import NoSuchModuleError, SQLAlchemyError
        from sqlalchemy.pool import NullPool

        try:
            engine = create_engine(
                self.url, poolclass=NullPool, connect_args=_limits(self.url, timeout)
            )
        except (NoSuchModuleError, ImportError) as error:
            raise ConfigurationError(
                f"Nothing that is installed reaches {self.url.drivername} databases: {error}.",
                where=f"the environment variable {self.variable}",
                expected="postgresql://..., sqlite:///..., or a dialect of SQLAlchemy",
                next_step=f"uv add 'mlops-plugins[{'duckdb' if 'duckdb' in self.name else 'sql'}]', "
                "or the database's own driver",
            ) from None
        driver: Any = engine.dialect.loaded_dbapi
        try:
            connection = engine.connect()
        except (SQLAlchemyError, driver.Error, OSError) as error:
            raise self._unreachable(error) from None
        with connection:
            # A name that other databases do not know and leave alone.
            connection.execution_options(postgresql_readonly=True)
            if self.url.get_backend_name() == "postgresql":
                # A watermark is compared without a zone, as it was kept.
                connection.exec_driver_sql("SET TIME ZONE 'UTC'")
            yield connection

    @contextmanager
    def answers(self, query: str) -> Iterator[None]:
        """Explain why the database refuses a query.

        Raises:
            DataError: It refused the query, or was lost while it answered.
        """
        from sqlalchemy.exc import SQLAlchemyError

        try:
            yield
        except SQLAlchemyError as error:
            raise DataError(
                f"The query failed: {self._message(error)}.",
                where=f"{self.name}: {_short(query)}",
                expected="a query that the database answers",
                next_step=f"correct the query: {CONF}; or the tables' names and rights",
            ) from None

    def _unreachable(self, error: Exception) -> DataError:
        message = self._message(error)
        advice = {
            "password": f"correct user and password in {self.variable}",
            "timeout": f"check the address in {self.variable}, or raise timeout in {CONF}",
            "does not exist": f"correct the user or the database's name in {self.variable}",
        }
        fitting = [step for sign, step in advice.items() if sign in message.lower()]
        return DataError(
            f"There is no connection to the database: {message}.",
            where=f"{self.name} (from the environment variable {self.variable})",
            expected="a database that answers",
            next_step=[*fitting, f"start it, or correct the address in {self.variable}"][0],
        )

    def _message(self, error: Exception) -> str:
        # What follows the first line points into the statement as the driver has wrapped it.
        lines = str(getattr(error, "orig", None) or error).strip().splitlines() or [""]
        message = " ".join(lines[0].split())
        if self.url.password:
            message = message.replace(str(self.url.password), "***")
        return message[:300].rstrip(".")


def _limits(url: URL, timeout: float) -> dict[str, Any]:
    """Return the driver's options against waiting for ever."""
    backend = url.get_backend_name()
    if backend == "postgresql":
        # In seconds, and in milliseconds of silence of a server that was connected.
        return {
            "connect_timeout": max(2, round(timeout)),
            "tcp_user_timeout": round(timeout * 1000),
        }
    if backend == "mysql":
        return {"connect_timeout": max(1, round(timeout))}
    if backend == "sqlite":
        return {"timeout": timeout}
    return {"read_only": True} if backend == "duckdb" else {}


def _database(variable: str, root: Path) -> Database:
    """Read the address from the environment.

    Raises:
        ConfigurationError: There is none, or it is no address.
        DataError: It is of a file that does not exist.
    """
    try:
        from sqlalchemy import make_url
        from sqlalchemy.exc import ArgumentError
    except ImportError:
        raise ConfigurationError(
            "Nothing that is installed reaches databases.",
            where="conf/config.yaml: ingest: sql",
            expected="the package SQLAlchemy",
            next_step="uv add 'mlops-plugins[sql]'",
        ) from None
    place = f"the environment variable {variable}"
    form = "postgresql://user:password@host/name, sqlite:///shop.db or duckdb:///shop.duckdb"
    if not os.environ.get(variable):
        raise ConfigurationError(
            "The database's address is not in the environment.",
            where=place,
            expected=form,
            next_step=f"export {variable}=..., or correct url_variable in {CONF}",
        )
    try:
        url = make_url(os.environ[variable])
        backend = url.get_backend_name()
    except (ArgumentError, ValueError):
        raise ConfigurationError(
            "The database's address cannot be understood.",
            where=place,  # never the value: it holds the password
            expected=form + "; characters such as @ and / in a password are percent-encoded",
            next_step=f"correct {variable}",
        ) from None
    host = f"{url.host or ''}{f':{url.port}' if url.port else ''}"
    name = f"{backend}://{host}/{url.database or ''}"
    if backend in EMBEDDED:
        url = _embedded(url, root, variable)
    elif url.drivername in ("postgres", "postgresql"):
        url = url.set(drivername="postgresql+psycopg")
    return Database(url, variable, name)


def _embedded(url: URL, root: Path, variable: str) -> URL:
    """Return the address of a file as one that never makes or changes it."""
    path = root / (url.database or "")
    if not path.is_file():
        raise DataError(
            f"The database {url.database or '(in memory)'} does not exist.",
            where=f"{path} (from the environment variable {variable})",
            expected="a file",
            next_step=f"put it there, or correct {variable}",
        )
    if url.get_backend_name() == "duckdb":
        return url.set(database=str(path))
    return url.set(database=path.resolve().as_uri()).update_query_dict(
        {"mode": "ro", "uri": "true"}
    )
