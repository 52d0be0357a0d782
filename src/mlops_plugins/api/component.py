"""How an implementation declares its options: as a typed, described, validated model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Union, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mlops_plugins.api.errors import ConfigurationError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path
    from typing import TypeVar

    from pydantic.fields import FieldInfo

    ComponentType = TypeVar("ComponentType", bound="Component")

__all__ = ["Component", "Field", "OptionGroup", "defaults", "parse", "single_options", "to_yaml"]


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


class OptionGroup(BaseModel):
    """The base of options that belong together: an option of its type is a mapping in `conf/`.

    >>> class Limits(OptionGroup):
    ...     depth: int = Field(3, description="Maximum depth.")
    >>> Limits(depth=4).depth
    4

    A component has it as `limits: Limits = Field(Limits(), description="Limits of a tree.")`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


MISSING = "???"
"""What Hydra writes for a value that has no default and must be given."""


def defaults(options: type[BaseModel]) -> dict[str, Any]:
    """Return each option's default, `???` where there is none; of a group, those of its options."""
    return {name: _default(field) for name, field in options.model_fields.items()}


def _default(field: FieldInfo) -> Any:
    if field.is_required():
        return MISSING
    value = field.get_default(call_default_factory=True)
    return value.model_dump() if isinstance(value, BaseModel) else value


def single_options(
    options: type[BaseModel], prefix: str = ""
) -> Iterator[tuple[str, type[BaseModel], str]]:
    """Give each option's name, in a group `group.option`, with the class and the key that declare it."""
    for key, field in options.model_fields.items():
        group = _group(field)
        if group is None:
            yield prefix + key, options, key
        else:
            yield from single_options(group, f"{prefix}{key}.")


def _group(field: FieldInfo | None) -> type[BaseModel] | None:
    """Return the class of a group of options; None for a single option."""
    kind = field.annotation if field else None
    return kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None


def to_yaml(stage: str, name: str, options: type[Component], summary: str) -> str:
    """Return the commented YAML that belongs in `conf/<stage>/<name>.yaml`.

    Its first line tells editors where the file's JSON Schema is, which `mlops compose` writes.
    """
    import io
    from textwrap import indent

    from ruamel.yaml import YAML

    yaml = YAML()
    yaml.default_flow_style = False
    yaml.width = 10_000

    def one(key: str, value: Any) -> str:
        stream = io.StringIO()
        yaml.dump({key: value}, stream)
        return stream.getvalue()

    def described(options: type[BaseModel]) -> Iterator[str]:
        for key, value in defaults(options).items():
            field = options.model_fields[key]
            group = _group(field)
            text = one(key, value)
            if group is not None:
                text = f"{key}:\n" + "".join(indent(part, "  ") for part in described(group))
            yield f"# {field.description}\n{text}" if field.description else text

    schema = f"# yaml-language-server: $schema=../../.mlops/schemas/{stage}/{name}.json\n"
    head = f"{schema}# {summary}\n{one('name', name)}"
    return "\n".join([head, *described(options)])


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


def _owner(options: type[BaseModel], location: Sequence[int | str]) -> tuple[type[BaseModel], int]:
    """Return the class that declares the option at a location, and the option's place in it."""
    group = _group(options.model_fields.get(str(location[0]))) if len(location) > 1 else None
    if group is None:
        return options, 0
    owner, place = _owner(group, location[1:])
    return owner, place + 1


def _expected(options: type[BaseModel], key: str) -> str:
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
    location = first["loc"] or ("",)
    path = ".".join(map(str, location))
    owner, place = _owner(options, location)
    key, fields = str(location[place]), owner.model_fields
    if first["type"] == "extra_forbidden":
        return ConfigurationError(
            f"There is no option '{path}'.{did_you_mean(key, fields)}",
            where=f"{where}: {path}",
            expected="one of " + (", ".join(fields) or "nothing: it has no options"),
            next_step=f"remove or rename '{path}' there",
        )
    if first["type"] == "missing":
        what = f"The option '{path}' has no value."
    else:
        if key in fields and _of_several_kinds(fields[key]):
            # pydantic describes what is wrong for each of them: the deepest was meant.
            option = location[: place + 1]
            path = ".".join(map(str, option))
            of_option = (error for error in errors if error["loc"][: place + 1] == option)
            first = max(of_option, key=lambda error: len(error["loc"]))
        what = f"The option '{path}' is {first['input']!r}: {first['msg'][:1].lower()}{first['msg'][1:]}."
    return ConfigurationError(
        what,
        where=f"{where}: {path}",
        expected=_expected(owner, key),
        next_step=f"correct '{path}' there",
    )
