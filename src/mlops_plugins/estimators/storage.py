"""Fitted pipelines as files: skops, never a pickle."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlops_plugins.api.errors import ModelError
from mlops_plugins.estimators.reading import prepared

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    import numpy as np
    import pandas as pd

FILE = "estimator.skops"

TRUSTED = (
    "functools.partial",  # with check_array below: HistGradientBoosting's own preprocessing
    "mlops_plugins.estimators.text.text_of",
    "mlops_plugins.estimators.text_of",  # its name before the module was split
    "numpy.dtype",
    "sklearn.calibration._CalibratedClassifier",
    "sklearn.calibration._SigmoidCalibration",
    "sklearn.calibration._TemperatureScaling",
    "sklearn.compose._column_transformer.make_column_selector",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.model_selection._split.KFold",  # three numbers: the folds of TargetEncoder
    # Numbers and arrays alone: the state of a neural network's optimizer.
    "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
    "sklearn.neural_network._stochastic_optimizers.SGDOptimizer",
    "sklearn.tree._tree.Tree",
    "sklearn.utils.validation.check_array",
)
"""Types beyond skops' own list that our trainers write. It is never read from a model's file.

`TreePredictor` and `Tree` hold indices that scikit-learn does not check, so a malicious file can
crash the process: the manifest's hashes are checked before a model is loaded.
"""


@dataclass(frozen=True)
class SklearnPredictor:
    """A fitted scikit-learn pipeline."""

    pipeline: Any

    def scores(self, features: pd.DataFrame) -> np.ndarray:
        """Return probabilities of shape (rows, classes), or values of shape (rows,)."""
        rows = prepared(features)
        classifies = hasattr(self.pipeline, "predict_proba")
        scores: np.ndarray = (
            self.pipeline.predict_proba(rows) if classifies else self.pipeline.predict(rows)
        )
        return scores


def save(pipeline: Any, folder: Path, *, trusted: Iterable[str] = ()) -> None:
    """Write a fitted pipeline as skops, byte for byte the same for the same pipeline.

    Raises:
        ModelError: It holds a type that `load` would refuse.
    """
    import skops.io

    folder.mkdir(parents=True)
    (folder / FILE).write_bytes(_canonical(skops.io.dumps(pipeline)))
    load(folder, trusted=trusted)


def load(folder: Path, *, trusted: Iterable[str] = ()) -> SklearnPredictor:
    """Read a fitted pipeline, refusing every type that is not on our list.

    Args:
        folder: What `save` wrote.
        trusted: Types that a trainer adds to the list.

    Raises:
        ModelError: The file is corrupt, or holds a type that is not on the list.
    """
    import skops.io
    from skops.io.exceptions import UntrustedTypesFoundException

    path = folder / FILE
    allowed = [*TRUSTED, *trusted]
    try:
        return SklearnPredictor(skops.io.load(path, trusted=allowed))
    except UntrustedTypesFoundException:
        untrusted = sorted(set(skops.io.get_untrusted_types(file=path)) - set(allowed))
        raise ModelError(
            f"The model holds types that are not trusted: {', '.join(untrusted)}.",
            where=str(path),
            expected="types of scikit-learn, numpy, scipy and mlops_plugins.estimators.TRUSTED",
            next_step="if you wrote the model and trust the type, offer a trainer that lists it",
        ) from None
    except (OSError, zipfile.BadZipFile, KeyError, ValueError) as error:
        raise ModelError(
            f"The model file cannot be read: {error}.",
            where=str(path),
            next_step="fetch the model again: `dvc checkout --force`, or `mlops export`",
        ) from error


def _canonical(content: bytes) -> bytes:
    """Rewrite a skops file without what differs from process to process.

    skops names objects by their address in memory and stamps files with the time, so two equal
    models would differ in every byte.
    """
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    tree = json.loads(files.pop("schema.json"))
    names: dict[int, int] = {}
    renamed: dict[str, str] = {}
    _renumber(tree, names, renamed)
    ordered = {"schema.json": json.dumps(tree, indent=2).encode()}
    ordered |= {new: files[old] for old, new in sorted(renamed.items(), key=lambda pair: pair[1])}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression=zipfile.ZIP_DEFLATED) as archive:
        for name, data in ordered.items():
            archive.writestr(zipfile.ZipInfo(name), data, compress_type=zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def _renumber(node: Any, names: dict[int, int], renamed: dict[str, str]) -> None:
    if isinstance(node, list):
        for item in node:
            _renumber(item, names, renamed)
    if not isinstance(node, dict):
        return
    if "__id__" in node:
        node["__id__"] = names.setdefault(node["__id__"], len(names))
    if isinstance(node.get("file"), str):
        suffix = node["file"].rpartition(".")[2]
        node["file"] = renamed.setdefault(node["file"], f"{len(renamed)}.{suffix}")
    for value in node.values():
        _renumber(value, names, renamed)
