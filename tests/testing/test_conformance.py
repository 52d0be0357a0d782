"""Every built-in implementation of every stage keeps its contract, as any plugin's must."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

import mlops_plugins
from mlops_plugins import ConfigurationError, Stage
from mlops_plugins.artifacts import files
from mlops_plugins.manager.plugin_manager import plugin_manager
from mlops_plugins.testing import Check, checks, contracts
from mlops_plugins.testing.sandbox import Sandbox
from mlops_plugins.testing.subject import Subject
from mlops_plugins.testing.tables import plain
from tests.helpers.load import FULL

if TYPE_CHECKING:
    from collections.abc import Mapping

FLIGHTS = Path(mlops_plugins.__file__).parent / "stages" / "ingest" / "flights.parquet"

DATABASE = "CONFORMANCE_DATABASE"


def _database() -> None:
    """Put some flights into a database, of which the environment has the address."""
    path = Path(tempfile.mkdtemp(prefix="conformance-")) / "flights.duckdb"
    with duckdb.connect(str(path)) as database:
        database.execute(f"CREATE TABLE flights AS FROM '{FLIGHTS}' WHERE flight_id % 100 = 0")
    os.environ[DATABASE] = f"duckdb:///{path}"


_database()

OPTIONS: Mapping[str, Mapping[str, Any]] = {
    "ingest/file": {"path": str(FLIGHTS)},
    "ingest/sql": {
        "query": "FROM flights",
        "url_variable": DATABASE,
        "watermark": "flight_id",
    },
    "split/random": {"folds": 5},
    "split/stratified": {"folds": 5, "duplicates": "together"},
    "split/time": {"folds": 5},
    "split/group": {"column": "dest", "folds": 5},
    "split/column": {"column": "part", "folds": 5},
    "features/project": {"package": "conformance"},
    # The others' defaults hold; these are made quick.
    "tune/optuna": {"trials": 3, "folds": 2, "space": {"max_leaf_nodes": {"low": 2, "high": 9}}},
    "train/sklearn": {"max_iter": 20},
    "train/estimator": {"parameters": {"n_estimators": 20}},
    "train/xgboost": {"n_estimators": 20},
    "train/lightgbm": {"n_estimators": 20},
    "train/catboost": {"n_estimators": 20},
    "evaluate/metrics": {"resamples": 20},
    "explain/permutation": {"repeats": 1},
    "explain/shap": {"rows": 20, "background": 10},
}


IN_PROCESSES = ("is deterministic under the seed", "leaves what was there when it is killed")
"""Checks that start several processes for each implementation."""

OF_THE_TEMPLATE = {
    "ingest/sample",
    "validate/pandera",
    "profile/table",
    "split/time",
    "features/project",
    "tune/optuna",
    "train/sklearn",
    "evaluate/metrics",
    "explain/permutation",
    "gate/champion",
    "report/page",
    "track/mlflow",
    "register/mlflow",
}
"""Of each stage the implementation whose checks in processes are run by `make test` too."""


def proven() -> list[Check]:
    return [
        check
        for check in checks("mlops-plugins", options=OPTIONS)
        if FULL or check.name not in IN_PROCESSES or check.subject in OF_THE_TEMPLATE
    ]


@pytest.mark.slow
@pytest.mark.parametrize("check", proven(), ids=str)
def test_conformance(check: Check, tmp_path: Path) -> None:
    check(tmp_path)


def test_every_stage_has_checks_of_its_own() -> None:
    for stage in Stage:
        assert contracts.OF_STAGE[stage], stage


def test_a_distribution_is_checked_with_all_that_it_offers() -> None:
    subjects = {check.subject for check in checks("mlops-plugins", options=OPTIONS)}
    offered = {
        f"{o.implementation.stage}/{o.implementation.name}" for o in plugin_manager().components()
    }
    assert subjects == {"mlops-plugins", *offered}
    assert {check.subject for check in checks("MLOps_Plugins")} == subjects


def test_one_implementation_is_checked_alone() -> None:
    found = checks("train/sklearn")
    assert {check.subject for check in found} == {"train/sklearn"}
    assert "train/sklearn is deterministic under the seed" in map(str, found)
    assert len(set(map(str, found))) == len(found)


@pytest.mark.parametrize(
    ("which", "options", "said"),
    [
        ("train/sklern", {}, "no implementation 'train/sklern'. Did you mean 'train/sklearn'?"),
        ("mlops-plugin", {}, "no plugin 'mlops-plugin'. Did you mean 'mlops-plugins'?"),
        ("train/sklearn", {"train/sklern": {}}, "Did you mean 'train/sklearn'?"),
    ],
)
def test_what_is_unknown_is_told(which: str, options: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        checks(which, options=options)
    assert said in str(caught.value)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["folder", "mlflow"])
def test_one_projects_champion_is_not_anothers_in_the_same_process(
    tmp_path: Path, name: str
) -> None:
    offer = plugin_manager().find(Stage.REGISTER, name)
    one, other = (
        Sandbox.make(tmp_path / whose, Subject(offer), plain()) for whose in ("one", "other")
    )
    one.run()
    implementation = Subject(offer).make()
    champion = implementation.champion(one.context)
    assert implementation.champion(other.context) is None
    other.run()
    fetched = champion.fetch(tmp_path / "fetched")
    assert files.digest(fetched / "model") == champion.digest
