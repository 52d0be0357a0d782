"""The schema of the data: one file that the team owns, read by every stage that sees raw rows."""

from __future__ import annotations

import io
import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, get_args

from mlops_plugins.errors import DataError, did_you_mean
from mlops_plugins.files import write_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    import pandas as pd

    from mlops_plugins.stages import Data

Type = Literal["integer", "number", "boolean", "category", "text", "datetime"]

MOST_CATEGORIES = 200
"""A text column with more distinct values than this is inferred as text, not as a category."""

MOST_INTEGER = 2**63 - 1

HEADER = """\
# What the data must look like. Inferred at the first `dvc repro` while `columns` is empty;
# from then on it is yours: edit it, commit it. To infer it anew, write `columns: {}`.
#
# type:     integer, number, boolean, category, text or datetime
# nullable: whether a value may be missing
# min, max: the range that is allowed (inferred ranges are half a span wider than what was seen)
# values:   the categories that are allowed
"""


@dataclass(frozen=True, kw_only=True)
class Column:
    """What one column may hold."""

    type: Type
    nullable: bool = False
    min: float | None = None
    max: float | None = None
    values: tuple[Any, ...] | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the column as `schema.yaml` writes it, without what is not set."""
        values = None if self.values is None else list(self.values)
        whole = {
            "type": self.type,
            "nullable": self.nullable,
            "min": self.min,
            "max": self.max,
            "values": values,
        }
        return {key: value for key, value in whole.items() if value is not None}


@dataclass(frozen=True, kw_only=True)
class Schema:
    """The columns by name, in order, and which of them are not features."""

    columns: Mapping[str, Column]
    target: str
    id: str | None = None

    @property
    def inputs(self) -> list[str]:
        """Return the raw columns that a prediction needs."""
        return [name for name in self.columns if name not in (self.target, self.id)]

    def only(self, names: Iterable[str]) -> Schema:
        """Return the schema of these columns."""
        return replace(self, columns={name: self.columns[name] for name in names})

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "target": self.target,
            "id": self.id,
            "columns": {name: column.to_dict() for name, column in self.columns.items()},
        }


def parse(whole: Mapping[str, Any], *, target: str, id: str | None, where: str) -> Schema:  # noqa: A002
    """Make a schema from plain data.

    Raises:
        DataError: There are no columns by name, or one's description has an unknown or wrong key.
    """
    columns: dict[str, Column] = {}
    listed = (whole.get("columns") or {}) if isinstance(whole, dict) else whole
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
    return Schema(columns=columns, target=target, id=id)


def _check_mapping(found: object, what: str, *, where: str) -> None:
    if not isinstance(found, dict):
        raise DataError(
            f"{what} {found!r}.",
            where=where,
            expected="names and what each holds, as `age: {type: integer, nullable: true}`",
            next_step="correct it there",
        )


def _check_values(name: str, described: Mapping[str, Any], where: str) -> None:
    limit = (int, float) if described["type"] in ("integer", "number") else ()
    kinds = {"nullable": (bool,), "min": limit, "max": limit, "values": (list,)}
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


def read(path: Path, data: Data) -> Schema:
    """Read the team's schema file; one without columns is to be inferred.

    Raises:
        DataError: The file is no schema.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        whole = YAML(typ="safe").load(path) if path.exists() else {}
    except YAMLError as error:
        raise DataError(
            "The schema is not valid YAML.",
            where=f"{path.name}: {_first_line(error)}",
            next_step=f"correct {path.name}, or restore it: git checkout -- {path.name}",
        ) from None
    return parse(whole or {}, target=data.target, id=data.id, where=path.name)


def _first_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]


def write(path: Path, schema: Schema) -> None:
    """Write a schema as a commented file for the team to own."""
    from ruamel.yaml import YAML

    yaml = YAML()
    yaml.width = 100
    stream = io.StringIO()
    yaml.dump({"columns": schema.to_dict()["columns"]}, stream)
    write_text(path, HEADER + "\n" + stream.getvalue())


def infer(frame: pd.DataFrame, data: Data) -> Schema:
    """Infer a schema from the rows at hand: types, nulls, ranges and categories."""
    columns = {
        str(name): _infer_column(
            frame[name], is_class=name == data.target and data.task != "regression"
        )
        for name in frame.columns
    }
    if data.id in columns:
        columns[data.id] = replace(columns[data.id], min=None, max=None, values=None)
    return Schema(columns=columns, target=data.target, id=data.id)


