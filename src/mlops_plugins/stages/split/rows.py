"""The rows that are split: their key columns are held, all else only passes through."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mlops_plugins.api.errors import ConfigurationError, DataError, did_you_mean
from mlops_plugins.artifacts import batches
from mlops_plugins.stages.split.hashing import hashes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import pyarrow as pa

    from mlops_plugins.api.context import Context, Data
    from mlops_plugins.artifacts.batches import TableFile

TABLE = "data/validated.parquet"


@dataclass(frozen=True)
class Rows:
    """The rows of the validated table that have a target, in its order."""

    file: TableFile
    data: Data

    @classmethod
    @contextmanager
    def of(cls, context: Context, table: Path) -> Iterator[Rows]:
        """Open the table.

        Raises:
            DataError: It is not Parquet, or has fewer than two rows with the target.
        """
        with batches.opened(table) as file:
            rows = cls(file, context.data)
            target = context.data.target
            if target not in rows.names:
                raise DataError(
                    f"The target '{target}' is missing.{did_you_mean(target, rows.names)}",
                    where=f"{TABLE}: columns",
                    expected=", ".join(rows.names),
                    next_step="correct data.target in conf/config.yaml, or the data",
                )
            count = sum(batch.num_rows for batch in rows.batches([]))
            if count < 2:
                raise DataError(
                    f"Only {count} row(s) have a target: nothing can be split.",
                    where=f"{TABLE}: column {target}",
                    expected="at least 2",
                    next_step="check the data",
                )
            yield rows

    @property
    def names(self) -> list[str]:
        """Return the columns' names."""
        return self.file.names

    def inputs(self, *without: str) -> list[str]:
        """Return the columns that a model may learn from: all but the target, the id, the weight and these."""
        others = (self.data.target, self.data.id, self.data.weight, *without)
        return [name for name in self.names if name not in others]

    def batches(self, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
        """Read these columns, or all, batch by batch."""
        names = list(self.names if columns is None else columns)
        for batch in self.file.batches([*dict.fromkeys([*names, self.data.target])]):
            yield batch.filter(batch.column(self.data.target).is_valid()).select(names)

    def column(self, name: str) -> Any:
        """Return a column as one Arrow array."""
        import pyarrow as pa

        kind = self.file.schema.field(name).type
        parts = [batch.column(name) for batch in self.batches([name])]
        return pa.chunked_array(parts, kind).combine_chunks()

    def hashes(self, columns: Sequence[str], seed: int) -> np.ndarray:
        """Return a uniform number for each row, of the values of these columns and the seed."""
        return np.concatenate([hashes(batch, seed) for batch in self.batches(columns)])

    def require(self, column: str | None, *, what: str, where: str) -> str:
        """Return the name of a column that is there, and has a value in each row.

        Raises:
            ConfigurationError: It is not there.
            DataError: It has nulls.
        """
        if column is None or column not in self.names:
            raise ConfigurationError(
                f"{what} needs a column"
                + ("." if column is None else f", and there is no '{column}'.")
                + did_you_mean(column or "", self.names),
                where=f"{where}: {'null' if column is None else column}",
                expected="one of " + ", ".join(self.names),
                next_step="name the column there, or choose another split in conf/config.yaml",
            )
        import pyarrow.compute as pc

        nulls, first, place = 0, 0, 0
        for batch in self.file.batches([*dict.fromkeys([column, self.data.target])]):
            empty = pc.and_(
                batch.column(column).is_null(nan_is_null=True),
                batch.column(self.data.target).is_valid(),
            )
            if not nulls and empty.true_count:
                first = place + empty.index(True).as_py() + 1
            nulls, place = nulls + empty.true_count, place + len(empty)
        if nulls:
            raise DataError(
                f"{nulls:,} row(s) have no {column}, by which they are split.",
                where=f"{TABLE}: column {column}, row {first}",
                expected="a value in each row",
                next_step="make the column not nullable in schema.yaml and correct the data, "
                "or choose another split in conf/config.yaml",
            )
        return column
