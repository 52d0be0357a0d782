"""Early stopping, monotonic constraints and the curves of each trainer of boosted trees."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import log_loss

from mlops_plugins import ConfigurationError, Stage, estimators
from mlops_plugins.api.component import parse
from mlops_plugins.api.context import Data
from mlops_plugins.artifacts import learning_curves, model_folder, tables
from mlops_plugins.manager.plugin_manager import plugin_manager
from mlops_plugins.testing import artefacts
from mlops_plugins.testing.tables import plain
from tests.helpers.training import BOOSTED, TARGET, diabetes, rounds, train, tumours, wines

if TYPE_CHECKING:
    from pathlib import Path


ALL_ROUNDS = 400


@pytest.mark.parametrize("trainer", BOOSTED)
@pytest.mark.parametrize("task", ["binary", "regression"])
def test_it_stops_when_held_out_rows_gain_no_more(tmp_path: Path, trainer: str, task: Any) -> None:
    frame, loss = (tumours(), "log_loss") if task == "binary" else (diabetes(), "rmse")
    stopped = train(
        tmp_path / "stopped",
        trainer,
        frame,
        task=task,
        early_stopping={"rounds": 7},
        learning_rate=0.3,
        **rounds(trainer, ALL_ROUNDS),
    )
    curve = [value for _, value in stopped.measured[f"validation_{loss}"]]
    assert [step for step, _ in stopped.measured[f"train_{loss}"]] == [*range(1, len(curve) + 1)]
    assert len(curve) < ALL_ROUNDS
    assert len(curve) - 7 == np.argmin(curve) + 1
    kept = len(curve) if trainer == "sklearn" else len(curve) - 7
    assert stopped.said[-1] == f"stopped early: {kept} rounds are kept"


@pytest.mark.parametrize("trainer", BOOSTED)
def test_without_early_stopping_it_goes_through_all_rounds(tmp_path: Path, trainer: str) -> None:
    options = {"early_stopping": {"rounds": None}, "learning_rate": 0.1, **rounds(trainer, 23)}
    trained = train(tmp_path, trainer, tumours(), **options)
    assert set(trained.measured) == {"train_log_loss"}
    steps, values = zip(*trained.measured["train_log_loss"], strict=True)
    assert steps == tuple(range(1, 24))
    assert values[-1] < values[0] / 3
    assert trained.said[0].startswith("round 1 of 23: train_log_loss ")
    assert trained.said[-1].startswith("round 23 of 23: ")
    assert len(trained.said) <= 13


def test_too_few_rows_are_not_held_out(tmp_path: Path) -> None:
    few = train(tmp_path / "a", "xgboost", wines(), task="multiclass", early_stopping={"rounds": 5})
    assert few.said[0] == "no early stopping: 178 rows are too few to hold a tenth of them out"
    rare = tumours()
    rare = rare[(rare[TARGET] == "benign") | (rare.index < 9)]
    said = train(tmp_path / "b", "xgboost", rare, early_stopping={"rounds": 5}).said
    assert said[0] == "no early stopping: a class has fewer than 10 training rows"
    many = train(
        tmp_path / "c", "sklearn", tumours(), early_stopping={"maximum_rows": 500}, max_iter=3
    )
    assert "569 training rows are more than early_stopping.maximum_rows, 500" in many.said[0]


@pytest.mark.parametrize("trainer", BOOSTED)
def test_the_kept_rounds_lose_least_on_weighed_rows_held_out(tmp_path: Path, trainer: str) -> None:
    frame = tumours()
    frame = frame.assign(counts=np.where(frame["mean radius"].between(13, 15), 20.0, 1.0))
    given: dict[str, Any] = {
        "early_stopping": {"rounds": 7},
        "learning_rate": 0.3,
        **rounds(trainer, ALL_ROUNDS),
    }
    stopped = train(tmp_path, trainer, frame, weight="counts", **given)
    curve = [value for _, value in stopped.measured["validation_log_loss"]]

    options: Any = plugin_manager().load(Stage.TRAIN, trainer)(**given)
    context = replace(
        artefacts.context(tmp_path, plain()),
        seed=3,
        data=Data(task="binary", target=TARGET, weight="counts"),
    )
    held_out = estimators.prepare_boosting(
        context, tmp_path / "features", options, estimators.ordinal_preprocessing, where=""
    ).held_out
    assert held_out is not None
    # There are numbers alone, which the preprocessing of trees passes through.
    rows = pd.DataFrame(held_out.values, columns=frame.columns.drop([TARGET, "counts"]))
    lost = log_loss(held_out.target, stopped.scores(rows), sample_weight=held_out.weight)
    assert len(rows) == 57
    # HistGradientBoosting keeps the rounds without gain too.
    assert lost == pytest.approx(curve[-1] if trainer == "sklearn" else min(curve), rel=1e-5)


@pytest.mark.parametrize("trainer", BOOSTED)
def test_the_former_options_of_early_stopping_mean_the_same(trainer: str) -> None:
    options: Any = plugin_manager().load(Stage.TRAIN, trainer)
    default = options().early_stopping
    for former, present in (
        ({"early_stopping": 5}, (5, default.maximum_rows)),
        ({"early_stopping": None}, (None, default.maximum_rows)),
        ({"early_stopping": 5, "early_stopping_rows": 700}, (5, 700)),
        ({"early_stopping_rows": 700}, (default.rounds, 700)),
        ({"early_stopping": {"rounds": 5}}, (5, default.maximum_rows)),
    ):
        made = parse(options, former, where="conf").early_stopping
        assert (made.rounds, made.maximum_rows) == present, former
    with pytest.raises(ConfigurationError, match=r"'early_stopping\.rounds' is 0"):
        parse(options, {"early_stopping": 0}, where="conf")
    with pytest.raises(ConfigurationError, match=r"no option 'early_stopping\.round'"):
        parse(options, {"early_stopping": {"round": 3}}, where="conf")


def rises(frame: pd.DataFrame, scores: Any, feature: str) -> np.ndarray:
    """Return the greatest fall of each row's score as the feature alone grows."""
    rows = frame.drop(columns=TARGET).sample(40, random_state=0)
    grid = np.quantile(frame[feature], np.linspace(0, 1, 30))
    made = [scores(rows.assign(**{feature: value})) for value in grid]
    at = np.array([each if each.ndim == 1 else each[:, 1] for each in made])
    return np.diff(at, axis=0).min(axis=0)


