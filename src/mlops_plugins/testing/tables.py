"""The tables that implementations are tried on: real rows, and what may be odd about them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from mlops_plugins.api.context import Data
from mlops_plugins.artifacts import tables

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd
    import pyarrow as pa

    from mlops_plugins.api.context import Task

EVERY = 800
"""One flight in so many is taken: 409 of a year, enough to learn from and quick."""

WIDE = 300
"""Columns of the wide table."""

MOST_ROWS = 400
"""Rows that are taken of scikit-learn's tables."""


# Compared by identity: two cases are never the same, and what is made of each is kept.
@dataclass(frozen=True, eq=False)
class Case:
    """A table and what its columns mean.

    Attributes:
        name: What it is, as it ends a sentence.
        data: What its columns mean.
        make: Makes the table.
    """

    name: str
    data: Data
    make: Callable[[], pa.Table]

    def __str__(self) -> str:
        return self.name


@cache
def flight_rows() -> pa.Table:
    """Return the flights, in the order of time; their `part` is of a split that was made before."""
    import pyarrow as pa

    with resources.as_file(
        resources.files("mlops_plugins.stages.ingest") / "flights.parquet"
    ) as path:
        full = tables.read(path)
    taken = full.take(list(range(0, full.num_rows, EVERY)))
    parts = ["test" if row % 3 == 0 else "train" for row in range(taken.num_rows)]
    return taken.append_column("part", pa.array(parts))


TARGETS: dict[Task, str] = {"binary": "late", "multiclass": "origin", "regression": "distance"}


def _flights(task: Task) -> Data:
    return Data(task=task, target=TARGETS[task], time="scheduled", id="flight_id")


@cache
def plain(task: Task = "binary") -> Case:
    """Return the flights as they are, with one of their columns as the target."""
    return Case(f"flights ({task})", _flights(task), flight_rows)


def _frame() -> pd.DataFrame:
    frame: pd.DataFrame = flight_rows().to_pandas()
    return frame


def _table(frame: pd.DataFrame) -> pa.Table:
    import pyarrow as pa

    return pa.Table.from_pandas(frame, preserve_index=False)


@cache
def nulls(task: Task = "binary") -> Case:
    """Return flights with nulls in every feature, one of them null throughout."""
    data = _flights(task)

    def make() -> pa.Table:
        frame = _frame()
        features = [name for name in frame if name not in (data.target, data.time, data.id)]
        for place, name in enumerate(features):
            frame[name] = frame[name].where(frame.index % 5 != place % 5)
        frame["wind_speed"] = float("nan")
        return _table(frame)

    return Case("nulls in every feature", data, make)


@cache
def unseen(task: Task = "binary") -> Case:
    """Return flights whose judging rows are of a carrier that no training row has."""

    def make() -> pa.Table:
        frame = _frame()
        frame.loc[judges(len(frame)), "carrier"] = "Ü9"
        return _table(frame)

    return Case("categories that no training row has", _flights(task), make)


@cache
def wide(task: Task = "binary") -> Case:
    """Return flights with hundreds of numeric columns."""
    data = _flights(task)

    def make() -> pa.Table:
        import pandas as pd

        frame = _frame()
        numeric = frame.select_dtypes("number").columns.drop([data.id, "late"])
        copied = [name for name in numeric if name != data.target]
        columns = {f"{copied[i % len(copied)]} {i}": copied[i % len(copied)] for i in range(WIDE)}
        kept = frame[[data.id, data.time, data.target]]
        return _table(pd.concat([kept, frame[columns.values()].set_axis(columns, axis=1)], axis=1))

    return Case(f"{WIDE} columns", data, make)


ODD_NAMES = {
    "flight_id": "flight id",
    "scheduled": "scheduled.at",
    "carrier": 'carrier, "quoted"',
    "origin": "origin [code]",
    "dest": "dest <{airport: 'x'}>",
    "distance": "index",
    "departure_delay": "de\u0301lai",
    "temperature": "温度",
    "wind_speed": "wind [mph]",
    "precipitation": "🌧️ $^$",
    "visibility": "0",
    "late": "late?",
}


@cache
def names(task: Task = "binary") -> Case:
    """Return flights whose columns have names that few expect."""
    data = _flights(task)

    def make() -> pa.Table:
        frame = _frame().rename(columns=ODD_NAMES)
        # Names that differ by their case only, and by how an accent is composed.
        frame["DEST <{airport: 'x'}>"] = frame["origin [code]"]
        frame["d\u00e9lai"] = frame["wind [mph]"]
        return _table(frame)

    renamed = Data(
        task=task,
        target=ODD_NAMES[data.target],
        time=ODD_NAMES["scheduled"],
        id=ODD_NAMES["flight_id"],
    )
    return Case("columns with odd names", renamed, make)


@cache
def dates(task: Task = "binary") -> Case:
    """Return flights with days, and times of which some are missing."""

    def make() -> pa.Table:
        import pyarrow as pa
        import pyarrow.compute as pc

        full = flight_rows()
        times = full.column("scheduled")
        known = pc.not_equal(full.column("carrier"), "UA")
        seen = pc.if_else(known, times, pa.scalar(None, times.type))
        full = full.append_column("day", times.cast(pa.date32()))
        return full.append_column("seen", seen)

    return Case("days and missing times", _flights(task), make)


@cache
def indexed(task: Task = "binary") -> Case:
    """Return flights with a pandas index that is stored in the Parquet file."""

    def make() -> pa.Table:
        import pyarrow as pa

        frame = _frame()
        return pa.Table.from_pandas(frame.set_axis([f"row {i}" for i in frame.index[::-1]]))

    return Case("a stored pandas index", _flights(task), make)


@cache
def weighted(task: Task = "binary") -> Case:
    """Return flights of which some count two or three times, and some not at all."""
    data = replace(_flights(task), weight="counts")

    def make() -> pa.Table:
        frame = _frame()
        return _table(frame.assign(counts=frame.index % 4 * 1.0))

    return Case("rows with weights", data, make)


def _toy(loader: str, *classes: str) -> Callable[[], pa.Table]:
    def make() -> pa.Table:
        from sklearn import datasets

        frame = getattr(datasets, loader)(as_frame=True).frame
        if classes:
            frame["target"] = [classes[place] for place in frame["target"]]
        return _table(frame.sample(min(len(frame), MOST_ROWS), random_state=0))

    return make


TUMOURS = Case(
    "tumours (two classes, as text)",
    Data(task="binary", target="target"),
    _toy("load_breast_cancer", "malignant", "benign"),
)
WINES = Case(
    "wines (three classes, as text)",
    Data(task="multiclass", target="target"),
    _toy("load_wine", "类 $^$", 'class, "1"', "class_2"),
)
NUMBERED_WINES = Case(
    "wines (three classes, as numbers)",
    Data(task="multiclass", target="target"),
    _toy("load_wine"),
)
DIABETES = Case(
    "diabetes (regression)",
    Data(task="regression", target="target"),
    _toy("load_diabetes"),
)
TASKS = (plain(), TUMOURS, WINES, NUMBERED_WINES, DIABETES)
"""Each task, with every kind of class."""

ODD = (nulls, unseen, wide, names, dates, indexed)
"""Oddities, each of which can be had with any task."""


def judges(rows: int) -> Any:
    """Return which of so many rows judge: one in four."""
    import numpy as np

    return np.arange(rows) % 4 == 3
