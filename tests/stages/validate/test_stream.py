"""Tables larger than memory: what is written and found does not depend on how it was read."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mlops_plugins.artifacts import batches, raw_table
from mlops_plugins.stages.ingest.sample import flights
from tests.helpers.validating import OUTPUT, RAW, REFUSED, REPORT, Validating, accepted, refused

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

DATA = {"task": "binary", "target": "late", "time": "scheduled", "id": "flight_id"}
ROWS = 30_000


def rows(count: int = ROWS) -> pa.Table:
    import datetime as dt

    return flights(dt.datetime(2013, 1, 1), dt.datetime(2014, 1, 1)).slice(0, count)


def spoilt() -> pa.Table:
    """Return flights in which each rule is broken, here and there, and some null for the first time late."""
    frame = rows().to_pandas()
    frame["carrier"] = frame["carrier"].astype(object)
    frame.loc[100::5000, "carrier"] = "Ü9"
    frame["distance"] = frame["distance"].astype("int64")
    frame.loc[29_000, "distance"] = 10**6
    frame.loc[20_000:20_010, "flight_id"] = frame.loc[7, "flight_id"]
    frame["gate"] = np.where(frame.index % 400 == 300, "old", (frame.index % 90).astype(str))
    frame.loc[29_500:, "temperature"] = None
    return pa.Table.from_pandas(frame, preserve_index=False)


BATCHES = {"as it is": (None, None, 2**18), "few": (1000, 700, 2**18), "odd": (777, 5000, 999)}


@pytest.mark.parametrize("table", [rows, spoilt])
def test_batches_show_in_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, table: Callable[[], pa.Table]
) -> None:
    seen = []
    for name, (read, joined, group) in BATCHES.items():
        (tmp_path / name).mkdir()
        made = Validating(tmp_path / name, DATA, {"unexpected_columns": "ignore"})
        made.write(table(), row_group_size=group)
        if read:
            monkeypatch.setattr(batches, "BATCH_ROWS", read)
            monkeypatch.setattr(raw_table, "MAX_ROWS", joined)
        done = made.validate()
        if done.exit_code:
            made.schema(made.schema().replace("unique: true", "unique: false"))
            refused_report = made.report(REFUSED)
            accepted(made.validate())
        else:
            refused_report = {}
        seen.append(
            (
                (made.root / OUTPUT).read_bytes(),
                made.schema(),
                (made.root / REPORT).read_text(),
                json.dumps(refused_report),
            )
        )
        monkeypatch.undo()
    assert seen[0] == seen[1] == seen[2]


def test_rows_are_counted_over_all_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "BATCH_ROWS", 1000)
    monkeypatch.setattr(raw_table, "MAX_ROWS", 1000)
    made = Validating(tmp_path, DATA)
    accepted(made.validate(rows()))
    made.options = {"tolerance": 0.0}
    told = refused(
        made.validate(spoilt()),
        "'carrier' is none of the column's values in 6 row(s), 0.02% "
        "(row 101: Ü9, row 5101: Ü9, row 10101: Ü9, ...)",
        "'distance' is above the column's max",
        "row 29001: 1000000",
        "'flight_id' must be unique, and has a value again in 11 row(s)",
        "row 20001: ",
        ", as in row 8",
    )
    assert "break their schema in 3 way(s)" in told
    found = {finding["rule"]: finding for finding in made.report(REFUSED)["findings"]}
    assert found["unexpected_column"]["column"] == "gate"
    assert found["values"]["count"] == 6
    assert [each["row"] for each in found["values"]["examples"]] == list(range(101, 30_000, 5000))


def test_the_values_are_those_of_the_raw_table(tmp_path: Path) -> None:
    made = Validating(tmp_path, DATA)
    accepted(made.validate(rows()))
    before, after = pq.read_table(made.root / RAW), pq.read_table(made.root / OUTPUT)
    assert after.num_rows == ROWS
    for name in before.column_names:
        assert after[name].cast(before[name].type).equals(before[name]), name


PEAK = """\
import resource, sys
from mlops_plugins.cli.app import main
try:
    main(sys.argv[1:], prog_name="mlops")
finally:
    print("peak", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


@pytest.mark.slow
def test_ten_times_the_rows_need_little_more_memory(tmp_path: Path) -> None:
    def peak(count: int) -> int:
        (tmp_path / str(count)).mkdir()
        made = Validating(tmp_path / str(count), DATA)
        one = rows(100_000)
        accepted(made.validate(one))
        with pq.ParquetWriter(made.root / RAW, one.schema) as writer:
            for start in range(0, count, one.num_rows):
                ids = pa.array(np.arange(start, start + one.num_rows), pa.int32())
                writer.write_table(one.set_column(0, "flight_id", ids))
        done = subprocess.run(
            [sys.executable, "-c", PEAK, "--project", str(made.root), "run", "validate"],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return int(done.stdout.split()[-1])

    small, large = peak(300_000), peak(3_000_000)
    # Ten million rows may take 2 GB; held in memory, these alone would take a gigabyte more.
    assert large - small < 300, (small, large)
