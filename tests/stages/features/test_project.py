"""Features: what is learnt comes from training rows alone, whatever the columns hold."""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from threadpoolctl import threadpool_limits

from mlops_plugins import DataError, Stage, estimators
from mlops_plugins.api.context import Context, Data
from mlops_plugins.artifacts import files
from mlops_plugins.features import date_parts
from mlops_plugins.manager.plugin_manager import plugin_manager

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.helpers.projects import Project

TREES = ("sklearn", "xgboost", "lightgbm")
ROWS = 900


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """Compute as a stage does: sums of several threads differ in their last digits."""
    for library in ("sklearn.ensemble", "xgboost", "lightgbm"):
        import_module(library)  # a limit holds for what is loaded
    with threadpool_limits(1):
        yield


def mixed(rows: int = ROWS) -> pd.DataFrame:
    """Return a column of each kind, and the odd ones that real tables have."""
    generator = np.random.default_rng(0)
    group = generator.integers(0, 150, rows)
    words = np.array(["red", "green", "blue", "bold", "calm", "dark", "eager", "fresh"])
    return pd.DataFrame(
        {
            "number": generator.normal(size=rows),
            "größe. in m": np.where(generator.random(rows) < 0.3, np.nan, generator.normal(size=rows)),
            "flag": generator.random(rows) < 0.5,
            "category": generator.choice(["a", "b", None], rows),
            "shop": [f"shop {place}" for place in group],
            "note": [" ".join(words[generator.integers(0, 8, 5)]) + f" {i}" for i in range(rows)],
            "id": [f"{i:08x}" for i in range(rows)],
            "constant": "always",
            "nothing": pd.Series([None] * rows, dtype=object),
            "target": group % 2 == 0,
        }
    )  # fmt: skip


def context(folder: Path, task: str = "binary") -> Context:
    data = Data(task=task, target="target")  # type: ignore[arg-type]
    return Context(root=folder, project="p", data=data, seed=42, threads=1, log=print)


def train(folder: Path, frame: pd.DataFrame, trainer: str, task: str = "binary") -> Path:
    """Return the estimator that a trainer makes of these rows with its default options."""
    features, output = folder / "features", folder / "estimator"
    features.mkdir(parents=True)
    frame.to_parquet(features / "train.parquet")
    implementation: Any = plugin_manager().load(Stage.TRAIN, trainer)()
    implementation.train(context(folder, task), features=features, output=output)
    return output


def scores(trainer: str, path: Path, rows: pd.DataFrame) -> np.ndarray:
    loaded: Any = plugin_manager().load(Stage.TRAIN, trainer).model_construct()
    return loaded.load(path).scores(rows)  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("trainer", "task"),
    [
        *((trainer, task) for trainer in TREES for task in ("binary", "multiclass", "regression")),
        ("estimator", "binary"),
        ("estimator", "multiclass"),
    ],
)
def test_every_trainer_learns_from_every_kind_of_column(
    trainer: str, task: str, tmp_path: Path
) -> None:
    frame = mixed()
    group = frame["shop"].str.split().str[1].astype(int)
    if task != "binary":
        frame["target"] = group % 3  # a whole number, also where it is a quantity
    one, other = (train(tmp_path / place, frame, trainer, task) for place in ("one", "other"))
    assert files.digest(one) == files.digest(other)
    rows = mixed().drop(columns="target").head(50)
    made = scores(trainer, one, rows)
    answers = made if task == "regression" else made.argmax(axis=1)
    # Nothing but the shop, a category of 150 values, tells.
    assert np.corrcoef(answers, frame["target"].head(50))[0, 1] > 0.7
    strange = rows.assign(shop="new", note=None, id="", category="new", number=np.inf)
    assert np.isfinite(scores(trainer, one, strange)).all()


def test_columns_are_told_apart_by_their_training_rows(tmp_path: Path) -> None:
    frame = mixed().drop(columns="target")
    found = {name: estimators.feature_type(frame[name]).value for name in frame}
    assert found == {
        "number": "number",
        "größe. in m": "number",
        "flag": "number",
        "category": "category",
        "shop": "category of many values",
        "note": "text",
        "id": "text",
        "constant": "category",
        "nothing": "empty",
    }
    blank = pd.Series([" " * i for i in range(50)], dtype=object)
    assert estimators.feature_type(blank) is estimators.FeatureType.EMPTY
    short = pd.DataFrame({"text": [" " * i + "a" for i in range(50)], "target": [True, False] * 25})
    assert train(tmp_path, short, "sklearn").exists()  # fewer pieces than text is summed up in


def test_a_training_row_is_not_encoded_by_its_own_target() -> None:
    """Random categories of two rows each would else say the target of the rows they are learnt from."""
    rows = 1000
    generator = np.random.default_rng(0)
    frame = pd.DataFrame({"code": generator.permutation([f"c{i // 2}" for i in range(rows)])})
    frame["code"] = frame["code"].astype(object)
    target = generator.normal(size=rows)
    columns = estimators.columns(frame, context(Path(), "regression"))
    assert columns.high_cardinality == ["code"]
    encoded = estimators.ordinal_preprocessing(columns).fit_transform(frame, target)
    assert abs(np.corrcoef(encoded[:, 0], target)[0, 1]) < 0.2


