"""Every family of estimators, registered and loaded again by MLflow's own loader elsewhere."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import mlflow
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import skops.io
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from mlops_plugins import ModelError, Stage, estimators
from mlops_plugins.api.paths import MODEL, SCHEMA
from mlops_plugins.artifacts import files, model_folder, tables
from mlops_plugins.artifacts.model_folder import open_model
from mlops_plugins.manager.plugin_manager import plugin_manager
from mlops_plugins.stages.register.mlflow import Registry
from mlops_plugins.testing import artefacts
from mlops_plugins.testing.artefacts import provide, verdict
from mlops_plugins.testing.tables import Case, flight_rows, plain
from tests.helpers.projects import write_distribution

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow

SMALL: dict[str, Any] = {"parameters": {"n_estimators": 10}}

FAMILIES: dict[str, tuple[str, dict[str, Any]]] = {
    "logistic regression": ("estimator", {"estimator": "LogisticRegression"}),
    "random forest": ("estimator", {"estimator": "RandomForestClassifier", **SMALL}),
    "gradient boosting": ("estimator", {"estimator": "GradientBoostingClassifier", **SMALL}),
    "calibrated, sigmoid": ("estimator", {"estimator": "CalibratedClassifierCV"}),
    "calibrated, isotonic": (
        "estimator",
        {"estimator": "CalibratedClassifierCV", "parameters": {"method": "isotonic"}},
    ),
    "calibrated, temperature": (
        "estimator",
        {"estimator": "CalibratedClassifierCV", "parameters": {"method": "temperature"}},
    ),
    "neural network": (
        "estimator",
        {"estimator": "MLPClassifier", "parameters": {"max_iter": 300, "alpha": 1.0}},
    ),
    "HistGradientBoosting": ("sklearn", {"max_iter": 10}),
    "LightGBM": ("lightgbm", {"n_estimators": 10}),
    "XGBoost": ("xgboost", {"n_estimators": 10}),
    "CatBoost": ("catboost", {"n_estimators": 10}),
    "a team's own transformer": ("own", {}),
}

OFFER = """\
from mlops_plugins import ComponentSpec, Stage, hookimpl

@hookimpl
def mlops_implementations():
    yield ComponentSpec(stage=Stage.TRAIN, name="own", target="own_code:Own", summary="Our own")
"""

OWN = """\
from mlops_plugins import Component, estimators
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

TRUSTED = ("own_code.Clip",)

class Clip(TransformerMixin, BaseEstimator):
    "Clips each number to what all but a share of the training rows have."

    def __init__(self, share=0.05):
        self.share = share

    def fit(self, X, y=None):
        import numpy as np
        self.low_, self.high_ = np.quantile(X, [self.share, 1 - self.share], axis=0)
        return self

    def transform(self, X):
        return X.clip(self.low_, self.high_)

class Own(Component):
    "Logistic regression on clipped numbers."

    def train(self, context, *, features, output):
        table, target = estimators.read_training_table(context, features)
        prepared = estimators.dense_preprocessing(
            estimators.columns(table, context), maximum_categories=50
        )
        pipeline = make_pipeline(prepared, Clip(), LogisticRegression()).fit(table, target)
        estimators.save(pipeline, output, trusted=TRUSTED)

    def load(self, path):
        return estimators.load(path, trusted=TRUSTED)
"""

ELSEWHERE = """\
import json, sys
import mlflow, pandas as pd
uris, rows, output = json.loads(sys.argv[1]), pd.read_parquet(sys.argv[2]), sys.argv[3]
delays = rows["departure_delay"]
assert delays.dtype == "Int64" and delays.isna().any()
first = mlflow.pyfunc.load_model(uris[0])
whole = first.predict(rows)
# As pandas keeps them, as numpy does, as JSON brings them, and where none is missing.
for kind in ("float64", "object"):
    given = rows.assign(departure_delay=delays.astype(kind).where(delays.notna(), None))
    assert first.predict(given).equals(whole), kind
