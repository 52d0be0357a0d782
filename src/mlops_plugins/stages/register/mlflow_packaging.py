"""What a registered version holds: our model folder, its signature and its requirements."""

from __future__ import annotations

from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlops_plugins.api.stage import Stage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlops_plugins.artifacts.model_folder import Description
    from mlops_plugins.artifacts.schema import Schema
    from mlops_plugins.stages.register.store import Package

REQUIREMENTS = ("mlops-plugins", "scikit-learn", "skops", "pandas", "numpy", "scipy", "pyarrow")


@contextmanager
def laid_out(package: Package) -> Iterator[Path]:
    """Lay out what a version holds in a folder `package`."""
    import tempfile

    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "package"
        package.write(folder)
        yield folder


def requirements(model: Description) -> list[str]:
    """Return the installed versions of what loading and predicting need."""
    import re

    from mlops_plugins.manager.plugin_manager import plugin_manager

    names = {*REQUIREMENTS}
    for stage in (Stage.TRAIN, Stage.FEATURES):
        offer = plugin_manager().find(stage, model.manifest[stage])
        names |= {*offer.implementation.libraries}
        if _can_be_installed(offer.distribution):
            names.add(offer.distribution)
    return [f"{name}=={re.split(r'[+]', metadata.version(name))[0]}" for name in sorted(names)]


def _can_be_installed(distribution: str) -> bool:
    """Say whether it came from elsewhere: of a folder on this machine, nobody else has the code."""
    origin = metadata.distribution(distribution).read_text("direct_url.json")
    return origin is None or "dir_info" not in origin


def signature(model: Description) -> Any:
    """Return the signature from the schema; MLflow's inference fails on nullable integers."""
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, DataType
    from mlflow.types import Schema as MlflowSchema
    from mlflow.types.schema import AnyType

    kinds = {
        "integer": DataType.long,
        "number": DataType.double,
        "boolean": DataType.boolean,
        "category": DataType.string,
        "text": DataType.string,
        "datetime": AnyType(),  # of a `DataType.datetime` MLflow refuses times with a zone
    }

    def kind(schema: Schema, name: str) -> Any:
        column = schema.columns[name]
        if column.nullable and column.type in ("integer", "boolean"):
            return AnyType()  # numpy has no null for them, and MLflow turns no int64 into a double
        if column.type == "category" and column.values and not isinstance(column.values[0], str):
            return DataType.long
        return kinds[column.type]

    inputs = model.inputs
    columns = [
        ColSpec(kind(inputs, name), name, required=not inputs.columns[name].nullable)
        for name in inputs.columns
    ]
    numeric = model.classes is None or not isinstance(model.classes[0], str)
    outputs = [
        ColSpec(DataType.double if numeric else DataType.string, "prediction"),
        ColSpec(DataType.double, "score"),
    ]
    return ModelSignature(inputs=MlflowSchema(columns), outputs=MlflowSchema(outputs))
