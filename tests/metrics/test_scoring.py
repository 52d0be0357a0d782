"""The metrics of an evaluation: against scikit-learn, with weights, and their intervals' coverage."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from sklearn import datasets, metrics
from sklearn.linear_model import LinearRegression, LogisticRegression

from mlops_plugins.metrics import bootstrap, scoring, weighted

TASKS = ("binary", "multiclass", "regression")


def answers(task: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the truth and a linear model's answers on real data, some of which tie."""
    if task == "regression":
        x, y = datasets.load_diabetes(return_X_y=True)
        return y, LinearRegression().fit(x, y).predict(x).round(-1)
    load = datasets.load_breast_cancer if task == "binary" else datasets.load_wine
    x, y = load(return_X_y=True)
    columns = x[:, :2] / x[:, :2].std(axis=0)
    scores = LogisticRegression().fit(columns, y).predict_proba(columns).round(2)
    return y, scores / scores.sum(axis=1, keepdims=True)


EXPECTED = {
    "binary": {
        "roc_auc": lambda y, s, p: metrics.roc_auc_score(y, s[:, 1]),
        "average_precision": lambda y, s, p: metrics.average_precision_score(y, s[:, 1]),
        "log_loss": lambda y, s, p: metrics.log_loss(y, s),
        "brier": lambda y, s, p: metrics.brier_score_loss(y, s[:, 1]),
        "accuracy": lambda y, s, p: metrics.accuracy_score(y, p),
        "balanced_accuracy": lambda y, s, p: metrics.balanced_accuracy_score(y, p),
        "precision": lambda y, s, p: metrics.precision_score(y, p),
        "recall": lambda y, s, p: metrics.recall_score(y, p),
        "specificity": lambda y, s, p: metrics.recall_score(y, p, pos_label=0),
        "f1": lambda y, s, p: metrics.f1_score(y, p),
        "matthews": lambda y, s, p: metrics.matthews_corrcoef(y, p),
    },
    "multiclass": {
        "accuracy": lambda y, s, p: metrics.accuracy_score(y, p),
        "balanced_accuracy": lambda y, s, p: metrics.balanced_accuracy_score(y, p),
        "f1_macro": lambda y, s, p: metrics.f1_score(y, p, average="macro"),
        "matthews": lambda y, s, p: metrics.matthews_corrcoef(y, p),
        "roc_auc_ovr": lambda y, s, p: metrics.roc_auc_score(y, s, multi_class="ovr"),
        "log_loss": lambda y, s, p: metrics.log_loss(y, s),
    },
    "regression": {
        "rmse": lambda y, s, p: metrics.root_mean_squared_error(y, s),
        "mae": lambda y, s, p: metrics.mean_absolute_error(y, s),
        "median_absolute_error": lambda y, s, p: metrics.median_absolute_error(y, s),
        "mape": lambda y, s, p: metrics.mean_absolute_percentage_error(y, s),
        "bias": lambda y, s, p: s.mean() - y.mean(),
        "r2": lambda y, s, p: metrics.r2_score(y, s),
        "explained_variance": lambda y, s, p: metrics.explained_variance_score(y, s),
    },
}


@pytest.mark.parametrize("task", TASKS)
def test_metrics_are_those_of_scikit_learn(task: str) -> None:
    y, s = answers(task)
    predicted = s.argmax(1) if s.ndim > 1 else s
    expected = {name: function(y, s, predicted) for name, function in EXPECTED[task].items()}
    assert scoring.metrics(task, y, s) == pytest.approx(expected)
    assert weighted.metrics(task, y, s)(np.ones(len(y))) == pytest.approx(expected)


@pytest.mark.parametrize("task", TASKS)
def test_a_weight_is_how_often_a_row_counts(task: str) -> None:
    y, s = answers(task)
    measure, primary = weighted.metrics(task, y, s), weighted.primary(task, y, s)
    for rows in bootstrap.resampled_rows(len(y), resamples=20, seed=3):
        weights = np.bincount(rows, minlength=len(y)).astype(float)
        expected = scoring.metrics(task, y[rows], s[rows])
        assert measure(weights) == pytest.approx(expected, abs=1e-12)
        assert primary(weights) == pytest.approx(expected[scoring.PRIMARY[task]], abs=1e-12)


