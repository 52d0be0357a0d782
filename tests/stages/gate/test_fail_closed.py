"""The gate fails closed: what it cannot compute blocks, by name, and is never a crash."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from mlops_plugins.api.contracts.register import Champion
from mlops_plugins.api.errors import ConfigurationError, ModelError
from mlops_plugins.artifacts import files, tables
from mlops_plugins.estimators import FILE
from mlops_plugins.testing.artefacts import build, provide, scratch
from mlops_plugins.testing.tables import WINES
from tests.helpers.gating import GOOD, LINEAR, Gating, train

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pandas as pd

    Break = Callable[[Gating], None]

QUICK: dict[str, Any] = {"resamples": 50, "latency": {"max_ratio": None}}


@cache
def good() -> Gating:
    return Gating(scratch() / "closed", train(scratch() / "closed good", GOOD)).evaluate()


@cache
def linear() -> Path:
    return train(scratch() / "closed linear", LINEAR)


def gating(root: Path, *, champion: bool) -> Gating:
    shutil.copytree(good().root, root, dirs_exist_ok=True)
    model = shutil.copytree(good().model, root / "model")
    own = shutil.copytree(linear(), root / "champion") if champion else None
    return Gating(root, model, own)


def alter(name: str, *keys: str | int, to: Any) -> Break:
    """Return what writes a value into one of the evaluation's files, NaN as Python writes it."""

    def change(gated: Gating) -> None:
        path = gated.metrics if name == "metrics" else gated.evaluation / f"{name}.json"
        whole = part = files.read_json(path)
        for key in keys[:-1]:
            part = part[key]
        if to is GONE:
            del part[keys[-1]]
        else:
            part[keys[-1]] = to
        path.write_text(json.dumps(whole))

    return change


GONE = object()
NUMBERS = {
    "metrics: roc_auc": ("metrics", "roc_auc"),
    "summary: value": ("summary", "roc_auc", "value"),
    "summary: baseline": ("summary", "roc_auc", "baseline"),
    "baselines: trivial": ("baselines", "gain", "trivial", "low"),
    "baselines: linear": ("baselines", "gain", "linear", "high"),
    "calibration: error": ("calibration", "error"),
    "calibration: low": ("calibration", "low"),
    "slices: min_rows": ("slices", "min_rows"),
}
NO_NUMBERS = {"null": None, "NaN": float("nan"), "text": "0.9", "true": True, "infinite": 1e999}


@pytest.mark.parametrize("value", NO_NUMBERS)
@pytest.mark.parametrize("place", NUMBERS)
def test_what_is_no_number_blocks_and_is_named(tmp_path: Path, place: str, value: str) -> None:
    name, *keys = NUMBERS[place]
    champion = name == "slices"
    gated = gating(tmp_path, champion=champion)
    alter(name, *keys, to=NO_NUMBERS[value])(gated)

    assert_blocked(gated, f"{keys[-1]} in {name}.json" if len(keys) == 1 else f"{name}.json")


FILES = ("metrics", "summary", "baselines", "calibration", "slices")
CONTENTS = {
    "missing": None,
    "empty": b"",
    "cut short": b'{"roc_auc": {"value": 0.9,',
    "not text": b"\xff\xfe\x00",
    "a list": b"[]",
    "an empty object": b"{}",
    "a number": b"3",
}


@pytest.mark.parametrize("champion", [False, True])
@pytest.mark.parametrize("content", CONTENTS)
@pytest.mark.parametrize("name", FILES)
def test_a_file_that_cannot_be_read_blocks_and_is_named(
    tmp_path: Path, name: str, content: str, champion: bool
) -> None:
    if (name, content) == ("metrics", "an empty object"):
        pytest.skip("no metric is no lie: the gate asks for those that have a limit")
    gated = gating(tmp_path, champion=champion)
    path = gated.metrics if name == "metrics" else gated.evaluation / f"{name}.json"
    path.unlink()
    if CONTENTS[content] is not None:
        path.write_bytes(CONTENTS[content])

    assert_blocked(gated, f"{name}.json")


SLICES: dict[str, tuple[Break, str]] = {
    "slices are no list": (alter("slices", "slices", to={}), "slices in slices.json"),
    "a slice is missing": (alter("slices", "slices", 0, "slice", to=GONE), "slices[0].slice"),
    "a slice is text": (alter("slices", "slices", 1, "slice", to="carrier"), "slices[1].slice"),
    "an entry is a number": (alter("slices", "slices", 2, to=7), "slices[2].slice"),
    "a bound is text": (alter("slices", "slices", -1, "slice", "high", to="far"), ".slice"),
    "its column is gone": (alter("slices", "slices", 0, "slice", "column", to="tail"), "tail"),
    "a range of text": (alter("slices", "slices", -1, "slice", "column", to="carrier"), "carrier"),
    "the team's slice has no rows": (
        lambda gated: [
            alter("slices", "slices", 0, "slice", "value", to="XX")(gated),
            alter("slices", "slices", 0, "configured", to=True)(gated),
        ][0],
        "0 rows of carrier = XX",
    ),
}


@pytest.mark.parametrize("name", SLICES)
def test_a_slice_that_cannot_be_compared_blocks_and_is_named(tmp_path: Path, name: str) -> None:
    change, named = SLICES[name]
    gated = gating(tmp_path, champion=True)
    change(gated)
    assert_blocked(gated, named)


def reference(change: Callable[[pd.DataFrame], pd.DataFrame]) -> Break:
    def rewrite(gated: Gating) -> None:
        path = gated.evaluation / "predictions.parquet"
        tables.write_frame(change(tables.read_frame(path)), path)

    return rewrite


