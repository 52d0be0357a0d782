"""Reading `params.yaml`, the one configuration that stages and jobs see."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any, get_args

from mlops_plugins.api.component import MISSING, Component, parse
from mlops_plugins.api.context import Context, Data, Task
from mlops_plugins.api.errors import ConfigurationError, did_you_mean
from mlops_plugins.api.stage import Stage
from mlops_plugins.manager.plugin_manager import plugin_manager

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

FILE = "params.yaml"
SETTINGS = {"project": str, "seed": int, "threads": int, "data": dict}
OBSERVERS = "observers"


def read(root: Path, *, check: bool = True) -> dict[str, Any]:
    """Read the composed parameters of the project at `root`.

    Raises:
        ConfigurationError: There are none, or they are not valid.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    path = root / FILE
    try:
        whole = YAML(typ="safe").load(path)
    except FileNotFoundError:
        raise ConfigurationError(
            f"There is no {FILE} here.",
            where=str(root),
            expected="a project made by `copier copy`",
            next_step="`mlops compose` in the project's folder",
        ) from None
    except YAMLError as error:
        raise ConfigurationError(
            f"{FILE} is not valid YAML.",
            where=f"{FILE}: " + " ".join(str(error).split())[:200],
            next_step=f"rm {FILE} && mlops compose",
        ) from None
    if not isinstance(whole, dict):
        raise ConfigurationError(
            f"{FILE} holds no settings.", where=FILE, next_step=f"rm {FILE} && mlops compose"
        )
    if check:
        check_settings(whole, where=FILE)
    return dict(whole)


def check_settings(whole: Mapping[str, Any], *, where: str) -> None:
    """Check the keys that belong to no stage.

    Raises:
        ConfigurationError: A key is unknown, missing or of the wrong type.
    """
    known = [*SETTINGS, OBSERVERS, *Stage, "overrides"]
    for key in whole:
        if key not in known:
            raise ConfigurationError(
                f"There is no setting '{key}'.{did_you_mean(key, known)}",
                where=f"{where}: {key}",
                expected=f"one of {', '.join(SETTINGS)}, {OBSERVERS}, or a stage",
                next_step=f"remove or rename '{key}' there",
            )
    for key, kind in SETTINGS.items():
        if type(whole.get(key)) is not kind:
            raise ConfigurationError(
                f"The setting '{key}' is {whole.get(key)!r}.",
                where=f"{where}: {key}",
                expected=kind.__name__,
                next_step=f"write a value for '{key}' there",
            )
    _data(whole["data"], where=where)
    _check_observers(whole.get(OBSERVERS, {}), where=where)


def _check_observers(section: object, *, where: str) -> None:
    names = section.get("required", []) if isinstance(section, dict) else None
    known = isinstance(section, dict) and section.keys() <= {"required"}
    if not (known and isinstance(names, list) and all(isinstance(name, str) for name in names)):
        raise ConfigurationError(
            f"The setting '{OBSERVERS}' is {section!r}.",
            where=f"{where}: {OBSERVERS}",
            expected="required: [NAME, ...], the names of plugins",
            next_step="correct it there",
        )


def _data(section: Mapping[str, Any], *, where: str) -> Data:
    known = [field.name for field in fields(Data)]
    for key in section:
        if key not in known:
            raise ConfigurationError(
                f"There is no setting 'data.{key}'.{did_you_mean(key, known)}",
                where=f"{where}: data.{key}",
                expected="one of " + ", ".join(known),
                next_step=f"remove or rename '{key}' there",
            )
    if section.get("task") not in get_args(Task):
        raise ConfigurationError(
            f"The setting 'data.task' is {section.get('task')!r}.",
            where=f"{where}: data.task",
            expected="one of " + ", ".join(get_args(Task)),
            next_step="correct it there",
        )
    for key in ("target", "time", "id", "weight"):
        value = section.get(key)
        if value == MISSING or not (isinstance(value, str) or (value is None and key != "target")):
            raise ConfigurationError(
                f"The setting 'data.{key}' is {value!r}.",
                where=f"{where}: data.{key}",
                expected="a column's name" + ("" if key == "target" else ", or null"),
                next_step="correct it there",
            )
    sensitive = section.get("sensitive") or []
    if not (isinstance(sensitive, list) and all(isinstance(name, str) for name in sensitive)):
        raise ConfigurationError(
            f"The setting 'data.sensitive' is {sensitive!r}.",
            where=f"{where}: data.sensitive",
            expected="[COLUMN, ...], the names of columns",
            next_step="correct it there",
        )
    return Data(**{**section, "sensitive": tuple(sensitive)})


def context(root: Path, whole: Mapping[str, Any], log: Callable[[str], None]) -> Context:
    """Make the context that every stage is given."""
    return Context(
        root=root,
        project=whole["project"],
        data=_data(whole["data"], where=FILE),
        seed=whole["seed"],
        threads=whole["threads"],
        log=log,
    )


def implementation(whole: Mapping[str, Any], stage: Stage, *, where: str = FILE) -> Component:
    """Make the stage's chosen implementation, its options checked.

    Raises:
        ConfigurationError: The implementation or one of its options is unknown or wrong.
    """
    section = whole.get(stage)
    if not isinstance(section, dict) or "name" not in section:
        raise ConfigurationError(
            f"No implementation is chosen for the stage '{stage}'.",
            where=f"{where}: {stage}",
            next_step="mlops compose",
        )
    options = {
        key: value for key, value in section.items() if key not in ("name", "implementation")
    }
    return parse(plugin_manager().load(stage, section["name"]), options, where=where)