def test_numbers_that_pandas_masks_are_numbers() -> None:
    odd = pd.DataFrame(
        {
            "masked": pd.array([1, None, 3], dtype="Int64"),
            "flag": pd.array([True, None, False], dtype="boolean"),
            "ratio": [1.0, np.inf, -np.inf],
            "kind": pd.Categorical(["a", None, "b"]),
        }
    )
    made = estimators.prepared(odd)
    assert made["masked"].tolist()[::2] == [1.0, 3.0]
    assert made["flag"].tolist()[::2] == [1.0, 0.0]
    assert made.isna().sum().tolist() == [1, 1, 2, 1]
    assert made.dtypes.astype(str).tolist() == ["float64", "float64", "float64", "object"]
    assert np.isinf(odd["ratio"]).sum() == 2  # a copy


@pytest.mark.parametrize(
    ("column", "said"),
    [
        (pd.Series([[1], [2, 3]]), "The feature 'odd' holds lists."),
        (pd.Series(pd.to_datetime(["2020-01-01", "2020-01-02"])), "mlops_plugins.features.date_parts"),
        (pd.Series([None, None], dtype=object), "No feature has a value."),
    ],
    ids=["lists", "times", "nothing"],
)  # fmt: skip
def test_what_can_be_no_feature_is_told(column: pd.Series[Any], said: str, tmp_path: Path) -> None:
    frame = pd.DataFrame({"odd": column, "target": [True, False]})
    with pytest.raises(DataError) as caught:
        train(tmp_path, frame, "sklearn")
    assert said in str(caught.value)


def test_date_parts() -> None:
    rows = pd.DataFrame(
        {
            "at": pd.to_datetime(["2024-12-31 18:45:00", None]),
            "at_hour": ["kept", "as it is"],
            "left": [1, 2],
        }
    )
    made = date_parts(rows)
    assert made.iloc[0].to_dict() == {
        "at_year": 2024, "at_month": 12, "at_day_of_week": 1, "at_day_of_year": 366, "at_hour_": 18,
        "at_hour": "kept", "left": 1,
    }  # fmt: skip
    assert made.iloc[1][["at_year", "at_hour_"]].isna().all()
    assert date_parts(rows[["left"]]).equals(rows[["left"]])


@pytest.fixture
def shops(fresh: Callable[..., Project]) -> Project:
    project = fresh(data_source="file", data_path="data.parquet", target_column="target")
    frame = mixed().assign(at=pd.date_range("2024-01-01", periods=ROWS, freq="h"))
    frame.to_parquet(project.root / "data.parquet")
    return project


@pytest.mark.slow
def test_judging_rows_leave_no_trace_in_the_estimator(shops: Project) -> None:
    """Whatever the judging rows hold, all that is fitted is the same to the byte."""
    for stage in ("ingest", "validate", "split", "features", "train"):
        shops.mlops("run", stage)
    learnt = files.digest(shops.root / "models/model/estimator")
    path = shops.root / "data/splits/test.parquet"
    rows = pd.read_parquet(path)
    rows["number"] = rows["number"] * 1000 + 5
    rows[["shop", "note", "category"]] = "only here"
    rows["target"] = ~rows["target"]
    rows.to_parquet(path)
    for stage in ("features", "train"):
        shops.mlops("run", stage)
    assert files.digest(shops.root / "models/model/estimator") == learnt

    path = shops.root / "data/splits/train.parquet"  # and training rows do leave one
    rows = pd.read_parquet(path)
    rows.assign(target=~rows["target"]).to_parquet(path)
    for stage in ("features", "train"):
        shops.mlops("run", stage)
    assert files.digest(shops.root / "models/model/estimator") != learnt


@pytest.mark.slow
def test_the_features_are_shown(shops: Project) -> None:
    shops.mlops("compose")
    refused = shops.mlops("features", check=False)
    assert refused.returncode == 4
    assert "train.parquet is missing" in refused.stderr
    assert "dvc repro" in refused.stderr
    for stage in ("ingest", "validate", "split", "features"):
        shops.mlops("run", stage)
    found = {
        column["name"]: column for column in json.loads(shops.mlops("features", "--json").stdout)
    }
    assert "target" not in found
    assert found["shop"]["kind"] == "category of many values"
    assert 130 < found["shop"]["distinct"] <= 150
    assert found["größe. in m"]["missing"] == pytest.approx(0.3, abs=0.05)
    assert found["constant"]["examples"] == ["always"]
    assert found["at_day_of_year"]["kind"] == "number"
    told = shops.mlops("features", COLUMNS="200").stdout
    assert len(told.splitlines()) == len(found) + 1
    assert "größe. in m" in told
    ascii_only = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    assert "gr??e. in m" in shops.mlops("features", COLUMNS="200", **ascii_only).stdout
