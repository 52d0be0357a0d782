"""What trainers with scikit-learn's interface share: preprocessing, and storage without pickle."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Hashable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from mlops_plugins import tables
from mlops_plugins.errors import DataError, ModelError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    import numpy as np
    import pandas as pd

    from mlops_plugins.stages import Context, Task

FILE = "estimator.skops"

TRUSTED = (
    "functools.partial",  # with check_array below: HistGradientBoosting's own preprocessing
    "mlops_plugins.estimators.text_of",
    "numpy.dtype",
    "sklearn.calibration._CalibratedClassifier",
    "sklearn.calibration._SigmoidCalibration",
    "sklearn.compose._column_transformer.make_column_selector",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.model_selection._split.KFold",  # three numbers: the folds of TargetEncoder
    "sklearn.tree._tree.Tree",
    "sklearn.utils.validation.check_array",
)
"""Types beyond skops' own list that our trainers write. It is never read from a model's file.

`TreePredictor` and `Tree` hold indices that scikit-learn does not check, so a file made to harm can
crash the process: the manifest's hashes are checked before a model is loaded.
"""


FEW = 40
"""Trees take a category of at most so many values as it is."""

REPEATS = 2
"""A text column each of whose values stands in so many rows, on average, is a category."""

TERMS, PARTS = 1000, 16
"""Text is counted by its most frequent so many pieces, and these are summed up in so many numbers."""


class Kind(StrEnum):
    """How a feature is prepared."""

    NUMBER = "number"
    CATEGORY = "category"
    MANY = "category of many values"
    TEXT = "text"
    EMPTY = "empty"


@dataclass(frozen=True)
class Columns:
    """The features by how they are prepared.

    Attributes:
        numeric: Numbers and booleans.
        categorical: Categories that an encoder names one by one.
        many: Categories of many values: each value becomes the mean of the target where it stands.
        text: Text, and into how many numbers each is turned.
        task: What is learnt.
        seed: The one seed.
    """

    numeric: list[str]
    categorical: list[str]
    many: list[str] = field(default_factory=list)
    text: Mapping[str, int] = field(default_factory=dict)
    task: Task = "binary"
    seed: int = 0


def columns(frame: pd.DataFrame, context: Context | None = None, *, few: int = FEW) -> Columns:
    """Sort the features of the training rows by how they are prepared.

    Without a context, all that is not a number is a category, and nothing is left out. With one,
    a category of more than `few` values, and text, are told apart from it, and a column without
    any value is left out.

    Raises:
        DataError: A column can be no feature, or none is left.
    """
    if context is None:
        numeric = [name for name in map(str, frame) if _is_number(frame[name])]
        return Columns(numeric, [name for name in map(str, frame) if name not in set(numeric)])
    found: dict[Kind, list[str]] = {kind: [] for kind in Kind}
    for name in map(str, frame):
        found[kind_of(frame[name], few)].append(name)
    if len(found[Kind.EMPTY]) == frame.shape[1]:
        raise DataError(
            "No feature has a value.",
            where="data/features/train.parquet",
            expected="at least one column with values beside the target",
            next_step="look at the data, or at features.py",
        )
    return Columns(
        found[Kind.NUMBER],
        found[Kind.CATEGORY],
        found[Kind.MANY],
        {name: _parts(frame[name]) for name in found[Kind.TEXT]},
        context.data.task,
        context.seed,
    )


def kind_of(series: pd.Series[Any], few: int = FEW) -> Kind:
    """Return how a feature is prepared, by its values in the training rows.

    Raises:
        DataError: It can be no feature: it holds times or lists.
    """
    if _is_number(series):
        return Kind.NUMBER if series.notna().any() else Kind.EMPTY
    present = series.dropna()
    if present.empty:
        return Kind.EMPTY
    if not isinstance(present.iloc[0], Hashable):
        raise _no_feature(series, "holds lists", "one value for each row")
    distinct = present.nunique()
    if distinct <= few:
        return Kind.CATEGORY
    if len(present) >= REPEATS * distinct:
        return Kind.MANY
    return Kind.TEXT if present.map(text_of).str.strip().any() else Kind.EMPTY


def _is_number(series: pd.Series[Any]) -> bool:
    from pandas.api import types

    if types.is_datetime64_any_dtype(series) or types.is_timedelta64_dtype(series):
        raise _no_feature(
            series, "is a time, which no estimator takes", "a number, a boolean or a category"
        )
    return types.is_numeric_dtype(series)


def _no_feature(series: pd.Series[Any], problem: str, expected: str) -> DataError:
    helper = ": mlops_plugins.features.date_parts" if "time" in problem else ""
    return DataError(
        f"The feature '{series.name}' {problem}.",
        where=f"features table: column {series.name}",
        expected=expected,
        next_step=f"turn it into numbers in features.py{helper}",
    )


def ordinal_preprocessing(split: Columns, *, most_categories: int | None = None) -> Any:
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
        [
            ("categories", encoder, split.categorical),
            ("numbers", "passthrough", split.numeric),
            *_of_many_values(split),
        ]
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
    scaled = [
        (name, make_pipeline(transformer, StandardScaler()), columns)
        for name, transformer, columns in _of_many_values(split)
    ]
    return ColumnTransformer(
        [
            ("numbers", numbers, split.numeric),
            ("categories", categories, split.categorical),
            *scaled,
        ]
    )


def _of_many_values(split: Columns) -> Iterator[tuple[str, Any, Any]]:
    """Give what turns categories of many values, and text, into few numbers."""
    if split.many:
        yield "many", _target_encoder(split), split.many
    for place, (name, parts) in enumerate(split.text.items()):
        # Its number, as a column's name may hold what a step's must not.
        yield f"text {place}", _text_encoder(parts, split.seed), name


def _target_encoder(split: Columns) -> Any:
    """Return what encodes a training row by the targets of rows in other folds, never its own."""
    from sklearn.model_selection import KFold
    from sklearn.preprocessing import TargetEncoder

    folds = KFold(5, shuffle=True, random_state=split.seed)
    # Without a word, whole numbers would be taken for classes.
    kind = "continuous" if split.task == "regression" else "auto"
    return TargetEncoder(target_type=kind, cv=folds)


def _text_encoder(parts: int, seed: int) -> Any:
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import make_pipeline

    pieces = TfidfVectorizer(**_PIECES, preprocessor=text_of, max_features=TERMS)
    return make_pipeline(pieces, TruncatedSVD(parts, random_state=seed))


_PIECES: Mapping[str, Any] = {"analyzer": "char_wb", "ngram_range": (2, 4)}
"""Pieces of words: they need no language, stand typing errors, and see the parts of a code."""


def text_of(value: object) -> str:
    """Return a text in lower case; a missing one is empty."""
    return "" if value is None else str(value).lower()


def _parts(series: pd.Series[Any]) -> int:
    """Return how many numbers a text becomes: no more than it has different pieces."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    pieces_of = TfidfVectorizer(**_PIECES, preprocessor=text_of).build_analyzer()
    seen: set[str] = set()
    for value in series:
        seen.update(pieces_of(value))
        if len(seen) >= PARTS:
            return PARTS
    return len(seen)


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
    return prepared(frame.drop(columns=context.data.target)), target


