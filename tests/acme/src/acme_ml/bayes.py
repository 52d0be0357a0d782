"""Train: Gaussian naive Bayes, stored as arrays that are read without running anything."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlops_plugins import Component, ConfigurationError, Field, ModelError, estimators

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import numpy as np
    import pandas as pd

    from mlops_plugins import Context

FILE = "bayes.npz"
ARRAYS = ("columns", "caution", "priors", "means", "variances")


class NaiveBayes(Component):
    """Takes each number as normal in each class, and numbers alone; a missing one says nothing."""

    smoothing: float = Field(
        0.001, gt=0, description="Share of a number's variance added to its variance in a class."
    )
    rounds: int = Field(8, ge=1, description="How many degrees of caution are tried.")

    def search_space(self) -> Mapping[str, Mapping[str, Any]]:
        """Return what is worth searching."""
        return {"smoothing": {"low": 0.0001, "high": 0.1, "log": True}}

    def train(self, context: Context, *, features: Path, output: Path) -> None:
        """Fit, and write the arrays."""
        import numpy as np

        if context.data.task == "regression":
            raise ConfigurationError(
                "Naive Bayes tells classes apart, and the task is regression.",
                where="conf/config.yaml: data.task",
                next_step="choose another trainer: `train: sklearn`",
            )
        frame, target = estimators.read_training_table(context, features)
        numbers = frame[estimators.columns(frame).numeric].astype("float64")
        grouped = numbers.groupby(target)  # sorts the classes, as the contract wants them
        added = self.smoothing * numbers.var().to_numpy() + 1e-9
        fitted = Bayes(
            columns=numbers.columns.to_numpy(dtype=str),
            caution=np.ones(1),
            priors=target.value_counts(normalize=True).sort_index().to_numpy(),
            means=grouped.mean().to_numpy(),
            variances=grouped.var(ddof=0).to_numpy() + added,
        )
        fitted = self._cautious(context, fitted, numbers, target)
        output.mkdir(parents=True)
        np.savez(output / FILE, **vars(fitted))

    def _cautious(
        self, context: Context, fitted: Bayes, numbers: pd.DataFrame, target: pd.Series[Any]
    ) -> Bayes:
        """Return it with the caution of the least log loss: columns that agree count too often."""
        import numpy as np

        found = {}
        answers = np.unique(target, return_inverse=True)[1]
        for step, caution in enumerate(np.geomspace(1, 0.05, self.rounds)):
            tried = Bayes(**{**vars(fitted), "caution": np.array([caution])})
            given = tried.scores(numbers)[np.arange(len(answers)), answers]
            loss = float(-np.log(np.clip(given, 1e-15, 1)).mean())
            context.log_metric("log_loss", loss, step)
            found[loss] = tried
        return found[min(found)]

    def load(self, path: Path) -> Bayes:
        """Read the arrays; refuse what `train` does not write."""
        import numpy as np

        try:
            with np.load(path / FILE, allow_pickle=False) as stored:
                read = Bayes(**{name: stored[name] for name in ARRAYS})
        except (OSError, EOFError, ValueError, TypeError, KeyError, zipfile.BadZipFile) as error:
            raise _refused(path, str(error).rstrip(".")) from error
        problem = read.problem()
        if problem:
            raise _refused(path, problem)
        return read


def _refused(path: Path, why: str) -> ModelError:
    return ModelError(
        f"The model is none of Acme's: {why}.",
        where=str(path / FILE),
        expected="the arrays " + ", ".join(ARRAYS),
        next_step="fetch the model again: `dvc checkout --force`, or `mlops export`",
    )


@dataclass(frozen=True)
class Bayes:
    """Of each class its share, and of each number its mean and variance there."""

    columns: np.ndarray
    caution: np.ndarray
    priors: np.ndarray
    means: np.ndarray
    variances: np.ndarray

    def scores(self, features: pd.DataFrame) -> np.ndarray:
        """Return the probability of each class."""
        import numpy as np

        values = features[self.columns.tolist()].to_numpy(dtype="float64")[:, None, :]
        surprise = (values - self.means) ** 2 / self.variances + np.log(self.variances)
        logs = np.log(self.priors) - 0.5 * self.caution * np.nansum(surprise, axis=2)
        chances = np.exp(logs - logs.max(axis=1, keepdims=True))
        made: np.ndarray = chances / chances.sum(axis=1, keepdims=True)
        return made

    def problem(self) -> str:
        """Say what is wrong with arrays that came from a file; nothing if they fit each other."""
        import numpy as np

        shape = (*self.priors.shape, *self.columns.shape)
        numbers = (self.caution, self.priors, self.means, self.variances)
        if self.columns.dtype.kind != "U" or any(each.dtype != np.float64 for each in numbers):
            return "an array is of another type"
        alike = self.means.shape == self.variances.shape == shape
        if not (alike and self.priors.ndim == self.columns.ndim == self.caution.size == 1):
            return "the arrays do not fit each other"
        # Not a number is the mean of no values, and says nothing of a row either.
        if any(np.isinf(each).any() for each in numbers) or (self.variances <= 0).any():
            return "a number is none that training gives"
        return ""
