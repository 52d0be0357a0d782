"""Splits: by time, at random, stratified. They need Arrow and numpy only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_plugins import tables
from mlops_plugins.errors import ConfigurationError, DataError, did_you_mean
from mlops_plugins.hookspecs import hookimpl
from mlops_plugins.options import Field, Options
from mlops_plugins.stages import Implementation, Stage

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    import numpy as np
    import pyarrow as pa

    from mlops_plugins.stages import Context


@hookimpl
def mlops_implementations() -> Iterable[Implementation]:
    """Offer the splits."""
    for name, attribute, summary in (
        ("time", "Time", "The last rows in time judge"),
        ("random", "Random", "Rows at random judge"),
        ("stratified", "Stratified", "Rows at random judge, each class in proportion"),
    ):
        yield Implementation(
            stage=Stage.SPLIT,
            name=name,
            target=f"mlops_plugins.plugins.splits:{attribute}",
            summary=summary,
        )


class Random(Options):
    """Puts a share of the rows, drawn at random, aside to judge the model."""

    test_share: float = Field(0.2, gt=0, lt=1, description="Share of the rows that judge, 0 to 1.")

    def split(self, context: Context, *, table: Path, output: Path) -> None:
        """Write both parts, each in the order of the table."""
        whole = tables.read(table)
        labelled = whole.filter(whole.column(context.data.target).is_valid())
        if labelled.num_rows < 2:
            raise DataError(
                f"Only {labelled.num_rows} row(s) have a target: nothing can be split.",
                where=f"data/validated.parquet: column {context.data.target}",
                expected="at least 2",
                next_step="check the data",
            )
        test = self._test(context, labelled)
        _write(labelled, test, output)
        context.say(f"{(~test).sum():,} rows train, {test.sum():,} judge")

    def _test(self, context: Context, table: pa.Table) -> np.ndarray:
        """Return which rows judge."""
        import numpy as np

        return _drawn(table.num_rows, self.test_share, np.random.default_rng(context.seed))


class Stratified(Random):
    """Draws the judging rows in each class of the target."""

    def _test(self, context: Context, table: pa.Table) -> np.ndarray:
        import numpy as np

        classes = table.column(context.data.target).to_numpy(zero_copy_only=False)
        generator = np.random.default_rng(context.seed)
        test = np.zeros(table.num_rows, dtype=bool)
        for value in np.unique(classes.astype(str)):
            rows = np.flatnonzero(classes.astype(str) == value)
            test[rows] = _drawn(len(rows), self.test_share, generator)
        return test


class Time(Random):
    """Lets the newest rows judge; equal times stay together, so nothing of the future trains."""

    def _test(self, context: Context, table: pa.Table) -> np.ndarray:
        import numpy as np

        column = context.data.time
        if column is None or column not in table.column_names:
            raise ConfigurationError(
                "A split by time needs a column of times."
                + did_you_mean(column or "", table.column_names),
                where=f"conf/config.yaml: data.time: {column or 'null'}",
                expected="one of " + ", ".join(table.column_names),
                next_step="name the column there, or choose another split: `split: random`",
            )
        if table.column(column).null_count:
            raise DataError(
                f"{table.column(column).null_count} row(s) have no time.",
                where=f"data/validated.parquet: column {column}",
                next_step="make the column not nullable in schema.yaml and mend the data, or split otherwise",
            )
        times = table.column(column).to_numpy(zero_copy_only=False)
        position = min(int(len(times) * (1 - self.test_share)), len(times) - 1)
        test: np.ndarray = times >= np.sort(times)[position]
        return test


def _drawn(rows: int, share: float, generator: np.random.Generator) -> np.ndarray:
    """Draw a share of rows, at least one, and never all."""
    import numpy as np

    drawn = np.zeros(rows, dtype=bool)
    count = min(max(round(rows * share), 1), max(rows - 1, 0))
    drawn[generator.permutation(rows)[:count]] = True
    return drawn


def _write(table: pa.Table, test: np.ndarray, output: Path) -> None:
    if test.all() or not test.any():
        raise DataError(
            "One part of the split has no rows.",
            where="conf/split/",
            next_step="change test_share, or look at the column that splits",
        )
    tables.write(table.filter(~test), output / "train.parquet")
    tables.write(table.filter(test), output / "test.parquet")
