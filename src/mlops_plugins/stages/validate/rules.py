"""The rules of the schema's columns, checked by pandera, a batch at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandera.pandas as pandera
from pandera.errors import SchemaErrors

from mlops_plugins.artifacts.schema.dtypes import expected
from mlops_plugins.stages.validate.findings import Finding, Tally

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import numpy as np
    import pandas as pd

    from mlops_plugins.artifacts.raw_table import Batch
    from mlops_plugins.artifacts.schema import Column, Schema

NEVER_TOLERATED = ("type", "null")


class Rules:
    """Counts the rows that break a rule: type, null, values, min, max."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._checks = _pandera(schema)
        self._tallies: dict[tuple[str, str], Tally] = {}

    def look(self, batch: Batch, typed: pd.DataFrame, unreadable: Mapping[str, np.ndarray]) -> None:
        """Count the broken rules in some rows.

        Args:
            batch: The rows as they are.
            typed: The same rows with the schema's dtypes.
            unreadable: For each column, which rows hold no value of its type: null in `typed`.
        """
        for name, mask in unreadable.items():
            self._count(name, "type", batch, mask.nonzero()[0])
        for name, rule, positions in self._broken(typed):
            self._count(name, rule, batch, positions[~unreadable[name][positions]])

    def _count(self, name: str, rule: str, batch: Batch, positions: np.ndarray) -> None:
        if len(positions):
            self._tallies.setdefault((name, rule), Tally()).add(batch, name, positions)

    def _broken(self, typed: pd.DataFrame) -> Iterator[tuple[str, str, np.ndarray]]:
        """Return which rows break which rule, by their positions in the batch."""
        try:
            self._checks.validate(typed, lazy=True)
        except SchemaErrors as error:
            for (name, check), cases in error.failure_cases.groupby(["column", "check"]):
                rule = "null" if check == "not_nullable" else str(check)
                yield str(name), rule, cases["index"].sort_values().to_numpy(dtype="int64")

    def findings(self, rows: int, tolerance: float) -> list[Finding]:
        """Return what was broken.

        Args:
            rows: How many there are.
            tolerance: The share of rows that may be out of range or of no known category.
        """
        order = {name: place for place, name in enumerate(self._schema.columns)}
        findings = []
        for (name, rule), tally in sorted(
            self._tallies.items(), key=lambda item: (order[item[0][0]], item[0][1])
        ):
            column = self._schema.columns[name]
            tolerated = rule not in NEVER_TOLERATED and tally.count <= tolerance * rows
            findings.append(
                Finding(
                    rule=rule,
                    what=_what(name, rule, column, tally),
                    next_step=_next_step(name, rule, column),
                    severity="warning" if tolerated else column.severity or "error",
                    column=name,
                    tally=tally,
                    tolerated=tolerated,
                )
            )
        return findings


def _pandera(schema: Schema) -> Any:

    def checks(column: Any) -> list[Any]:
        limits = []
        if column.values is not None:
            allowed = [str(each) for each in column.values]
            numbers = not any(isinstance(each, str) for each in column.values)
            limits.append(
                pandera.Check.isin(list(column.values) if numbers else allowed, error="values")
            )
        if column.min is not None:
            limits.append(pandera.Check.ge(column.min, error="min"))
        if column.max is not None:
            limits.append(pandera.Check.le(column.max, error="max"))
        return limits

    return pandera.DataFrameSchema(
        {
            name: pandera.Column(checks=checks(column), nullable=column.nullable)
            for name, column in schema.columns.items()
        }
    )


def _what(name: str, rule: str, column: Column, tally: Tally) -> str:
    if rule == "type":
        value = tally.examples[0][1]
        return f"column '{name}' holds {value!r}, which is no {column.type},"
    return (
        f"column '{name}' "
        + {
            "null": "is null, but the column is not nullable,",
            "values": "is none of the column's values",
            "min": f"is below the column's min, {column.min},",
            "max": f"is above the column's max, {column.max},",
        }[rule]
    )


def _next_step(name: str, rule: str, column: Column) -> str:
    key = {"null": "nullable: true", "values": "values"}.get(rule, rule)
    if rule == "type":
        return f"write {expected(column)} there, or correct the type of '{name}' in schema.yaml"
    return f"correct the rows, or {key} of '{name}' in schema.yaml"
