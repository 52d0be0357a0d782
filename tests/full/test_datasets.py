"""The default settings take real tables from a file to a judged model, and it is a good one.

Each becomes a project by answers alone: no code is written, no option changed. The page
`docs/reference/datasets.md` is made by a run of all: `TEST_LOAD=full WRITE_PAGE=1 python -m pytest`
of this file.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import loguniform, uniform
from sklearn.compose import ColumnTransformer
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import balanced_accuracy_score, r2_score, roc_auc_score
from sklearn.model_selection import RandomizedSearchCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

from tests.helpers.load import FULL
from tests.helpers.projects import ROOT, UNMEASURED, Project, begin, render
from tests.helpers.real_tables import TABLES, Table

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

PAGE = ROOT / "docs" / "reference" / "datasets.md"
METRIC = {"binary": "roc_auc", "multiclass": "balanced_accuracy", "regression": "r2"}
TOLERANCE = 0.02
"""By how much another release of a library may change a number of the page."""

RESAMPLES, TRIALS, FOLDS = 200, 12, 3

OF_EACH_KIND = ("penguins (raw)", "wine", "diabetes", "tumours")
"""Tables of every task and form of file, odd, noisy, and wide: those that `make test` has time for."""

SEARCHED = "diabetes"
"""The table whose options are searched too, where time is short."""

MEASURED = [table for table in TABLES if FULL or table.name in OF_EACH_KIND]

HEAD = f"""\
# Data sets

What the default settings make of real tables: answers to `copier copy` and a file, no code, no option. Made by
`TEST_LOAD=full WRITE_PAGE=1 python -m pytest tests/full/test_datasets.py`, which holds each to beat the dummy clearly
and to keep up with the linear model, or nearly: where rows are few and a straight line says all, trees stay behind.

The metric is the one that the gate judges by: ROC AUC for two classes, balanced accuracy for more, R² for numbers; of
rows that did not train, a fifth of all. In brackets are 95 % intervals (bootstrap, {RESAMPLES} resamples). *Dummy* and
*linear* are scikit-learn's on the same rows: the most frequent class or the mean; logistic or ridge regression on
scaled numbers and one-hot categories, gaps filled, times as days. *Gate* is what the gate decided: it blocks a model
that a line beats by more than 0.02 beyond doubt, and says so.

*Against default* is ours less scikit-learn's `HistGradientBoosting` with its own settings behind an `OrdinalEncoder`,
on the same rows, paired: above 0, ours is better. *Tuned* is ours after `tune: optuna` with {TRIALS} trials; *against
tuned* is that less the same scikit-learn pipeline after a `RandomizedSearchCV` of as many candidates on as many folds.
Where there is a dash nothing was searched, as it would take the test run minutes.
"""


@dataclass(frozen=True)
class Interval:
    """A value and its 95 % interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} ({self.low:.3f} to {self.high:.3f})"


@dataclass(frozen=True)
class LogMetric:
    """What came out for one table."""

    rows: int
    columns: int
    decision: str
    ours: Interval
    dummy: float
    linear: float
    against_default: Interval
    tuned: Interval | None
    against_tuned: Interval | None


@pytest.fixture(scope="module")
def measured() -> dict[str, LogMetric]:
    """What the tests of this module have measured so far."""
    return {}


@pytest.mark.parametrize("table", MEASURED, ids=lambda table: table.name)
def test_defaults_learn_from_a_real_table(
    table: Table, template: Path, tmp_path: Path, measured: dict[str, LogMetric]
) -> None:
    frame = table.load()
    project = begun(table, frame, template, tmp_path / "project")
    done = project.mlops("run", "--all", **UNMEASURED)
    assert "Warning" not in done.stderr
    decision = decided(project)
    ours, scores = judged(project, table)
    dummy, linear = yardsticks(project, table)
    default = against(project, table, scores, boosting(project, table))
    tuned = against_tuned = None
    if table.searched and (FULL or table.name == SEARCHED):
        search(project)
        tuned, scores = judged(project, table)
        against_tuned = against(project, table, scores, searched(project, table))
    measured[table.name] = LogMetric(
        len(frame),
        frame.shape[1] - 1,
        decision,
        ours,
        dummy,
        linear,
        default,
        tuned,
        against_tuned,
    )
    assert ours.value > dummy + table.gain
    assert ours.value > linear - table.margin
    assert default.high > -TOLERANCE
    assert against_tuned is None or against_tuned.high > -TOLERANCE


