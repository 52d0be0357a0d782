"""What rows and classes count, in each trainer; and what is wrong with weights is told by its row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from sklearn.metrics import root_mean_squared_error

from mlops_plugins import ConfigurationError, DataError, Stage
from mlops_plugins.api.component import parse
from mlops_plugins.manager.plugin_manager import plugin_manager
from tests.helpers.training import BOOSTED, TARGET, diabetes, rounds, train, tumours, wines

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pandas as pd

FOREST = {"estimator": "LogisticRegression"}


def quick(trainer: str) -> dict[str, Any]:
    return FOREST if trainer == "estimator" else rounds(trainer, 30)


@pytest.mark.parametrize("trainer", [*BOOSTED, "estimator"])
def test_a_row_that_weighs_nothing_is_as_if_it_were_not_there(tmp_path: Path, trainer: str) -> None:
    frame = tumours()
    small = frame["mean radius"] < 15
    weighed = train(
        tmp_path / "weighed",
        trainer,
        frame.assign(counts=small * 2.0),
        weight="counts",
        **quick(trainer),
    )
    without = train(
        tmp_path / "without",
        trainer,
        frame[small].assign(counts=2.0),
        weight="counts",
        **quick(trainer),
    )
    everything = train(tmp_path / "all", trainer, frame, **quick(trainer))
    rows = frame.drop(columns=TARGET)
    np.testing.assert_allclose(weighed.scores(rows), without.scores(rows), atol=1e-12)
    assert np.abs(weighed.scores(rows) - everything.scores(rows)).max() > 0.1


# CatBoost draws rows for each tree, and draws copies otherwise.
@pytest.mark.parametrize("trainer", ["sklearn", "lightgbm", "xgboost", "estimator"])
def test_a_row_that_weighs_nine_counts_as_nine_rows(tmp_path: Path, trainer: str) -> None:
    frame = tumours()
    weight = np.where(frame["mean texture"] > 20, 9, 1)
    alike = {
        "sklearn": {"min_samples_leaf": 1, "max_leaf_nodes": 4, "early_stopping": {"rounds": None}},
        "lightgbm": {"min_child_samples": 1, "num_leaves": 4},
        "xgboost": {"max_depth": 2},
        "estimator": {"parameters": {"C": 1.0}},
    }[trainer]
    options = quick(trainer) | alike
    weighed = train(
        tmp_path / "weighed", trainer, frame.assign(counts=weight), weight="counts", **options
    )
    copied = train(tmp_path / "copied", trainer, frame.loc[frame.index.repeat(weight)], **options)
    plain = train(tmp_path / "plain", trainer, frame, **options)
    rows = frame.drop(columns=TARGET)
    apart = np.abs(weighed.scores(rows) - copied.scores(rows)).mean()
    # Copies move the borders of bins and what is drawn at random, so the two are not equal.
    assert apart < 0.5 * np.abs(plain.scores(rows) - copied.scores(rows)).mean()


@pytest.mark.parametrize("trainer", BOOSTED)
def test_regression_leans_to_the_rows_that_count(tmp_path: Path, trainer: str) -> None:
    frame = diabetes()
    old = frame["age"] > 0
    options = rounds(trainer, 10)
    weighed = train(
        tmp_path / "weighed",
        trainer,
        frame.assign(counts=np.where(old, 20.0, 0.1)),
        task="regression",
        weight="counts",
        **options,
    )
    plain = train(tmp_path / "plain", trainer, frame, task="regression", **options)
    rows = frame.drop(columns=TARGET)
    losses = [
        root_mean_squared_error(frame[TARGET][old], model.scores(rows)[old])
        for model in (weighed, plain)
    ]
    assert losses[0] < losses[1]


@pytest.mark.parametrize("trainer", [*BOOSTED, "estimator"])
def test_a_class_that_counts_more_is_found_more_often(tmp_path: Path, trainer: str) -> None:
    frame = tumours()
    rows = frame.drop(columns=TARGET)
    found = {
        name: float(
            train(tmp_path / name, trainer, frame, class_weight=given, **quick(trainer))
            .scores(rows)[:, 1]
            .mean()
        )
        for name, given in {
            "plain": None,
            "malignant": {"malignant": 25.0},
            "balanced": "balanced",
            "by hand": {"malignant": 569 / 2 / 212, "benign": 569 / 2 / 357},
        }.items()
    }
    assert found["malignant"] > found["balanced"] > found["plain"]
    assert found["balanced"] == pytest.approx(found["by hand"], abs=1e-9)


def test_balanced_classes_count_the_weights_of_their_rows(tmp_path: Path) -> None:
    frame = tumours()
    weight = np.where(frame["mean texture"] > 20, 3, 1)
    given = {**FOREST, "class_weight": "balanced"}
    weighed = train(
        tmp_path / "weighed", "estimator", frame.assign(counts=weight), weight="counts", **given
    )
    copied = train(tmp_path / "copied", "estimator", frame.loc[frame.index.repeat(weight)], **given)
    rows = frame.drop(columns=TARGET)
    assert np.abs(weighed.scores(rows) - copied.scores(rows)).mean() < 0.01


def test_a_class_that_is_a_number_may_be_written_as_one(tmp_path: Path) -> None:
    frame = wines()
    rows = frame.drop(columns=TARGET)
    by_number, by_text = (
        train(
            tmp_path / str(type(label)),
            "estimator",
            frame,
            task="multiclass",
            estimator="LogisticRegression",
            class_weight={label: 9.0},
        ).scores(rows)
        for label in (1, "1")
    )
    np.testing.assert_array_equal(by_number, by_text)


def at_row(row: int, value: float) -> Callable[[pd.DataFrame], pd.DataFrame]:
    def change(frame: pd.DataFrame) -> pd.DataFrame:
        frame = frame.assign(counts=1.0)
        frame.loc[row, "counts"] = value
        return frame

    return change


BAD: dict[str, tuple[Callable[[pd.DataFrame], pd.DataFrame], str]] = {
    "negative": (at_row(4, -2.0), "the first is -2"),
    "missing": (at_row(4, np.nan), "the first is missing"),
    "infinite": (at_row(4, np.inf), "the first is inf"),
    "all zero": (lambda frame: frame.assign(counts=0), "All weights are zero"),
    "text": (lambda frame: frame.assign(counts="1"), "is no number"),
    "absent": (lambda frame: frame.assign(count=1), "Did you mean 'count'?"),
    "of a class": (
        lambda frame: frame.assign(counts=(frame[TARGET] == "benign") * 1),
        "All rows of the class 'malignant' weigh nothing",
    ),
}


@pytest.mark.parametrize(("change", "said"), BAD.values(), ids=BAD)
def test_a_weight_that_is_none_is_refused(
    tmp_path: Path, change: Callable[[pd.DataFrame], pd.DataFrame], said: str
) -> None:
    with pytest.raises(DataError) as refused:
        train(tmp_path, "sklearn", change(tumours()), weight="counts")
    assert said in str(refused.value)
    if "first" in said:
        assert "column counts, row 5" in refused.value.where


WRONG: dict[str, tuple[str, dict[str, Any], str, str]] = {
    "unknown class": (
        "xgboost",
        {"class_weight": {"malignent": 2.0}},
        "Did you mean 'malignant'?",
        "conf/train/xgboost.yaml: class_weight.malignent",
    ),
    "of an estimator without": (
        "estimator",
        {"estimator": "KNeighborsClassifier", "class_weight": "balanced"},
        "KNeighborsClassifier takes no weights",
        "conf/train/estimator.yaml: class_weight",
    ),
}


@pytest.mark.parametrize(("trainer", "options", "said", "where"), WRONG.values(), ids=WRONG)
def test_a_class_weight_that_cannot_be_is_refused(
    tmp_path: Path, trainer: str, options: dict[str, Any], said: str, where: str
) -> None:
    with pytest.raises(ConfigurationError) as refused:
        train(tmp_path, trainer, tumours(), **options)
    assert said in str(refused.value)
    assert refused.value.where == where


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("balancd", "is 'balancd': input should be 'balanced'"),
        ({1: -5}, "is -5: input should be greater than 0"),
    ],
)
def test_a_class_weight_of_no_kind_is_told_by_its_name(given: Any, said: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        parse(
            plugin_manager().load(Stage.TRAIN, "xgboost"),
            {"class_weight": given},
            where="conf/train",
        )
    assert f"The option 'class_weight' {said}." in str(refused.value)
    assert refused.value.where == "conf/train: class_weight"


def test_numbers_have_no_class_weight(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no classes"):
        train(tmp_path, "lightgbm", diabetes(), task="regression", class_weight="balanced")
