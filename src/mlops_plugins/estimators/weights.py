"""What each class counts: options that all trainers share, turned into the rows' weights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from mlops_plugins.api.component import Field
from mlops_plugins.api.errors import ConfigurationError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    import pandas as pd

    from mlops_plugins.api.context import Context
    from mlops_plugins.estimators.reading import Training

ClassWeight = Literal["balanced"] | dict[str | int | bool, Annotated[float, Field(gt=0)]] | None

CLASS_WEIGHT: Any = Field(
    None,
    description="What a row counts by its class: {class: weight}, or balanced, by which all classes "
    "count the same; null for no difference.",
)


def row_weights(
    context: Context, rows: Training, class_weight: ClassWeight, *, where: str
) -> np.ndarray | None:
    """Return what each row counts, its class's weight included, of shape (rows,); None if all alike.

    A balanced class weighs total / (classes * its own total), as in scikit-learn, where a row
    that weighs two counts as two rows.

    Raises:
        ConfigurationError: A class is unknown, or the task has none.
    """
    if class_weight is None:
        return rows.weight
    if context.data.task == "regression":
        raise ConfigurationError(
            "Regression has no classes to weigh.",
            where=f"{where}: class_weight",
            expected="null",
            next_step="correct it there; data.weight in conf/config.yaml weighs rows",
        )
    import numpy as np

    own = np.ones(len(rows.target)) if rows.weight is None else rows.weight
    if class_weight == "balanced":
        totals = rows.target.map(_totals(rows.target, own)).to_numpy(dtype="float64")
        balanced: np.ndarray = own * own.sum() / (rows.target.nunique() * totals)
        return balanced
    weighted: np.ndarray = own * _class_weights(rows.target, class_weight, where)
    return weighted


def _totals(target: pd.Series[Any], own: np.ndarray) -> dict[Any, float]:
    return {label: float(own[(target == label).to_numpy()].sum()) for label in target.unique()}


def _class_weights(
    target: pd.Series[Any], class_weight: Mapping[str | int | bool, float], where: str
) -> np.ndarray:
    """Return each row's class weight; a class that is not named counts one.

    Classes are compared as text: in YAML, 1 and '1', or true and 'True', are easily confused.
    """
    import numpy as np

    known = {_text(label): label for label in target.unique().tolist()}
    for label in class_weight:
        if _text(label) not in known:
            raise ConfigurationError(
                f"The target has no class {label!r}.{did_you_mean(_text(label), known)}",
                where=f"{where}: class_weight.{label}",
                expected="one of " + ", ".join(sorted(known)),
                next_step="correct it there",
            )
    by_text = {_text(label): weight for label, weight in class_weight.items()}
    weights = {label: by_text.get(text, 1.0) for text, label in known.items()}
    by_row: np.ndarray = target.map(weights).to_numpy(dtype=np.float64)
    return by_row


def _text(label: object) -> str:
    return str(label).lower() if isinstance(label, bool) else str(label)
