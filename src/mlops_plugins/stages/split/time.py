"""The split by time: the newest rows are the test rows, and the model learns nothing of the future."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from mlops_plugins.api.component import Field
from mlops_plugins.api.errors import ConfigurationError, DataError
from mlops_plugins.artifacts import folds
from mlops_plugins.stages.split.holdout import HoldOut, HoldOutSplit
from mlops_plugins.stages.split.rows import TABLE

if TYPE_CHECKING:
    from mlops_plugins.api.context import Context
    from mlops_plugins.stages.split.rows import Rows

FILE = "conf/split/time.yaml"
SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400, "week": 604800}


class Time(HoldOutSplit):
    """Holds out the newest rows; equal times stay together, so the model learns nothing of the future."""

    test_share: float = Field(
        0.2,
        gt=0,
        lt=1,
        description="Share of the rows to test on, 0 to 1, unless there is a cutoff.",
    )
    cutoff: str | None = Field(
        None,
        description="The time from which rows are test rows, as '2013-05-26' or '2013-05-26 12:00'; with it "
        "no old row changes its set when data grow. Null: the newest test_share of the rows.",
    )
    gap: str | None = Field(
        None,
        pattern=r"^[0-9]{1,6} (second|minute|hour|day|week)s?$",
        description="Time before the first test row whose rows are in neither set, as '7 days': "
        "seconds, minutes, hours, days or weeks.",
    )

    def _hold_out(self, context: Context, rows: Rows) -> HoldOut:
        name = rows.require(
            context.data.time, what="A split by time", where="conf/config.yaml: data.time"
        )
        times = _times(rows, name)
        gap = self._gap(times)
        begin = self._begin(times)
        train, test = times < begin - gap, times >= begin
        if gap and not train.any():
            raise DataError(
                f"The gap of {self.gap} leaves no training rows.",
                where=f"{FILE}: gap: {self.gap}",
                expected=f"less than from the first time, {times.min()}, to the first "
                f"test row's, {begin}",
                next_step="shorten it there, or get older rows",
            )
        return HoldOut(train, test, lambda count: folds.expanding(times[train], gap, count))

    def _begin(self, times: np.ndarray) -> Any:
        """Return the time from which rows are test rows."""
        if self.cutoff is None:
            place = min(int(len(times) * (1 - self.test_share)), len(times) - 1)
            return np.sort(times)[place]
        cutoff = _parsed(self.cutoff, times.dtype)
        if not times.min() < cutoff <= times.max():
            raise DataError(
                f"The cutoff {cutoff} is outside the data's times: one set would have no rows.",
                where=f"{FILE}: cutoff: {self.cutoff}",
                expected=f"later than {times.min()}, and not later than {times.max()}",
                next_step="correct it there, or remove it to test on the newest rows",
            )
        return cutoff

    def _gap(self, times: np.ndarray) -> Any:
        if times.dtype.kind != "M":
            if self.gap is not None:
                raise ConfigurationError(
                    f"A gap of {self.gap} needs times, and the column holds numbers.",
                    where=f"{FILE}: gap: {self.gap}",
                    expected="null, or a column of the type datetime in data.time",
                    next_step="remove it there, or give the column that type in schema.yaml",
                )
            return 0
        number, _, unit = (self.gap or "0 seconds").partition(" ")
        return np.timedelta64(int(number) * SECONDS[unit.removesuffix("s")], "s")


def _times(rows: Rows, name: str) -> np.ndarray:
    """Return a column of times, of shape (rows,), in microseconds or as numbers."""
    import pyarrow as pa
    from pyarrow import types as t

    kind = rows.file.schema.field(name).type
    values = rows.column(name)
    if t.is_timestamp(kind) or t.is_date(kind):
        values = values.cast(pa.timestamp("us"), safe=False)
    elif not (t.is_integer(kind) or t.is_floating(kind)):
        raise DataError(
            f"The column '{name}' holds {kind}, whose order may not be that of time.",
            where=f"{TABLE}: column {name}",
            expected="times, days or numbers",
            next_step="give it the type datetime in schema.yaml, or name another one as data.time",
        )
    found: np.ndarray = values.to_numpy(zero_copy_only=False)
    return found


def _parsed(cutoff: str, kind: np.dtype[Any]) -> Any:
    """Return the cutoff as what the column holds."""
    try:
        if kind.kind != "M":
            return float(cutoff)
        found = datetime.fromisoformat(cutoff)
        if found.tzinfo is None:
            return np.datetime64(found, "us")
    except ValueError:
        pass
    raise ConfigurationError(
        f"The cutoff is {cutoff!r}, which is no {'time' if kind.kind == 'M' else 'number'}.",
        where=f"{FILE}: cutoff: {cutoff}",
        expected="YYYY-MM-DD or YYYY-MM-DD HH:MM, without a time zone"
        if kind.kind == "M"
        else "a number, as the column of times holds",
        next_step="correct it there",
    ) from None
