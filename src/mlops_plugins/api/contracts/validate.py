"""Validate: check the raw table against the schema that the team owns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from mlops_plugins.api import formats
from mlops_plugins.api.paths import SCHEMA
from mlops_plugins.api.stage import Contract

if TYPE_CHECKING:
    from pathlib import Path

    from mlops_plugins.api.context import Context


class Validate(Protocol):
    """Hold the raw table against the schema that the team owns."""

    def validate(
        self, context: Context, *, raw: Path, schema: Path, output: Path, report: Path
    ) -> None:
        """Write the typed table to `output` and the findings to `report` (JSON).

        A schema without columns is inferred and written to `schema`.

        Raises:
            DataError: The table breaks the schema; the error names every way in which it does.
        """
        ...


CONTRACT: Final = Contract(
    stage="validate",
    protocol=Validate,
    inputs={"raw": "data/raw.parquet"},
    outputs={"output": "data/validated.parquet", "report": "reports/validation.json"},
    kept={"schema": SCHEMA},
    parameters=("data",),
    formats=formats.VALIDATE,
)
