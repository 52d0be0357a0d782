"""Signs of leakage: each kind is planted and told, and no clean table is suspected."""

from __future__ import annotations

import hashlib
import importlib
import pkgutil
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from sklearn import datasets

from mlops_plugins.stages.ingest.sample import flights
from tests.helpers.validating import RAW, Validating, accepted, refused

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SIGNS = {"target_copy", "predictive", "identifier", "duplicate_rows"}


def cancer() -> pd.DataFrame:
    frame: pd.DataFrame = datasets.load_breast_cancer(as_frame=True).frame
    return frame


def wine() -> pd.DataFrame:
    frame: pd.DataFrame = datasets.load_wine(as_frame=True).frame
    return frame


def diabetes() -> pd.DataFrame:
    frame: pd.DataFrame = datasets.load_diabetes(as_frame=True).frame
    return frame


TABLES = {"binary": cancer, "multiclass": wine, "regression": diabetes}


def noisy(frame: pd.DataFrame, share: float) -> pd.Series[Any]:
    """Return the target with some of its classes flipped, or with noise of that share of its spread."""
    draw, target = np.random.default_rng(0), frame["target"]
    if target.nunique() > 10:
        return target + draw.normal(0, share * target.std(), len(frame))
    flipped = draw.random(len(frame)) < share
    return target.where(~flipped, (target + 1) % target.nunique())


COPIES: dict[str, tuple[str, Callable[[pd.DataFrame], Any]]] = {
    "equal, two classes": ("binary", lambda frame: frame["target"]),
    "turned round": ("binary", lambda frame: frame["target"] == 0),
    "in words": ("binary", lambda frame: frame["target"].map({0: "ill", 1: "well"})),
    "in words, three classes": ("multiclass", lambda frame: frame["target"].map(list("cab").__getitem__)),
    "with gaps": ("multiclass", lambda frame: frame["target"].where(frame.index % 3 > 0) * 2.5),
    "equal values": ("regression", lambda frame: frame["target"]),
    "other units": ("regression", lambda frame: -1.8 * frame["target"] + 32),
    "logarithm": ("regression", lambda frame: np.log(frame["target"])),
}  # fmt: skip


@pytest.mark.parametrize(("task", "leak"), COPIES.values(), ids=COPIES)
def test_a_copy_of_the_target_is_refused(tmp_path: Path, task: str, leak: Any) -> None:
    frame = TABLES[task]()
    made = Validating(tmp_path, {"task": task, "target": "target"})
    told = refused(made.validate(frame.assign(answer=leak(frame))), "feature 'answer' is ")
    assert "(the target is 'target') [target_copy]" in told
    assert "remove it from schema.yaml, to be left out: it is the answer" in told
    made.options = {"target_copies": "warning"}
    assert "warning: feature 'answer' is " in accepted(made.validate())
    made.options = {"target_copies": "ignore"}
    assert "answer" not in accepted(made.validate())
    made.options = {}
    lines = made.schema().split("  answer:\n")[0]
    made.schema(lines)
    assert "column 'answer'" in accepted(made.validate())


PREDICTORS: dict[str, tuple[str, Callable[[pd.DataFrame], Any], str]] = {
    "almost the class": ("binary", lambda frame: noisy(frame, 0.005), "AUC 0.99"),
    "a threshold": (
        "binary",
        lambda frame: frame["target"] * 2 + np.random.default_rng(0).random(len(frame)),
        "AUC 0.99",
    ),
    "missing where true": (
        "binary",
        lambda frame: frame["mean area"].where(frame["target"] == 0),
        "AUC 1.0",
    ),
    "many words": (
        "multiclass",
        lambda frame: [f"{t}-{i % 5}" for i, t in enumerate(frame["target"])],
        "balanced accuracy 1.0",
    ),
    "almost the value": ("regression", lambda frame: noisy(frame, 0.01), "R² 0.999"),
}


@pytest.mark.parametrize(("task", "leak", "score"), PREDICTORS.values(), ids=PREDICTORS)
def test_a_feature_that_predicts_alone_is_reported(
    tmp_path: Path, task: str, leak: Any, score: str
) -> None:
    frame = TABLES[task]()
    made = Validating(tmp_path, {"task": task, "target": "target"})
    told = accepted(made.validate(frame.assign(answer=leak(frame))))
    assert f"warning: feature 'answer' predicts it alone with {score}" in told
    assert "is known when the prediction is made" in str(made.report()["findings"])
    made.options = {"max_auc": 1.0, "max_r2": 1.0}
    assert "answer" not in accepted(made.validate())
    made.options = {"predictive_features": "error"}
    refused(made.validate(), "feature 'answer' predicts it alone")


IDENTIFIERS: dict[str, Callable[[int], Any]] = {
    "row numbers": lambda rows: np.arange(rows) + 1000,
    "shuffled numbers": lambda rows: np.random.default_rng(0).permutation(rows),
    "codes": lambda rows: [f"C{i:06d}" for i in range(rows)],
    "hashes": lambda rows: [hashlib.sha256(b"%d" % i).hexdigest()[:8] for i in range(rows)],
    "addresses": lambda rows: [f"person{i}@example.com" for i in range(rows)],
}


