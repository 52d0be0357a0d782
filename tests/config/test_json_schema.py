"""The JSON Schemas that editors hold `conf/` against: written by compose, and they bite."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from mlops_plugins.config import json_schema
from mlops_plugins.manager.plugin_manager import plugin_manager

if TYPE_CHECKING:
    from pathlib import Path

    from tests.helpers.projects import Project

pytestmark = pytest.mark.slow
MODELINE = "# yaml-language-server: $schema="


def schema_of(file: Path) -> Any:
    """Return the schema that a file's first line names."""
    first = file.read_text().splitlines()[0]
    assert first.startswith(MODELINE), file
    schema = json.loads((file.parent / first.removeprefix(MODELINE)).read_text())
    Draft202012Validator.check_schema(schema)
    return schema


def faults(file: Path, text: str | None = None) -> list[str]:
    whole = YAML(typ="safe").load(text if text is not None else file.read_text())
    found = Draft202012Validator(schema_of(file)).iter_errors(whole)
    return [error.message for error in found]


def test_every_file_of_a_project_has_a_schema_and_keeps_it(finished: Project) -> None:
    files = sorted((finished.root / "conf").rglob("*.yaml"))
    assert len(files) > 10
    for file in files:
        assert faults(file) == [], file


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        ("train/sklearn.yaml", "max_iter:", "max_itr:", "'max_itr' was unexpected"),
        ("train/sklearn.yaml", "max_iter: 40", "max_iter: 0", "0 is not valid under any"),
        ("train/sklearn.yaml", "max_iter: 40", "max_iter: many", "'many' is not valid under any"),
        ("monitor/drift.yaml", "alpha:", "alhpa:", "is not valid under any"),
        ("config.yaml", "- train: sklearn", "- train: sklern", "'sklern'} is not valid"),
        ("config.yaml", "task: binary", "task: binry", "'binry' is not one of"),
        ("config.yaml", "seed: 42", "sed: 42", "'sed' was unexpected"),
        ("config.yaml", "required: []", "required: [consol]", "'consol' is not one of"),
    ],
)
def test_a_mistake_is_found_while_it_is_typed(
    finished: Project, name: str, old: str, new: str, said: str
) -> None:
    file = finished.root / "conf" / name
    (fault,) = faults(file, file.read_text().replace(old, new))
    assert said in fault


@pytest.mark.parametrize(
    ("name", "option"), [("train/sklearn.yaml", "max_iter"), ("monitor/drift.yaml", "alpha")]
)
@pytest.mark.parametrize("value", ["${seed}", "???"])
def test_what_hydra_fills_in_is_no_mistake(
    finished: Project, name: str, option: str, value: str
) -> None:
    file = finished.root / "conf" / name
    text, count = re.subn(rf"(?m)^( *{option}:).*$", rf"\1 {value}", file.read_text())
    assert count == 1
    assert faults(file, text) == []


@pytest.mark.parametrize("offer", plugin_manager().components(), ids=str)
def test_every_implementation_has_a_schema(offer: Any) -> None:
    offered = offer.implementation
    options = plugin_manager().load(offered.stage, offered.name)
    schema = json_schema.of_options(offered.name, options, offered.summary)
    Draft202012Validator.check_schema(schema)
    assert set(schema["properties"]) == {"defaults", "name", *options.model_fields}


def test_an_installed_plugin_is_in_the_schema_after_the_next_compose(project: Project) -> None:
    from tests.helpers.projects import write_distribution

    (site,) = (project.root / ".venv" / "lib").glob("python3*/site-packages")
    write_distribution(
        site,
        "acme",
        "from mlops_plugins import Field, ComponentSpec, Component, Stage, hookimpl\n"
        "@hookimpl\n"
        "def mlops_implementations():\n"
        "    yield ComponentSpec(stage=Stage.NOTIFY, name='acme', target='acme:Acme', summary='x')\n"
        "class Acme(Component):\n"
        "    channel: str = Field('ops', description='Where.')\n"
        "    def notify(self, context, *, alert): context.log(self.channel)\n",
    )
    file = project.root / "conf/notify/acme.yaml"
    file.parent.mkdir()
    file.write_text(project.mlops("plugins", "show", "notify/acme", "--yaml").stdout)
    project.mlops("compose")
    assert faults(file) == []
    assert faults(file, "channel: 3") != []
    config = project.root / "conf/config.yaml"
    assert faults(config, config.read_text().replace("notify: log", "notify: acme")) == []