def decided(project: Project) -> str:
    """Return the gate's decision; a model may be blocked only because a line is better."""
    verdict = json.loads(project.read("reports/verdict.json"))
    blocking = [each["name"] for each in verdict["checks"] if each["outcome"] == "block"]
    assert blocking in ([], ["linear baseline"])
    return str(verdict["decision"])


def judged(project: Project, table: Table) -> tuple[Interval, np.ndarray]:
    """Return the metric with its interval as evaluate measured it, and what it was measured of."""
    row = json.loads(project.read("reports/evaluation/summary.json"))[METRIC[table.task]]
    rows = pd.read_parquet(project.root / "reports/evaluation/predictions.parquet")
    answers = rows["score" if table.task == "binary" else "prediction"].to_numpy()
    return Interval(row["value"], row["low"], row["high"]), answers


def search(project: Project) -> None:
    """Let the project search its trainer's options, train and judge again."""
    project.edit("conf/config.yaml", "- tune: none", "- tune: optuna")
    project.write("conf/tune/optuna.yaml", f"name: optuna\ntrials: {TRIALS}\nfolds: {FOLDS}\n")
    project.mlops("compose")
    for stage in ("tune", "train", "evaluate"):
        project.mlops("run", stage, **UNMEASURED)


def against(project: Project, table: Table, ours: np.ndarray, theirs: Any) -> Interval:
    """Return ours less what scikit-learn's fitted pipeline reaches, of the same resampled rows."""
    test = pd.read_parquet(project.root / "data/splits/test.parquet")
    inputs, target = parted(test, table.target)
    other = answered(theirs, inputs, table.task)
    truth = target.to_numpy()
    generator = np.random.default_rng(0)
    gains = []
    while len(gains) < RESAMPLES:
        drawn = generator.integers(0, len(truth), len(truth))
        if table.task == "regression" or len(set(truth[drawn])) > 1:
            gains.append(
                measure(truth[drawn], ours[drawn], table.task)
                - measure(truth[drawn], other[drawn], table.task)
            )
    low, high = np.percentile(gains, [2.5, 97.5])
    whole = measure(truth, ours, table.task) - measure(truth, other, table.task)
    return Interval(whole, float(low), float(high))


def boosting(project: Project, table: Table) -> Any:
    """Return scikit-learn's boosted trees with their own settings, fitted."""
    train = pd.read_parquet(project.root / "data/splits/train.parquet")
    return boosting_pipeline(train, table).fit(*parted(train, table.target))


def searched(project: Project, table: Table) -> Any:
    """Return scikit-learn's boosted trees after a random search of the same space, fitted."""
    train = pd.read_parquet(project.root / "data/splits/train.parquet")
    space = {
        "learning_rate": loguniform(0.01, 0.3),
        "max_leaf_nodes": loguniform_int(7, 127),
        "min_samples_leaf": loguniform_int(5, 100),
        "l2_regularization": uniform(0, 10),
    }
    return RandomizedSearchCV(
        boosting_pipeline(train, table),
        {f"trees__{name}": values for name, values in space.items()},
        n_iter=TRIALS,
        cv=FOLDS,
        scoring=METRIC[table.task],
        random_state=0,
    ).fit(*parted(train, table.target))


def loguniform_int(low: int, high: int) -> list[int]:
    """Return whole numbers of which each order of magnitude has as many."""
    return sorted({int(value) for value in np.geomspace(low, high, 40)})


def boosting_pipeline(train: pd.DataFrame, table: Table) -> Pipeline:
    inputs, _ = parted(train, table.target)
    inputs = inputs.dropna(axis="columns", how="all")  # it fails on a column without a value
    numbers = inputs.select_dtypes(["number", "bool"]).columns
    encoder = OrdinalEncoder(
        handle_unknown="use_encoded_value", unknown_value=np.nan, encoded_missing_value=np.nan
    )
    prepared = ColumnTransformer(
        [("n", "passthrough", numbers), ("c", encoder, inputs.columns.difference(numbers))]
    )
    trees = (
        HistGradientBoostingRegressor
        if table.task == "regression"
        else HistGradientBoostingClassifier
    )
    return Pipeline([("prepared", prepared), ("trees", trees(random_state=0))])


def begun(table: Table, frame: pd.DataFrame, template: Path, folder: Path) -> Project:
    """Return a project that a team has made for this table."""
    name = f"data/source{table.suffix}"
    project = begin(
        render(
            template,
            folder,
            data_source="file",
            data_path=name,
            target_column=table.target,
            task=table.task,
        )
    )
    path = project.root / name
    path.parent.mkdir(exist_ok=True)
    if path.suffix == ".parquet":
        frame.to_parquet(path)
    else:
        frame.to_csv(path, index=False, sep="\t" if path.suffix == ".tsv" else ",")
    return project


