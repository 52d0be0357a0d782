"""`mlops plugins why`: which implementation would run, and what says so."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import click

from mlops_plugins.api.contracts import CONTRACTS, PIPELINE
from mlops_plugins.config import compose, conf_files, params
from mlops_plugins.config.fingerprint import identity
from mlops_plugins.manager import modules
from mlops_plugins.manager.plugin_manager import plugin_manager

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mlops_plugins.api.stage import Stage

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


def of(root: Path, stage: Stage) -> Choice:
    """Return the stage's choice as `dvc repro` would make it now.

    Raises:
        ConfigurationError: `conf/` does not compose, or chooses what is not there.
    """
    previous = params.read(root, check=False) if (root / params.FILE).exists() else {}
    overrides = {each.key: each.value for each in compose.remembered(previous)}
    chosen = overrides.get(stage)
    whole = compose.from_conf(root, [f"{stage}={chosen}"] if chosen else [])
    compose.check(root, whole)
    for key, value in overrides.items():
        _set(whole, key, value)
    offer = plugin_manager().find(stage, whole[stage]["name"])
    offered = offer.implementation
    found = modules.find(offered.target.partition(":")[0])
    stamped = params.implementation(whole, stage)
    return Choice(
        stage=stage.value,
        name=offered.name,
        summary=offered.summary,
        distribution=offer.distribution,
        version=offer.version,
        target=offered.target,
        file=str(found or ""),
        chosen_by=_chosen_by(root, stage, whole, overrides),
        options=tuple(_options(root, stage, whole, overrides)),
        identity=identity(offered, stamped, root) if stage in PIPELINE else None,
    )


def _set(whole: dict[str, Any], key: str, value: Any) -> None:
    *parents, last = key.split(".")
    node = whole
    for parent in parents:
        node = node.setdefault(parent, {})
    if not isinstance(node.get(last), dict):  # a whole section is a choice, which is composed
        node[last] = value


def _group_choice(root: Path, stage: Stage, whole: Mapping[str, Any]) -> str:
    """Return the word in `conf/`, which may be a file of another name than the implementation's."""
    listed = conf_files.choices(root).get(stage, "")
    file = conf_files.options_file(root, stage, listed)
    if file.exists() and conf_files.load(file).get("name") == whole[stage]["name"]:
        return listed
    return str(whole[stage]["name"])


def _chosen_by(
    root: Path, stage: Stage, whole: Mapping[str, Any], overrides: Mapping[str, Any]
) -> str:
    if stage in overrides:
        return f"{stage}={overrides[stage]}, {APPLIED}"
    line = conf_files.chosen_at(root, stage, _group_choice(root, stage, whole))
    line = line or conf_files.value_at(root, root / conf_files.MAIN, stage, "name")
    if line is None and stage not in conf_files.choices(root) and CONTRACTS[stage].default:
        return f"the package: {conf_files.MAIN} is older than this stage, and does not name it"
    return f"{line}: {line.text}" if line else "conf/, by a file that Hydra composed"


def _options(
    root: Path, stage: Stage, whole: Mapping[str, Any], overrides: Mapping[str, Any]
) -> list[Value]:
    file = conf_files.options_file(root, stage, _group_choice(root, stage, whole))
    made = []
    options = params.implementation(whole, stage).model_dump()
    for name, value in options.items():
        if f"{stage}.{name}" in overrides:
            source = APPLIED
        else:
            line = conf_files.value_at(root, root / conf_files.MAIN, stage, name)
            line = line or conf_files.value_at(root, file, name)
            source = str(line) if line else "default"
        made.append(Value(name, value, source))
    return made


def as_data(root: Path, stage: Stage) -> dict[str, Any]:
    """Return the choice as plain data, for `--json`."""
    return asdict(of(root, stage))


def show(root: Path, stage: Stage) -> None:
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
