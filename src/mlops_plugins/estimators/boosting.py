"""What the trainers of boosted trees share: prepared rows, some of them held out to stop early."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from mlops_plugins.api.component import Field, OptionGroup
from mlops_plugins.estimators.feature_types import columns
from mlops_plugins.estimators.monotonic import Monotonic, constraints
from mlops_plugins.estimators.reading import Training, read_training
from mlops_plugins.estimators.weights import ClassWeight, row_weights

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import numpy as np
    import pandas as pd

    from mlops_plugins.api.context import Context
    from mlops_plugins.estimators.feature_types import Columns

MINIMUM_HELD_OUT = 30
"""Fewer rows than these do not show whether a tree gains."""

MINIMUM_OF_A_CLASS = 10
"""The tenth that is held out needs a row of each class."""


class EarlyStopping(OptionGroup):
    """When to add no more trees."""

    rounds: int | None = Field(
        None, ge=1, description="Rounds without gain after which to stop; null for never."
    )
    maximum_rows: int | None = Field(
        None,
        ge=0,
        description="Maximum number of training rows with which to stop early; null for no limit.",
    )


EARLY_STOPPING: Any = Field(
    EarlyStopping(),
    description="Stops when a held-out tenth of the training rows gains no more; the best rounds "
    "are kept.",
)

RENAMED_EARLY_STOPPING = {
    "early_stopping": "early_stopping.rounds",
    "early_stopping_rows": "early_stopping.maximum_rows",
}
"""Former names of its keys, for `Component.renamed`."""


class BoostingOptions(Protocol):
    """The options that all trainers of boosted trees have."""

    @property
    def early_stopping(self) -> EarlyStopping:
        """Return when to stop early."""
        ...

    @property
    def class_weight(self) -> ClassWeight:
        """Return what a row counts by its class."""
        ...

    @property
    def monotonic(self) -> Monotonic:
        """Return the features with which the prediction may only rise, or only fall."""
        ...


@dataclass(frozen=True)
class PreparedRows:
    """Rows as an estimator takes them.

    Attributes:
        values: What the preprocessing made of the features, of shape (rows, columns).
        target: Values, or for classes their positions in `BoostingData.classes`, of shape (rows,).
        weight: What each row counts, of shape (rows,); None if all count alike.
    """

    values: np.ndarray
    target: np.ndarray
    weight: np.ndarray | None


@dataclass(frozen=True)
class BoostingData:
    """All that a booster learns from.

    Attributes:
        preprocessing: Fitted on the rows of `train` alone.
        columns: The features by how they are prepared.
        train: The rows to learn from.
        held_out: The rows by whose loss it stops early; None without early stopping.
        monotone: 1, -1 or 0 for each prepared column; None without constraints.
        classes: The classes, sorted; None for regression.
    """

    preprocessing: Any
    columns: Columns
    train: PreparedRows
    held_out: PreparedRows | None
    monotone: list[int] | None
    classes: np.ndarray | None

    @property
    def evaluation_sets(self) -> dict[str, PreparedRows]:
        """Return the rows whose loss is measured after each round, by the name of the curve."""
        held_out = {} if self.held_out is None else {"validation": self.held_out}
        return {"train": self.train, **held_out}

    def labels(self, rows: PreparedRows) -> np.ndarray:
        """Return the target as it is in the table: values, or classes by name."""
        return rows.target if self.classes is None else self.classes[rows.target]


def prepare_boosting(
    context: Context,
    features: Path,
    options: BoostingOptions,
    preprocess: Callable[[Columns], Any],
    *,
    where: str,
) -> BoostingData:
    """Read the training rows, hold some out, fit the preprocessing on the others.

    Args:
        context: The stage's context.
        features: The folder of `train.parquet`.
        options: The trainer's options.
        preprocess: Makes the preprocessing, which gives categories first, then numbers.
        where: The file of the options, for errors.

    Raises:
        ConfigurationError: A class or a feature that an option names does not exist.
        DataError: As `read_training` does.
    """
    import numpy as np

    rows = read_training(context, features)
    weight = row_weights(context, rows, options.class_weight, where=where)
    classes, target = _encoded(context, rows)
    out = np.zeros(len(target), dtype=bool)
    if _stops_early(context, options.early_stopping, rows.target):
        out[_held_out(context, rows.target)] = True
    by_type = columns(rows.table, context)
    preprocessing = preprocess(by_type)

    def prepared(values: Any, selected: np.ndarray) -> PreparedRows:
        counts = None if weight is None else weight[selected]
        return PreparedRows(np.asarray(values), target[selected], counts)

    # What encodes categories by the target takes the target as it is.
    values = preprocessing.fit_transform(rows.table[~out], rows.target[~out])
    return BoostingData(
        preprocessing=preprocessing,
        columns=by_type,
        train=prepared(values, ~out),
        held_out=prepared(preprocessing.transform(rows.table[out]), out) if out.any() else None,
        monotone=constraints(
            context,
            options.monotonic,
            by_type,
            first=len(by_type.categorical),
            width=values.shape[1],
            where=where,
        ),
        classes=classes,
    )


def _encoded(context: Context, rows: Training) -> tuple[np.ndarray | None, np.ndarray]:
    """Return the classes, and the target as numbers."""
    import numpy as np

    if context.data.task == "regression":
        return None, rows.target.to_numpy(dtype="float64")
    classes, target = np.unique(rows.target.to_numpy(), return_inverse=True)
    return classes, target


def _stops_early(context: Context, early_stopping: EarlyStopping, target: pd.Series[Any]) -> bool:
    """Return whether to stop early, and log why not if the option is set."""
    if early_stopping.rounds is None:
        return False
    rows, maximum = len(target), early_stopping.maximum_rows
    if maximum is not None and rows > maximum:
        reason = f"{rows:,} training rows are more than early_stopping.maximum_rows, {maximum:,}"
    elif rows < 10 * MINIMUM_HELD_OUT:
        reason = f"{rows:,} rows are too few to hold a tenth of them out"
    elif (
        context.data.task != "regression" and int(target.value_counts().min()) < MINIMUM_OF_A_CLASS
    ):
        reason = f"a class has fewer than {MINIMUM_OF_A_CLASS} training rows"
    else:
        return True
    context.log(f"no early stopping: {reason}")
    return False


def _held_out(context: Context, target: pd.Series[Any]) -> np.ndarray:
    """Return the positions of a tenth of the rows, drawn by the seed; of each class its tenth."""
    import numpy as np
    from sklearn.model_selection import train_test_split

    _, held_out = train_test_split(
        np.arange(len(target)),
        test_size=0.1,
        random_state=context.seed,
        stratify=None if context.data.task == "regression" else target,
    )
    positions: np.ndarray = held_out
    return positions
