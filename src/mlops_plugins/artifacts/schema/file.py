"""The file `schema.yaml`, which the team owns: read, and written with comments."""

from __future__ import annotations

import io
import itertools
from typing import TYPE_CHECKING

from mlops_plugins.api.errors import DataError, did_you_mean
from mlops_plugins.artifacts.files import write_text
from mlops_plugins.artifacts.schema.description import Schema, parse

if TYPE_CHECKING:
    from pathlib import Path

    from mlops_plugins.api.context import Data

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
# format:   how a number or a time is written as text: an example of 1234.5, such as 1.234,5 or $1,234.5
#           or 1234.5%; or codes such as "%d/%m/%Y"; a dash is a missing value
# severity: error (the default) stops the pipeline where a value breaks the above; warning reports
#           it, and lets an unreadable value through as a missing one
"""

LEFT_OUT = """\
# Left out, as it numbers the rows. To learn from such a column, put its line below `columns`:
"""


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
    for place, (name, column) in enumerate(schema.left_out.items()):
        stream.write("" if place else LEFT_OUT)
        stream.write(f"#   {column.line(name)}\n")
    # Where it breaks a list, ruamel leaves a space that every editor would take away.
    lines = (line.rstrip() for line in stream.getvalue().splitlines())
    write_text(path, _beginning(path) + "\n" + "\n".join(lines) + "\n")


def _beginning(path: Path) -> str:
    """Return the comments that the file begins with, and what the keys mean if they do not say it."""
    written = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    comments = list(itertools.takewhile(lambda line: not line or line.startswith("#"), written))
    beginning = "\n".join(comments).strip()
    if LEGEND.partition("\n")[0] in beginning:
        return beginning + "\n"
    return (beginning or HEADER.strip()) + "\n#\n" + LEGEND