known = rows[delays.notna()]
known = known.assign(departure_delay=known["departure_delay"].astype("int64"))
assert first.predict(known).equals(whole[delays.notna()])
for place, uri in enumerate(uris):
    mlflow.pyfunc.load_model(uri).predict(rows).to_parquet(f"{output}/{place}.parquet")
"""

DEVELOPMENT = {
    *("copier", "coverage", "dvc", "hatchling", "hydra-core", "mypy", "optuna", "pandera"),
    *("pluggy-dev", "pre-commit", "pytest", "ruff", "uv", "matplotlib", "fastapi", "shap"),
}


def _flights() -> pa.Table:
    """Return flights in whose delays, whole numbers, every fifth is missing."""
    frame = flight_rows().to_pandas()
    delays = frame["departure_delay"].astype("Int64").mask(frame.index % 5 == 0)
    return pa.Table.from_pandas(frame.assign(departure_delay=delays), preserve_index=False)


FLIGHTS = Case("flights with missing whole numbers", plain().data, _flights)


@dataclass
class Registered:
    """A registry with a version of each family, and what each predicts, here and elsewhere."""

    store: str
    uris: dict[str, str] = field(default_factory=dict)
    here: dict[str, pd.DataFrame] = field(default_factory=dict)
    elsewhere: dict[str, pd.DataFrame] = field(default_factory=dict)


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A team's own trainer, which is installed."""
    site = tmp_path_factory.mktemp("site")
    write_distribution(site, "own-plugin", OFFER)
    (site / "own_code.py").write_text(OWN)
    sys.path.insert(0, str(site))
    plugin_manager.cache_clear()
    yield site
    sys.path.remove(str(site))
    plugin_manager.cache_clear()


@pytest.fixture(scope="module")
def registered(own: Path, tmp_path_factory: pytest.TempPathFactory) -> Registered:
    root = tmp_path_factory.mktemp("registry")
    (root / "scores").mkdir()
    rows = root / "rows.parquet"
    frame = tables.read_frame(provide(FLIGHTS, "data/splits") / "test.parquet")
    frame["departure_delay"] = frame["departure_delay"].astype("Int64")
    inputs = frame.drop(columns=[FLIGHTS.data.target, str(FLIGHTS.data.id)])
    inputs.to_parquet(rows)

    made = Registered(f"sqlite:///{root / 'mlflow.db'}")
    for place, family in enumerate(FAMILIES):
        built = build(root / str(place), family)
        made.here[family] = open_model(built).predict(inputs)
        made.uris[family] = f"models:/{artefacts.PROJECT}/{register(root, built, place)}"
    paths = os.pathsep.join([str(own), os.environ.get("PYTHONPATH", "")])
    subprocess.run(
        [sys.executable, "-c", ELSEWHERE, json.dumps([*made.uris.values()]), rows, root / "scores"],
        check=True,
        cwd=root,
        env={**os.environ, "MLFLOW_TRACKING_URI": made.store, "PYTHONPATH": paths},
    )
    for place, family in enumerate(FAMILIES):
        made.elsewhere[family] = pd.read_parquet(root / "scores" / f"{place}.parquet")
    return made


def build(root: Path, family: str) -> Path:
    trainer, options = FAMILIES[family]
    implementation: Any = plugin_manager().load(Stage.TRAIN, trainer)
    model_folder.build(
        artefacts.context(root, FLIGHTS),
        implementation(**options),
        chosen={Stage.TRAIN: trainer, Stage.FEATURES: "project"},
        features=provide(FLIGHTS, "data/features"),
        schema_file=provide(FLIGHTS, SCHEMA),
        output=root / MODEL,
    )
    return root / MODEL


def register(root: Path, built: Path, place: int) -> int:
    """Register a model by the stage's own implementation; return its version."""
    given = root / str(place)
    files.write_json(given / "verdict.json", verdict(built, "keep", None))
    files.write_json(given / "run.json", {"digest": files.digest(built)})
    Registry().register(
        artefacts.context(root, FLIGHTS),
        model=built,
        reference=provide(FLIGHTS, "data/splits") / "test.parquet",
        verdict=given / "verdict.json",
        run=given / "run.json",
        report=provide(FLIGHTS, artefacts.REPORT),
        lineage={},
        output=given / "registration.json",
    )
    return place + 1


