"""What prepares the features inside the pipeline that is stored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlops_plugins.estimators import text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlops_plugins.estimators.kinds import Columns


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
        yield f"text {place}", text.encoder(parts, split.seed), name


def _target_encoder(split: Columns) -> Any:
    """Return what encodes a training row by the targets of rows in other folds, never its own."""
    from sklearn.model_selection import KFold
    from sklearn.preprocessing import TargetEncoder

    folds = KFold(5, shuffle=True, random_state=split.seed)
    # Without a word, whole numbers would be taken for classes.
    kind = "continuous" if split.task == "regression" else "auto"
    return TargetEncoder(target_type=kind, cv=folds)
