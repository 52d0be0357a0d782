"""Choosing among plugins: what is offered, and what is said when something is wrong with one."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import metadata
from typing import TYPE_CHECKING

import pytest

from mlops_plugins import ConfigurationError, MlopsError, Stage
from mlops_plugins.api.contracts import CONTRACTS
from mlops_plugins.api.hookspecs import GROUP
from mlops_plugins.manager.plugin_manager import PluginManager, RegisteredComponent, plugin_manager
from tests.helpers.projects import write_distribution

if TYPE_CHECKING:
    from pathlib import Path

OFFER = """
from mlops_plugins import ComponentSpec, Stage, hookimpl

@hookimpl
def mlops_implementations():
    yield ComponentSpec(stage=Stage.TRAIN, name="{name}", target="{target}", summary="x", extra="acme[gpu]")
"""

Install = Callable[..., metadata.EntryPoint]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Return a function that installs a distribution with one plugin module."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def make(distribution: str, code: str) -> metadata.EntryPoint:
        monkeypatch.delitem(sys.modules, distribution.replace("-", "_"), raising=False)
        info = write_distribution(tmp_path, distribution, code)
        (found,) = metadata.Distribution.at(info).entry_points
        return found

    return make


def builtin() -> list[metadata.EntryPoint]:
    return list(metadata.distribution("mlops-plugins").entry_points.select(group=GROUP))


def test_every_stage_has_an_implementation() -> None:
    for stage in Stage:
        assert plugin_manager().names(stage), stage


@pytest.mark.parametrize("offer", plugin_manager().components(), ids=str)
def test_every_built_in_keeps_its_contract(offer: RegisteredComponent) -> None:
    implementation = offer.implementation
    plugin_manager().load(implementation.stage, implementation.name)
    assert plugin_manager().deprecations(implementation.stage, implementation.name) == []


def test_every_built_in_entry_point_loads() -> None:
    assert plugin_manager().broken == []
    assert plugin_manager().warned == []


def test_an_unknown_name_gets_the_nearest_one_and_what_failed_to_load(
    install: Install, tmp_path: Path
) -> None:
    found = PluginManager([*builtin(), install("acme-ml", "raise RuntimeError('no licence')")])
    with pytest.raises(ConfigurationError) as caught:
        found.find(Stage.TRAIN, "sklern")
    assert str(caught.value) == (
        "There is no implementation 'sklern' of train. Did you mean 'sklearn'?\n"
        "  not loaded: plugin 'acme-ml' of acme-ml 1.2: RuntimeError: no licence "
        f"({tmp_path}/acme_ml.py, line 1)\n"
        "  where:    train: sklern\n"
        "  expected: one of catboost, estimator, lightgbm, sklearn, xgboost\n"
        "  next:     choose one of these in conf/config.yaml, or install the plugin that offers 'sklern'"
        " (`mlops plugins` lists all)"
    )


def test_two_plugins_of_one_name_are_both_named(install: Install) -> None:
    offers = [
        install(name, OFFER.format(name="gbm", target="a:b")) for name in ("acme-ml", "other-ml")
    ]
    with pytest.raises(
        ConfigurationError, match=r"Two plugins offer train/gbm: acme-ml 1.2 and other-ml 1.2"
    ):
        PluginManager(offers).find(Stage.TRAIN, "gbm")


@pytest.mark.parametrize(
    ("target", "body", "said"),
    [
        (
            "acme_ml:Missing",
            "",
            "cannot be loaded: AttributeError: module 'acme_ml' has no attribute 'Missing'",
        ),
        ("acme_gpu:Gbm", "", "needs 'acme_gpu', which cannot be imported"),
        (
            "acme_ml:Gbm",
            "class Gbm: pass",
            "acme_ml:Gbm is not a class made from Component",
        ),
        (
            "acme_ml:Gbm",
            "from mlops_plugins import Component\nclass Gbm(Component): pass",
            "it has no method 'train'",
        ),
        (
            "acme_ml:Gbm",
            "from mlops_plugins import Component\nclass Gbm(Component):\n"
            "    def train(self, context, features): ...\n    def load(self, path): ...",
            "its method 'train' does not take 'output'",
        ),
    ],
)
def test_an_implementation_that_breaks_its_contract_is_refused(
    install: Install, target: str, body: str, said: str
) -> None:
    found = PluginManager([install("acme-ml", OFFER.format(name="gbm", target=target) + body)])
    with pytest.raises(MlopsError) as caught:
        found.load(Stage.TRAIN, "gbm")
    assert "train/gbm of acme-ml 1.2" in str(caught.value)
    assert said in str(caught.value)


def test_a_missing_library_comes_with_what_installs_it(install: Install) -> None:
    found = PluginManager([install("acme-ml", OFFER.format(name="gbm", target="acme_gpu:Gbm"))])
    with pytest.raises(ConfigurationError, match=r"uv add 'acme\[gpu\]'"):
        found.load(Stage.TRAIN, "gbm")


def test_an_observer_that_fails_is_reported_and_fails_nothing(
    install: Install, tmp_path: Path
) -> None:
    code = "from mlops_plugins import hookimpl\n@hookimpl\ndef mlops_before_stage(stage): raise OSError('offline')"
    found = PluginManager([install("acme-ml", code)])
    told = found.observe("mlops_before_stage", stage=Stage.TRAIN, name="x", context=None)
    assert list(map(str, told)) == [
        f"observer 'acme-ml' of acme-ml 1.2: OSError: offline ({tmp_path}/acme_ml.py:3)"
    ]


def test_external_plugins_can_be_turned_off(
    install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    install("acme-ml", OFFER.format(name="gbm", target="a:b"))
    plugin_manager.cache_clear()
    assert "gbm" in plugin_manager().names(Stage.TRAIN)
    monkeypatch.setenv("MLOPS_DISABLE_EXTERNAL_PLUGINS", "1")
    plugin_manager.cache_clear()
    assert "gbm" not in plugin_manager().names(Stage.TRAIN)
    plugin_manager.cache_clear()


def test_every_contract_has_its_stages_method() -> None:
    for stage, contract in CONTRACTS.items():
        assert callable(getattr(contract.protocol, stage))
