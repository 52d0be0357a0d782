"""The schema of the data: one file that the team owns, read by every stage that sees raw rows."""

from __future__ import annotations

import io
import itertools
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, get_args

from mlops_plugins.api.errors import DataError, did_you_mean
from mlops_plugins.artifacts.dtypes import convert
from mlops_plugins.artifacts.dtypes import expected as expected_value
from mlops_plugins.artifacts.files import write_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    import pandas as pd

    from mlops_plugins.api.context import Data

Type = Literal["integer", "number", "boolean", "category", "text", "datetime"]

Severity = Literal["error", "warning"]

HEADER = """\
# What the data must look like. While `columns` is empty, `dvc repro` infers it once and writes it
# here; from then on it is yours: edit it, commit it. To infer it again, write `columns: {}`.
"""

LEGEND = """\
# type:     integer, number (a decimal becomes one), boolean, category, text or datetime (in UTC: a
#           time with a zone is converted)
# nullable: whether a value may be missing
# min, max: the range that is allowed (inferred ranges are half a span wider than what was seen)
# values:   the categories that are allowed
# unique:   whether no value may occur twice; that of `data.id` may not, unless this says false
# severity: error (the default) stops the pipeline where a value breaks the above; warning reports
#           it, and lets an unreadable value through as a missing one
"""


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
        }
        return {key: value for key, value in described.items() if value is not None}


@dataclass(frozen=True, kw_only=True)
class Schema:
    """The columns by name, in order, and which of them are not features.

    `notes` are remarks on columns, from inference, that `write` adds as comments.
    """

    columns: Mapping[str, Column]
    target: str
    id: str | None = None
    weight: str | None = None
    notes: Mapping[str, str] = field(default_factory=dict, compare=False)

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
    if described.get("severity") not in (None, *get_args(Severity)):
        raise DataError(
            f"The column '{name}' has the severity {described['severity']!r}.",
            where=f"{where}: columns.{name}.severity",
            expected=" or ".join(get_args(Severity)),
            next_step=f"correct it in {where}",
        )


def read(path: Path, data: Data) -> Schema:
    """Read the team's schema file; one without columns is to be inferred.

    Raises:
        DataError: The file is no schema.
    """
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    return of_text(text, data, where=path.name)


def of_text(text: str, data: Data, *, where: str) -> Schema:
    """Make a schema from a schema file's text.

    Raises:
        DataError: The text is no schema.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        content = YAML(typ="safe").load(text)
    except YAMLError as error:
        raise DataError(
            "The schema is not valid YAML.",
            where=f"{where}: {_first_line(error)}",
            next_step=f"correct {where}, or restore it: git checkout -- schema.yaml",
        ) from None
    schema = parse(content or {}, target=data.target, id=data.id, weight=data.weight, where=where)
    require_weight(schema, where=where)
    return schema


def require_weight(schema: Schema, *, where: str) -> None:
    """Go on only if the column of weights, if one is named, is described; or no column is yet.

    Raises:
        DataError: It is not.
    """
    columns = schema.columns
    if schema.weight is not None and columns and schema.weight not in columns:
        raise DataError(
            f"The weight '{schema.weight}' is not in {where}.{did_you_mean(schema.weight, columns)}",
            where=f"{where}: columns",
            expected=", ".join(columns),
            next_step="correct data.weight in conf/config.yaml, or describe the column",
        )


def _first_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]


def write(path: Path, schema: Schema) -> None:
    """Write a schema as a commented file for the team to own; the comments it begins with stay."""
    from ruamel.yaml import YAML
    from ruamel.yaml.comments import CommentedMap, CommentedSeq

    columns = CommentedMap()
    for name, column in schema.columns.items():
        described = CommentedMap(column.to_dict())
        if "values" in described:
            described["values"] = CommentedSeq(described["values"])
            described["values"].fa.set_flow_style()
        if name in schema.notes:
            described.yaml_add_eol_comment(schema.notes[name], "type")
        columns[name] = described
    yaml = YAML()
    yaml.width = 100
    stream = io.StringIO()
    yaml.dump({"columns": columns}, stream)
    # Where it breaks a list, ruamel leaves a space that every editor would take away.
    lines = (line.rstrip() for line in stream.getvalue().splitlines())
    write_text(path, _beginning(path) + "\n" + "\n".join(lines) + "\n")


def _beginning(path: Path) -> str:
    """Return the comments that the file begins with, and what the keys mean if they do not say it."""
    written = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    comments = list(itertools.takewhile(lambda line: not line or line.startswith("#"), written))
    beginning = "\n".join(comments).strip()
    if LEGEND.strip() in beginning:
        return beginning + "\n"
    return (beginning or HEADER.strip()) + "\n#\n" + LEGEND


def infer(frame: pd.DataFrame, data: Data) -> Schema:
    """Infer a schema from the rows at hand: types, nulls, ranges and categories.

    Raises:
        DataError: A column holds values of several kinds, or of one that no type is for.
    """
    from mlops_plugins.artifacts.schema_inference import of_frame

    return of_frame(frame, data)


def conform(frame: pd.DataFrame, schema: Schema) -> pd.DataFrame:
    """Give the schema's columns, in its order, the one dtype that each type has.

    Training, batches and requests all pass here, so a model always sees the same dtypes:
    `mlops_plugins.artifacts.dtypes.convert` says which.

    Raises:
        DataError: A column is missing, or a value cannot be read as the column's type.
    """
    import pandas as pd

    missing = [name for name in schema.columns if name not in frame.columns]
    if missing:
        raise DataError(
            f"The column '{missing[0]}' is missing.{did_you_mean(missing[0], map(str, frame.columns))}",
            where=f"columns: {', '.join(map(str, frame.columns))}",
            expected=", ".join(schema.columns),
            next_step="add the column, or correct the schema",
        )
    converted = {}
    for name, column in schema.columns.items():
        converted[name], unreadable = convert(frame[name], column)
        if unreadable.any():
            raise _unreadable(frame[name], int(unreadable.argmax()), column)
    return pd.DataFrame(converted, index=frame.index)


def _unreadable(series: pd.Series[Any], position: int, column: Column) -> DataError:
    value = series.iloc[position]
    return DataError(
        f"The column '{series.name}' holds {getattr(value, 'item', lambda: value)()!r}, "
        f"which is no {column.type}.",
        where=f"column {series.name}, row {position + 1}",
        expected=expected_value(column),
        next_step="correct the value, or the column's type in schema.yaml",
    )
