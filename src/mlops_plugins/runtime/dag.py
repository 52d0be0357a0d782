"""The pipeline as a graph: printed, exported, and written into a project's `dvc.yaml`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from mlops_plugins.api.errors import ConfigurationError
from mlops_plugins.artifacts.files import write_text
from mlops_plugins.config import conf_files
from mlops_plugins.manager.plugin_manager import plugin_manager

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from mlops_plugins.api.stage import Contract
    from mlops_plugins.manager.pipeline import Pipeline

FILE = "dvc.yaml"
RUN = "mlops run "
COMPOSE = "mlops compose"
INGEST = "ingest"
"""Where data come from is the project's to say: its dependencies are left as they are."""


def project_pipeline(root: Path) -> Pipeline:
    """Return the stages of the project at `root`: the built-in ones, and those that `conf/` names."""
    named = {*conf_files.choices(root), *conf_files.load(root / conf_files.MAIN)}
    return plugin_manager().pipeline.of(named)


def as_data(pipeline: Pipeline) -> list[dict[str, Any]]:
    """Return each stage in the order they run.

    Returns:
        By stage: `stage`, `command`, `after` (the stages whose outputs it reads), `inputs` and `outputs`
        (paths below the project) and `parameters` (keys of params.yaml).
    """
    makers = {
        path: name for name in pipeline.stages for path in pipeline.contracts[name].outputs.values()
    }
    return [
        {
            "stage": stage,
            "command": RUN + stage,
            "after": _makers(pipeline.dependencies(stage), makers),
            "inputs": pipeline.dependencies(stage),
            "outputs": list(pipeline.contracts[stage].outputs.values()),
            "parameters": [stage, *pipeline.contracts[stage].parameters],
        }
        for stage in pipeline.stages
    ]


def _makers(paths: Iterable[str], makers: dict[str, str]) -> list[str]:
    found = {
        maker: None
        for path in paths
        for output, maker in makers.items()
        if path == output or path.startswith(f"{output}/")
    }
    return list(found)


def as_text(pipeline: Pipeline) -> str:
    """Return the graph for people: a line a stage, with the stages that it follows."""
    stages = as_data(pipeline)
    width = max(len(each["stage"]) for each in stages)
    lines = (f"{each['stage']:<{width}}  <- {', '.join(each['after'])}" for each in stages)
    return "\n".join(line.removesuffix("  <- ").rstrip() for line in lines)


def entry(pipeline: Pipeline, stage: str) -> dict[str, Any]:
    """Return what `dvc.yaml` says of a stage."""
    contract = pipeline.placed(stage)
    made: dict[str, Any] = {"cmd": RUN + stage}
    if dependencies := pipeline.dependencies(stage):
        made["deps"] = dependencies
    made["params"] = [stage, *contract.parameters]
    made["params"] += [{file: list(keys)} for file, keys in contract.keys.items()]
    metrics = [{contract.outputs[name]: {"cache": False}} for name in sorted(contract.metrics)]
    if metrics:
        made["metrics"] = metrics
    outputs = list(_outputs(contract))
    if outputs:
        made["outs"] = outputs
    return made


def _outputs(contract: Contract) -> Iterator[str | dict[str, Any]]:
    for name, path in contract.outputs.items():
        if name in contract.metrics:
            continue
        if contract.external:
            yield {path: {"cache": False, "persist": True}}
        elif name in contract.committed:
            yield {path: {"cache": False}}
        else:
            yield path


def write(root: Path) -> list[str]:
    """Write the stages into the project's `dvc.yaml`; what the team added stays.

    A stage that is missing is added after the one it follows; a stage that is there gets what its
    contract asks for and loses paths that another stage's output replaces; a stage of ours that is no
    more is removed.

    Returns:
        What was changed, a line each.

    Raises:
        ConfigurationError: There is no `dvc.yaml`, or it has no stages.
    """
    path = root / FILE
    tree = conf_files.load_yaml(path) if path.exists() else None
    if not isinstance(tree, dict) or not isinstance(tree.get("stages"), dict):
        raise ConfigurationError(
            f"There is no {FILE} with stages here.",
            where=str(path),
            next_step="run this in a project's folder, or restore it: git checkout -- dvc.yaml",
        )
    changes = list(_update(project_pipeline(root), tree["stages"]))
    if changes:
        write_text(path, _spaced(conf_files.dump_edited(tree)))
    return changes or [f"{FILE} has every stage already"]


def _spaced(text: str) -> str:
    """Return the file with an empty line before each stage that was added."""
    lines: list[str] = []
    for line in text.splitlines(keepends=True):
        begins_stage = re.match(r"  [\w-]+:\n", line) is not None
        if begins_stage and lines and not re.match(r"\n|\s*#|\S+:\n", lines[-1]):
            lines.append("\n")
        lines.append(line)
    return "".join(lines)


def _update(pipeline: Pipeline, stages: Any) -> Iterator[str]:
    for name in [each for each in stages if each not in pipeline.stages]:
        if str(stages[name].get("cmd", "")) == f"{RUN}{name}":
            del stages[name]
            yield f"removed the stage {name}"
    if _composes_only_if_stale(stages):
        stages["compose"].insert(1, "always_changed", True)
        yield "compose: always_changed: true"
    previous = "compose"
    for name in pipeline.stages:
        if name not in stages:
            place = list(stages).index(previous) + 1 if previous in stages else len(stages)
            stages.insert(place, name, _flowing(entry(pipeline, name)))
            yield f"added the stage {name}"
        else:
            yield from _update_stage(pipeline, name, stages[name])
        previous = name


def _composes_only_if_stale(stages: Any) -> bool:
    """Return whether DVC skips `compose` when its files have not changed: identity is more than files."""
    compose = stages.get("compose")
    return compose is not None and compose.get("cmd") == COMPOSE and "always_changed" not in compose


def _flowing(made: dict[str, Any]) -> dict[str, Any]:
    """Return an entry whose parameters stand on one line, as in the template."""
    from ruamel.yaml.comments import CommentedSeq

    parameters = CommentedSeq(made["params"])
    parameters.fa.set_flow_style()
    return {**made, "params": parameters}


def _update_stage(pipeline: Pipeline, name: str, there: Any) -> Iterator[str]:
    wanted = entry(pipeline, name)
    for key in ("deps", "params", "metrics", "outs"):
        if key == "deps" and name == INGEST:
            continue
        listed = there.get(key) or []
        missing = [each for each in wanted.get(key, []) if _name(each) not in map(_name, listed)]
        stale = [each for each in listed if key == "deps" and _is_replaced(_name(each), wanted)]
        place = listed.index(stale[0]) if stale else len(listed)
        for each in stale:
            listed.remove(each)
            yield f"{name}: no longer reads {_name(each)}"
        if missing:
            there.setdefault(key, listed)
            listed[place:place] = missing
            yield f"{name}: {key}: {', '.join(map(_name, missing))}"


def _name(item: Any) -> str:
    """Return the path, or the key, that an item of a list is about."""
    return str(next(iter(item))) if isinstance(item, dict) else str(item)


def _is_replaced(path: str, wanted: dict[str, Any]) -> bool:
    """Return whether a dependency is an output of a stage which this stage does not read."""
    pipeline = plugin_manager().pipeline
    ours = {each for stage in pipeline.contracts.values() for each in stage.outputs.values()}
    return path in ours and path not in wanted.get("deps", [])
