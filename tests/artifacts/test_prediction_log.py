"""The prediction log: what was logged is read as the schema types it, and nothing stops the reading."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow.parquet as pq
import pytest

from mlops_plugins.artifacts import prediction_log, window
from mlops_plugins.artifacts.prediction_log import PredictionLog, Skipped
from mlops_plugins.artifacts.schema import Column, Schema
from mlops_plugins.artifacts.window import Labels

if TYPE_CHECKING:
    from pathlib import Path

BIG = 2**53 + 1
PREDICTED = {"prediction": 1, "score": 0.5}

SCHEMA = Schema(
    columns={
        "id": Column(type="integer"),
        "zip": Column(type="category", values=("007", "012", "1E5", "nan", "NA")),
        "paid_at": Column(type="integer"),
        "amount": Column(type="number", nullable=True),
        "seen": Column(type="datetime", nullable=True),
        "open": Column(type="boolean", nullable=True),
        "y": Column(type="category", values=(0, 1)),
    },
    target="y",
    id="id",
)


def entry(row: dict[str, Any], version: str = "1", **more: Any) -> dict[str, Any]:
    return {"row": row, "prediction": 1, "score": 0.5, "version": version, **more}


def read(
    folder: Path, described: Schema = SCHEMA, labels: Labels | None = None
) -> tuple[pd.DataFrame, Skipped]:
    """Return the window of version 1, and what was left out."""
    skipped, output = Skipped(), folder.parent / "current.parquet"
    integers = [name for name, each in described.columns.items() if each.type == "integer"]
    window.write(
        lambda: prediction_log.read(folder, "1", skipped, integers), described, output, labels
    )
    frame: pd.DataFrame = pq.read_table(output).to_pandas(integer_object_nulls=True)
    return frame.astype(object).where(frame.notna(), None), skipped


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log"


def row(number: int, zip_: str | None = "007", **more: Any) -> dict[str, Any]:
    return {"id": BIG + number, "zip": zip_, "paid_at": 1_700_000_000 + number, **more}


def test_text_stays_text_integers_stay_exact_and_no_name_makes_a_time(log: Path) -> None:
    rows = [
        row(place, zip_, amount=0.1 + 0.2, seen="2026-01-01T05:00:00+01:00", open=None)
        for place, zip_ in enumerate(["007", "1E5", "nan", "NA"])
    ]
    PredictionLog(log).append(entry(each) for each in rows)
    found, _ = read(log)
    assert found["zip"].tolist() == ["007", "1E5", "nan", "NA"]
    assert found["id"].tolist() == [BIG, BIG + 1, BIG + 2, BIG + 3]
    assert found["paid_at"].tolist() == [each["paid_at"] for each in rows]
    assert found["amount"].tolist() == [0.1 + 0.2] * 4
    assert found["seen"].tolist() == [pd.Timestamp("2026-01-01T04:00:00")] * 4


def test_requests_and_batches_of_one_version_are_read_together(log: Path) -> None:
    PredictionLog(log).append([entry(row(0)), entry(row(1), version="2")])
    scored = pd.DataFrame({"prediction": [1, 0], "score": [0.25, 0.75]})
    for version in ("1", "2"):
        rows = pd.DataFrame([row(2, "012"), row(3, None)])
        prediction_log.append_batch(log, rows, scored, version)
    found, skipped = read(log)
    assert sorted(found["id"]) == [BIG, BIG + 2, BIG + 3]
    assert set(found["zip"]) == {"007", "012", None}
    assert not skipped


def test_the_former_layout_is_read_too(log: Path) -> None:
    flat = {**row(0), "prediction": 1, "score": 0.5, "version": "1", "prediction_id": "x"}
    PredictionLog(log).append([flat, entry(row(1))])
    former = pd.DataFrame([row(2)]).assign(prediction=1, score=0.5, version="1")
    former.to_parquet(log / "batch-2026.parquet")
    found, _ = read(log)
    assert sorted(found["id"]) == [BIG, BIG + 1, BIG + 2]
    assert found["score"].tolist() == [0.5] * 3
    assert "prediction_id" not in found


NAMES = ("score", "version", "prediction", "rows", "prediction_id", "time_of_prediction", "row")


def test_columns_that_are_called_like_the_logs_own_are_kept_apart(log: Path) -> None:
    described = Schema(columns={name: Column(type="integer") for name in NAMES}, target="y")
    raw = {name: place for place, name in enumerate(NAMES)}
    PredictionLog(log).append([entry(raw, prediction_id="a", time_of_prediction="now")])
    prediction_log.append_batch(
        log, pd.DataFrame([raw]), pd.DataFrame({"prediction": [1], "score": [0.5]}), "1"
    )
    found, _ = read(log, described)
    assert found[list(NAMES)].to_dict("records") == [raw, raw]
    assert found["predicted:score"].tolist() == [0.5, 0.5]
    assert found["predicted:prediction"].tolist() == ["1", "1"]


def test_a_value_of_another_type_makes_the_column_text_and_stops_nothing(log: Path) -> None:
    PredictionLog(log).append([entry(row(0, amount=1.5)), entry(row(1, amount="much"))])
    PredictionLog(log).append([entry(row(2, amount={"a": 1}, seen=[1], open="?", new=1))])
    found, skipped = read(log)
    assert found["amount"].tolist() == ["1.5", "much", "{'a': 1}"]
    assert found["seen"].tolist() == [None, None, "[1]"]
    assert "new" not in found
    assert not skipped


BAD_LINES = {
    "cut": b'{"row": {"id": 1',
    "no object": b"[1]",
    "no UTF-8": b'{"row": {"zip": "\xff"}}',
    "no prediction": b'{"row": {}, "version": "1"}',
    "a number of 5000 digits": b'{"row": {"id": ' + b"9" * 5000 + b"}}",
    "too deep": b"[" * 200_000,
    "an integer of 65 bits": json.dumps(entry({**row(0), "id": 2**64})).encode(),
    "zeros, as after a power failure": b"\0" * 100,
}


@pytest.mark.parametrize("line", BAD_LINES.values(), ids=BAD_LINES)
def test_a_bad_line_is_skipped_and_counted(log: Path, line: bytes) -> None:
    PredictionLog(log).append([entry(row(0))])
    (path,) = log.glob("*.jsonl")
    with path.open("ab") as stream:
        stream.write(line)  # and no end of the line, as a kill leaves it
    PredictionLog(log).append([entry(row(1))])
    found, skipped = read(log)
    assert found["id"].tolist() == [BIG, BIG + 1]
    assert skipped == Skipped(records=1)


def test_a_bad_batch_is_skipped_and_named(log: Path) -> None:
    PredictionLog(log).append([entry(row(0))])
    scored = pd.DataFrame({"prediction": [1], "score": [0.5]})
    prediction_log.append_batch(log, pd.DataFrame([row(1)]), scored, "1")
    (batch,) = log.glob("*.parquet")
    (log / "batch-cut.parquet").write_bytes(batch.read_bytes()[:-100])
    (log / "batch-empty.parquet").write_bytes(b"")
    pd.DataFrame({"a": [1]}).to_parquet(log / "batch-other.parquet")
    found, skipped = read(log)
    assert sorted(found["id"]) == [BIG, BIG + 1]
    assert skipped.files == ["batch-cut.parquet", "batch-empty.parquet", "batch-other.parquet"]
    assert str(skipped).startswith("3 file(s) (batch-cut.parquet, ")


def test_a_kill_while_a_batch_is_written_leaves_nothing_half(log: Path) -> None:
    code = (
        "import pandas as pd; from pathlib import Path\n"
        "from mlops_plugins.artifacts import prediction_log\n"
        "rows = pd.DataFrame({'zip': ['007'] * 200_000})\n"
        "scored = pd.DataFrame({'prediction': [1] * 200_000, 'score': [0.5] * 200_000})\n"
        "while True:\n"
        f"    prediction_log.append_batch(Path({str(log)!r}), rows, scored, '1')\n"
        "    print('one more', flush=True)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline()
        process.kill()
    _, skipped = read(log)
    assert not skipped


def test_labels_are_joined_by_the_id_that_the_schema_types(log: Path) -> None:
    PredictionLog(log).append(
        [entry(row(0)), entry({**row(0), "id": str(BIG + 1)}), entry({**row(0), "id": None})]
    )
    arrived = pd.DataFrame({"id": [f"0{BIG}", BIG + 1, None, "x"], "y": [1, 0, 1, 1]})
    labels = Labels.of(arrived, identifier="id", target="y", described=SCHEMA)
    found, _ = read(log, labels=labels)
    assert found["y"].tolist() == [1, 0, None]


def test_labels_of_text_ids_are_joined_where_some_are_digits(log: Path) -> None:
    columns = {**SCHEMA.columns, "id": Column(type="text")}
    described = Schema(columns=columns, target="y", id="id")
    ids = ["7", "007", "A1", None]
    PredictionLog(log).append(entry({**row(0), "id": each}) for each in ids)
    arrived = pd.DataFrame({"id": [7, 8], "y": [1, 0]})
    labels = Labels.of(arrived, identifier="id", target="y", described=described)
    found, _ = read(log, described, labels)
    assert found["y"].tolist() == [1, None, None, None]


def test_days_outside_the_window_are_not_read_and_old_ones_are_removed(log: Path) -> None:
    log.mkdir(exist_ok=True)
    for number, day in enumerate(["2026-02-28", "2026-03-01", "2026-03-02"]):
        (log / f"{day}.jsonl").write_text(json.dumps(entry(row(number))) + "\n")
        prediction_log.append_batch(
            log, pd.DataFrame([row(10 + number)]), pd.DataFrame([PREDICTED]), "1"
        )
        (batch,) = log.glob(f"batch-{datetime.now(UTC):%Y-%m-%d}T*")
        batch.rename(log / f"batch-{day}T101112.123456-0123abcd.parquet")
    (log / "notes-2020-01-01.parquet").write_text("another's")
    since = date(2026, 3, 1)

    blocks = prediction_log.read(log, "1", Skipped(), since=since)
    ids = {int(str(each)) for block in blocks for each in block.raw["id"]}
    assert ids == {BIG + 1, BIG + 2, BIG + 11, BIG + 12}

    removed = prediction_log.remove_older(log, since)
    assert removed == ["2026-02-28.jsonl", "batch-2026-02-28T101112.123456-0123abcd.parquet"]
    assert len(list(log.iterdir())) == 5
    assert prediction_log.remove_older(log, since) == []
