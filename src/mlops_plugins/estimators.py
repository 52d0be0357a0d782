"""What trainers with scikit-learn's interface share: preprocessing, and storage without pickle."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlops_plugins import tables
from mlops_plugins.errors import DataError, ModelError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    import numpy as np
    import pandas as pd

    from mlops_plugins.stages import Context

FILE = "estimator.skops"

TRUSTED = (
    "functools.partial",  # with check_array below: HistGradientBoosting's own preprocessing
    "numpy.dtype",
    "sklearn.calibration._CalibratedClassifier",
    "sklearn.calibration._SigmoidCalibration",
    "sklearn.compose._column_transformer.make_column_selector",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.tree._tree.Tree",
    "sklearn.utils.validation.check_array",
)
"""Types beyond skops' own list that our trainers write. It is never read from a model's file.

`TreePredictor` and `Tree` hold indices that scikit-learn does not check, so a file made to harm can
crash the process: the manifest's hashes are checked before a model is loaded.
"""


@dataclass(frozen=True)
class Columns:
    """The features by how they are prepared."""

    numeric: list[str]
    categorical: list[str]


def columns(frame: pd.DataFrame) -> Columns:
    """Sort the features into numbers and categories.

    Raises:
        DataError: A column is neither.
    """
    from pandas.api import types

    numeric: list[str] = []
    categorical: list[str] = []
    for name in map(str, frame.columns):
        if types.is_datetime64_any_dtype(frame[name]) or types.is_timedelta64_dtype(frame[name]):
            raise DataError(
                f"The feature '{name}' is a time, which no estimator takes.",
                where=f"features table: column {name}",
                expected="a number, a boolean or a category",
                next_step="turn it into numbers in features.py: mlops_plugins.features.date_parts",
            )
        (numeric if types.is_numeric_dtype(frame[name]) else categorical).append(name)
    return Columns(numeric, categorical)


def ordinal_preprocessing(split: Columns, *, most_categories: int) -> Any:
    """Return a transformer for trees: categories first, as numbers, and numbers as they are."""
    import numpy as np
    from sklearn.compose import ColumnTransformer
    from sklearn.preprocessing import OrdinalEncoder

    encoder = OrdinalEncoder(
        handle_unknown="use_encoded_value",
        unknown_value=np.nan,
        encoded_missing_value=np.nan,
        max_categories=most_categories,
    )
    return ColumnTransformer(
        [("categories", encoder, split.categorical), ("numbers", "passthrough", split.numeric)]
    )


def dense_preprocessing(split: Columns, *, most_categories: int) -> Any:
    """Return a transformer for any estimator: no missing values, one scale, one-hot categories."""
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    numbers = make_pipeline(
        SimpleImputer(strategy="median", keep_empty_features=True), StandardScaler()
    )
    categories = OneHotEncoder(
        handle_unknown="infrequent_if_exist", max_categories=most_categories, sparse_output=False
    )
    return ColumnTransformer(
        [("numbers", numbers, split.numeric), ("categories", categories, split.categorical)]
    )


def require_target(frame: pd.DataFrame, context: Context, *, where: str) -> None:
    """Go on only with rows that have a target.

    Raises:
        DataError: There are no rows, or the target is no column of theirs.
    """
    names = list(map(str, frame.columns))
    if context.data.target not in names:
        raise DataError(
            f"The target '{context.data.target}' is missing.{did_you_mean(context.data.target, names)}",
            where=where,
            expected=", ".join(names),
            next_step="correct data.target in conf/config.yaml, or the data",
        )
    if frame.empty:
        raise DataError(
            "There are no rows.",
            where=where,
            expected="at least one",
            next_step="look at the split, or at the data",
        )


def read_training_table(context: Context, features: Path) -> tuple[pd.DataFrame, pd.Series[Any]]:
    """Return the training rows' features and target, without rows that have no target.

    Raises:
        DataError: The target is missing, or has fewer than two values.
    """
    frame = tables.read_frame(features / "train.parquet")
    require_target(frame, context, where="data/features/train.parquet")
    frame = frame[frame[context.data.target].notna()].reset_index(drop=True)
    target = frame[context.data.target]
    if target.nunique() < 2:
        raise DataError(
            f"The target '{context.data.target}' has fewer than two values among the training rows.",
            where=f"data/features/train.parquet: column {context.data.target}",
            expected="at least two different values",
            next_step="look at the split, or at the data",
        )
    return _without_pandas_strings(frame.drop(columns=context.data.target)), target


def _without_pandas_strings(frame: pd.DataFrame) -> pd.DataFrame:
    """Give categories as plain objects: the dtype that requests have, and that skops stores."""
    for name in columns(frame).categorical:
        frame[name] = frame[name].astype(object).where(frame[name].notna(), None)
    return frame


@dataclass(frozen=True)
class SklearnPredictor:
    """A fitted scikit-learn pipeline."""

    pipeline: Any

    def scores(self, features: pd.DataFrame) -> np.ndarray:
        """Return probabilities of shape (rows, classes), or values of shape (rows,)."""
        prepared = _without_pandas_strings(features.copy())
        if hasattr(self.pipeline, "predict_proba"):
            return self.pipeline.predict_proba(prepared)  # type: ignore[no-any-return]
        return self.pipeline.predict(prepared)  # type: ignore[no-any-return]


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
        found = sorted(set(skops.io.get_untrusted_types(file=path)) - set(allowed))
        raise ModelError(
            f"The model holds types that are not trusted: {', '.join(found)}.",
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
