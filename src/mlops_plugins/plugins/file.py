"""Ingest from a file of the team's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_plugins import tables
from mlops_plugins.errors import DataError, did_you_mean
from mlops_plugins.hookspecs import hookimpl
from mlops_plugins.options import Field, Options
from mlops_plugins.stages import Implementation, Stage

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from mlops_plugins.stages import Context


@hookimpl
def mlops_implementations() -> Iterable[Implementation]:
    """Offer the ingest."""
    yield Implementation(
        stage=Stage.INGEST,
        name="file",
        target="mlops_plugins.plugins.file:File",
        summary="A CSV or Parquet file",
    )


class File(Options):
    """Reads a CSV or Parquet file, by its ending."""

    path: str = Field(description="The file, relative to the project: .csv, .tsv or .parquet.")

    def ingest(self, context: Context, *, output: Path) -> None:
        """Copy the file's rows; check that the target is among the columns and says something."""
        source = context.root / self.path
        table = tables.read_user_file(source)
        target = context.data.target
        if target not in table.column_names:
            raise DataError(
                f"The target '{target}' is no column of {source.name}."
                f"{did_you_mean(target, table.column_names)}",
                where=f"{self.path}: header",
                expected=", ".join(table.column_names),
                next_step="correct data.target in conf/config.yaml, or the file",
            )
        distinct = table.column(target).drop_null().unique()
        if len(distinct) < 2:
            held = f"only the value {distinct[0].as_py()!r}" if len(distinct) else "no value at all"
            raise DataError(
                f"The target '{target}' has {held}: there is nothing to learn.",
                where=f"{self.path}: column {target}",
                expected="at least two different values",
                next_step="check the column, or data.target in conf/config.yaml",
            )
        context.say(f"{table.num_rows:,} rows, {table.num_columns} columns from {self.path}")
        tables.write(table, output)
