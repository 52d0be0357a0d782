"""What the tests of ingest share: choosing options, and what was written."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
from ruamel.yaml import YAML

if TYPE_CHECKING:
    import pyarrow as pa

    from tests.helpers.projects import Project

RAW, MANIFEST, CACHE = "data/raw.parquet", "reports/ingest.json", ".mlops/cache/ingest"


def choose(project: Project, name: str, **options: Any) -> None:
    """Set the options of ingest where `mlops run` reads them."""
    yaml = YAML(typ="safe")
    whole = yaml.load(project.root / "params.yaml")
    whole["ingest"] = {"name": name, **options}
    project.write("params.yaml", json.dumps(whole))


def table(project: Project) -> pa.Table:
    """Return the table that was ingested."""
    return pq.ParquetFile(project.root / RAW).read()


def ingested(project: Project) -> tuple[bytes, dict[str, Any]]:
    """Return the table's bytes, and its manifest."""
    return (project.root / RAW).read_bytes(), json.loads(project.read(MANIFEST))