@pytest.fixture
def store(registered: Registered, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    # MLflow sets both and takes only one back.
    monkeypatch.setenv("MLFLOW_TRACKING_URI", registered.store)
    monkeypatch.setenv("MLFLOW_REGISTRY_URI", registered.store)
    mlflow.set_tracking_uri(registered.store)
    mlflow.set_registry_uri(registered.store)
    yield
    mlflow.set_tracking_uri(None)
    mlflow.set_registry_uri(None)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_fresh_process_predicts_the_same(registered: Registered, family: str) -> None:
    here, elsewhere = registered.here[family], registered.elsewhere[family]
    assert here["score"].nunique() > 5
    pd.testing.assert_frame_equal(
        here.reset_index(drop=True), elsewhere.reset_index(drop=True), check_exact=True
    )


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.usefixtures("store")
def test_the_signature_says_every_input_and_output(registered: Registered, family: str) -> None:
    info = mlflow.models.get_model_info(registered.uris[family])
    signature = info.signature
    assert signature is not None
    named = {column.name: column for column in signature.inputs}
    assert {"carrier", "distance", "departure_delay"} <= {*named}
    assert not {FLIGHTS.data.target, FLIGHTS.data.id} & {*named}
    delay = named["departure_delay"]
    assert (str(delay.type), delay.required) == ("Any", False)
    assert str(named["distance"].type) == "DataType.long"
    assert signature.outputs.input_names() == ["prediction", "score"]


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.usefixtures("store")
def test_its_requirements_are_what_predicting_needs(registered: Registered, family: str) -> None:
    path = mlflow.pyfunc.get_model_dependencies(registered.uris[family])
    with open(path) as listed:  # noqa: PTH123  a path that MLflow gives as text
        names = {re.split(r"[=<>\[ ]", line.strip())[0].lower() for line in listed}
    assert {"scikit-learn", "skops", "pandas"} <= names
    assert not DEVELOPMENT & names
    for family_of, needed in (("XGBoost", "xgboost-cpu"), ("CatBoost", "catboost")):
        assert (needed in names) == (family == family_of)


def shout(values: Any) -> Any:
    """Do nothing; a function that no list names."""
    return values


def with_one_type_more(folder: Path, trusted: tuple[str, ...]) -> None:
    """Write a model again with one step more: a function that is no type of ours."""
    inner = estimators.load(folder, trusted=trusted).pipeline
    more = make_pipeline(FunctionTransformer(shout), inner)
    (folder / estimators.FILE).write_bytes(skops.io.dumps(more))


def trusted_by(trainer: str) -> tuple[str, ...]:
    found: tuple[str, ...] = getattr(plugin_manager().load(Stage.TRAIN, trainer), "trusted", ())
    return found


@pytest.mark.parametrize("family", ["random forest", "LightGBM", "XGBoost", "CatBoost"])
def test_a_file_with_one_type_more_is_refused(
    own: Path, tmp_path: Path, family: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    built = build(tmp_path, family)
    open_model(built)
    with_one_type_more(built / "estimator", trusted_by(FAMILIES[family][0]))
    manifest = files.read_json(built / model_folder.MANIFEST)
    name = f"estimator/{estimators.FILE}"
    manifest["files"][name] = files.digest(built / name)
    files.write_json(built / model_folder.MANIFEST, manifest)
    called = []
    monkeypatch.setattr(sys.modules[__name__], "shout", called.append)

    with pytest.raises(ModelError, match=r"types that are not trusted: .*\.shout"):
        open_model(built)
    assert not called


def test_a_type_that_a_trainer_does_not_list_is_not_even_written(own: Path, tmp_path: Path) -> None:
    import own_code

    pipeline: Callable[..., Any] = own_code.Clip().fit(np.arange(6.0).reshape(3, 2))
    with pytest.raises(ModelError, match=r"not trusted: own_code\.Clip"):
        estimators.save(pipeline, tmp_path / "estimator")
