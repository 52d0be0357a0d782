"""The prediction log: what was logged is read as it was, also where text looks like numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from mlops_plugins.artifacts import prediction_log

if TYPE_CHECKING:
    from pathlib import Path


def test_a_logged_row_is_read_with_the_types_that_it_had(tmp_path: Path) -> None:
    entry = {
        "version": "1",
        "prediction": "007",
        "score": 0.1 + 0.2,
        "zip": "00123",
        "updated_at": "2013-01-01T05:15:00",
        "rows": 3,
    }
    prediction_log.PredictionLog(tmp_path).append([entry])
    assert prediction_log.read(tmp_path).to_dict("records") == [entry]


def test_requests_and_batches_of_one_version_are_read_together(tmp_path: Path) -> None:
    prediction_log.PredictionLog(tmp_path).append([{"version": "1", "score": 0.5}])
    prediction_log.append_batch(tmp_path, pd.DataFrame({"score": [0.25]}), "1")
    assert (prediction_log.read(tmp_path)["version"] == "1").tolist() == [True, True]
