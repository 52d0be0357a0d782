"""The model folder: an estimator, the feature code that feeds it, its schema, and a manifest.

    models/model/
        manifest.json    task, classes, schema, who made what from which data, and every other file's hash
        estimator/       what the trainer wrote, in its own format
        recipe/          the feature code, as the features stage left it
        learning_curves.json     the metrics that were logged while it learned: {metric: [[step, value], ...]}

It is all that serving, batch scoring, the gate and MLflow's loader need.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from mlops_plugins.api.contracts import CONTRACTS
from mlops_plugins.api.errors import DataError, ModelError, PluginError
from mlops_plugins.api.stage import Stage
from mlops_plugins.artifacts import exported, files, learning_curves, schema, sealed, tables
from mlops_plugins.manager.plugin_manager import plugin_manager
from mlops_plugins.manager.signatures import interface, require_written

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    import numpy as np
    import pandas as pd
    import pyarrow as pa

    from mlops_plugins.api.component import Component
    from mlops_plugins.api.context import Context
    from mlops_plugins.api.contracts.train import Predictor
    from mlops_plugins.artifacts.schema import Schema

FORMAT = 1
MANIFEST = "manifest.json"
KEYS = ("project", "task", "classes", "train", "features", "schema", "files")


def build(
    context: Context,
    trainer: Any,
    *,
    chosen: Mapping[str, str],
    features: Path,
    schema_file: Path,
    output: Path,
) -> None:
    """Train, and write the model folder.

    Args:
        context: The stage's context.
        trainer: The chosen implementation of train.
        chosen: The names of the implementations that made the features and the estimator.
        features: The folder that the features stage wrote.
        schema_file: The team's schema.
        output: The model folder to write.

    Raises:
        DataError: There is nothing to learn: the target is missing, null or constant.
    """
    table = training_rows(context, features)
    target = table.column(context.data.target).to_pandas()
    classes = _classes(context, target)
    output.mkdir(parents=True)
    recorder = learning_curves.Recorder(context.log_metric)
    recording = replace(context, log_metric=recorder)
    trainer.train(recording, features=features, output=output / "estimator")
    require_written(CONTRACTS[Stage.TRAIN], "output", output / "estimator")
    shutil.copytree(features / "recipe", output / "recipe")
    learning_curves.write(output, recorder.series)
    manifest = {
        "format": FORMAT,
        "project": context.project,
        "task": context.data.task,
        "classes": classes,
        "train": chosen[Stage.TRAIN],
        "features": chosen[Stage.FEATURES],
        "options": trainer.model_dump(),
        "rows": len(target),
        "data": _data(context),
        "schema": schema.read(schema_file, context.data).to_dict(),
        "files": {
            item.relative_to(output).as_posix(): files.digest(item)
            for item in sorted(output.rglob("*"))
            if item.is_file()
        },
    }
    files.write_json(output / MANIFEST, manifest)


def training_rows(context: Context, features: Path) -> pa.Table:
    """Read the features and the target of the training rows.

    Raises:
        DataError: The file is missing or no Parquet, or the target is not among its columns.
    """
    table = tables.read(features / "train.parquet")
    if context.data.target not in table.column_names:
        raise DataError(
            f"The target '{context.data.target}' is missing among the features.",
            where="data/features/train.parquet: columns",
            expected=", ".join(table.column_names),
            next_step="correct data.target in conf/config.yaml, or the features",
        )
    return table


def _data(context: Context) -> str | None:
    """Return the SHA-256 of the table that was ingested, from its manifest; None if there is none."""
    ingested = context.root / CONTRACTS[Stage.INGEST].outputs["manifest"]
    manifest = files.read_json_if_any(ingested)
    return str(manifest["sha256"]) if manifest else None


def _classes(context: Context, target: pd.Series[Any]) -> list[Any] | None:
    if context.data.task == "regression":
        return None
    return sorted(target.unique().tolist())


@dataclass(frozen=True)
class Description:
    """What a model folder says of itself; nothing that it holds is imported or loaded."""

    manifest: Mapping[str, Any]
    digest: str
    schema: Schema

    @property
    def task(self) -> str:
        """Return the task: binary, multiclass or regression."""
        return str(self.manifest["task"])

    @property
    def classes(self) -> list[Any] | None:
        """Return the classes in the order of the scores; None for regression."""
        classes: list[Any] | None = self.manifest["classes"]
        return classes

    @property
    def inputs(self) -> Schema:
        """Return the schema of the raw columns that a prediction needs."""
        return self.schema.only(self.schema.inputs)


@dataclass(frozen=True)
class Model(Description):
    """A model folder, opened: predicts from raw rows."""

    recipe: Callable[[pd.DataFrame], pd.DataFrame]
    predictor: Predictor

    def scores(self, rows: pd.DataFrame) -> np.ndarray:
        """Return probabilities (rows, classes) or values (rows,) for raw rows.

        Raises:
            DataError: A column is missing or of the wrong type.
        """
        return self.predictor.scores(self.recipe(schema.conform(rows, self.inputs)))

    def predict(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return the predictions of raw rows, as `predictions` describes them.

        Raises:
            DataError: A column is missing, or `schema.accept` refuses a value, as every door does.
        """
        return self.predict_typed(schema.accept(rows, self.inputs))

    def predict_typed(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return the predictions of rows that have the schema's dtypes."""
        return self.predictions(self.predictor.scores(self.recipe(rows)), rows.index)

    def predictions(self, scores: np.ndarray, index: pd.Index[Any]) -> pd.DataFrame:
        """Return `prediction`, `score` and, for classes, one `probability_<class>` each.

        `score` is the probability of the last class (binary) or of the predicted one (multiclass),
        and the value itself for regression.
        """
        import pandas as pd

        classes = self.classes
        if classes is None:
            return pd.DataFrame({"prediction": scores, "score": scores}, index=index)
        best = scores.argmax(axis=1)
        score = scores[:, -1] if len(classes) == 2 else scores.max(axis=1)
        columns = {"prediction": pd.Series(classes).iloc[best].to_numpy(), "score": score}
        columns |= {f"probability_{name}": scores[:, i] for i, name in enumerate(classes)}
        return pd.DataFrame(columns, index=index)


def describe(folder: Path) -> Description:
    """Read a model folder, after checking that it holds what its manifest lists, and nothing else.

    Raises:
        ModelError: It is no model folder, a file was changed or added, or a format is unknown.
    """
    manifest = _manifest(folder)
    sealed.check(folder, manifest["files"], manifest=MANIFEST, besides=exported.FILE)
    content = manifest["schema"]
    return Description(
        manifest=manifest,
        digest=files.digest(folder, without=exported.FILE),
        schema=schema.parse(
            content,
            target=content["target"],
            id=content["id"],
            weight=content.get("weight"),
            where=MANIFEST,
        ),
    )


def open_model(folder: Path) -> Model:
    """Open a model folder, after checking that it holds what its manifest lists, and nothing else.

    Raises:
        ModelError: It is no model folder, a file was changed or added, or a format is unknown.
        PluginError: What made it loads it as something else than its interface says.
    """
    described = describe(folder)
    recipe = _maker(Stage.FEATURES, described.manifest).recipe(folder / "recipe")
    predictor = _maker(Stage.TRAIN, described.manifest).load(folder / "estimator")
    _require_loaded(Stage.FEATURES, described, recipe, callable(recipe))
    _require_loaded(Stage.TRAIN, described, predictor, callable(getattr(predictor, "scores", None)))
    return Model(**vars(described), recipe=recipe, predictor=predictor)


def _require_loaded(stage: Stage, described: Description, loaded: object, right: bool) -> None:
    if not right:
        offer = plugin_manager().find(stage, described.manifest[stage])
        raise PluginError(
            f"{offer} loads its part of a model as {type(loaded).__name__}.",
            where=offer.implementation.target,
            expected=f"as {interface(CONTRACTS[stage])} says",
            next_step=f"tell the author of {offer.distribution}",
        )


def _maker(stage: Stage, manifest: Mapping[str, Any]) -> Any:
    """Return an instance that can read what the implementation wrote; reading needs no options."""
    name = manifest[stage]
    if name not in plugin_manager().names(stage):
        raise ModelError(
            f"The model was made by {stage}/{name}, which is not installed.",
            where=MANIFEST,
            expected="one of " + ", ".join(plugin_manager().names(stage)),
            next_step=f"install the plugin that offers '{name}', or train again",
        )
    target: type[Component] = plugin_manager().load(stage, name)
    return target.model_construct()


def _manifest(folder: Path) -> dict[str, Any]:
    try:
        manifest = files.read_json(folder / MANIFEST)
        known = manifest["format"] == FORMAT
        if known:
            _ = [manifest[key] for key in KEYS]
            _ = [manifest["schema"][key] for key in ("target", "id")]
            _ = manifest["files"].items()
    except FileNotFoundError:
        raise ModelError(
            "There is no model.",
            where=str(folder / MANIFEST),
            next_step="`dvc repro` trains one, `dvc checkout` restores one",
        ) from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ModelError(
            "The model's manifest is corrupt.",
            where=str(folder / MANIFEST),
            next_step="fetch the model again: `dvc checkout --force`, or `mlops export`",
        ) from None
    if not known:
        raise ModelError(
            f"The model has the format {manifest['format']}.",
            where=str(folder / MANIFEST),
            expected=f"format {FORMAT}",
            next_step="upgrade mlops-plugins, or train again",
        )
    return dict(manifest)