@pytest.mark.parametrize("trainer", [*BOOSTED, "estimator"])
@pytest.mark.parametrize("task", ["binary", "regression"])
def test_a_constrained_prediction_never_falls(tmp_path: Path, trainer: str, task: Any) -> None:
    frame, feature = (
        (tumours().assign(kind=(tumours()["mean smoothness"] > 0.1).map(str)), "mean texture")
        if task == "binary"
        else (diabetes().assign(sex=(diabetes()["age"] > 0).map(str)), "bmi")
    )
    kind = "Regressor" if task == "regression" else "Classifier"
    options: dict[str, Any] = (
        {"estimator": f"RandomForest{kind}", "parameters": {"n_estimators": 20}}
        if trainer == "estimator"
        else rounds(trainer, 40)
    )
    free = train(tmp_path / "free", trainer, frame, task=task, **options)
    up, down = (
        train(tmp_path / str(way), trainer, frame, task=task, monotonic={feature: way}, **options)
        for way in (1, -1)
    )
    assert rises(frame, free.scores, feature).min() < -1e-3
    assert rises(frame, up.scores, feature).min() >= -1e-9
    assert rises(frame, lambda rows: 1 - down.scores(rows), feature).min() >= -1e-9


WRONG: dict[str, tuple[Any, str, dict[str, int], str]] = {
    "unknown": ("binary", "xgboost", {"mean radiis": 1}, "Did you mean 'mean radius'?"),
    "a category": ("binary", "catboost", {"kind": 1}, "'kind' is no number"),
    "several classes": ("multiclass", "lightgbm", {"mean radius": 1}, "no probability can be kept"),
    "no constraints": ("binary", "estimator", {"mean radius": 1}, "takes no monotonic"),
}


@pytest.mark.parametrize(("task", "trainer", "monotonic", "said"), WRONG.values(), ids=WRONG)
def test_a_constraint_that_cannot_be_is_refused(
    tmp_path: Path, task: Any, trainer: str, monotonic: dict[str, int], said: str
) -> None:
    frame = tumours().assign(kind=(tumours()["mean smoothness"] > 0.1).map(str))
    if task == "multiclass":
        frame.loc[frame["mean radius"] > 20, TARGET] = "large"
    options = {"estimator": "LogisticRegression"} if trainer == "estimator" else {}
    with pytest.raises(ConfigurationError) as refused:
        train(tmp_path, trainer, frame, task=task, monotonic=monotonic, **options)
    assert said in str(refused.value)
    assert refused.value.where.startswith(f"conf/train/{trainer}.yaml: monotonic")


def test_a_direction_is_up_or_down() -> None:
    with pytest.raises(ValueError, match="monotonic"):
        plugin_manager().load(Stage.TRAIN, "xgboost")(monotonic={"mean radius": 2})


@pytest.mark.parametrize("trainer", BOOSTED)
def test_more_threads_give_the_same_scores(tmp_path: Path, trainer: str) -> None:
    case = plain()
    frame = tables.read_frame(artefacts.provide(case, "data/features") / "train.parquet")
    frame = frame.rename(columns={case.data.target: TARGET})
    one, four = (
        train(tmp_path / str(threads), trainer, frame, threads=threads, **rounds(trainer, 60))
        for threads in (1, 4)
    )
    rows = frame.drop(columns=TARGET)
    np.testing.assert_allclose(one.scores(rows), four.scores(rows), rtol=0, atol=1e-9)


@pytest.mark.parametrize("trainer", BOOSTED)
def test_a_model_keeps_what_was_measured_while_it_learnt(tmp_path: Path, trainer: str) -> None:
    case = plain()
    passed: list[tuple[str, float, int | None]] = []
    context = replace(
        artefacts.context(tmp_path, case), log_metric=lambda *call: passed.append(call)
    )
    implementation: Any = plugin_manager().load(Stage.TRAIN, trainer)
    model_folder.build(
        context,
        implementation(**rounds(trainer, 12)),
        chosen={Stage.TRAIN: trainer, Stage.FEATURES: "project"},
        features=artefacts.provide(case, "data/features"),
        schema_file=artefacts.provide(case, "schema.yaml"),
        output=tmp_path / "model",
    )
    kept = learning_curves.read(tmp_path / "model")
    assert [(name, value, step) for name in kept for step, value in kept[name]] == sorted(
        passed, key=lambda call: [*kept].index(call[0])
    )
    assert len(kept["train_log_loss"]) == 12
    manifest = json.loads((tmp_path / "model" / "manifest.json").read_text())
    assert learning_curves.FILE in manifest["files"]


def test_a_model_without_a_history_has_none(tmp_path: Path) -> None:
    assert learning_curves.read(tmp_path) == {}
