"""The pipeline of a rendered project: what runs when, what experiments leave, what is repeatable."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from ruamel.yaml import YAML

from mlops_plugins.api.contracts import CONTRACTS, PIPELINE
from mlops_plugins.api.stage import Stage
from mlops_plugins.artifacts.files import digest
from tests.helpers.projects import Project, begin, render, shorten

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.slow

STAGES = ["compose", *PIPELINE]
AFTER_TRAIN = list(STAGES[STAGES.index("train") :])


def ask_mlflow(project: Project, expression: str) -> Any:
    """Return what an expression says of the project's store, where `client` is MLflow's."""
    code = (
        "import json, mlflow; client = mlflow.MlflowClient('sqlite:///mlflow.db')\n"
        "runs = client.search_runs([e.experiment_id for e in client.search_experiments()])\n"
        f"print(json.dumps({expression}))"
    )
    return json.loads(project.run("python", "-c", code).stdout)


def tracked_runs(project: Project) -> dict[str, str]:
    """Return each tracked run's digest by its name."""
    found: dict[str, str] = ask_mlflow(
        project, "{run.info.run_name: run.data.tags['mlops.digest'] for run in runs}"
    )
    return found


def aliases(project: Project) -> dict[str, str]:
    found = ask_mlflow(project, "client.get_registered_model('late').aliases")
    return {alias: str(version) for alias, version in found.items()}


def test_a_second_repro_starts_no_stage_but_compose_which_changes_nothing(project: Project) -> None:
    written, locked = (project.root / "params.yaml").stat().st_mtime_ns, project.read("dvc.lock")
    output = project.dvc("repro").stdout
    assert output.count("Running stage '") == output.count("Running stage 'compose'") == 1
    assert (project.root / "params.yaml").stat().st_mtime_ns == written
    assert project.read("dvc.lock") == locked
    assert project.dvc("status").stdout.split() == ["compose:", "always", "changed"]


def test_an_option_of_train_reruns_train_and_what_follows(project: Project) -> None:
    project.edit("conf/train/sklearn.yaml", "max_iter: 40", "max_iter: 50")
    assert project.repro() == ["tune", *AFTER_TRAIN]


def test_a_comment_in_conf_reruns_compose_alone(project: Project) -> None:
    project.edit("conf/train/sklearn.yaml", "name: sklearn", "name: sklearn  # the default")
    assert project.repro() == []


def test_an_option_of_the_service_reruns_no_stage_but_compose(project: Project) -> None:
    project.edit("conf/serve/fastapi.yaml", "max_rows: 1000", "max_rows: 10")
    assert project.repro() == []


def test_feature_code_reruns_features_and_what_follows(project: Project) -> None:
    project.edit("src/late/features.py", "day_of_year=", "day_in_year=")
    assert project.repro("train") == ["features", "tune", "train"]


def test_another_experiment_is_run_shown_and_tracked(project: Project) -> None:
    project.dvc(
        "exp",
        "run",
        "--name",
        "forest",
        "-S",
        "train=estimator",
        "-S",
        "+train.parameters.n_estimators=20",
    )
    project.dvc("exp", "run", "--name", "deep", "-S", "train.max_leaf_nodes=63")
    shown = project.dvc("exp", "show", "--csv").stdout
    assert "forest" in shown
    assert "deep" in shown
    runs = tracked_runs(project)
    assert {"forest", "deep"} <= set(runs)
    assert len(set(runs.values())) == len(runs) == 3


def test_an_applied_experiment_is_not_dropped_silently(project: Project) -> None:
    project.dvc("exp", "run", "-S", "train.max_iter=60", "train")
    project.edit("conf/split/time.yaml", "test_share: 0.2", "test_share: 0.25")
    refused = project.dvc("repro", check=False)
    assert refused.returncode != 0
    assert "train.max_iter=60" in refused.stderr
    assert "mlops compose --keep" in refused.stderr
    assert "mlops compose --discard" in refused.stderr

    kept = project.mlops("compose", "--keep")
    assert "train.max_iter=60" in kept.stderr
    assert "max_iter: 60" in project.read("conf/train/sklearn.yaml")
    assert "# Maximum number of trees" in project.read("conf/train/sklearn.yaml")
    ran = project.repro()
    assert ran[-1] == "register"
    params = YAML(typ="safe").load(project.root / "params.yaml")
    assert params["train"]["max_iter"] == 60
    assert params["split"]["test_share"] == 0.25
    assert "overrides" not in params


def test_an_applied_swap_is_kept_as_a_word_and_a_file(project: Project) -> None:
    swap = ("-S", "train=estimator", "-S", "train.estimator=LogisticRegression")
    project.dvc("exp", "run", *swap, "train")
    project.mlops("compose", "--keep")
    assert "- train: estimator" in project.read("conf/config.yaml")
    assert "estimator: LogisticRegression" in project.read("conf/train/estimator.yaml")
    assert project.mlops("compose", "--check").returncode == 0


def test_discarding_an_experiment_goes_back_to_conf(project: Project) -> None:
    before = project.read("params.yaml")
    project.dvc("exp", "run", "-S", "train.max_iter=60", "compose")
    dropped = project.mlops("compose", "--discard")
    assert "train.max_iter=60" in dropped.stderr
    assert project.read("params.yaml") == before


