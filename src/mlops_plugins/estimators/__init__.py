"""What trainers with scikit-learn's interface share: reading, preprocessing, storage without pickle."""

from mlops_plugins.estimators.boosting import EARLY_STOPPING, Part, Ready, make_ready
from mlops_plugins.estimators.curves import LOSS, Curves
from mlops_plugins.estimators.kinds import FEW, Columns, Kind, columns, kind_of
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
    "FEW",
    "FILE",
    "LOSS",
    "MONOTONIC",
    "TRUSTED",
    "ClassWeight",
    "Columns",
    "Curves",
    "Kind",
    "Monotonic",
    "Part",
    "Ready",
    "SklearnPredictor",
    "Training",
    "columns",
    "constraints",
    "dense_preprocessing",
    "kind_of",
    "load",
    "make_ready",
    "ordinal_preprocessing",
    "prepared",
    "read_training",
    "read_training_table",
    "require_target",
    "row_weights",
    "save",
    "text_of",
]
