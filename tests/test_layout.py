"""A name in `conf/` leads to the file that runs it, to its contract's checks and to its tests."""

from __future__ import annotations

import pytest

from mlops_plugins import ComponentSpec, Stage
from mlops_plugins.builtin import BUILTINS
from tests.helpers.projects import ROOT

PACKAGE = ROOT / "src" / "mlops_plugins"

AT_THE_TOP = {"__init__", "__main__", "builtin", "features", "mlflow_loader", "moved"}
"""What users, saved models or Python itself name by this path; all else is in a layer's folder."""


@pytest.mark.parametrize("spec", BUILTINS, ids=lambda spec: f"{spec.stage}/{spec.name}")
def test_an_implementation_stands_in_the_file_of_its_name(spec: ComponentSpec) -> None:
    assert (PACKAGE / "stages" / spec.stage / f"{spec.name}.py").is_file()
    module, _, _ = spec.target.partition(":")
    assert module == f"mlops_plugins.stages.{spec.stage}.{spec.name}"


@pytest.mark.parametrize("stage", Stage)
def test_a_stage_has_checks_of_its_contract_and_a_folder_of_tests(stage: Stage) -> None:
    assert (PACKAGE / "testing" / "contracts" / f"{stage}.py").is_file()
    assert [*(ROOT / "tests" / "stages" / stage).glob("test_*.py")]


def test_a_folder_of_stages_is_a_stage() -> None:
    for stages in (PACKAGE / "stages", ROOT / "tests" / "stages"):
        assert {path.name for path in stages.iterdir() if [*path.glob("*.py")]} == {*Stage}


def test_no_module_lies_flat_at_the_top() -> None:
    assert {path.stem for path in PACKAGE.glob("*.py")} == AT_THE_TOP