@pytest.mark.parametrize("kind", IDENTIFIERS)
def test_a_column_that_identifies_rows_is_reported(tmp_path: Path, kind: str) -> None:
    frame = cancer()
    frame["key"] = IDENTIFIERS[kind](len(frame))
    made = Validating(tmp_path, {"task": "binary", "target": "target"})
    told = accepted(made.validate(frame))
    assert "warning: feature 'key' has another " in told
    assert "[identifier]" in told
    made.options = {"identifiers": "ignore"}
    assert "key" not in accepted(made.validate())
    made = Validating(tmp_path, {"task": "binary", "target": "target", "id": "key"})
    made.schema("columns: {}\n")
    assert "warning" not in accepted(made.validate())


INNOCENT: dict[str, Callable[[int], Any]] = {
    "years": lambda rows: np.arange(rows) + 1500,
    "days as text": lambda rows: pd.date_range("2020-01-01", periods=rows).strftime("%d.%m.%Y"),
    "measurements": lambda rows: np.random.default_rng(0).normal(size=rows),
    "large measurements": lambda rows: np.random.default_rng(0).integers(0, 10**9, rows),
    "sentences": lambda rows: [f"came {i} times" for i in range(rows)],
}


@pytest.mark.parametrize("kind", INNOCENT)
def test_values_that_differ_in_each_row_need_not_identify_it(tmp_path: Path, kind: str) -> None:
    frame = cancer()
    frame["key"] = INNOCENT[kind](len(frame))
    made = Validating(tmp_path, {"task": "binary", "target": "target"})
    assert "warning" not in accepted(made.validate(frame))


@pytest.mark.parametrize("task", TABLES)
def test_duplicate_rows_are_counted(tmp_path: Path, task: str) -> None:
    frame = TABLES[task]()
    again = pd.concat([frame, frame.iloc[5:25]])
    made = Validating(tmp_path, {"task": task, "target": "target"})
    told = accepted(made.validate(again))
    first = len(frame) + 1
    assert "all values are those of an earlier row in 20 row(s)" in told
    assert f"(row {first}: as row 6, row {first + 1}: as row 7, " in told
    made.options = {"max_duplicate_share": 0.2}
    assert "earlier row" not in accepted(made.validate())
    made.options = {"duplicate_rows": "error"}
    refused(made.validate(), "[duplicate_rows]", "remove them at ingest")


def test_an_id_does_not_hide_a_duplicate_row(tmp_path: Path) -> None:
    frame = pd.concat([cancer()] * 2)
    frame["key"] = np.arange(len(frame))
    made = Validating(tmp_path, {"task": "binary", "target": "target", "id": "key"})
    assert "earlier row in 569 row(s), 50.00%" in accepted(made.validate(frame))


def statsmodels_tables() -> dict[str, tuple[pd.DataFrame, str]]:
    """Return the data sets whose target is known."""
    package = importlib.import_module("statsmodels.datasets")
    found = {}
    for module in pkgutil.iter_modules(package.__path__):
        loaded = getattr(getattr(package, module.name, None), "load_pandas", None)
        if loaded is None:
            continue
        bunch = loaded()
        name = getattr(bunch, "endog_name", None)
        if isinstance(name, str) and name in bunch.data and len(bunch.data.columns) > 1:
            found[module.name] = (bunch.data, name)
    return found


@pytest.mark.parametrize("name", ["breast_cancer", "wine", "iris", "digits", "diabetes"])
def test_no_clean_table_of_scikit_learn_is_suspected(tmp_path: Path, name: str) -> None:
    task = {"diabetes": "regression", "breast_cancer": "binary"}.get(name, "multiclass")
    frame = getattr(datasets, f"load_{name}")(as_frame=True).frame
    made = Validating(tmp_path, {"task": task, "target": "target"})
    accepted(made.validate(frame))
    assert not SIGNS & set(made.rules())


def test_no_clean_table_of_statsmodels_is_suspected(tmp_path: Path) -> None:
    pytest.importorskip("statsmodels")
    tables = statsmodels_tables()
    assert len(tables) > 15
    for name, (frame, target) in tables.items():
        task = "binary" if frame[target].nunique() == 2 else "regression"
        (tmp_path / name).mkdir()
        made = Validating(tmp_path / name, {"task": task, "target": target})
        accepted(made.validate(frame))
        assert not SIGNS & set(made.rules()), (name, made.report()["findings"])


def test_the_sample_is_not_suspected(tmp_path: Path) -> None:
    import datetime as dt

    data = {"task": "binary", "target": "late", "time": "scheduled", "id": "flight_id"}
    made = Validating(tmp_path, data)
    accepted(made.validate(flights(dt.datetime(2013, 1, 1), dt.datetime(2014, 1, 1))))
    assert made.rules() == []
    # Without its id, the number of each flight is left out, and a feature if the order is another.
    made.data = {"task": "binary", "target": "late"}
    made.schema("columns: {}\n")
    told = accepted(made.validate())
    assert "column 'flight_id' numbers the rows: it is left out" in told
    made.schema("columns: {}\n")
    made.write(pq.read_table(tmp_path / RAW).sort_by("carrier"))
    assert "feature 'flight_id' has another integer in each row" in accepted(made.validate())
