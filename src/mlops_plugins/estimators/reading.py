"""The training rows and what they weigh, as a trainer reads them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlops_plugins.api.errors import ConfigurationError, DataError, did_you_mean
from mlops_plugins.artifacts import tables

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    import pandas as pd

    from mlops_plugins.api.context import Context

TABLE = "data/features/train.parquet"


def require_target(frame: pd.DataFrame, context: Context, *, where: str) -> None:
    """Require rows, and the target among their columns.

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


@dataclass(frozen=True)
class Training:
    """The rows to learn from.

    Attributes:
        table: The features, of shape (rows, features).
        target: The target of each row, none of them null.
        weight: How much each row counts, more than zero, of shape (rows,); None if all count alike.
    """

    table: pd.DataFrame
    target: pd.Series[Any]
    weight: np.ndarray | None = None


def read_training_table(context: Context, features: Path) -> tuple[pd.DataFrame, pd.Series[Any]]:
    """Return the training rows' features and target, for a trainer that takes no weights.

    Raises:
        DataError: As `read_training` does.
        ConfigurationError: `data.weight` names weights, which would be lost.
    """
    if context.data.weight is not None:
        raise ConfigurationError(
            f"The chosen trainer takes no weights, and data.weight is '{context.data.weight}'.",
            where="conf/config.yaml: data.weight",
            expected="null, or a trainer that takes weights: `train: sklearn`",
            next_step="change one of the two; a trainer of your own reads them by "
            "mlops_plugins.estimators.read_training",
        )
    rows = read_training(context, features)
    return rows.table, rows.target


def read_training(context: Context, features: Path) -> Training:
    """Return the training rows: features, target and weight.

    Rows without a target, and those that weigh nothing, are left out.

    Raises:
        DataError: The target is missing, or has fewer than two values; a weight is missing,
            negative or no number, or a whole class weighs nothing.
    """
    frame = tables.read_frame(features / "train.parquet").reset_index(drop=True)
    require_target(frame, context, where=TABLE)
    frame = frame[frame[context.data.target].notna()]
    weight = None if context.data.weight is None else _weights(frame, context.data.weight)
    if weight is not None:
        counts = weight > 0
        _require_classes(frame[context.data.target], counts, context)
        frame, weight = frame[counts], weight[counts]
    frame = frame.reset_index(drop=True)
    target = frame[context.data.target]
    if target.nunique() < 2:
        raise DataError(
            f"The target '{context.data.target}' has fewer than two values among the training rows.",
            where=f"{TABLE}: column {context.data.target}",
            expected="at least two different values",
            next_step="look at the split, or at the data",
        )
    beside = [context.data.target, *([] if weight is None else [context.data.weight])]
    return Training(prepared(frame.drop(columns=beside)), target, weight)


def _weights(frame: pd.DataFrame, name: str) -> np.ndarray:
    import numpy as np
    from pandas.api import types

    if name not in frame:
        names = list(map(str, frame))
        raise DataError(
            f"The weight '{name}' is missing.{did_you_mean(name, names)}",
            where=f"{TABLE}: columns",
            expected="the column of weights beside the features",
            next_step="correct data.weight in conf/config.yaml; features by an implementation of "
            "your own must carry it as they carry the target",
        )
    if not types.is_numeric_dtype(frame[name]) or types.is_bool_dtype(frame[name]):
        raise DataError(
            f"The weight '{name}' is no number.",
            where=f"{TABLE}: column {name}",
            expected="numbers, zero or more",
            next_step=f"correct the type of '{name}' in schema.yaml, or data.weight",
        )
    weight: np.ndarray = frame[name].to_numpy(dtype="float64", na_value=np.nan)
    wrong = ~(np.isfinite(weight) & (weight >= 0))
    if wrong.any():
        position = int(wrong.argmax())
        value = "missing" if np.isnan(weight[position]) else f"{weight[position]:g}"
        raise DataError(
            f"{wrong.sum():,} row(s) have no weight that can be used; the first is {value}.",
            where=f"{TABLE}: column {name}, row {frame.index[position] + 1}",
            expected="numbers, zero or more",
            next_step=f"correct the data; `min: 0` and `nullable: false` for '{name}' in schema.yaml "
            "find such rows before",
        )
    if not weight.any():
        raise DataError(
            "All weights are zero.",
            where=f"{TABLE}: column {name}",
            expected="at least two rows that weigh something",
            next_step="correct the data, or set data.weight to null in conf/config.yaml",
        )
    return weight


def _require_classes(target: pd.Series[Any], counts: np.ndarray, context: Context) -> None:
    if context.data.task == "regression":
        return
    lost = sorted(set(target) - set(target[counts]), key=str)
    if lost:
        raise DataError(
            f"All rows of the class {lost[0]!r} weigh nothing.",
            where=f"{TABLE}: column {context.data.weight}",
            expected="at least one row of each class that weighs something",
            next_step="correct the weights, or remove the class's rows",
        )


def prepared(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a copy in the types that estimators take and skops stores, the same for each request.

    Categories are plain objects with None for nulls. Numbers that pandas keeps with a mask become
    floats, and infinities, as a division by zero in `features.py` makes them, become nulls.
    """
    import numpy as np
    import pandas as pd

    table = frame.copy()
    floats = []
    for name, kind in frame.dtypes.items():
        if not pd.api.types.is_numeric_dtype(kind):
            if kind.kind not in "mM":
                table[name] = frame[name].astype(object).where(frame[name].notna(), None)
        elif not isinstance(kind, np.dtype):
            table[name] = frame[name].to_numpy(dtype="float64", na_value=np.nan)
            floats.append(name)
        elif kind.kind == "f":
            floats.append(name)
    infinite = np.isinf(table[floats].to_numpy())
    for column in np.flatnonzero(infinite.any(axis=0)):
        table[floats[column]] = table[floats[column]].mask(infinite[:, column])
    return table
