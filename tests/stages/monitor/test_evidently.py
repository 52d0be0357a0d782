"""The monitor that hands the comparison to Evidently."""

from __future__ import annotations

import json
import os
import re

import numpy as np
import pandas as pd
import pytest

from mlops_plugins.api.context import Context, Data
from mlops_plugins.artifacts import schema

pytest.importorskip("evidently")

from mlops_plugins.stages.monitor.evidently import EvidentlyMonitor

DATA = Data(task="binary", target="late", time="scheduled", id="flight_id")


def flights(rows, seed):
    draw = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "scheduled": pd.date_range("2026-03-01", periods=rows, freq="min"),
            "flight_id": np.arange(rows),
            "wind": draw.normal(20, 8, rows),
            "carrier": draw.choice(["UA", "AA", "DL"], rows),
            "night": draw.random(rows) < 0.3,
            "gust": np.nan,
            "tail": [f"N{number}" for number in draw.integers(0, 10**6, rows)],
            "late": draw.random(rows) < 0.5,
            "score": draw.random(rows),
            "prediction": draw.random(rows) < 0.5,
        }
    )


@pytest.fixture
def monitor(tmp_path):
    reference = flights(1500, seed=0)
    reference.to_parquet(tmp_path / "reference.parquet")
    whole = schema.infer(reference.drop(columns=["score", "prediction"]), DATA).to_dict()
    (tmp_path / "model").mkdir()
    model = {"schema": whole, "task": "binary", "classes": [False, True]}
    (tmp_path / "model/manifest.json").write_text(json.dumps(model))

    def run(window, **options):
        window.to_parquet(tmp_path / "current.parquet")
        finding = EvidentlyMonitor(**options).monitor(
            Context(root=tmp_path, project="p", data=DATA, seed=42, threads=1, log=print),
            reference=tmp_path / "reference.parquet",
            current=tmp_path / "current.parquet",
            model=tmp_path / "model",
            output=tmp_path / "report",
        )
        report = json.loads((tmp_path / "report/report.json").read_text())
        assert (report["status"], tuple(report["reasons"])) == (finding.status, finding.reasons)
        return report

    return run


def test_a_window_like_the_reference_is_ok(monitor):
    report = monitor(flights(1500, seed=1))
    assert report["status"] == "ok"
    assert (report["format_version"], report["monitor"]["name"]) == (1, "evidently")
    assert report["window"]["rows"] == 1500


def test_what_moves_by_nature_or_has_no_values_is_left_out(monitor):
    metrics = monitor(flights(1500, seed=1))["evidently"]["metrics"]
    compared = {metric["config"].get("column") for metric in metrics} - {None}
    assert compared == {"wind", "carrier", "night", "score"}


def test_drift_is_a_share_of_columns(monitor):
    window = flights(1500, seed=1)
    window["wind"] += 16
    assert monitor(window)["status"] == "ok"
    assert monitor(window, drift_share=0.25)["status"] == "drift"
    window["score"] += 1
    report = monitor(window)
    assert (report["status"], report["reasons"]) == ("drift", ["2 of 4 columns drifted"])


@pytest.mark.parametrize("rows", [0, 199])
def test_too_few_rows_decide_nothing(monitor, rows, tmp_path):
    window = flights(rows, seed=1)
    window["wind"] += 80
    assert monitor(window)["status"] == "insufficient_data"
    assert "too few" in (tmp_path / "report/report.html").read_text()


def test_the_same_inputs_give_the_same_report(monitor, tmp_path):
    window = flights(300, seed=1)
    monitor(window)
    first = (tmp_path / "report/report.json").read_bytes()
    monitor(window)
    assert (tmp_path / "report/report.json").read_bytes() == first


def test_nothing_is_sent_and_the_page_loads_nothing(monitor, tmp_path):
    monitor(flights(300, seed=1))
    assert os.environ["DO_NOT_TRACK"] == "1"
    page = (tmp_path / "report/report.html").read_text()
    assert not re.search(r"<(script|link|img)[^>]*(src|href)=.?https?:", page)
