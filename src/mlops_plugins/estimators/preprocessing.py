"""What prepares the features inside the pipeline that is stored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlops_plugins.api.deprecation import renamed_arguments
from mlops_plugins.estimators import text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlops_plugins.estimators.feature_types import Columns


@renamed_arguments(most_categories="maximum_categories")
def ordinal_preprocessing(columns: Columns, *, maximum_categories: int | None = None) -> Any:
    """Return a transformer for trees: categories first, as numbers, and numbers as they are."""
    import numpy as np
    from sklearn.compose import ColumnTransformer
    from sklearn.preprocessing import OrdinalEncoder

    encoder = OrdinalEncoder(
        handle_unknown="use_encoded_value",
        unknown_value=np.nan,
        encoded_missing_value=np.nan,
        max_categories=maximum_categories,
    )
    return ColumnTransformer(
        [
            ("categories", encoder, columns.categorical),
            ("numbers", "passthrough", columns.numeric),
            *_encoders(columns),
        ]
    )


@renamed_arguments(most_categories="maximum_categories")
def dense_preprocessing(columns: Columns, *, maximum_categories: int) -> Any:
    """Return a transformer for any estimator: no missing values, one scale, one-hot categories."""
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    numbers = make_pipeline(
        SimpleImputer(strategy="median", keep_empty_features=True), StandardScaler()
    )
    categories = OneHotEncoder(
        handle_unknown="infrequent_if_exist", max_categories=maximum_categories, sparse_output=False
    )
    scaled = [
        (name, make_pipeline(transformer, StandardScaler()), selected)
        for name, transformer, selected in _encoders(columns)
    ]
    return ColumnTransformer(
        [
            ("numbers", numbers, columns.numeric),
            ("categories", categories, columns.categorical),
            *scaled,
        ]
    )


def _encoders(columns: Columns) -> Iterator[tuple[str, Any, Any]]:
    """Give the encoders of categories of many values, and of text."""
    if columns.high_cardinality:
        yield "many", _target_encoder(columns), columns.high_cardinality
    for position, (name, components) in enumerate(columns.text.items()):
        # By its number: a column's name may hold what a step's must not.
        yield f"text {position}", text.encoder(components, columns.seed), name


def _target_encoder(columns: Columns) -> Any:
    """Return what encodes a training row by the targets of rows in other folds, never its own."""
    from sklearn.model_selection import KFold
    from sklearn.preprocessing import TargetEncoder

    folds = KFold(5, shuffle=True, random_state=columns.seed)
    # `auto` would take whole numbers for classes.
    kind = "continuous" if columns.task == "regression" else "auto"
    return TargetEncoder(target_type=kind, cv=folds)
