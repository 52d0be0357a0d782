"""Validate with pandera: every row against the schema file that the team owns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlops_plugins import files, tables
from mlops_plugins.errors import DataError
from mlops_plugins.hookspecs import hookimpl
from mlops_plugins.options import Field, Options
from mlops_plugins.schema import Column as Described
from mlops_plugins.schema import Schema, conform, infer
from mlops_plugins.schema import read as read_schema
from mlops_plugins.schema import write as write_schema
from mlops_plugins.stages import Implementation, Stage

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    import pandas as pd

    from mlops_plugins.stages import Context

EXAMPLES = 3
SHOWN = 10


@hookimpl
def mlops_implementations() -> Iterable[Implementation]:
    """Offer the validation."""
    yield Implementation(
        stage=Stage.VALIDATE,
        name="pandera",
        target="mlops_plugins.plugins.pandera:Pandera",
        summary="Types, nulls, ranges and categories of schema.yaml",
        extra="mlops-plugins[pandera]",
        libraries=("pandera",),
    )


class Pandera(Options):
    """Holds each column against its description; infers the schema once, while it has none."""

    tolerance: float = Field(
        0.001,
        ge=0,
        le=1,
        description="Share of rows that may be out of range or of a new category; missing columns, "
        "types and nulls are never tolerated.",
    )

    # BaseModel has a deprecated class method of this name, which nothing calls.
    def validate(  # type: ignore[override]
        self, context: Context, *, raw: Path, schema: Path, output: Path, report: Path
    ) -> None:
        """Write the typed table; stop at violations, all of them named."""
        frame = tables.read_frame(raw)
        expected = _expected(context, frame, schema)
        typed = conform(frame, expected)
        findings = _findings(typed, expected, self.tolerance)
        broken = [finding for finding in findings if finding["severity"] == "error"]
        if broken:
            raise _violations(broken, len(typed))
        for finding in findings:
            context.say(f"tolerated: {_describe(finding)}")
        tables.write_frame(typed, output)
        files.write_json(
            report, {"rows": len(typed), "columns": len(typed.columns), "tolerated": findings}
        )


def _expected(context: Context, frame: pd.DataFrame, path: Path) -> Schema:
    expected = read_schema(path, context.data)
    if not expected.columns:
        expected = infer(frame, context.data)
        write_schema(path, expected)
        context.say(
            f"{path.name} inferred from {len(frame):,} rows: look at it, edit it, commit it"
        )
    if context.data.target not in expected.columns:
        raise DataError(
            f"The target '{context.data.target}' is not in {path.name}.",
            where=f"{path.name}: columns",
            expected=", ".join(expected.columns),
            next_step="correct data.target in conf/config.yaml, or describe the column",
        )
    return expected


def _findings(typed: pd.DataFrame, expected: Schema, tolerance: float) -> list[dict[str, Any]]:
    """Return what breaks the schema, one entry for each column and rule."""
    from pandera.errors import SchemaErrors

    try:
        _pandera(expected).validate(typed.reset_index(drop=True), lazy=True)
    except SchemaErrors as error:
        cases = error.failure_cases
        return [
            _finding(str(column), str(rule), group, len(typed), tolerance)
            for (column, rule), group in cases.groupby(["column", "check"], sort=True)
        ]
    return []


def _pandera(expected: Schema) -> Any:
    from pandera.pandas import Check, Column, DataFrameSchema

    def checks(column: Described) -> list[Any]:
        made = []
        if column.values is not None:
            made.append(Check.isin(list(column.values), error="values"))
        if column.min is not None:
            made.append(Check.ge(column.min, error="min"))
        if column.max is not None:
            made.append(Check.le(column.max, error="max"))
        return made

    return DataFrameSchema(
        {
            name: Column(checks=checks(column), nullable=column.nullable)
            for name, column in expected.columns.items()
        }
    )


RULES = {
    "not_nullable": "is null, but the column is not nullable",
    "values": "is none of the column's values",
    "min": "is below the column's min",
    "max": "is above the column's max",
}


def _finding(
    column: str, rule: str, cases: pd.DataFrame, rows: int, tolerance: float
) -> dict[str, Any]:
    tolerable = rule != "not_nullable" and len(cases) <= tolerance * rows
    return {
        "column": column,
        "rule": rule,
        "rows": len(cases),
        "share": len(cases) / rows,
        "severity": "warning" if tolerable else "error",
        "examples": [
            {"row": int(index) + 1, "value": str(value)}
            for index, value in cases[["index", "failure_case"]].head(EXAMPLES).to_numpy()
        ],
    }


def _describe(finding: dict[str, Any]) -> str:
    examples = ", ".join(f"row {case['row']}: {case['value']}" for case in finding["examples"])
    rule = RULES.get(finding["rule"], finding["rule"])
    return f"column '{finding['column']}' {rule} in {finding['rows']:,} row(s) ({examples})"


def _violations(broken: list[dict[str, Any]], rows: int) -> DataError:
    listed = "".join(f"\n  - {_describe(finding)}" for finding in broken[:SHOWN])
    more = f"\n  - and {len(broken) - SHOWN} more" if len(broken) > SHOWN else ""
    return DataError(
        f"The data break their schema in {len(broken)} way(s), of {rows:,} rows:{listed}{more}",
        where="data/raw.parquet against schema.yaml",
        next_step="correct the data; or, if the data are right, schema.yaml, and commit it",
    )
