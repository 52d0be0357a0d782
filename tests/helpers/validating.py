"""What the tests of validation share: a folder that is just enough of a project to validate in."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
from click.testing import CliRunner

from mlops_plugins.api.contracts import PIPELINE
from mlops_plugins.api.stage import Stage
from mlops_plugins.cli.app import main
from mlops_plugins.testing.sandbox import CHOSEN

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    from click.testing import Result

RAW, OUTPUT = "data/raw.parquet", "data/validated.parquet"
REPORT, REFUSED = "reports/validation.json", "reports/violations.json"


@dataclass
class Validating:
    """A folder with parameters and a raw table."""

    root: Path
    data: dict[str, Any]
    options: dict[str, Any] = field(default_factory=dict)
    ingest: dict[str, Any] | None = None
    """Options of ingest from a file; None in a test whose raw table is written by `write`."""

    def write(self, table: pd.DataFrame | pa.Table, **how: Any) -> None:
        (self.root / "data").mkdir(exist_ok=True)
        if not isinstance(table, pa.Table):
            table = pa.Table.from_pandas(table, preserve_index=False)
        pq.write_table(table, self.root / RAW, **how)

    def mlops(self, *arguments: str) -> Result:
        whole = {"project": "p", "seed": 1, "threads": 1, "data": self.data}
        whole |= {stage: CHOSEN[stage] for stage in PIPELINE if stage in CHOSEN}
        whole[Stage.VALIDATE] = {"name": "pandera", **self.options}
        if self.ingest is not None:
            whole[Stage.INGEST] = {"name": "file", **self.ingest}
        (self.root / "params.yaml").write_text(json.dumps(whole))
        return CliRunner().invoke(main, ["--project", str(self.root), *arguments])

    def validate(self, table: pd.DataFrame | pa.Table | None = None) -> Result:
        if table is not None:
            self.write(table)
        return self.mlops("run", "validate")

    def schema(self, text: str | None = None) -> str:
        if text is not None:
            (self.root / "schema.yaml").write_text(text)
        return (self.root / "schema.yaml").read_text()

    def report(self, name: str = REPORT) -> dict[str, Any]:
        return json.loads((self.root / name).read_text())

    def rules(self, name: str = REPORT) -> list[str]:
        return [finding["rule"] for finding in self.report(name)["findings"]]


def accepted(done: Result) -> str:
    assert done.exit_code == 0, done.output
    return done.output


def refused(done: Result, *parts: str) -> str:
    """It is refused for its data, each part is told, and no traceback."""
    assert done.exit_code == 4, f"{done.output}\n{done.exception!r}"
    for part in (*parts, "where:", "next:"):
        assert part in done.output, f"{part!r} is not in:\n{done.output}"
    return done.output
