"""Where alerts go."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from mlops_plugins.api.context import Context, Data
from mlops_plugins.api.contracts.notify import Alert
from mlops_plugins.stages.notify.file import File
from mlops_plugins.stages.notify.log import Log

ALERT = Alert(
    severity="warning", title='Drift in "wind"\nand more', details=("eins", "zwei → drei")
)


def context(root, said):
    data = Data(task="binary", target="late")
    return Context(root=root, project="p", data=data, seed=42, threads=1, log=said.append)


def test_the_log_says_severity_title_and_details(tmp_path):
    said = []
    Log().notify(context(tmp_path, said), alert=ALERT)
    assert said == ['warning: Drift in "wind"\nand more', "  eins", "  zwei → drei"]


def test_the_file_gets_one_line_an_alert(tmp_path):
    for _ in range(2):
        File().notify(context(tmp_path, []), alert=ALERT)
    lines = (tmp_path / "monitoring/alerts.jsonl").read_text().splitlines()
    assert len(lines) == 2
    found = json.loads(lines[0])
    assert datetime.now(UTC) >= datetime.fromisoformat(found.pop("time"))
    assert found == {
        "project": "p",
        "severity": "warning",
        "title": ALERT.title,
        "details": list(ALERT.details),
    }


@pytest.mark.parametrize("path", ["alerts.jsonl", "a/b/c.jsonl"])
def test_the_file_is_where_the_option_says(tmp_path, path):
    File(path=path).notify(context(tmp_path, []), alert=ALERT)
    assert (tmp_path / path).read_text().endswith("}\n")


def test_an_alert_from_inside_an_experiment_reaches_the_project(tmp_path):
    File().notify(context(tmp_path / ".dvc/tmp/exps/x1", []), alert=ALERT)
    assert (tmp_path / "monitoring/alerts.jsonl").exists()
