"""The loss of each row: what the search for slices compares, and what it shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from mlops_plugins.api.context import Task


@dataclass(frozen=True)
class RowLosses:
    """A loss of each row, of which less is better.

    Attributes:
        name: What it is, for people.
        observed: The loss, of shape (rows,).
        expected: What the row's own probabilities expect of it, of shape (rows,); None for numbers.
    """

    name: str
    observed: np.ndarray
    expected: np.ndarray | None

    @property
    def excess(self) -> np.ndarray:
        """Return the observed loss beyond the expected one, of shape (rows,); its mean is 0 if calibrated.

        Spiegelhalter, Probabilistic prediction in patient management and clinical trials, 1986.
        """
        return self.observed if self.expected is None else self.observed - self.expected


def row_losses(task: Task, target: np.ndarray, scores: np.ndarray) -> RowLosses:
    """Return the Brier score of classes, or the absolute error of numbers.

    Args:
        task: The task.
        target: True values of shape (rows,): for classes, their positions among the classes.
        scores: Probabilities of shape (rows, classes), or values of shape (rows,).
    """
    if task == "regression":
        return RowLosses("mean absolute error", np.abs(scores - target), None)
    if task == "binary":
        chance = scores[:, 1]
        return RowLosses("Brier score", (chance - target) ** 2, chance * (1 - chance))
    squares = (scores**2).sum(axis=1)
    of_truth = scores[np.arange(len(target)), target]
    return RowLosses("Brier score", 1 - 2 * of_truth + squares, 1 - squares)
