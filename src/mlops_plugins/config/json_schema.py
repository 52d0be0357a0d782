"""JSON Schemas of the files in `conf/`, for editors to complete and check them while typing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pydantic.errors import PydanticInvalidForJsonSchema

from mlops_plugins.api.errors import MlopsError
from mlops_plugins.artifacts.files import update_text
from mlops_plugins.config import conf_files
from mlops_plugins.config.settings import DataSettings, PredictionLogSettings, Settings
from mlops_plugins.manager.plugin_manager import plugin_manager

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mlops_plugins.api.component import Component


FOLDER = ".mlops/schemas"
DIALECT = "https://json-schema.org/draft/2020-12/schema"
COMPOSED = {"type": "string", "pattern": r"\$\{.+\}|^\?\?\?$"}
"""What Hydra resolves: `${other.key}`, and `???` for a value that must still be given."""


def of_options(name: str, options: type[Component], summary: str) -> dict[str, Any]:
    """Return the schema of `conf/<stage>/<name>.yaml`."""
    made = options.model_json_schema()
    groups = {key: _composable(group) for key, group in made.pop("$defs", {}).items()}
    schema = _composable(made)
    own = {
        "defaults": {"type": "array", "description": "Files that Hydra composes with this one."},
        "name": {"type": "string", "description": "The implementation.", "default": name},
    }
    return {
        "$schema": DIALECT,
        **({"$defs": groups} if groups else {}),
        **schema,
        "title": summary,
        "description": options.__doc__ or summary,
        "properties": own | schema.get("properties", {}),
    }


def _composable(schema: dict[str, Any]) -> dict[str, Any]:
    """Return an object's schema of which any key may be missing, or a value that Hydra resolves.

    `conf/` is composed from several files: none of them need be complete.
    """
    if "properties" not in schema:
        return schema
    properties = {}
    for key, given in schema["properties"].items():
        value = {name: said for name, said in given.items() if name not in ("title", "description")}
        described = {"description": given.get("description", ""), "anyOf": [value, COMPOSED]}
        properties[key] = described | ({"default": value["default"]} if "default" in value else {})
    kept = {name: said for name, said in schema.items() if name != "required"}
    return {**kept, "properties": properties}


def of_config(root: Path) -> dict[str, Any]:
    """Return the schema of `conf/config.yaml`: the settings, and what each stage can be."""
    stages = {stage: _described(stage, {"enum": _choices(root, stage)}) for stage in _stages()}
    kinds = {int: "integer", str: "string"}
    settings = {
        name: {"anyOf": [{"type": kinds[field.annotation]}, COMPOSED]}
        for name, field in Settings.model_fields.items()
        if field.annotation in kinds
    }
    names = {
        "type": "array",
        "items": {"enum": [each.name for each, _ in plugin_manager().observers()]},
    }
    return {
        "$schema": DIALECT,
        "title": "The choices and settings of the project",
        "properties": {
            "defaults": {
                "type": "array",
                "items": {"anyOf": [{"type": "string"}, {"type": "object", "properties": stages}]},
            },
            **settings,
            "data": DataSettings.model_json_schema(),
            "observers": _closed({"required": names}),
            "prediction_log": PredictionLogSettings.model_json_schema(),
            **{stage: _described(stage, {"type": "object"}) for stage in _stages()},
            "hydra": {"type": "object"},
        },
        "additionalProperties": False,
    }


def _stages() -> tuple[str, ...]:
    return plugin_manager().stages


def _described(stage: str, schema: dict[str, Any]) -> dict[str, Any]:
    protocol = plugin_manager().contract(stage).protocol
    return {"description": protocol.__doc__ if protocol else f"The stage {stage}.", **schema}


def _closed(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _choices(root: Path, stage: str) -> list[str]:
    """Return the implementations, and the files of options that the team named otherwise."""
    return sorted({*plugin_manager().names(stage), *_files(root, stage)})


def _files(root: Path, stage: str) -> list[str]:
    return [path.stem for path in (root / conf_files.FOLDER / stage).glob("*.yaml")]


def write(root: Path, chosen: Mapping[str, str]) -> None:
    """Write the schemas of the files that `conf/` has, where the files' first lines look for them.

    Args:
        root: The project's folder.
        chosen: The implementation of each stage.
    """
    _write(root, "config", of_config(root))
    for stage, name in chosen.items():
        for each in {name, *_files(root, stage)} & {*plugin_manager().names(stage)}:
            summary = plugin_manager().find(stage, each).implementation.summary
            try:
                schema = of_options(each, plugin_manager().load(stage, each), summary)
            except (MlopsError, PydanticInvalidForJsonSchema):
                continue  # no schema, no help in the editor; compose itself says what is wrong
            _write(root, f"{stage}/{each}", schema)


def _write(root: Path, name: str, schema: Mapping[str, Any]) -> None:
    text = json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
    update_text(root / FOLDER / f"{name}.json", text)