def prepared(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a copy in the types that estimators take and skops stores, the same for each request.

    Categories are plain objects with None for nulls. Numbers that pandas keeps with a mask become
    floats, and infinities, as a division by zero in `features.py` makes them, become nulls.
    """
    import numpy as np
    import pandas as pd

    made = frame.copy()
    floats = []
    for name, kind in frame.dtypes.items():
        if not pd.api.types.is_numeric_dtype(kind):
            if kind.kind not in "mM":
                made[name] = frame[name].astype(object).where(frame[name].notna(), None)
        elif not isinstance(kind, np.dtype):
            made[name] = frame[name].to_numpy(dtype="float64", na_value=np.nan)
            floats.append(name)
        elif kind.kind == "f":
            floats.append(name)
    infinite = np.isinf(made[floats].to_numpy())
    for place in np.flatnonzero(infinite.any(axis=0)):
        made[floats[place]] = made[floats[place]].mask(infinite[:, place])
    return made


@dataclass(frozen=True)
class SklearnPredictor:
    """A fitted scikit-learn pipeline."""

    pipeline: Any

    def scores(self, features: pd.DataFrame) -> np.ndarray:
        """Return probabilities of shape (rows, classes), or values of shape (rows,)."""
        rows = prepared(features)
        if hasattr(self.pipeline, "predict_proba"):
            return self.pipeline.predict_proba(rows)  # type: ignore[no-any-return]
        return self.pipeline.predict(rows)  # type: ignore[no-any-return]


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
