"""How an implementation declares its options: as a typed, described, validated model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Union, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mlops_plugins.api.errors import ConfigurationError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path
    from typing import TypeVar

    from pydantic.fields import FieldInfo

    ComponentType = TypeVar("ComponentType", bound="Component")

__all__ = ["Component", "Field", "defaults", "parse", "to_yaml"]


class Component(BaseModel):
    """The base of every implementation: its fields are its options, its method does the stage.

    >>> class Shout(Component):
    ...     volume: int = Field(3, ge=0, le=11, description="Loudness, 0 to 11.")
    >>> Shout(volume=4).volume
    4
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    renamed: ClassVar[Mapping[str, str]] = {}
    """Former names of options, each with the present one; `group.option` is a key of an option.

    A project's `conf/` may have the former names until the next minor version but one.
    """

    def depends_on(self, root: Path) -> Iterable[Path]:
        """Return files, other than the stage's inputs, whose content affects the results.

        A query that an option names, for instance: a change there makes the stage stale.
        """
        return ()

    def search_space(self) -> Mapping[str, Mapping[str, Any]]:
        """Return what of a trainer's options is worth searching, as `space` of a tuner takes it.

        >>> class Trees(Component):
        ...     def search_space(self):
        ...         return {"depth": {"low": 2, "high": 9}, "loss": {"choices": ["log", "exp"]}}
        """
        return {}


MISSING = "???"
"""What Hydra writes for a value that has no default and must be given."""


def defaults(options: type[Component]) -> dict[str, Any]:
    """Return each option's default, `???` where there is none."""
    return {
        name: MISSING
        if field.is_required()
        else _plain(field.get_default(call_default_factory=True))
        for name, field in options.model_fields.items()
    }


def _plain(value: Any) -> Any:
    """Return an option's value as YAML has it: an option that groups others as a mapping."""
    return value.model_dump() if isinstance(value, BaseModel) else value


def to_yaml(stage: str, name: str, options: type[Component], summary: str) -> str:
    """Return the commented YAML that belongs in `conf/<stage>/<name>.yaml`.

    Its first line tells editors where the file's JSON Schema is, which `mlops compose` writes.
    """
    import io

    from ruamel.yaml import YAML

    yaml = YAML()
    yaml.default_flow_style = False
    yaml.width = 10_000

    def one(key: str, value: Any) -> str:
        stream = io.StringIO()
        yaml.dump({key: value}, stream)
        return stream.getvalue()

    schema = f"# yaml-language-server: $schema=../../.mlops/schemas/{stage}/{name}.json\n"
    parts = [schema, f"# {summary}\n", one("name", name)]
    for key, value in defaults(options).items():
        description = options.model_fields[key].description
        parts.append(f"\n# {description}\n" if description else "\n")
        parts.append(one(key, value))
    return "".join(parts)


def parse(options: type[ComponentType], values: Mapping[str, Any], *, where: str) -> ComponentType:
    """Make `options` from `values`, or say which key is wrong and what belongs there.

    Args:
        options: The implementation's class.
        values: The section of `params.yaml`, without `name` and `implementation`.
        where: The section's name and file, for the error.

    Raises:
        ConfigurationError: An option is unknown, missing, or of the wrong type or range.
    """
    values, _ = with_present_names(options, values)
    missing = sorted(key for key, value in values.items() if value == MISSING)
    if missing:
        key = missing[0]
        raise ConfigurationError(
            f"The option '{key}' has no value.",
            where=f"{where}: {key}: ???",
            expected=_expected(options, key),
            next_step=f"write a value for '{key}' there",
        )
    try:
        return options.model_validate(dict(values))
    except ValidationError as error:
        raise _explain(error, options, where) from None


def with_present_names(
    options: type[Component], values: Mapping[str, Any]
) -> tuple[dict[str, Any], list[str]]:
    """Return the values under the options' present names, and a sentence for each former one.

    >>> class Trees(Component):
    ...     renamed = {"most_depth": "limits.depth"}
    ...     limits: dict[str, int] = Field({}, description="Limits.")
    >>> with_present_names(Trees, {"most_depth": 3})
    ({'limits': {'depth': 3}}, ["'most_depth' is called 'limits.depth' now"])

    A group may have the former name of one of its keys: a value that is no mapping is the key's.
    """
    former_names = {
        former: present
        for former, present in options.renamed.items()
        if former in values and not _is_group(former, present, values[former])
    }
    made: dict[str, Any] = {key: value for key, value in values.items() if key not in former_names}
    notices = []
    for former, present in former_names.items():
        *groups, last = present.split(".")
        node = made
        for group in groups:
            node[group] = dict(node.get(group) or {})
            node = node[group]
        node.setdefault(last, values[former])
        notices.append(f"'{former}' is called '{present}' now")
    return made, notices


def _is_group(former: str, present: str, value: Any) -> bool:
    return present.startswith(f"{former}.") and isinstance(value, Mapping)


def _expected(options: type[Component], key: str) -> str:
    field = options.model_fields.get(key)
    if field is None:
        return "one of " + ", ".join(options.model_fields)
    if field.description and _of_several_kinds(field):
        return field.description  # the types of several kinds say less than a sentence does
    kind = getattr(field.annotation, "__name__", None) or str(field.annotation)
    return f"{kind}: {field.description}" if field.description else kind


def _of_several_kinds(field: FieldInfo) -> bool:
    """Say whether an option takes values of several kinds, such as a word or a mapping."""
    return get_origin(field.annotation) is Union


def _explain(error: ValidationError, options: type[Component], where: str) -> ConfigurationError:
    errors = error.errors(include_url=False)
    first = errors[0]
    path = ".".join(str(part) for part in first["loc"])
    key = str(first["loc"][0]) if first["loc"] else ""
    if first["type"] == "extra_forbidden":
        return ConfigurationError(
            f"There is no option '{path}'.{did_you_mean(key, options.model_fields)}",
            where=f"{where}: {path}",
            expected="one of " + (", ".join(options.model_fields) or "nothing: it has no options"),
            next_step=f"remove or rename '{path}' there",
        )
    if first["type"] == "missing":
        what = f"The option '{path}' has no value."
    else:
        if key in options.model_fields and _of_several_kinds(options.model_fields[key]):
            # pydantic describes what is wrong for each of them: the deepest was meant.
            path = key
            first = max((e for e in errors if e["loc"][0] == key), key=lambda e: len(e["loc"]))
        what = f"The option '{path}' is {first['input']!r}: {first['msg'][:1].lower()}{first['msg'][1:]}."
    return ConfigurationError(
        what,
        where=f"{where}: {path}",
        expected=_expected(options, key),
        next_step=f"correct '{path}' there",
    )