def test_a_class_without_rows_is_left_out_of_means() -> None:
    y, s = answers("multiclass")
    kept = y != 1
    found = scoring.metrics("multiclass", y[kept], s[kept])
    by_hand = [metrics.roc_auc_score(y[kept] == k, s[kept, k]) for k in (0, 2)]
    assert found["roc_auc_ovr"] == pytest.approx(np.mean(by_hand))
    # Rows that are predicted to be of it count against it.
    recalls = metrics.recall_score(
        y[kept], s[kept].argmax(1), average=None, labels=[0, 1, 2], zero_division=0
    )
    assert found["balanced_accuracy"] == pytest.approx(recalls.mean())


@pytest.mark.parametrize("rows", [1, 2])
@pytest.mark.parametrize("task", TASKS)
def test_what_has_no_value_is_nan(task: str, rows: int) -> None:
    y, s = answers(task)
    first = np.flatnonzero(y == y[0])[:rows]
    found = weighted.metrics(task, y[first], s[first])(np.ones(len(first)))
    undefined = {"binary": "roc_auc", "multiclass": "roc_auc_ovr", "regression": "r2"}[task]
    assert math.isnan(found[undefined])
    assert math.isfinite(found["mae" if task == "regression" else "accuracy"])
    assert math.isnan(bootstrap.measure(lambda _: math.nan, y[first], resamples=20, seed=1)["low"])


def test_nothing_is_divided_by_a_truth_of_zero() -> None:
    y, s = answers("regression")
    assert math.isnan(scoring.metrics("regression", np.append(y, 0.0), np.append(s, 1.0))["mape"])


def test_no_digits_are_lost_where_the_truth_is_far_from_zero() -> None:
    y, s = answers("regression")
    far = weighted.metrics("regression", y + 1e9, s + 1e9)(np.ones(len(y)))
    assert far["r2"] == pytest.approx(metrics.r2_score(y, s), abs=1e-6)


@pytest.mark.parametrize("task", ["binary", "regression"])
def test_intervals_hold_the_truth_in_95_of_100_cases(task: str) -> None:
    """Draw samples from a population whose metric is known; 200 samples tell 0.95 from 0.90."""
    generator = np.random.default_rng(5)
    score = generator.normal(size=100_000)
    noisy = score + generator.normal(size=len(score))
    y = (noisy > 0).astype(int) if task == "binary" else noisy
    chance = 1 / (1 + np.exp(-score))
    s = np.column_stack([1 - chance, chance]) if task == "binary" else score
    truth = weighted.primary(task, y, s)(np.ones(len(y)))
    held = 0
    for seed in range(200):
        rows = generator.integers(0, len(y), 300)
        function = weighted.primary(task, y[rows], s[rows])
        found = bootstrap.measure(function, y[rows], resamples=100, seed=seed)
        held += found["low"] <= truth <= found["high"]
    assert 0.90 <= held / 200 <= 0.98


def test_delongs_error_is_that_of_repeated_samples() -> None:
    generator = np.random.default_rng(1)

    def sample() -> tuple[np.ndarray, np.ndarray]:
        positive = np.arange(400) < 150
        return positive, (generator.normal(size=400) + positive).round(1)

    areas = [weighted.Ranking(*sample()).auc(np.ones(400)) for _ in range(400)]
    errors = [weighted.Ranking(*sample()).error() for _ in range(50)]
    assert np.mean(errors) == pytest.approx(np.std(areas), rel=0.15)


def test_json_has_no_nan(tmp_path) -> None:
    from mlops_plugins.artifacts import files

    y, s = answers("binary")
    first = y == 1
    files.write_json(tmp_path / "x.json", scoring.metrics("binary", y[first], s[first]))
    found = json.loads((tmp_path / "x.json").read_text())
    assert found["roc_auc"] is None
    assert found["accuracy"] is not None
