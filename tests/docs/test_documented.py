"""Every hook and stage is documented and tested, and every example in the documentation is one."""

from __future__ import annotations

import inspect
import types
from typing import Any

import pytest

from mlops_plugins import hookimpl
from mlops_plugins.api.contracts import CONTRACTS
from mlops_plugins.api.spec import ComponentSpec
from mlops_plugins.api.stage import Stage
from mlops_plugins.manager import discovery
from tests.helpers.projects import ROOT

CONTRACTS_PAGE = (ROOT / "docs/reference/contracts.md").read_text()
EXTERNAL = "\n".join(path.read_text() for path in (ROOT / "tests/acme").rglob("*.py"))


@pytest.mark.parametrize("hook", discovery.HOOKS)
def test_a_hook_is_documented_and_implemented_by_the_external_plugin(hook: str) -> None:
    assert f"def {hook}(" in CONTRACTS_PAGE
    assert f"def {hook}(" in EXTERNAL


@pytest.mark.parametrize("hook", discovery.HOOKS)
def test_a_hooks_example_can_be_pasted(hook: str) -> None:
    _, _, example = (inspect.getdoc(discovery.HOOKS[hook]) or "").partition("Example:\n")
    module = types.ModuleType("pasted")
    names: dict[str, Any] = {
        "hookimpl": hookimpl,
        "ComponentSpec": ComponentSpec,
        "Stage": Stage,
    }
    exec(inspect.cleandoc(example), vars(module) | names, vars(module))  # noqa: S102
    assert hasattr(module, hook)
    assert discovery.misuse(module) == ""


@pytest.mark.parametrize("stage", Stage)
def test_a_stage_is_documented_and_implemented_by_the_external_plugin(stage: Stage) -> None:
    method = f"def {stage}("
    assert f"## Stage {stage}\n" in CONTRACTS_PAGE
    assert method in CONTRACTS_PAGE
    assert method in EXTERNAL


@pytest.mark.parametrize("stage", Stage)
def test_every_parameter_of_a_contract_is_in_its_text_or_a_path(stage: Stage) -> None:
    contract = CONTRACTS[stage]
    method = getattr(contract.protocol, stage)
    parameters = set(inspect.signature(method).parameters) - {"self", "context"}
    paths = {*contract.inputs, *contract.outputs, *contract.kept}
    text = inspect.getdoc(method) or ""
    assert {name for name in parameters - paths if f"`{name}" not in text} == set()
