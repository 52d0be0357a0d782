"""The prediction log: requests and answers, and the version that answered.

Services append lines of JSON, one file a day; batches add a Parquet file each.
"""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from mlops_plugins.api.errors import DataError
from mlops_plugins.artifacts import tables

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    import pandas as pd


class PredictionLog:
    """Appends to the log of a service; safe to use from several threads."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._lock = threading.Lock()

    def append(self, entries: Iterable[Mapping[str, Any]]) -> None:
        """Append one line an entry, in one write, so that lines of two requests never mix."""
        lines = "".join(json.dumps(entry, default=str) + "\n" for entry in entries)
        path = self._folder / f"{datetime.now(UTC):%Y-%m-%d}.jsonl"
        with self._lock, path.open("a", encoding="utf-8") as stream:
            stream.write(lines)


def append_batch(folder: Path, rows: pd.DataFrame, version: str) -> None:
    """Add a scored batch to the log."""
    folder.mkdir(parents=True, exist_ok=True)
    name = f"batch-{datetime.now(UTC):%Y-%m-%dT%H%M%S.%f}.parquet"
    tables.write_frame(rows.assign(version=version), folder / name)


def read(folder: Path) -> pd.DataFrame:
    """Read the entire log.

    Raises:
        DataError: Nothing has been logged.
    """
    import pandas as pd

    frames = [tables.read_frame(path) for path in sorted(folder.glob("*.parquet"))]
    # As JSON types them: pandas would make numbers of version "1" and of text such as "007".
    types: dict[str, Any] = {"dtype": False, "convert_dates": False, "precise_float": True}
    frames += [pd.read_json(path, lines=True, **types) for path in sorted(folder.glob("*.jsonl"))]
    if not frames:
        raise DataError(
            "There are no predictions to look at.",
            where=str(folder),
            next_step="`mlops serve` or `mlops predict` log them; or give rows: mlops monitor --data FILE",
        )
    return pd.concat(frames, ignore_index=True)
