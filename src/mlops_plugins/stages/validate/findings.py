"""What validation finds: how it is counted, written down, and shown."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from mlops_plugins.api.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy as np

    from mlops_plugins.artifacts.raw_table import Batch

Level = Literal["error", "warning", "ignore"]
"""What an option makes of a finding: stop, report, or do not look."""

MAX_EXAMPLES = 10
"""Rows that the report names for each finding."""

MAX_SHOWN_EXAMPLES = 3
MAX_SHOWN = 20
"""Rows of a finding, and findings, that the terminal shows."""


@dataclass
class Tally:
    """How many rows do something, and the first of them with their values."""

    count: int = 0
    examples: list[tuple[int, Any]] = field(default_factory=list)

    def add(self, batch: Batch, name: str, positions: np.ndarray) -> None:
        """Count rows of a batch, given by their positions in it; the first keep their values."""
        self.count += len(positions)
        for position in positions[: MAX_EXAMPLES - len(self.examples)].tolist():
            column = batch.columns.get(name)
            value = None if column is None else column[position].as_py()
            self.examples.append((batch.first + position + 1, value))


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One way in which the table is not as it should be.

    Attributes:
        rule: What was broken, in one word.
        what: The same in a sentence, without its end.
        next_step: What to change.
        severity: Whether it stops the pipeline.
        column: The column, if it is about one.
        tally: The rows that it is about; None if it is about no rows in particular.
        tolerated: Whether it would stop the pipeline if there were more such rows.
        details: Numbers that belong to it.
    """

    rule: str
    what: str
    next_step: str
    severity: Literal["error", "warning"]
    column: str | None = None
    tally: Tally | None = None
    tolerated: bool = False
    details: dict[str, float | int | str] = field(default_factory=dict)

    def as_data(self, rows: int, file: str) -> dict[str, Any]:
        """Return plain data."""
        count = rows if self.tally is None else self.tally.count
        return {
            "rule": self.rule,
            "severity": self.severity,
            "file": file,
            "column": self.column,
            "what": self.what.rstrip(","),
            "count": count,
            "share": count / rows if rows else 0.0,
            "examples": [
                {"row": row, "value": _json(value)}
                for row, value in (self.tally.examples if self.tally else ())
            ],
            "next": self.next_step,
            **({"details": self.details} if self.details else {}),
            **({"tolerated": True} if self.tolerated else {}),
        }

    def line(self, rows: int) -> str:
        """Return one line, with some of the rows."""
        if self.tally is None:
            return f"{self.what} [{self.rule}]"
        shown = ", ".join(_example(*each) for each in self.tally.examples[:MAX_SHOWN_EXAMPLES])
        more = ", ..." if self.tally.count > MAX_SHOWN_EXAMPLES else ""
        share = f"{self.tally.count / rows:.2%}"
        return f"{self.what} in {self.tally.count:,} row(s), {share} ({shown}{more}) [{self.rule}]"


def _example(row: int, value: Any) -> str:
    return f"row {row}" if value is None else f"row {row}: {str(value)[:80]}"


def _json(value: Any) -> Any:
    return value if value is None or isinstance(value, bool | int | float) else str(value)


def refusal(findings: Iterable[Finding], rows: int, *, where: str, report: str) -> DataError:
    """Return the error that lists what stops the pipeline, each with its place and next step."""
    broken = [finding for finding in findings if finding.severity == "error"]
    listed = "".join(
        f"\n  - {finding.line(rows)}\n      next: {finding.next_step}"
        for finding in broken[:MAX_SHOWN]
    )
    more = f"\n  - and {len(broken) - MAX_SHOWN} more" if len(broken) > MAX_SHOWN else ""
    return DataError(
        f"The data break their schema in {len(broken)} way(s), of {rows:,} row(s):{listed}{more}",
        where=f"{where} against schema.yaml (row 1 is the first row of data)",
        next_step=f"correct the data; or, if the data are right, schema.yaml, and commit it. "
        f"Every finding is in {report}",
    )


def as_report(findings: Sequence[Finding], *, rows: int, columns: int, file: str) -> dict[str, Any]:
    """Return what is written down."""
    return {
        "file": file,
        "rows": rows,
        "columns": columns,
        "errors": sum(finding.severity == "error" for finding in findings),
        "warnings": sum(finding.severity == "warning" for finding in findings),
        "findings": [finding.as_data(rows, file) for finding in findings],
    }