def _infer_column(series: pd.Series[Any], *, is_class: bool) -> Column:
    import pandas as pd

    nullable = bool(series.isna().any())
    present = series.dropna()
    # By the values: dates, and booleans some of which are missing, come from Parquet as objects.
    found = pd.api.types.infer_dtype(present) if len(present) else str(series.dtype)
    if found == "boolean" and len(present):
        return Column(type="boolean", nullable=nullable)
    if found.startswith("date"):
        return Column(type="datetime", nullable=nullable)
    if is_class:
        return Column(type="category", nullable=nullable, values=_sorted(present))
    if pd.api.types.is_numeric_dtype(series):
        whole = _is_whole(present)
        low, high = _range(present, whole=whole)
        return Column(type="integer" if whole else "number", nullable=nullable, min=low, max=high)
    if present.nunique() <= MOST_CATEGORIES:
        return Column(type="category", nullable=nullable, values=_sorted(present.astype(str)))
    return Column(type="text", nullable=nullable)


def _sorted(present: pd.Series[Any]) -> tuple[Any, ...]:
    return tuple(sorted(present.unique().tolist()))


def _is_whole(present: pd.Series[Any]) -> bool:
    """Say whether there are only whole numbers, and an int64 holds each of them."""
    if present.empty or not (present % 1 == 0).all():
        return False
    return int(present.min()) >= -MOST_INTEGER and int(present.max()) <= MOST_INTEGER


def _range(present: pd.Series[Any], *, whole: bool) -> tuple[float, float] | tuple[None, None]:
    """Widen what was seen by half its span on each side; what was never negative stays so."""
    if present.empty:
        return None, None
    number = int if whole else float
    low, high = number(present.min()), number(present.max())
    # Halves, as the span itself may be larger than the largest float.
    margin = (high / 2 - low / 2) or 1.0
    wide_low = max(low - margin, 0.0 if low >= 0 else -sys.float_info.max)
    wide_high = min(high + margin, sys.float_info.max)
    rounded = int if whole else _six_digits
    # What was seen stays allowed, however it is rounded.
    return min(low, rounded(wide_low)), max(high, rounded(wide_high))


def _six_digits(value: float) -> float:
    return float(f"{value:.6g}")


def conform(frame: pd.DataFrame, schema: Schema) -> pd.DataFrame:
    """Give the schema's columns, in its order, the one dtype that each type has.

    Training, batches and requests all pass here, so a model always sees the same dtypes:
    integer int64 (float64 if nullable), number float64, boolean bool (float64 if nullable),
    category and text object with None for nulls, datetime datetime64[us].

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
    made = {}
    for name, column in schema.columns.items():
        try:
            made[name] = _convert(frame[name], column)
        except (ValueError, TypeError, OverflowError) as error:
            raise _unreadable(frame[name], name, column, error) from None
    return pd.DataFrame(made, index=frame.index)


def _convert(series: pd.Series[Any], column: Column) -> pd.Series[Any]:
    import pandas as pd

    match column.type:
        case "integer":
            numeric = pd.to_numeric(series)
            if numeric.dtype == "uint64" and (numeric > MOST_INTEGER).any():
                raise OverflowError  # astype would wrap around
            return numeric.astype("float64" if column.nullable or numeric.isna().any() else "int64")
        case "number":
            return pd.to_numeric(series).astype("float64")
        case "boolean":
            if series.dtype == object or isinstance(series.dtype, pd.StringDtype):
                series = series.map(_to_boolean)
            return series.astype("float64" if column.nullable or series.isna().any() else "bool")
        case "datetime":
            return pd.to_datetime(series).astype("datetime64[us]")
    if pd.api.types.is_numeric_dtype(series) and column.values is not None:
        return series
    return series.astype(object).where(series.notna(), None)


def _to_boolean(value: object) -> object:
    known = {"true": True, "false": False, "1": True, "0": False, "yes": True, "no": False}
    return known.get(str(value).strip().lower(), value)


def _unreadable(series: pd.Series[Any], name: str, column: Column, error: Exception) -> DataError:
    row, value = "", str(error)
    for position, item in enumerate(series):
        try:
            _convert(series.iloc[[position]], column)
        except (ValueError, TypeError, OverflowError):
            row, value = f", row {position + 1}", repr(item)
            break
    return DataError(
        f"The column '{name}' holds {value}, which is no {column.type}.",
        where=f"column {name}{row}",
        expected="datetime without a time zone" if column.type == "datetime" else column.type,
        next_step="correct the value, or the column's type in schema.yaml",
    )
