"""Whether the files that an implementation wrote are as its stage's contract says."""

from __future__ import annotations

import csv
import importlib
import reprlib
from inspect import isclass
from pathlib import PurePath
from types import UnionType
from typing import TYPE_CHECKING, Any, Union, get_args, get_origin

from pydantic import BaseModel, RootModel, ValidationError

from mlops_plugins.api.errors import PluginError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from pydantic_core import ErrorDetails

    from mlops_plugins.api.formats import FileFormat
    from mlops_plugins.api.stage import Contract

SHOULD_BE = "Input should be "
"""How most of pydantic's messages begin."""


def check_outputs(contract: Contract, drafts: Mapping[str, Path], whose: str) -> None:
    """Check every file of a stage's outputs that has a format.

    Args:
        contract: The stage's contract.
        drafts: Where each output is, by its parameter's name.
        whose: The implementation, as `str(RegisteredComponent)` names it.

    Raises:
        PluginError: A file is missing or is not as its format says.
    """
    for name, path in drafts.items():
        check(contract.formats, name, path, whose, place=contract.outputs.get(name, ""))


def check(
    formats: Iterable[FileFormat], output: str, path: Path, whose: str, *, place: str = ""
) -> None:
    """Check the files of one output.

    Args:
        formats: The formats of the stage.
        output: The output's name.
        path: Where the output is now.
        whose: The implementation, as `str(RegisteredComponent)` names it.
        place: Where in a project the output belongs, for the error.

    Raises:
        PluginError: A file is missing or is not as its format says.
    """
    for expected in formats:
        if expected.output != output:
            continue
        name = "/".join(filter(None, (place, expected.file))) or output
        found = _files(path, expected.file)
        if not found and expected.required:
            raise _refusal(f"{whose} wrote no {name}.", whose, where=name, expected="a file")
        for file in found:
            _check_file(file, load_model(expected), whose, name)


def _files(path: Path, file: str) -> list[Path]:
    """Return the files of a format; none if there is none."""
    if not file:
        return [path] if path.is_file() else []
    return sorted(each for each in path.glob(file) if each.is_file())


def load_model(expected: FileFormat) -> type[BaseModel]:
    """Import the model of a format.

    Raises:
        PluginError: It cannot be imported.
    """
    module, _, attribute = expected.model.partition(":")
    try:
        model: type[BaseModel] = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise PluginError(
            f"The model of a file cannot be imported: {error}.",
            where=f"FileFormat(model={expected.model!r})",
            expected="module:Class, a pydantic model",
            next_step="tell the author of the stage's contract",
        ) from error
    return model


def _check_file(file: Path, model: type[BaseModel], whose: str, name: str) -> None:
    kind = PurePath(name).suffix
    try:
        if kind in COLUMNS:
            _check_columns(COLUMNS[kind](file), model, whose, name)
        else:
            for document in _documents(file, kind):
                model.model_validate_json(document)
    except ValidationError as error:
        raise _explain(error.errors(include_url=False)[0], model, whose, name) from None
    except (OSError, ValueError) as error:
        raise _refusal(
            f"{whose} wrote {name}, which cannot be read: {' '.join(str(error).split())}.",
            whose,
            where=name,
            expected=f"a {kind} file",
        ) from None


def _documents(file: Path, kind: str) -> Iterator[bytes]:
    """Return the JSON of a file: one document, or one a line."""
    content = file.read_bytes()
    yield from content.splitlines() if kind == ".jsonl" else [content]


def _parquet_columns(file: Path) -> list[str]:
    import pyarrow.parquet as pq

    return list(map(str, pq.read_schema(file).names))


def _csv_columns(file: Path) -> list[str]:
    with file.open(encoding="utf-8", newline="") as stream:
        return next(csv.reader(stream), [])


COLUMNS: Mapping[str, Callable[[Path], list[str]]] = {
    ".parquet": _parquet_columns,
    ".csv": _csv_columns,
}
"""How the names of a table's columns are read, without its rows."""


def _check_columns(columns: list[str], model: type[BaseModel], whose: str, name: str) -> None:
    for key, field in model.model_fields.items():
        column = field.alias or key
        if field.is_required() and column not in columns:
            raise _refusal(
                f"{whose} wrote {name} without the column '{column}'.",
                whose,
                where=f"{name}: columns {', '.join(columns)}",
                expected=f"the column '{column}': {field.description}",
            )


def _explain(problem: ErrorDetails, model: type[BaseModel], whose: str, name: str) -> PluginError:
    """Say what is in a file instead of what belongs there."""
    key, found = _key(problem["loc"]), reprlib.repr(problem["input"])
    expected = problem["msg"].removeprefix(SHOULD_BE).removeprefix("Invalid JSON: ")
    if problem["type"] == "missing":
        what, expected = f"{whose} wrote {name} without '{key}'.", "a value"
    elif problem["type"] == "json_invalid":
        what, expected = f"{whose} wrote {name}, which is no JSON: {expected}.", "JSON"
    elif key:
        what = f"{whose} wrote {name}, in which '{key}' is {found}."
    else:
        what = f"{whose} wrote {name}, which is {found}."
    if problem["type"] == "too_short":
        expected = "at least one item"
    meaning = _description(model, problem["loc"])
    return _refusal(
        what,
        whose,
        where=f"{name}: {key}" if key else name,
        expected=f"{expected}: {meaning}" if meaning else expected,
    )


def _key(keys: Iterable[int | str]) -> str:
    """Return the place of a value, as `columns[0].importance`."""
    parts = (f"[{key}]" if isinstance(key, int) else f".{key}" for key in keys)
    return "".join(parts).removeprefix(".")


def _refusal(what: str, whose: str, *, where: str, expected: str) -> PluginError:
    component = whose.partition(" ")[0]
    return PluginError(
        what,
        where=where,
        expected=expected,
        next_step=f"tell its author: `mlops plugins check {component}` checks its contract",
    )


def _description(model: type[BaseModel], keys: Iterable[int | str]) -> str:
    """Return what the model says of the value at the end of these keys."""
    annotation: Any = model
    description = ""
    for key in keys:
        found = _below(annotation, key)
        if found is None:
            break
        annotation, description = found
    return description


def _below(annotation: Any, key: int | str) -> tuple[Any, str] | None:
    """Return the type and the description of a key, or of an element; None if there is none."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in (Union, UnionType):
        return next(filter(None, (_below(each, key) for each in arguments)), None)
    if origin in (list, tuple, dict):
        return arguments[-1], ""
    if not (isclass(annotation) and issubclass(annotation, BaseModel)):
        return None
    if issubclass(annotation, RootModel):
        return _below(annotation.model_fields["root"].annotation, key)
    for name, field in annotation.model_fields.items():
        if key in (name, field.alias):
            return field.annotation, field.description or ""
    return None
