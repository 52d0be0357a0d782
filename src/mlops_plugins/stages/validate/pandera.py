"""Validate with pandera: every row against the schema file that the team owns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_plugins.api.component import Component, Field
from mlops_plugins.api.errors import DataError
from mlops_plugins.artifacts import files
from mlops_plugins.artifacts.schema import infer_table, require_weight
from mlops_plugins.artifacts.schema import read as read_schema
from mlops_plugins.artifacts.schema import write as write_schema
from mlops_plugins.stages.validate.findings import Level, as_report, refusal

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from mlops_plugins.api.context import Context
    from mlops_plugins.artifacts.raw_table import RawTable
    from mlops_plugins.artifacts.schema import Schema
    from mlops_plugins.stages.validate.findings import Finding

REFUSED = "reports/violations.json"
"""The report of a table that was refused: the stage's own report stays that of the last good one."""

WITH_A_LINE = ("written", "row_number")
"""Rules whose next step is a line to be put into `schema.yaml`."""


class Pandera(Component):
    """Checks each column against its description; infers the schema once, while it has none."""

    tolerance: float = Field(
        0.001,
        ge=0,
        le=1,
        description="Share of rows that may be out of range or of a new category; missing columns, "
        "types and nulls are never tolerated.",
    )
    min_rows: int = Field(
        1, ge=0, description="Minimum number of rows; with fewer the stage stops."
    )
    unexpected_columns: Level = Field(
        "warning",
        description="What to do about columns that schema.yaml has not: error, warning, ignore.",
    )
    target_copies: Level = Field(
        "error",
        description="What to do about a feature that equals the target, or a one-to-one function of "
        "it: error, warning, ignore.",
    )
    predictive_features: Level = Field(
        "warning",
        description="What to do about a feature that alone predicts the target almost perfectly: "
        "error, warning, ignore.",
    )
    max_auc: float = Field(
        0.99,
        ge=0.5,
        le=1,
        description="AUC (two classes) or balanced accuracy (more) that one feature may reach alone.",
    )
    max_r2: float = Field(
        0.9995, ge=0, le=1, description="R² that one feature may reach alone in a regression."
    )
    identifiers: Level = Field(
        "warning",
        description="What to do about a feature that has another integer or word in each row: "
        "error, warning, ignore.",
    )
    duplicate_rows: Level = Field(
        "warning",
        description="What to do about rows that equal an earlier one (data.id apart), where values "
        "are too various for chance: error, warning, ignore.",
    )
    max_duplicate_share: float = Field(
        0.02, ge=0, le=1, description="Share of rows that may equal an earlier one."
    )

    # BaseModel has a deprecated class method of this name, which nothing calls.
    def validate(  # type: ignore[override]
        self, context: Context, *, raw: Path, schema: Path, output: Path, report: Path
    ) -> None:
        """Write the typed table, and all findings; stop at errors, all of them named."""
        from mlops_plugins.artifacts.raw_table import opened
        from mlops_plugins.stages.validate.check import Limits, check
        from mlops_plugins.stages.validate.target import UNFIT

        with opened(raw) as table:
            expected, is_inferred = self._expected(context, table, schema)
            limits = Limits(**self.model_dump())
            findings = check(table, expected, context.data, limits, output=output)
            rows = table.rows
        # Too few rows, and those whose target is none, say nothing about those to come.
        if is_inferred and rows >= self.min_rows and not UNFIT & _refused(findings):
            write_schema(schema, expected)
            context.log(
                f"{schema.name} inferred from {rows:,} rows: look at it, edit it, commit it"
            )
            for column, described in expected.columns.items():
                if described.format:
                    context.log(
                        f"column '{column}' is text that is read as {described.type}, by its format "
                        f"in {schema.name}: {described.format}"
                    )
        name = (
            raw.relative_to(context.root) if raw.is_relative_to(context.root) else raw
        ).as_posix()
        content = as_report(findings, rows=rows, columns=len(expected.columns), file=name)
        refused = context.root / REFUSED
        if content["errors"]:
            files.write_json(refused, content)
            raise refusal(findings, rows, where=name, report=REFUSED)
        refused.unlink(missing_ok=True)
        for finding in findings:
            prefix = "tolerated" if finding.tolerated else "warning"
            context.log(f"{prefix}: {finding.line(rows)}")
            if finding.rule in WITH_A_LINE:
                context.log(f"  next: {finding.next_step}")
        files.write_json(report, content)

    def _expected(self, context: Context, table: RawTable, path: Path) -> tuple[Schema, bool]:
        """Return the team's schema; while it has no columns, one that is inferred, and True."""
        expected = read_schema(path, context.data)
        target = context.data.target
        is_inferred = not expected.columns
        if is_inferred:
            expected = infer_table(table, context.data)
            require_weight(expected, where=path.name)
        if target not in expected.columns:
            raise DataError(
                f"The target '{target}' is not in {path.name}.",
                where=f"{path.name}: columns",
                expected=", ".join(expected.columns),
                next_step="correct data.target in conf/config.yaml, or describe the column",
            )
        return expected, is_inferred


def _refused(findings: Iterable[Finding]) -> set[str]:
    """Return the rules that stop the stage."""
    return {found.rule for found in findings if found.severity == "error"}