def test_the_same_commit_gives_the_same_bytes_also_in_one_process(
    finished: Project, template: Path, tmp_path: Path
) -> None:
    other = begin(render(template, tmp_path / "late"))
    shorten(other)
    other.mlops("run", "--all")
    outputs = [path for stage in PIPELINE for path in CONTRACTS[stage].outputs.values()]
    for output in ("params.yaml", "schema.yaml", *outputs):
        assert digest(other.root / output) == digest(finished.root / output), output
    assert aliases(other) == {"challenger": "1", "champion": "1"}


def test_run_wants_one_stage_or_all(finished: Project) -> None:
    for arguments in ([], ["train", "--all"]):
        refused = finished.mlops("run", *arguments, check=False)
        assert refused.returncode == 2
        assert "name one STAGE, or say --all" in refused.stderr


def test_the_first_is_champion_a_worse_one_is_blocked_and_a_better_one_promoted(
    fresh: Callable[..., Project],
) -> None:
    project = fresh()
    shorten(project)
    project.edit(
        "src/late/features.py", '(columns="scheduled")', '(columns=["scheduled", "origin"])'
    )
    project.repro()
    assert aliases(project) == {"challenger": "1", "champion": "1"}

    project.edit("src/late/features.py", '"origin"', '"departure_delay"')
    project.repro()
    judged = project.mlops("gate", check=False)
    assert judged.returncode == 6
    assert "worse: roc_auc" in judged.stdout
    assert aliases(project) == {"challenger": "1", "champion": "1"}

    # Its whole memory lost, the registry begins with the weak one, which the good one then beats.
    (project.root / "mlflow.db").unlink()
    for name in ("verdict", "run", "registration"):
        (project.root / f"reports/{name}.json").unlink()
    project.repro()
    assert aliases(project) == {"challenger": "1", "champion": "1"}
    project.edit("src/late/features.py", '["scheduled", "departure_delay"]', '["scheduled"]')
    project.repro()
    assert "better: roc_auc" in project.mlops("gate").stdout
    assert aliases(project) == {"challenger": "2", "champion": "2"}


def test_a_floor_blocks(project: Project) -> None:
    project.edit("conf/gate/champion.yaml", "floors: {}", "floors: {roc_auc: 0.99}")
    assert project.repro() == ["gate", "report", "track", "register"]
    assert "< 0.99" in project.mlops("gate", check=False).stdout


def test_the_same_result_is_tracked_once(project: Project) -> None:
    before = tracked_runs(project)
    project.dvc("repro", "--force")
    assert tracked_runs(project) == before


def test_a_version_belongs_to_its_run_in_an_experiment_of_any_name(project: Project) -> None:
    (project.root / "mlflow.db").unlink()
    (project.root / "reports/registration.json").unlink()
    project.edit("conf/track/mlflow.yaml", "experiment:", "experiment: elsewhere  #")
    project.repro()
    version = ask_mlflow(project, "client.get_model_version('late', '1').run_id")
    assert ask_mlflow(project, "[run.info.run_id for run in runs]") == [version]


def test_without_a_tracker_nothing_is_tracked(project: Project) -> None:
    (project.root / "mlflow.db").unlink()
    project.edit("conf/config.yaml", "- track: mlflow", "- track: none")
    assert project.repro()[0] == "track"
    assert not (project.root / "mlflow.db").exists()


@pytest.mark.parametrize("trainer", ["xgboost", "lightgbm", "estimator"])
def test_every_trainer_gives_a_model_that_predicts(project: Project, trainer: str) -> None:
    project.edit("conf/config.yaml", "- train: sklearn", f"- train: {trainer}")
    project.mlops("compose")
    for stage in (Stage.TRAIN, Stage.EVALUATE):
        project.mlops("run", stage)
    assert json.loads(project.read("reports/metrics.json"))["roc_auc"] > 0.8


@pytest.mark.parametrize("split", ["random", "stratified"])
def test_every_split_gives_two_parts(project: Project, split: str) -> None:
    project.edit("conf/config.yaml", "- split: time", f"- split: {split}")
    project.mlops("compose")
    project.mlops("run", "split")
    done = project.run(
        "python",
        "-c",
        "import pandas as pd; print(len(pd.read_parquet("
        "'data/splits/train.parquet')), len(pd.read_parquet('data/splits/test.parquet')))",
    )
    train, test = map(int, done.stdout.split())
    assert test / (train + test) == pytest.approx(0.2, abs=0.01)


def test_drift_closes_the_loop(project: Project) -> None:
    month = project.run(
        "python", "-m", "mlops_plugins.stages.ingest.sample", "2013-12", "data/production"
    )
    rows, labels = month.stdout.split()
    # Ten days of June say nothing of December's cold: here that is drift, not broken data.
    project.edit("conf/monitor/drift.yaml", "max_bad_share: 0.01", "max_bad_share: 0.99")
    project.dvc("repro")
    found = project.mlops("monitor", "--data", rows, "--labels", labels, check=False)
    assert found.returncode in (10, 20)
    assert "temperature" in found.stdout
    nothing_new = project.mlops("retrain")
    assert "not retrained: the data and the parameters are those" in nothing_new.stdout
    # December is right and June's ranges were narrow: the team lets the schema be inferred anew.
    project.write("schema.yaml", "columns: {}\n")
    retrained = project.mlops(
        "retrain", "-S", "ingest.until=2013-12-20", "-S", "ingest.since=2013-12-01"
    )
    assert "retrained: " in retrained.stdout
    assert "ingest.until=" in project.mlops("compose", "--discard").stderr
