"""The default settings take real tables from a file to a judged model, and it is a good one.

Each becomes a project by answers alone: no code is written, no option changed. The page
`docs/reference/datasets.md` is made by this run: `WRITE_PAGE=1 python -m pytest tests/test_datasets.py`.
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
from sklearn.compose import ColumnTransformer
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import balanced_accuracy_score, r2_score, roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from conftest import ROOT, Project, begin, render
from real_tables import TABLES, Table

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

PAGE = ROOT / "docs" / "reference" / "datasets.md"
METRIC = {"binary": "roc_auc", "multiclass": "balanced_accuracy", "regression": "r2"}
TOLERANCE = 0.02
"""By how much another release of a library may change a number of the page."""

HEAD = """\
# Data sets

What the default settings make of real tables: answers to `copier copy` and a file, no code, no option. Made by
`WRITE_PAGE=1 python -m pytest tests/test_datasets.py`, which holds each to beat the dummy clearly and to keep up with
the linear model, or nearly: where rows are few and a straight line says all, trees stay behind.

The metric is the one that the gate judges by: ROC AUC for two classes, balanced accuracy for more, R² for numbers; of
rows that did not train, a fifth of all. *Dummy* and *linear* are scikit-learn's on the same rows: the most frequent
class or the mean; logistic or ridge regression on scaled numbers and one-hot categories, gaps filled, times as days.
"""


@dataclass(frozen=True)
class Measured:
    """What came out for one table."""

    rows: int
    columns: int
    ours: float
    dummy: float
    linear: float


@pytest.fixture(scope="module")
def measured() -> dict[str, Measured]:
    """What the tests of this module have measured so far."""
    return {}


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_defaults_learn_from_a_real_table(
    table: Table, template: Path, tmp_path: Path, measured: dict[str, Measured]
) -> None:
    frame = table.load()
    project = begun(table, frame, template, tmp_path / "project")
    done = project.mlops("run", "--all")
    assert "Warning" not in done.stderr
    ours = json.loads(project.read("reports/metrics.json"))[METRIC[table.task]]
    assert json.loads(project.read("reports/verdict.json"))["decision"] == "promote"
    dummy, linear = yardsticks(project, table)
    measured[table.name] = Measured(len(frame), frame.shape[1] - 1, ours, dummy, linear)
    assert ours > dummy + table.gain
    assert ours > linear - table.margin


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
    if task == "binary":
        return float(roc_auc_score(target, model.predict_proba(inputs)[:, 1]))
    score = r2_score if task == "regression" else balanced_accuracy_score
    return float(score(target, model.predict(inputs)))


def test_the_page_is_current(measured: dict[str, Measured]) -> None:
    if "WRITE_PAGE" in os.environ:
        assert len(measured) == len(TABLES), "run all tables to write the page"
        PAGE.write_text(page(measured), encoding="utf-8")
    said = cells(PAGE.read_text(encoding="utf-8"))
    assert list(said) == [table.name for table in TABLES]
    for name, found in cells(page(measured)).items():
        assert said[name][:5] == found[:5], name
        differences = np.subtract(numbers(said[name]), numbers(found))
        assert np.abs(differences).max() <= TOLERANCE, (name, said[name], found)


def page(measured: dict[str, Measured]) -> str:
    lines = [
        "| data | task | rows | columns | what is odd | ours | dummy | linear |",
        "|---|---|--:|--:|---|--:|--:|--:|",
    ]
    for table in TABLES:
        if found := measured.get(table.name):
            values = " | ".join(f"{value:.3f}" for value in (found.ours, found.dummy, found.linear))
            size = f"{found.rows:,} | {found.columns}"
            lines.append(f"| {table.name} | {table.task} | {size} | {table.odd} | {values} |")
    return HEAD + "\n" + "\n".join(lines) + "\n"


def cells(text: str) -> dict[str, list[str]]:
    """Return the page's rows by the table's name."""
    rows = [re.split(r" *\| *", line.strip("| ")) for line in text.splitlines() if line[:1] == "|"]
    return {row[0]: row for row in rows[2:]}


def numbers(row: list[str]) -> list[float]:
    return [float(value) for value in row[5:]]
