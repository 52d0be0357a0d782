"""Observers: their order, what they are told, and what happens when one of them fails."""

from __future__ import annotations

import json
import sys
from importlib import metadata
from typing import TYPE_CHECKING, Any

import pytest

from mlops_plugins.api.context import Context, Data
from mlops_plugins.api.errors import ConfigurationError, MlopsError, ObserverError
from mlops_plugins.api.hookspecs import Hooks
from mlops_plugins.api.stage import Stage
from mlops_plugins.config.params import Params
from mlops_plugins.manager.plugin_manager import OBSERVERS, PluginManager, plugin_manager
from mlops_plugins.runtime.observers import observed
from tests.helpers.projects import write_distribution

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

WATCH = """
from mlops_plugins import hookimpl

@hookimpl({options})
def mlops_before_stage(context):
    context.log("{name}")
"""

RECORD = """
import json
from mlops_plugins import hookimpl

def record(context, *said):
    with (context.root / "said.jsonl").open("a") as stream:
        stream.write(json.dumps(said) + "\\n")

@hookimpl
def mlops_before_stage(stage, name, context): record(context, "before", stage, name)
@hookimpl
def mlops_after_stage(stage, context, seconds): record(context, "after", stage, seconds >= 0)
@hookimpl
def mlops_on_error(stage, context, error): record(context, "error", stage, str(error))
@hookimpl
def mlops_on_metric(stage, context, metric, value, step): record(context, "metric", stage, metric, value, step)
"""

FAIL = """
from mlops_plugins import hookimpl

@hookimpl
def mlops_{event}(context): raise OSError("offline")
"""


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Return a function that installs a plugin into the environment of this test."""
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(str(site))
    plugin_manager.cache_clear()

    def make(name: str, code: str) -> None:
        monkeypatch.delitem(sys.modules, name, raising=False)
        write_distribution(site, name, code)
        plugin_manager.cache_clear()

    yield make
    plugin_manager.cache_clear()


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def context(tmp_path: Path, said: list[str]) -> Context:
    data = Data(task="binary", target="late")
    return Context(root=tmp_path, project="p", data=data, seed=1, threads=1, log=said.append)


def params(*names: str, stage: Stage = Stage.TRAIN, name: str = "sklearn") -> Params:
    settings = {"project": "p", "seed": 1, "threads": 1}
    data = {"task": "binary", "target": "late"}
    observers = {"required": list(names)}
    section = {"name": name}
    return Params({**settings, "data": data, "observers": observers, stage.value: section})


def test_the_order_is_by_distribution_and_name_and_what_asks_to_be_first_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: list[str], context: Context
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    options = {"ord-b": "", "ord-last": "trylast=True", "ord-a": "", "ord-z-first": "tryfirst=True"}
    found = []
    for name, option in options.items():
        info = write_distribution(tmp_path, name, WATCH.format(name=name, options=option))
        found += metadata.Distribution.at(info).entry_points
    order = ["ord-z-first", "ord-a", "ord-b", "ord-last"]

    for entry_points in (found, found[::-1]):
        said.clear()
        PluginManager(entry_points).observe("mlops_before_stage", context=context)
        assert said == order


def test_the_built_ins_observe_before_others(install: Callable[..., None]) -> None:
    install("aaa", WATCH.format(name="aaa", options=""))
    names = [plugin.name for plugin, _ in plugin_manager().observers()]
    assert names == ["console", "mlflow", "aaa"]


def test_before_metrics_and_after_are_told(
    install: Callable[..., None], context: Context, tmp_path: Path
) -> None:
    install("recorder", RECORD)
    (tmp_path / "reports").mkdir()
    (tmp_path / "reports" / "metrics.json").write_text(
        '{"roc_auc": 0.75, "task": "binary", "x": null}'
    )
    with observed(Stage.EVALUATE, params(stage=Stage.EVALUATE, name="metrics"), context) as told:
        told.log_metric("loss", 0.5, 3)
    assert read(tmp_path) == [
        ["before", "evaluate", "metrics"],
        ["metric", "evaluate", "loss", 0.5, 3],
        ["metric", "evaluate", "roc_auc", 0.75, None],
        ["after", "evaluate", True],
    ]


def test_an_error_is_told_and_stays_the_stages_own(
    install: Callable[..., None], context: Context, tmp_path: Path
) -> None:
    install("recorder", RECORD)
    install("failing", FAIL.format(event="on_error"))
    with (
        pytest.raises(
            MlopsError, match=r"train/sklearn of .* failed: ValueError: no rows"
        ) as caught,
        observed(Stage.TRAIN, params("failing"), context),
    ):
        raise ValueError("no rows")
    assert isinstance(caught.value.__cause__, ValueError)
    assert read(tmp_path)[-1] == ["error", "train", "no rows"]


def read(folder: Path) -> list[Any]:
    return [json.loads(line) for line in (folder / "said.jsonl").read_text().splitlines()]


@pytest.mark.parametrize("event", ["before_stage", "after_stage", "on_metric"])
def test_one_that_fails_is_reported_and_the_others_are_told(
    install: Callable[..., None], context: Context, said: list[str], tmp_path: Path, event: str
) -> None:
    install("failing", FAIL.format(event=event))
    install("recorder", RECORD)
    with observed(Stage.TRAIN, params(), context) as told:
        told.log_metric("loss", 0.5)
    place = f"({tmp_path}/site/failing.py:5)"
    assert f"warning: observer 'failing' of failing 1.2: OSError: offline {place}" in said
    assert [each[0] for each in read(tmp_path)] == ["before", "metric", "after"]


def test_a_required_one_that_fails_fails_the_stage(
    install: Callable[..., None], context: Context, tmp_path: Path
) -> None:
    install("failing", FAIL.format(event="after_stage"))
    with pytest.raises(ObserverError) as caught, observed(Stage.TRAIN, params("failing"), context):
        pass
    assert str(caught.value) == (
        "The required observer 'failing' of failing 1.2: OSError: offline "
        f"({tmp_path}/site/failing.py:5).\n"
        "  where:    conf/config.yaml: observers.required: failing\n"
        "  next:     repair what it needs, or take it from the list there"
    )
    assert caught.value.exit_code == 8


def test_a_required_one_that_is_not_there_stops_before_anything_runs(
    install: Callable[..., None],
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        params("consol").required_observers()
    assert str(caught.value) == (
        "The required observer 'consol' is not there. Did you mean 'console'?\n"
        "  where:    conf/config.yaml: observers.required\n"
        "  expected: one of console, mlflow\n"
        "  next:     install it, or take it from the list there"
    )


def test_a_required_one_that_is_broken_stops_before_anything_runs(
    install: Callable[..., None],
) -> None:
    install("audit", "raise RuntimeError('no licence')")
    with pytest.raises(
        ConfigurationError, match=r"'audit' is not there: plugin 'audit' of audit 1.2"
    ):
        params("audit").required_observers()


def test_every_hook_that_offers_nothing_observes() -> None:
    hooks = {name for name in vars(Hooks) if name.startswith("mlops_")}
    assert set(OBSERVERS) == hooks - {"mlops_implementations", "mlops_stages"}
