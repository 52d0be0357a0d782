"""What an experiment overrides (`-S`): remembered in `params.yaml`, compared, written into `conf/`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlops_plugins.api.component import to_yaml
from mlops_plugins.artifacts.files import write_text
from mlops_plugins.config import conf_files
from mlops_plugins.config.option_tree import leaves
from mlops_plugins.config.params import OVERRIDES
from mlops_plugins.manager.plugin_manager import plugin_manager

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True)
class Override:
    """A value of an experiment (`-S`) that `conf/` does not have, as `key` and `value`."""

    key: str
    value: Any

    def __str__(self) -> str:
        value = self.value
        bare = isinstance(value, str) and value.replace("-", "").replace("_", "").isalnum()
        return f"{self.key}={value if bare else json.dumps(value, ensure_ascii=False)}"


def choices(composed: Mapping[str, Any], base: Mapping[str, Any]) -> list[Override]:
    """Return the implementations that `composed` chooses and `base` does not."""
    return [
        Override(stage, composed[stage]["name"])
        for stage in plugin_manager().pipeline.of(composed).contracts
        if stage not in base or composed[stage]["name"] != base[stage]["name"]
    ]


def values(composed: Mapping[str, Any], base: Mapping[str, Any]) -> list[Override]:
    """Return the values that `composed` has and `base`, with the same implementations, does not."""
    return [
        Override(key, value)
        for key, value in leaves(composed)
        if get(base, Override(key, None), absent=...) != value
    ]


def get(tree: Mapping[str, Any], override: Override, absent: Any = None) -> Any:
    """Return the value that a tree has at an override's key."""
    node: Any = tree
    for key in override.key.split("."):
        if not isinstance(node, dict) or key not in node:
            return absent
        node = node[key]
    is_choice = override.key in plugin_manager().stages and isinstance(node, dict)
    return node["name"] if is_choice else node


def remembered(previous: Mapping[str, Any]) -> list[Override]:
    """Return the overrides of an applied experiment that `params.yaml` holds."""
    return [Override(key, value) for key, value in (previous.get(OVERRIDES) or {}).items()]


def write_into_conf(root: Path, override: Override) -> None:
    """Write one value to the file in `conf/` that owns it, keeping comments and order."""
    head, _, rest = override.key.partition(".")
    if head not in plugin_manager().stages:
        conf_files.set_value(root / conf_files.MAIN, override.key, override.value)
        return
    if not rest:
        conf_files.choose(root, head, override.value)
        return
    choice = conf_files.choices(root)[head]
    file = conf_files.options_file(root, head, choice)
    if not file.exists():
        offer = plugin_manager().find(head, choice)
        target = plugin_manager().load(head, choice)
        write_text(file, to_yaml(head, choice, target, offer.implementation.summary))
    conf_files.set_value(file, rest, override.value)
