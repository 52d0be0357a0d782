"""A project that names a column of weights: no stage and no job takes it for a feature."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import numpy as np
import pytest

from mlops_plugins.api.errors import ExitCode
from mlops_plugins.api.paths import MODEL
from mlops_plugins.artifacts import tables
from mlops_plugins.artifacts.model_folder import describe

if TYPE_CHECKING:
    from tests.helpers.projects import Project

pytestmark = pytest.mark.slow

WEIGHT = "distance"


@pytest.fixture
def weighted(project: Project) -> Project:
    """Flights count by how far they go; no model without weights is champion."""
    (project.root / "mlflow.db").unlink()
    shutil.rmtree(project.root / "mlartifacts")
    project.edit("conf/config.yaml", "id: flight_id", f"id: flight_id\n  weight: {WEIGHT}")
    return project


def test_a_weight_is_no_feature_in_any_stage(weighted: Project) -> None:
    before = json.loads(weighted.read("reports/metrics.json"))["roc_auc"]

    weighted.mlops("run", "--all")

    features = tables.read_frame(weighted.root / "data" / "features" / "train.parquet")
    raw = tables.read_frame(weighted.root / "data" / "splits" / "train.parquet")
    np.testing.assert_array_equal(features[WEIGHT], raw[WEIGHT])
    model = describe(weighted.root / MODEL)
    assert model.schema.weight == WEIGHT
    assert WEIGHT not in model.schema.inputs
    assert "carrier" in model.schema.inputs
    assert json.loads(weighted.read("reports/metrics.json"))["roc_auc"] != before
    importance = json.loads(weighted.read("reports/explanation/importance.json"))
    assert WEIGHT not in json.dumps(importance)
    profile = json.loads(weighted.read("reports/profile/profile.json"))
    roles = {column["name"]: column["role"] for column in profile["columns"]}
    assert (roles[WEIGHT], roles["carrier"]) == ("weight", "feature")
    assert WEIGHT not in weighted.mlops("features").stdout

    rows = tables.read_frame(weighted.root / "data" / "splits" / "test.parquet").head(300)
    tables.write_frame(rows.drop(columns=WEIGHT), weighted.root / "new.parquet")
    weighted.mlops("predict", "new.parquet", "-o", "scores.parquet")
    assert len(tables.read_frame(weighted.root / "scores.parquet")) == 300
    weighted.edit("conf/config.yaml", "window_days: null", "window_days: 7")
    weighted.edit("conf/config.yaml", "keep_days: null", "keep_days: 30")
    weighted.mlops("compose")
    weighted.write("monitoring/predictions/2020-01-01.jsonl", "{}\n")
    watched = weighted.mlops("monitor", "--name", "first", check=False)
    assert watched.returncode in (0, 10, 11), watched.stderr
    assert "removed from the prediction log, as older than" in watched.stderr
    assert not (weighted.root / "monitoring/predictions/2020-01-01.jsonl").exists()
    assert list((weighted.root / "monitoring/predictions").glob("batch-*"))
    report = weighted.read("monitoring/reports/first/report.json")
    assert f'"{WEIGHT}"' not in report
    assert '"carrier"' in report


def test_a_weight_that_is_no_column_is_told_before_anything_is_learnt(weighted: Project) -> None:
    weighted.edit("conf/config.yaml", f"weight: {WEIGHT}", "weight: distanse")
    weighted.mlops("compose")
    done = weighted.mlops("run", "validate", check=False)
    assert done.returncode == ExitCode.DATA
    assert "The weight 'distanse' is not in schema.yaml. Did you mean 'distance'?" in done.stderr
    assert "next: correct data.weight in conf/config.yaml" in " ".join(done.stderr.split())


def test_a_trainer_that_takes_no_weights_says_so(weighted: Project) -> None:
    weighted.write(
        "src/late/trainer.py",
        '"""Logistic regression."""\n\n'
        "from mlops_plugins import Component, estimators\n\n\n"
        "class Plain(Component):\n"
        '    """Logistic regression."""\n\n'
        "    def train(self, context, *, features, output):\n"
        "        estimators.read_training_table(context, features)\n\n"
        "    def load(self, path):\n"
        "        return estimators.load(path)\n",
    )
    weighted.write(
        "src/late/plugin.py",
        "from mlops_plugins import ComponentSpec, Stage, hookimpl\n\n\n"
        "@hookimpl\n"
        "def mlops_implementations():\n"
        "    yield ComponentSpec(stage=Stage.TRAIN, name='plain', target='late.trainer:Plain',"
        " summary='Plain')\n",
    )
    weighted.edit("conf/config.yaml", "- train: sklearn", "- train: plain")
    weighted.mlops("compose")
    done = weighted.mlops("run", "train", check=False)
    assert done.returncode == ExitCode.CONFIGURATION
    assert "The chosen trainer takes no weights, and data.weight is 'distance'." in done.stderr
