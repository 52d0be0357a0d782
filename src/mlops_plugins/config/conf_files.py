"""The files of `conf/`, as the team wrote them: read with their line numbers, changed in place."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlops_plugins.api.errors import ConfigurationError
from mlops_plugins.artifacts.files import write_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FOLDER = "conf"
MAIN = f"{FOLDER}/config.yaml"


@dataclass(frozen=True)
class Line:
    """A line of a file below the project, counted from 1."""

    file: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}"


def load(path: Path) -> Any:
    """Read one file, its comments and lines kept.

    Raises:
        ConfigurationError: It is missing, no YAML, or no mapping with a list of defaults.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    parent = "" if path.parent.name == FOLDER else f"{path.parent.name}/"
    shown = f"{FOLDER}/{parent}{path.name}"
    try:
        tree = YAML().load(path) or {}
    except FileNotFoundError:
        raise ConfigurationError(
            f"There is no {shown}.",
            where=str(path),
            next_step="run this in a project's folder, or restore the file: git checkout -- conf",
        ) from None
    except YAMLError as error:
        raise ConfigurationError(
            "The configuration is not valid YAML.",
            where=f"{shown}: " + " ".join(str(error).split())[:200],
            next_step="correct that line",
        ) from None
    if not isinstance(tree, dict) or not isinstance(tree.get("defaults", []), list):
        raise ConfigurationError(
            "The configuration is no mapping, or its defaults are no list.",
            where=shown,
            expected="a line `key: value` for each key, and below `defaults:` lines `- stage: name`",
            next_step="correct it there, or restore the file: git checkout -- conf",
        )
    return tree


def choices(root: Path) -> dict[str, str]:
    """Return the group choices of the defaults list in `conf/config.yaml`."""
    return {group: choice for group, choice, _ in _defaults(root, root / MAIN)}


def options_file(root: Path, group: str, choice: str) -> Path:
    """Return the file in which a choice's options are, if there is one."""
    return root / FOLDER / group / f"{choice}.yaml"


def chosen_at(root: Path, group: str, choice: str) -> Line | None:
    """Return the line of `conf/` that makes the choice; None if there is no such line."""
    main = root / MAIN
    others = sorted(path for path in (root / FOLDER).rglob("*.yaml") if path != main)
    for path in (main, *others):
        for found, name, line in _defaults(root, path):
            if (found, name) == (group, choice):
                return line
    return None


def _defaults(root: Path, path: Path) -> Iterator[tuple[str, str, Line]]:
    listed = load(path).get("defaults", [])
    for index, entry in enumerate(listed):
        if isinstance(entry, dict):
            for key, value in entry.items():
                group = str(key).removeprefix("override ").removeprefix("/")
                yield group, str(value), _line(root, path, listed.lc.item(index)[0])


def value_at(root: Path, path: Path, *keys: str) -> Line | None:
    """Return the line of a file that gives a value; None if the file does not."""
    if not path.exists():
        return None
    node = load(path)
    for key in keys[:-1]:
        node = node.get(key)
        if not isinstance(node, dict):
            return None
    return _line(root, path, node.lc.key(keys[-1])[0]) if keys[-1] in node else None


def _line(root: Path, path: Path, index: int) -> Line:
    text = path.read_text(encoding="utf-8").splitlines()[index].strip()
    return Line(path.relative_to(root).as_posix(), index + 1, text)


def choose(root: Path, group: str, choice: str) -> None:
    """Write a choice into the defaults list of `conf/config.yaml`."""
    config = load(root / MAIN)
    for entry in config["defaults"]:
        if isinstance(entry, dict) and group in entry:
            entry[group] = choice
    write_text(root / MAIN, dump_edited(config))


def set_value(file: Path, key: str, value: Any) -> None:
    """Write one value, by its dotted key, keeping comments and order."""
    tree = load(file)
    node = tree
    *parents, last = key.split(".")
    for parent in parents:
        node = node.setdefault(parent, {})
    node[last] = value
    write_text(file, dump_edited(tree))


def load_yaml(path: Path) -> Any:
    """Read a YAML file of the project, its comments and order kept.

    Raises:
        ConfigurationError: It is no YAML.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        return YAML().load(path)
    except YAMLError as error:
        raise ConfigurationError(
            f"{path.name} is not valid YAML.",
            where=f"{path.name}: " + " ".join(str(error).split())[:200],
            next_step="correct that line",
        ) from None


def dump(tree: Any) -> str:
    """Return plain data as YAML."""
    return _dumped(tree)


def dump_edited(tree: Any) -> str:
    """Return what `load` or `load_yaml` returned as YAML, its lists indented as in the template."""
    return _dumped(tree, mapping=2, sequence=4, offset=2)


def _dumped(tree: Any, **indents: int) -> str:
    from ruamel.yaml import YAML

    yaml = YAML()
    yaml.width = 10_000
    if indents:
        yaml.indent(**indents)
    stream = io.StringIO()
    yaml.dump(tree, stream)
    return stream.getvalue()
