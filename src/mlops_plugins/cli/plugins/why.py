"""`mlops plugins why`: which implementation would run, and what says so."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from functools import reduce
from operator import getitem
from typing import TYPE_CHECKING, Any

import click

from mlops_plugins.api.component import single_options
from mlops_plugins.config import compose, conf_files, overrides, params
from mlops_plugins.config.fingerprint import fingerprint
from mlops_plugins.config.params import Params
from mlops_plugins.manager import modules
from mlops_plugins.manager.plugin_manager import plugin_manager

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


APPLIED = "an experiment that was applied (params.yaml: overrides)"


@dataclass(frozen=True)
class Value:
    """An option's value and who says so: a line of `conf/`, an experiment, or nobody."""

    name: str
    value: Any
    source: str


@dataclass(frozen=True)
class Choice:
    """What would run for a stage, and what says so."""

    stage: str
    name: str
    summary: str
    distribution: str
    version: str
    target: str
    file: str
    chosen_by: str
    options: tuple[Value, ...]
    identity: dict[str, Any] | None


def of(root: Path, stage: str) -> Choice:
    """Return the stage's choice as `dvc repro` would make it now.

    Raises:
        ConfigurationError: `conf/` does not compose, or chooses what is not there.
    """
    previous = params.read_tree(root) if (root / params.FILE).exists() else {}
    applied = {each.key: each.value for each in overrides.remembered(previous)}
    chosen = applied.get(stage)
    composed = compose.from_conf(root, [f"{stage}={chosen}"] if chosen else [])
    compose.check(root, composed)
    for key, value in applied.items():
        _set(composed, key, value)
    made = Params(composed)
    registered, component = made.registered(stage), made.component(stage)
    spec = registered.implementation
    found = modules.find(spec.target.partition(":")[0])
    in_pipeline = stage in plugin_manager().pipeline.stages
    return Choice(
        stage=str(stage),
        name=spec.name,
        summary=spec.summary,
        distribution=registered.distribution,
        version=registered.version,
        target=spec.target,
        file=str(found or ""),
        chosen_by=_chosen_by(root, stage, made, applied),
        options=tuple(_options(root, stage, made, applied)),
        identity=fingerprint(spec, component, root) if in_pipeline else None,
    )


def _set(tree: dict[str, Any], key: str, value: Any) -> None:
    *parents, last = key.split(".")
    node = tree
    for parent in parents:
        node = node.setdefault(parent, {})
    if not isinstance(node.get(last), dict):  # a section is a choice, which is composed
        node[last] = value


def _group_choice(root: Path, stage: str, made: Params) -> str:
    """Return the word in `conf/`, which may be a file of another name than the implementation's."""
    listed = conf_files.choices(root).get(stage, "")
    file = conf_files.options_file(root, stage, listed)
    if file.exists() and conf_files.load(file).get("name") == made.section(stage).name:
        return listed
    return str(made.section(stage).name)


def _chosen_by(root: Path, stage: str, made: Params, applied: Mapping[str, Any]) -> str:
    if stage in applied:
        return f"{stage}={applied[stage]}, {APPLIED}"
    line = conf_files.chosen_at(root, stage, _group_choice(root, stage, made))
    line = line or conf_files.value_at(root, root / conf_files.MAIN, stage, "name")
    if line is None and stage not in conf_files.choices(root):
        return f"the package: {conf_files.MAIN} is older than this stage, and does not name it"
    return f"{line}: {line.text}" if line else "conf/, by a file that Hydra composed"


def _options(root: Path, stage: str, made: Params, applied: Mapping[str, Any]) -> list[Value]:
    """Return each option, those of groups by their dotted names, with the line that gives it."""
    file = conf_files.options_file(root, stage, _group_choice(root, stage, made))
    component = made.component(stage)
    former = {present: name for name, present in component.renamed.items()}
    options = component.model_dump()
    values = []
    for name, _, _ in single_options(type(component)):
        value = reduce(getitem, name.split("."), options)
        if f"{stage}.{name}" in applied:
            source = APPLIED
        else:
            line = _line(root, file, stage, name) or _line(root, file, stage, former.get(name, ""))
            source = str(line) if line else "default"
        values.append(Value(name, value, source))
    return values


def _line(root: Path, file: Path, stage: str, name: str) -> conf_files.Line | None:
    keys = name.split(".")
    in_main = conf_files.value_at(root, root / conf_files.MAIN, stage, *keys)
    return in_main or conf_files.value_at(root, file, *keys)


def as_data(root: Path, stage: str) -> dict[str, Any]:
    """Return the choice as plain data, for `--json`."""
    return asdict(of(root, stage))


def show(root: Path, stage: str) -> None:
    """Print the choice, where it comes from, and each option with its source."""
    choice = of(root, stage)
    click.echo(f"{choice.stage}: {choice.name} ({choice.summary})")
    lines = {
        "from": f"{choice.distribution} {choice.version}, {choice.target}",
        "code": choice.file,
        "chosen": choice.chosen_by,
    }
    if choice.identity:
        lines["identity"] = _identity(choice.identity)
    for label, text in lines.items():
        click.echo(f"  {label + ':':<10}{text}")
    values = [f"{each.name} = {json.dumps(each.value)}" for each in choice.options]
    width = max(map(len, values), default=0)
    for each, text in zip(choice.options, values, strict=True):
        click.echo(f"  {text:<{width}}  {each.source}")


def _identity(made: Mapping[str, Any]) -> str:
    versions = [f"{name} {version}" for name, version in made.get("libraries", {}).items()]
    sources = [f"sources {made['sources'][:12]}"] if "sources" in made else []
    return ", ".join([f"cache version {made['cache_version']}", *versions, *sources])