ROWS: dict[str, tuple[Break, str]] = {
    "no rows": (reference(lambda rows: rows.head(0)), "predictions.parquet has no rows"),
    "one row": (reference(lambda rows: rows.head(1)), "one value only"),
    "no target": (reference(lambda rows: rows.drop(columns="late")), "late is missing"),
    "one class": (reference(lambda rows: rows[rows["late"] == 1]), "late in predictions.parquet"),
    "a new class": (reference(lambda rows: rows.assign(late=2)), "never seen the class 2"),
    "a null": (
        reference(lambda rows: rows.assign(late=[None, *rows["late"][1:]])),
        "never seen the class",
    ),
    "no input": (reference(lambda rows: rows.drop(columns="distance")), "distance"),
    "not Parquet": (
        lambda gated: broken(gated.evaluation / "predictions.parquet"),
        "predictions.parquet",
    ),
    "no file": (
        lambda gated: (gated.evaluation / "predictions.parquet").unlink(),
        "predictions.parquet",
    ),
}


def broken(path: Path) -> None:
    path.write_bytes(b"PAR1" + path.read_bytes()[4:200] + b"PAR1")


@pytest.mark.parametrize("name", ROWS)
def test_rows_that_cannot_judge_block_and_are_named(tmp_path: Path, name: str) -> None:
    change, named = ROWS[name]
    gated = gating(tmp_path, champion=True)
    current = gated.registered()
    change(gated)
    assert_blocked(gated, named, registry=lambda: current)


@pytest.mark.parametrize("champion", [False, True])
@pytest.mark.parametrize("name", ["manifest.json", f"estimator/{FILE}"])
@pytest.mark.parametrize("how", ["gone", "cut short"])
@pytest.mark.parametrize("whose", ["model", "champion"])
def test_a_model_that_is_not_whole_blocks_and_is_named(
    tmp_path: Path, whose: str, how: str, name: str, champion: bool
) -> None:
    if whose == "champion" and not champion:
        pytest.skip("there is none")
    gated = gating(tmp_path, champion=champion)
    current = gated.registered()
    path = tmp_path / whose / name
    path.unlink() if how == "gone" else path.write_bytes(path.read_bytes()[:90])
    named = "manifest" if name == "manifest.json" and how == "cut short" else "model"
    assert_blocked(gated, named, registry=lambda: current)


def test_a_champion_whose_files_are_not_those_registered_blocks(tmp_path: Path) -> None:
    gated = gating(tmp_path, champion=True)
    current = gated.registered()
    assert current is not None
    other = replace(current, digest="0" * 64)
    assert_blocked(gated, "not those that were registered", registry=lambda: other)


def test_a_first_model_without_judged_rows_blocks(tmp_path: Path) -> None:
    gated = gating(tmp_path, champion=False)
    (gated.evaluation / "predictions.parquet").write_bytes(b"rows")
    assert_blocked(gated, "predictions.parquet is no Parquet file")


def test_a_summary_that_is_not_of_these_metrics_blocks(tmp_path: Path) -> None:
    gated = gating(tmp_path, champion=False)
    alter("metrics", "roc_auc", to=0.99)(gated)
    assert_blocked(gated, "roc_auc in metrics.json is not the one in summary.json")


def test_a_model_of_another_task_blocks(tmp_path: Path) -> None:
    gated = gating(tmp_path, champion=True)
    shutil.rmtree(tmp_path / "champion")
    build(WINES, provide(WINES, "data/features"), tmp_path / "champion")
    assert_blocked(gated, 'its classes are class, "1", class_2, 类 $^$')


def refuses(error: Exception) -> Callable[..., Any]:
    def ask(*_: object) -> Any:
        raise error

    return ask


ERRORS = {
    "an error of ours": (ModelError("The registry does not answer."), "registry does not answer"),
    "no connection": (ConnectionError("no route to host"), "no route to host"),
    "no file": (
        FileNotFoundError(2, "No such file", "/somewhere/else/model"),
        "No such file: model",
    ),
    "a URL": (ModelError("Nothing at http://host/models/3."), "http://host/models/3"),
    "a client's own": (RuntimeError("quota"), "RuntimeError('quota')"),
}


@pytest.mark.parametrize("name", ERRORS)
def test_a_registry_that_fails_blocks(tmp_path: Path, name: str) -> None:
    error, named = ERRORS[name]
    gated = gating(tmp_path, champion=False)
    assert_blocked(gated, named, registry=refuses(error))
    unfetchable = Champion(version="3", digest="0" * 64, fetch=refuses(error))
    assert_blocked(gated, named, registry=lambda: unfetchable)


def test_a_registry_that_is_not_configured_is_the_users_mistake(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no such scheme"):
        gating(tmp_path, champion=False).decide(
            registry=refuses(ConfigurationError("no such scheme"))
        )


def test_scores_that_are_no_numbers_block(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gated = gating(tmp_path, champion=True)
    monkeypatch.setattr(
        "mlops_plugins.estimators.SklearnPredictor.scores",
        lambda _, features: np.full((len(features), 2), np.nan),
    )
    assert_blocked(gated, "the challenger's scores are not")


def assert_blocked(gated: Gating, named: str, **how: Any) -> None:
    verdict = gated.decide(**QUICK, **how)
    assert verdict["decision"] == "block", verdict["reasons"]
    assert any(named in reason for reason in verdict["reasons"]), verdict["reasons"]
    assert str(gated.root) not in json.dumps(verdict)
