"""What a plugin must be: light to import, and heard."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from mlops_plugins.manager.plugin_manager import plugin_manager
from mlops_plugins.testing.failure import require
from mlops_plugins.testing.processes import finish, start

if TYPE_CHECKING:
    from pathlib import Path

HEAVY = {
    *("azure", "boto3", "botocore", "catboost", "dask", "datasets", "duckdb", "dvc", "evidently"),
    *("fastapi", "google", "h2o", "hydra", "jax", "keras", "lightgbm", "matplotlib", "mlflow"),
    *("numba", "numpy", "onnx", "onnxruntime", "pandas", "pandera", "plotly", "polars", "pyarrow"),
    *("pyspark", "ray", "scipy", "shap", "sklearn", "skops", "sqlalchemy", "statsmodels"),
    *("tensorflow", "torch", "transformers", "uvicorn", "wandb", "xgboost"),
}
"""Libraries that take a tenth of a second or more to import: every `mlops` command would wait."""


def loads(distribution: str, folder: Path) -> None:
    """Each of its plugins is loaded, and every hook that it implements is called."""
    broken = [
        str(one) for one in plugin_manager().broken if one.plugin.distribution == distribution
    ]
    require(
        not broken,
        f"the plugins of {distribution} were loaded",
        expected="each of them, with hooks that mlops_plugins.api.hookspecs names",
        found="; ".join(broken),
    )


def imports_nothing_heavy(distribution: str, folder: Path) -> None:
    """Its modules are imported by every command; what is heavy belongs into functions."""
    listing = folder / "modules.json"
    modules = sorted({p.module for p in plugin_manager().plugins if p.distribution == distribution})
    did = f"{', '.join(modules)} was imported in a fresh process"
    finish(start(("modules", str(listing), *modules), folder=folder), did)
    imported = {name.partition(".")[0] for name in json.loads(listing.read_text())}
    heavy = sorted(imported & HEAVY)
    require(
        not heavy,
        did,
        expected="no heavy library imported: import it inside the function that uses it",
        found=", ".join(heavy),
    )


CHECKS = {"loads": loads, "imports nothing heavy": imports_nothing_heavy}