def yardsticks(project: Project, table: Table) -> tuple[float, float]:
    """Return what a dummy and a linear model reach on the rows that judged ours."""
    train, test = (
        pd.read_parquet(project.root / f"data/splits/{part}.parquet") for part in ("train", "test")
    )
    if table.task == "regression":
        models: list[Any] = [DummyRegressor(), linear_pipeline(train, table.target, Ridge())]
    else:
        logistic = LogisticRegression(max_iter=200)
        models = [DummyClassifier(), linear_pipeline(train, table.target, logistic)]
    return tuple(  # type: ignore[return-value]
        reached(model.fit(*parted(train, table.target)), *parted(test, table.target), table.task)
        for model in models
    )


def parted(rows: pd.DataFrame, target: str) -> tuple[pd.DataFrame, pd.Series[Any]]:
    """Return what predicts, times as days, and what is predicted."""
    inputs = rows.drop(columns=target)
    for name in inputs.select_dtypes("datetime"):
        inputs[name] = (inputs[name] - pd.Timestamp("2000-01-01")) / pd.Timedelta(days=1)
    return inputs, rows[target]


def linear_pipeline(train: pd.DataFrame, target: str, model: Any) -> Any:
    inputs, _ = parted(train, target)
    numbers = inputs.select_dtypes(["number", "bool"]).columns
    filled = make_pipeline(SimpleImputer(keep_empty_features=True), StandardScaler())
    encoder = OneHotEncoder(handle_unknown="ignore")
    return make_pipeline(
        ColumnTransformer(
            [("n", filled, numbers), ("c", encoder, inputs.columns.difference(numbers))]
        ),
        model,
    )


def reached(model: Any, inputs: pd.DataFrame, target: pd.Series[Any], task: str) -> float:
    return measure(target.to_numpy(), answered(model, inputs, task), task)


def answered(model: Any, inputs: pd.DataFrame, task: str) -> np.ndarray:
    """Return what a model answers: the chance of the second class of two, or the prediction."""
    if task == "binary":
        return np.asarray(model.predict_proba(inputs)[:, 1])
    return np.asarray(model.predict(inputs))


def measure(truth: np.ndarray, answers: np.ndarray, task: str) -> float:
    scores = {
        "binary": roc_auc_score,
        "multiclass": balanced_accuracy_score,
        "regression": r2_score,
    }
    return float(scores[task](truth, answers))


def test_the_page_is_current(measured: dict[str, LogMetric]) -> None:
    if "WRITE_PAGE" in os.environ:
        assert len(measured) == len(TABLES), "run all tables to write the page"
        PAGE.write_text(page(measured), encoding="utf-8")
    said = cells(PAGE.read_text(encoding="utf-8"))
    assert list(said) == [table.name for table in TABLES]
    for name, found in cells(page(measured)).items():
        assert said[name][:6] == found[:6], name
        now = numbers(found)
        differences = np.subtract(numbers(said[name])[: len(now)], now)
        assert np.abs(differences).max() <= TOLERANCE, (name, said[name], found)


def page(measured: dict[str, LogMetric]) -> str:
    lines = [
        "| data | task | rows | columns | what is odd | gate | ours | dummy | linear "
        "| against default | tuned | against tuned |",
        "|---|---|--:|--:|---|---|--:|--:|--:|--:|--:|--:|",
    ]
    for table in TABLES:
        if found := measured.get(table.name):
            cells = [table.name, table.task, f"{found.rows:,}", str(found.columns), table.odd]
            cells += [found.decision, str(found.ours), f"{found.dummy:.3f}", f"{found.linear:.3f}"]
            cells += [str(found.against_default)]
            cells += [str(each or "-") for each in (found.tuned, found.against_tuned)]
            lines.append(f"| {' | '.join(cells)} |")
    return HEAD + "\n" + "\n".join(lines) + "\n"


def cells(text: str) -> dict[str, list[str]]:
    """Return the page's rows by the table's name."""
    rows = [re.split(r" *\| *", line.strip("| ")) for line in text.splitlines() if line[:1] == "|"]
    return {row[0]: row for row in rows[2:]}


def numbers(row: list[str]) -> list[float]:
    """Return the values of a row's measures, without their intervals."""
    return [float(cell.split()[0]) for cell in row[6:] if cell != "-"]
