"""What trainers with scikit-learn's interface share: reading, preprocessing, storage without pickle."""

import warnings
from typing import TYPE_CHECKING, Any

from mlops_plugins.api.deprecation import Deprecated
from mlops_plugins.estimators.boosting import (
    EARLY_STOPPING,
    RENAMED_EARLY_STOPPING,
    BoostingData,
    EarlyStopping,
    PreparedRows,
    prepare_boosting,
)
from mlops_plugins.estimators.curves import LOSS, Curves
from mlops_plugins.estimators.feature_types import (
    MAXIMUM_CATEGORIES,
    Columns,
    FeatureType,
    columns,
    feature_type,
)
from mlops_plugins.estimators.monotonic import MONOTONIC, Monotonic, constraints
from mlops_plugins.estimators.preprocessing import dense_preprocessing, ordinal_preprocessing
from mlops_plugins.estimators.reading import (
    Training,
    prepared,
    read_training,
    read_training_table,
    require_target,
)
from mlops_plugins.estimators.storage import FILE, TRUSTED, SklearnPredictor, load, save
from mlops_plugins.estimators.text import text_of
from mlops_plugins.estimators.weights import CLASS_WEIGHT, ClassWeight, row_weights

__all__ = [
    "CLASS_WEIGHT",
    "EARLY_STOPPING",
    "FILE",
    "LOSS",
    "MAXIMUM_CATEGORIES",
    "MONOTONIC",
    "RENAMED_EARLY_STOPPING",
    "TRUSTED",
    "BoostingData",
    "ClassWeight",
    "Columns",
    "Curves",
    "EarlyStopping",
    "FeatureType",
    "Monotonic",
    "PreparedRows",
    "SklearnPredictor",
    "Training",
    "columns",
    "constraints",
    "dense_preprocessing",
    "feature_type",
    "load",
    "ordinal_preprocessing",
    "prepare_boosting",
    "prepared",
    "read_training",
    "read_training_table",
    "require_target",
    "row_weights",
    "save",
    "text_of",
]

RENAMED = {
    "FEW": "MAXIMUM_CATEGORIES",
    "Kind": "FeatureType",
    "Part": "PreparedRows",
    "Ready": "BoostingData",
    "kind_of": "feature_type",
    "make_ready": "prepare_boosting",
}
"""Former names, each with the present one."""

if not TYPE_CHECKING:  # a type checker knows the present names alone

    def __getattr__(name: str) -> Any:
        """Return what has another name now, with a warning."""
        if name not in RENAMED:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        what = f"{__name__}.{name} is imported"
        warnings.warn(Deprecated(what, instead=f"import {RENAMED[name]}"), stacklevel=2)
        return globals()[RENAMED[name]]
