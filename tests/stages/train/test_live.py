"""What a model's training measured, in MLflow: as it comes, or with the result, once in any case."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest
from mlflow import MlflowClient

from mlops_plugins.api.paths import MODEL
from mlops_plugins.artifacts import learning_curves
from mlops_plugins.config import params
from mlops_plugins.integrations.mlflow import live

if TYPE_CHECKING:
    from pathlib import Path

    from mlops_plugins.api.context import Context
    from tests.helpers.projects import Project

pytestmark = pytest.mark.slow


def client(root: Path) -> Any:
    return MlflowClient(f"sqlite:///{root / 'mlflow.db'}", f"sqlite:///{root / 'mlflow.db'}")


def runs(root: Path) -> dict[str, Any]:
    """Return the runs of the project's store, by id."""
    there = client(root)
    experiments = [found.experiment_id for found in there.search_experiments()]
    return {run.info.run_id: run for run in there.search_runs(experiments)}


def series(root: Path, run: str, metric: str) -> list[tuple[int, float]]:
    points = client(root).get_metric_history(run, metric)
    return [(point.step, point.value) for point in points]


def test_a_tracked_result_has_the_models_history(finished: Project) -> None:
    (run,) = runs(finished.root)
    kept = learning_curves.read(finished.root / MODEL)
    assert len(kept["train_log_loss"]) == 40
    for metric, points in kept.items():
        assert series(finished.root, run, metric) == points


def test_live_metrics_are_in_the_run_that_tracking_goes_on_with(project: Project) -> None:
    before = set(runs(project.root))
    project.edit("conf/track/mlflow.yaml", "live: false", "live: true")
    project.edit("conf/train/sklearn.yaml", "max_iter: 40", "max_iter: 15")
    project.mlops("compose")

    # As if all were killed when the training ends.
    project.mlops("run", "train")

    (run,) = set(runs(project.root)) - before
    begun = runs(project.root)[run]
    assert begun.info.status == "RUNNING"
    assert [step for step, _ in series(project.root, run, "train_log_loss")] == [*range(1, 16)]

    ran = project.repro()

    assert {"train", "track"} <= {*ran}
    assert set(runs(project.root)) == {*before, run}
    done = runs(project.root)[run]
    assert done.info.status == "FINISHED"
    assert done.data.metrics["roc_auc"] > 0.5
    assert done.data.params["train.max_iter"] == "15"
    kept = learning_curves.read(project.root / MODEL)
    assert series(project.root, run, "train_log_loss") == kept["train_log_loss"]
    digest = json.loads(project.read("reports/run.json"))["digest"]
    assert done.data.tags["mlops.digest"] == digest
    assert done.info.run_name == f"sklearn-{digest[:7]}"

    # The same training again is that very run's: nothing is begun.
    project.mlops("run", "train")
    assert set(runs(project.root)) == {*before, run}


@pytest.fixture
def context(finished: Project, tmp_path: Path) -> Context:
    """A context in a folder of its own that holds what a training needs, and no store yet."""
    shutil.copytree(finished.root / "data" / "features", tmp_path / "data" / "features")
    shutil.copyfile(finished.root / "params.yaml", tmp_path / "params.yaml")
    return params.read(tmp_path).context(tmp_path, lambda _: None)


def test_a_training_that_was_killed_is_gone_on_with(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "EVERY", 0)
    killed = live.Observer()
    for step in (1, 2, 3):
        killed.metric(context, "train_log_loss", 1 / step, step)

    (run,) = runs(context.root)
    assert series(context.root, run, "train_log_loss") == [(1, 1.0), (2, 0.5), (3, 1 / 3)]

    again = live.Observer()
    for step in (1, 2, 3, 4):
        again.metric(context, "train_log_loss", 1 / step, step)
    again.end(context)

    assert set(runs(context.root)) == {run}
    assert [step for step, _ in series(context.root, run, "train_log_loss")] == [1, 2, 3, 4]


def test_a_store_that_fails_is_told_once(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def fail(_: Context) -> None:
        asked.append(1)
        raise ConnectionError("no route to the tracking server")

    monkeypatch.setattr(live, "connected", fail)
    observer = live.Observer()
    with pytest.raises(ConnectionError):
        observer.metric(context, "train_log_loss", 0.5, 1)
    observer.metric(context, "train_log_loss", 0.4, 2)
    observer.end(context)
    assert len(asked) == 1


def test_without_it_training_needs_no_mlflow(finished: Project, tmp_path: Path) -> None:
    listing = tmp_path / "modules.json"
    probe = (
        "import json, sys; from pathlib import Path; from mlops_plugins.runtime.executor import run_stage;"
        "from mlops_plugins.api.stage import Stage;"
        "run_stage(Path('.'), Stage.TRAIN, print);"
        "Path(sys.argv[1]).write_text(json.dumps(sorted(sys.modules)))"
    )
    finished.run("python", "-c", probe, str(listing))
    assert "mlflow" not in json.loads(listing.read_text())
