"""The most memory that the stages of data take, as the data grow: `python -m bench --memory`.

    python -m bench.memory ROWS FILE.csv    # the flights again and again, with new ids

The rows are made in a process of their own: what a parent holds is counted to its children.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rich.table import Table

from bench import projects
from bench.measure import Command, run, used

if TYPE_CHECKING:
    from rich.console import Console

ROWS = (1_000_000, 10_000_000)
MOST = 2_000
"""Megabytes that a stage may take."""

MEGABYTE = 1024
"""What `ru_maxrss` counts in, as Linux does, is kilobytes."""

FILE = """\
name: file
path: flights.csv
"""


@dataclass(frozen=True)
class Peak:
    """The most that a stage held of so many rows, in megabytes, and how long it took, in seconds."""

    stage: str
    rows: int
    megabytes: float
    wall: float

    @property
    def met(self) -> bool:
        """Return whether it is less than a stage may take."""
        return self.megabytes < MOST


def peaks(folder: Path, console: Console) -> list[Peak]:
    """Run the stages of data on each number of rows."""
    demo = projects.demo(projects.this_template(folder / "template"), folder)
    found = []
    for rows in ROWS:
        project = folder / f"rows-{rows}"
        demo.fresh(project)
        environment = projects.environment(*demo.search_path)
        made = [sys.executable, "-m", "bench.memory", str(rows), str(project / "flights.csv")]
        run(Command(made, projects.ROOT, projects.environment()))
        (project / "conf/ingest/file.yaml").write_text(FILE)
        for stage, split in (
            ("ingest", "time"),
            ("validate", "time"),
            ("split", "time"),
            ("split", "random"),
        ):
            _choose(project, split)
            mlops = [sys.executable, "-m", "mlops_plugins"]
            run(Command([*mlops, "compose"], project, environment))
            wall, usage, _ = used(Command([*mlops, "run", stage], project, environment))
            name = f"{stage}: {split}" if stage == "split" else stage
            found.append(Peak(name, rows, usage.ru_maxrss / MEGABYTE, wall))
            console.print(f"measured: {name}, {rows:,} rows, {found[-1].megabytes:,.0f} MB")
    return found


def _choose(project: Path, split: str) -> None:
    config = project / "conf/config.yaml"
    lines = config.read_text().splitlines()
    chosen = {"  - ingest: ": "file", "  - split: ": split}
    for place, line in enumerate(lines):
        for key, name in chosen.items():
            if line.startswith(key):
                lines[place] = key + name
    config.write_text("\n".join(lines) + "\n")


def show(console: Console, found: list[Peak]) -> None:
    """Print how the most memory grows with the rows."""
    few, many = ROWS
    table = Table(
        "stage", f"MB, {few:,} rows", f"MB, {many:,} rows", "growth", f"s, {many:,} rows",
        f"below {MOST:,} MB", box=None,
    )  # fmt: skip
    for name in dict.fromkeys(peak.stage for peak in found):
        small, large = (
            next(peak for peak in found if (peak.stage, peak.rows) == (name, rows)) for rows in ROWS
        )
        table.add_row(
            name, f"{small.megabytes:,.0f}", f"{large.megabytes:,.0f}",
            f"{large.megabytes / small.megabytes:.1f}", f"{large.wall:.0f}",
            "yes" if small.met and large.met else "NO",
        )  # fmt: skip
    console.print(table)


def write(rows: int, path: Path) -> None:
    """Write so many flights as CSV, the sample again and again, each with an id of its own."""
    import pyarrow as pa
    import pyarrow.parquet as pq
    from pyarrow import csv

    sample = pq.read_table(projects.SAMPLE)
    place = sample.column_names.index("flight_id")
    with csv.CSVWriter(path, sample.schema.set(place, pa.field("flight_id", pa.int64()))) as writer:
        for begin in range(0, rows, sample.num_rows):
            taken = sample.slice(0, min(sample.num_rows, rows - begin))
            ids = pa.array(range(begin, begin + taken.num_rows), pa.int64())
            writer.write_table(taken.set_column(place, "flight_id", ids))


if __name__ == "__main__":
    write(int(sys.argv[1]), Path(sys.argv[2]))
