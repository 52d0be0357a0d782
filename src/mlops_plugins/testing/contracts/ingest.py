"""Ingest: a table, one row an example."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mlops_plugins.api.errors import DataError
from mlops_plugins.artifacts import tables
from mlops_plugins.testing.contracts import pipeline
from mlops_plugins.testing.contracts.evaluate import read_json
from mlops_plugins.testing.failure import described, done, refused, require
from mlops_plugins.testing.sandbox import Sandbox
from mlops_plugins.testing.tables import plain

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mlops_plugins.testing.subject import Run, Subject

DID = "it ran"


def verify(sandbox: Sandbox) -> None:
    """The output is Parquet with rows, and columns by name."""
    pipeline.keeps_formats(sandbox)
    done("its output was read as Parquet", lambda: tables.read(sandbox["output"]))
    table = tables.read(sandbox["output"])
    require(table.num_rows, DID, expected="one row an example", found="no rows")
    columns = table.column_names
    twice = {name for name in columns if columns.count(name) > 1}
    require(not twice, DID, expected="each column once", found=f"{', '.join(twice)} twice")
    require(
        len(tables.read_frame(sandbox["output"]).columns) == len(columns),
        DID,
        expected="columns only",
        found="a column that pandas reads as an index: write with index=False",
    )


def says_where_from(subject: Subject, folder: Path) -> None:
    """The manifest names the source, if the implementation says it."""
    found = read_json(pipeline.first_run(subject).sandbox["manifest"], "its manifest was read")
    require(
        found["source"] is None or found["source"].strip(),
        "its manifest was read",
        expected="as 'source' where the table is from",
        found=repr(found["source"]),
    )


def refuses_a_source_without_the_target(subject: Subject, folder: Path) -> None:
    """A table without the target trains nothing, and where it comes from is the place to say so."""
    strange = replace(plain(), data=replace(plain().data, target="no such column"))
    did = "it ran for a target that its source has not"
    error = refused(did, Sandbox.make(folder, subject, strange).run)
    require(
        isinstance(error, DataError) and "no such column" in str(error),
        did,
        expected="a DataError that names it",
        found=described(error),
    )


CHECKS: Mapping[str, Run] = {
    **pipeline.checks(verify),
    "says where the table is from": says_where_from,
    "refuses a source without the target": refuses_a_source_without_the_target,
}
