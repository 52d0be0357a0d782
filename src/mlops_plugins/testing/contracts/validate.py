"""Validate: the team's schema is inferred once, and then kept."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from mlops_plugins.api.errors import DataError
from mlops_plugins.artifacts import files, schema, tables
from mlops_plugins.testing.contracts import pipeline
from mlops_plugins.testing.contracts.compare import first_difference
from mlops_plugins.testing.failure import attempt, described, done, refused, require
from mlops_plugins.testing.sandbox import Sandbox
from mlops_plugins.testing.tables import ODD, TASKS, Case, plain

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pandas as pd
    import pyarrow as pa

    from mlops_plugins.testing.subject import Run, Subject

RAW = "data/raw.parquet"


def verify(sandbox: Sandbox) -> None:
    """The typed table holds the raw rows, the report is JSON, and the schema has the columns."""
    did = f"it validated {sandbox.case}"
    pipeline.keeps_formats(sandbox)
    done("its output was read", lambda: tables.read(sandbox["output"]))
    done("schema.yaml was read", lambda: schema.read(sandbox["schema"], sandbox.case.data))
    described = schema.read(sandbox["schema"], sandbox.case.data)
    raw = tables.read_frame(sandbox["raw"])
    columns = list(map(str, raw.columns))
    for what, found in (
        ("schema.yaml", list(described.columns)),
        ("its output", tables.read(sandbox["output"]).column_names),
    ):
        require(
            sorted(found) == sorted(columns),
            did,
            expected=f"the columns {', '.join(columns)}",
            found=f"in {what} {', '.join(found)}",
        )
    typed = tables.read_frame(sandbox["output"])[list(described.columns)]
    wanted = _through_parquet(schema.conform(raw, described), sandbox.root / "expected.parquet")
    found = first_difference(wanted, typed)
    require(not found, did, expected="every row with its values, in order", found=found)


def _through_parquet(frame: pd.DataFrame, path: Path) -> pd.DataFrame:
    tables.write_frame(frame, path)
    return tables.read_frame(path)


def _validates(case: Case, subject: Subject, folder: Path) -> None:
    verify(pipeline.ran(Sandbox.make(folder, subject, case)))


def keeps_the_schema(subject: Subject, folder: Path) -> None:
    """A schema that has columns is the team's: it is read, and not written."""
    sandbox = pipeline.ran(Sandbox.make(folder, subject, plain()))
    before = sandbox.content()
    sandbox["schema"].write_text(sandbox["schema"].read_text() + "# looked at, and found good\n")
    before["schema.yaml"] = files.digest(sandbox["schema"])
    pipeline.ran(sandbox)
    require(
        before == sandbox.content(),
        "it ran twice on the same table",
        expected="the same outputs, and the schema as it was",
        found=f"{[name for name, value in sandbox.content().items() if before.get(name) != value]} changed",
    )


def names_every_breach(subject: Subject, folder: Path) -> None:
    """A table that breaks its schema is refused, with every way in which it does."""
    sandbox = pipeline.ran(Sandbox.make(folder, subject, plain()))
    sandbox.alter(RAW, _break)
    did = "it ran on rows with an unknown carrier, and with distances far out of range"
    error = refused(did, sandbox.run)
    require(isinstance(error, DataError), did, expected="a DataError", found=described(error))
    silent = [name for name in ("carrier", "distance") if name not in str(error)]
    require(
        not silent,
        did,
        expected=f"an error that names {', '.join(silent)} too",
        found=described(error),
    )


def _break(table: pa.Table) -> pa.Table:
    import pyarrow as pa

    for name, value, kind in (("carrier", "Ü9", pa.string()), ("distance", 10**6, pa.int64())):
        place = table.column_names.index(name)
        table = table.set_column(place, name, pa.array([value] * table.num_rows, kind))
    return table


def refuses_a_missing_column(subject: Subject, folder: Path) -> None:
    """A column that the schema describes is there, or the table is refused."""
    sandbox = pipeline.ran(Sandbox.make(folder, subject, plain()))
    sandbox.alter(RAW, lambda table: table.drop_columns(["carrier"]))
    did = "it ran on a table without the column 'carrier' of its schema"
    error = refused(did, sandbox.run)
    require("carrier" in str(error), did, expected="an error that names it", found=described(error))


def refuses_a_missing_target(subject: Subject, folder: Path) -> None:
    """Without a target there is nothing to learn, and the user must hear it."""
    sandbox = Sandbox.make(folder, subject, plain())
    sandbox.alter(RAW, lambda table: table.drop_columns(["late"]))
    refused("it inferred a schema from a table without the target", sandbox.run)


def _takes_or_refuses(rows: int, subject: Subject, folder: Path) -> None:
    sandbox = Sandbox.make(folder, subject, plain())
    sandbox.alter(RAW, lambda table: table.slice(0, rows))
    if attempt(f"it ran on {rows} row(s)", sandbox.run) is None:
        verify(sandbox)


def refuses_what_is_no_table(subject: Subject, folder: Path) -> None:
    """A file that was cut short is refused."""
    sandbox = Sandbox.make(folder, subject, plain())
    sandbox["raw"].write_bytes(sandbox["raw"].read_bytes()[:1000])
    refused("it ran on a Parquet file that was cut short", sandbox.run)


CHECKS: Mapping[str, Run] = {
    **pipeline.checks(verify),
    **{f"validates {case}": partial(_validates, case) for case in TASKS},
    **{f"validates {case()}": partial(_validates, case()) for case in ODD},
    "keeps the team's schema": keeps_the_schema,
    "names every breach of the schema": names_every_breach,
    "refuses a missing column": refuses_a_missing_column,
    "refuses a missing target": refuses_a_missing_target,
    "takes or refuses no rows": partial(_takes_or_refuses, 0),
    "takes one row": partial(_takes_or_refuses, 1),
    "refuses a broken file": refuses_what_is_no_table,
}
