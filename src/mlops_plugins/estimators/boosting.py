"""What the trainers of boosted trees share: rows made ready, and some of them held out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from mlops_plugins.api.component import Field
from mlops_plugins.estimators.kinds import columns
from mlops_plugins.estimators.monotonic import Monotonic, constraints
from mlops_plugins.estimators.reading import Training, read_training
from mlops_plugins.estimators.weights import ClassWeight, row_weights

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import numpy as np
    import pandas as pd

    from mlops_plugins.api.context import Context
    from mlops_plugins.estimators.kinds import Columns

EARLY_STOPPING: Any = Field(
    None,
    ge=1,
    description="Rounds without gain on a held-out tenth of the training rows after which no more "
    "are added, and the best are kept; null for always all rounds.",
)

FEWEST_HELD_OUT = 30
"""Fewer rows than these do not tell whether a tree gains."""

FEWEST_OF_A_CLASS = 10
"""The tenth that is held out needs a row of each class."""


class Boosted(Protocol):
    """The options that all trainers of boosted trees have."""

    @property
    def early_stopping(self) -> int | None:
        """Return after how many rounds without gain to stop."""
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
class Part:
    """Prepared rows.

    Attributes:
        values: What the preprocessing made of the features, of shape (rows, columns).
        target: Values, or for classes their positions among `Ready.classes`, of shape (rows,).
        weight: What each row counts, of shape (rows,); None if all count alike.
    """

    values: np.ndarray
    target: np.ndarray
    weight: np.ndarray | None


@dataclass(frozen=True)
class Ready:
    """All that a booster is given.

    Attributes:
        preprocessing: Fitted on the rows of `train` alone.
        split: The features by how they are prepared.
        train: The rows to learn from.
        held_out: The rows that tell when to stop; None without early stopping.
        monotone: 1, -1 or 0 for each prepared column; None without constraints.
        classes: The classes, sorted; None for regression.
    """

    preprocessing: Any
    split: Columns
    train: Part
    held_out: Part | None
    monotone: list[int] | None
    classes: np.ndarray | None

    @property
    def parts(self) -> dict[str, Part]:
        """Return the parts whose loss is measured after each round, by name."""
        held_out = {} if self.held_out is None else {"validation": self.held_out}
        return {"train": self.train, **held_out}

    def answers(self, part: Part) -> np.ndarray:
        """Return the target as it is in the table: values, or classes by name."""
        return part.target if self.classes is None else self.classes[part.target]


def make_ready(
    context: Context,
    features: Path,
    options: Boosted,
    preprocess: Callable[[Columns], Any],
    *,
    where: str,
    stops: Callable[[int], bool] = lambda _: True,
) -> Ready:
    """Read the training rows, hold some out, fit the preprocessing on the others.

    Args:
        context: The stage's context.
        features: The folder of `train.parquet`.
        options: The trainer's options.
        preprocess: Makes the preprocessing, which gives categories first, then numbers.
        where: The file of the options, for errors.
        stops: Says whether to stop early, given how many rows there are.

    Raises:
        ConfigurationError: A class or a feature that an option names is none.
        DataError: As `read_training` does.
    """
    import numpy as np

    rows = read_training(context, features)
    weight = row_weights(context, rows, options.class_weight, where=where)
    classes, target = _encoded(context, rows)
    out = np.zeros(len(target), dtype=bool)
    if options.early_stopping is not None and stops(len(target)):
        out = _held_out(context, rows.target)
    split = columns(rows.table, context)
    preprocessing = preprocess(split)

    def part(values: Any, chosen: np.ndarray) -> Part:
        counts = None if weight is None else weight[chosen]
        return Part(np.asarray(values), target[chosen], counts)

    # What encodes categories by the target wants the target as it is.
    values = preprocessing.fit_transform(rows.table[~out], rows.target[~out])
    return Ready(
        preprocessing=preprocessing,
        split=split,
        train=part(values, ~out),
        held_out=part(preprocessing.transform(rows.table[out]), out) if out.any() else None,
        monotone=constraints(
            context,
            options.monotonic,
            split,
            first=len(split.categorical),
            width=values.shape[1],
            where=where,
        ),
        classes=classes,
    )


def _encoded(context: Context, rows: Training) -> tuple[np.ndarray | None, np.ndarray]:
    import numpy as np

    if context.data.task == "regression":
        return None, rows.target.to_numpy(dtype="float64")
    classes, target = np.unique(rows.target.to_numpy(), return_inverse=True)
    return classes, target


def _held_out(context: Context, target: pd.Series[Any]) -> np.ndarray:
    """Return which rows are held out: a tenth, drawn by the seed, of each class its tenth."""
    import numpy as np

    out = np.zeros(len(target), dtype=bool)
    classes = context.data.task != "regression"
    few = len(target) < 10 * FEWEST_HELD_OUT
    if few or (classes and int(target.value_counts().min()) < FEWEST_OF_A_CLASS):
        context.log(
            f"no early stopping: {len(target):,} rows are too few to hold a tenth of them out"
            if few
            else f"no early stopping: a class has fewer than {FEWEST_OF_A_CLASS} training rows"
        )
        return out
    from sklearn.model_selection import train_test_split

    _, held = train_test_split(
        np.arange(len(target)),
        test_size=0.1,
        random_state=context.seed,
        stratify=target if classes else None,
    )
    out[held] = True
    return out
