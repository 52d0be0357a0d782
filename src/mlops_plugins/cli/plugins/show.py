"""`mlops plugins show`: the options of one implementation."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from mlops_plugins.api.component import MISSING, Component, defaults, single_options, to_yaml
from mlops_plugins.api.errors import ConfigurationError, did_you_mean
from mlops_plugins.config import json_schema
from mlops_plugins.manager.plugin_manager import RegisteredComponent, plugin_manager

if TYPE_CHECKING:
    from collections.abc import Mapping


def stage_named(name: str) -> str:
    """Return the name of a stage.

    Raises:
        ConfigurationError: There is none.
    """
    stages = plugin_manager().stages
    if name not in stages:
        raise ConfigurationError(
            f"There is no stage '{name}'.{did_you_mean(name, stages)}",
            expected="one of " + ", ".join(stages),
            next_step="mlops plugins",
        )
    return name


def find(implementation: str) -> tuple[RegisteredComponent, type[Component]]:
    """Return what `STAGE/NAME` names.

    Raises:
        ConfigurationError: There is no such implementation, or it cannot be loaded.
    """
    stage, _, name = implementation.partition("/")
    offer = plugin_manager().find(stage_named(stage), name)
    return offer, plugin_manager().load(stage, name)


def as_yaml(implementation: str) -> str:
    """Return the file for `conf/<stage>/<name>.yaml`."""
    offer, options = find(implementation)
    offered = offer.implementation
    return to_yaml(offered.stage, offered.name, options, offered.summary)


def as_data(implementation: str) -> dict[str, Any]:
    """Return the implementation and its options' JSON Schema, for `--json`."""
    offer, options = find(implementation)
    offered = offer.implementation
    return {
        "stage": str(offered.stage),
        "name": offered.name,
        "summary": offered.summary,
        "distribution": offer.distribution,
        "version": offer.version,
        "target": offered.target,
        "extra": offered.extra,
        "cache_version": offered.cache_version,
        "libraries": list(offered.libraries),
        "schema": json_schema.of_options(offered.name, options, offered.summary),
    }


def show(implementation: str) -> None:
    """Print the options, their types, defaults and descriptions."""
    import inspect

    from rich.console import Console
    from rich.table import Table

    offer, options = find(implementation)
    console = Console(highlight=False, markup=False)
    console.print(f"{offer}: {offer.implementation.summary}", soft_wrap=True)
    console.print(inspect.getdoc(options) or "", soft_wrap=True)
    table = Table("option", "type", "default", "", box=None, header_style="bold")
    for name, owner, key in single_options(options):
        value = defaults(owner)[key]
        default = "required" if value == MISSING else json.dumps(value, ensure_ascii=False)
        kind = allowed(owner.model_json_schema()["properties"][key])
        table.add_row(name, kind, default, owner.model_fields[key].description or "")
    if table.row_count:
        console.print()
        console.print(table)


BOUNDS = {
    "minimum": ">=",
    "exclusiveMinimum": ">",
    "maximum": "<=",
    "exclusiveMaximum": "<",
    "pattern": "matches",
}


def allowed(schema: Mapping[str, Any]) -> str:
    """Say in a few words what a JSON Schema allows: `number > 0`.

    >>> allowed({"type": "integer", "minimum": 1, "maximum": 9})
    'integer >= 1 <= 9'
    """
    if "anyOf" in schema:
        return " or ".join(allowed(each) for each in schema["anyOf"])
    if "enum" in schema:
        return " or ".join(json.dumps(value) for value in schema["enum"])
    if "const" in schema:
        return json.dumps(schema["const"])
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    kind = str(schema.get("type", "any"))
    if kind == "array" and "items" in schema:
        return f"array of {allowed(schema['items'])}"
    bounds = [f"{sign} {schema[key]}" for key, sign in BOUNDS.items() if key in schema]
    return " ".join([kind, *bounds])
