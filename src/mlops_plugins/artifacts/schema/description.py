"""What the schema says of each column, and whether a description of it is valid."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, get_args

from mlops_plugins.api.errors import DataError, did_you_mean
from mlops_plugins.artifacts.schema import written

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Type = Literal["integer", "number", "boolean", "category", "text", "datetime"]

Severity = Literal["error", "warning"]

Unseen = Literal["refuse", "as missing"]

MANY = 20
"""A category of more values than this takes others as missing ones, unless `unseen` says otherwise."""


@dataclass(frozen=True, kw_only=True)
class Column:
    """What one column may hold."""

    type: Type
    nullable: bool = False
    min: float | None = None
    max: float | None = None
    values: tuple[Any, ...] | None = None
    unique: bool | None = None
    severity: Severity | None = None
    format: str | None = None
    unseen: Unseen | None = None

    @property
    def refuses_unseen(self) -> bool:
        """Say whether a row to predict is refused for a category that is none of `values`."""
        if self.unseen is None:
            return len(self.values or ()) <= MANY
        return self.unseen == "refuse"

    @property
    def refuses_nulls(self) -> bool:
        """Say whether a row to predict is refused for a missing value."""
        return not self.nullable and self.severity != "warning"

    def line(self, name: str) -> str:
        """Return the column in one line of YAML, to be put into `schema.yaml`."""
        described = ", ".join(
            f"{key}: {json.dumps(value, ensure_ascii=False) if key != 'type' else value}"
            for key, value in self.to_dict().items()
            if value is not False
        )
        return f"{json.dumps(name, ensure_ascii=False)}: {{{described}}}"

    def to_dict(self) -> dict[str, Any]:
        """Return the column as `schema.yaml` writes it, without what is not set."""
        values = None if self.values is None else list(self.values)
        described = {
            "type": self.type,
            "nullable": self.nullable,
            "min": self.min,
            "max": self.max,
            "values": values,
            "unique": self.unique,
            "severity": self.severity,
            "format": self.format,
            "unseen": self.unseen,
        }
        return {key: value for key, value in described.items() if value is not None}


@dataclass(frozen=True, kw_only=True)
class Schema:
    """The columns by name, in order, and which of them are not features.

    `notes` are remarks on columns, and `left_out` columns that number the rows, both from inference;
    `write` adds them as comments.
    """

    columns: Mapping[str, Column]
    target: str
    id: str | None = None
    weight: str | None = None
    notes: Mapping[str, str] = field(default_factory=dict, compare=False)
    left_out: Mapping[str, Column] = field(default_factory=dict, compare=False)

    @property
    def inputs(self) -> list[str]:
        """Return the raw columns that a prediction needs."""
        return [name for name in self.columns if name not in (self.target, self.id, self.weight)]

    def only(self, names: Iterable[str]) -> Schema:
        """Return the schema of these columns."""
        return replace(self, columns={name: self.columns[name] for name in names})

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "target": self.target,
            "id": self.id,
            "weight": self.weight,
            "columns": {name: column.to_dict() for name, column in self.columns.items()},
        }


def parse(
    content: Mapping[str, Any],
    *,
    target: str,
    id: str | None,  # noqa: A002
    weight: str | None = None,
    where: str,
) -> Schema:
    """Make a schema from plain data.

    Raises:
        DataError: There are no columns by name, or one's description has an unknown or wrong key.
    """
    columns: dict[str, Column] = {}
    listed = (content.get("columns") or {}) if isinstance(content, dict) else content
    _check_mapping(listed, "The columns are", where=f"{where}: columns")
    for name, described in listed.items():
        known = list(Column.__dataclass_fields__)
        _check_mapping(described, f"The column '{name}' is", where=f"{where}: columns.{name}")
        for key in described:
            if key not in known:
                raise DataError(
                    f"The column '{name}' has an unknown key '{key}'.{did_you_mean(key, known)}",
                    where=f"{where}: columns.{name}.{key}",
                    expected="one of " + ", ".join(known),
                    next_step=f"correct it in {where}",
                )
        if described.get("type") not in get_args(Type):
            raise DataError(
                f"The column '{name}' has the type {described.get('type')!r}.",
                where=f"{where}: columns.{name}.type",
                expected="one of " + ", ".join(get_args(Type)),
                next_step=f"correct it in {where}",
            )
        _check_values(str(name), described, where)
        values = described.get("values")
        columns[str(name)] = Column(
            **{**described, "values": None if values is None else tuple(values)}
        )
    return Schema(columns=columns, target=target, id=id, weight=weight)


def _check_mapping(content: object, what: str, *, where: str) -> None:
    if not isinstance(content, dict):
        raise DataError(
            f"{what} {content!r}.",
            where=where,
            expected="names and what each holds, as `age: {type: integer, nullable: true}`",
            next_step="correct it there",
        )


def _check_values(name: str, described: Mapping[str, Any], where: str) -> None:
    limit = (int, float) if described["type"] in ("integer", "number") else ()
    kinds: Mapping[str, tuple[type, ...]] = {
        "nullable": (bool,),
        "min": limit,
        "max": limit,
        "values": (list,),
        "unique": (bool,),
    }
    for key, kind in kinds.items():
        value = described.get(key)
        if value is not None and not isinstance(value, kind):
            raise DataError(
                f"The column '{name}' has the {key} {value!r}.",
                where=f"{where}: columns.{name}.{key}",
                expected=" or ".join(one.__name__ for one in kind)
                or f"no {key}: only an integer or a number has one",
                next_step=f"correct it in {where}",
            )
    if described.get("format") is not None:
        _check_format(name, described, where)
    choices: Mapping[str, Any] = {"severity": Severity, "unseen": Unseen}
    for key, kind_of_choice in choices.items():
        if described.get(key) not in (None, *get_args(kind_of_choice)):
            raise DataError(
                f"The column '{name}' has the {key} {described[key]!r}.",
                where=f"{where}: columns.{name}.{key}",
                expected=" or ".join(get_args(kind_of_choice)),
                next_step=f"correct it in {where}",
            )
    if described.get("unseen") is not None and not described.get("values"):
        raise DataError(
            f"The column '{name}' has the unseen {described['unseen']!r}, and lists no values.",
            where=f"{where}: columns.{name}.unseen",
            expected="a category with values",
            next_step=f"correct it in {where}",
        )


def _check_format(name: str, described: Mapping[str, Any], where: str) -> None:
    expected = {
        "integer": written.NUMBERS,
        "number": written.NUMBERS,
        "datetime": written.TIMES,
    }.get(described["type"], "no format: only an integer, a number or a datetime has one")
    if not written.is_format(described["format"], described["type"]):
        raise DataError(
            f"The column '{name}' has the format {described['format']!r}.",
            where=f"{where}: columns.{name}.format",
            expected=expected,
            next_step=f"correct it in {where}",
        )
