"""What every stage is given: where the project is, what its columns mean, and how to report."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from mlops_plugins.api.deprecation import Deprecated

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

Task = Literal["binary", "multiclass", "regression"]


@dataclass(frozen=True, kw_only=True)
class Data:
    """What the columns mean, from `data:` in `conf/config.yaml`.

    Attributes:
        task: What is predicted: one of two classes, one of several, or a number.
        target: The column to predict.
        time: The column that orders the rows.
        id: The column that identifies a row, to join labels that arrive late.
        weight: The column that says how much a row counts in training; it is no feature.
        sensitive: Columns by whose groups fairness is measured.
    """

    task: Task
    target: str
    time: str | None = None
    id: str | None = None
    weight: str | None = None
    sensitive: tuple[str, ...] = ()


def home(root: Path) -> Path:
    """Return the project's own folder, of which `root` may be DVC's temporary copy."""
    parts, length = root.parts, len(COPIES)
    for place in range(len(parts) - length):
        if parts[place : place + length] == COPIES:
            return root.parents[len(parts) - place - 1]
    return root


COPIES = (".dvc", "tmp", "exps")
"""Below a project, the folder of its temporary copies; in a repository of several, a copy is of them all."""


class LogMetric(Protocol):
    """Takes a metric's name, its value, and the step (round, epoch) it belongs to, if any."""

    def __call__(self, metric: str, value: float, step: int | None = None) -> None:
        """Log the metric."""
        ...


def _unobserved(metric: str, value: float, step: int | None = None) -> None:
    """Do nothing: outside a run there are no observers."""


@dataclass(frozen=True, kw_only=True)
class Context:
    """What every stage is given.

    Attributes:
        root: The project's folder (of the experiment's copy, inside `dvc exp run --temp`).
        project: The project's name, under which models are registered.
        data: What the columns mean.
        seed: The one seed; derive every random state from it.
        threads: How many threads a library may use.
        log: Prints a line for the user, on standard error.
        log_metric: Gives the observers a metric while the work goes on: `log_metric("loss", 0.3, 12)`.
    """

    root: Path
    project: str
    data: Data
    seed: int
    threads: int
    log: Callable[[str], None]
    log_metric: LogMetric = _unobserved

    @property
    def say(self) -> Callable[[str], None]:
        """Return `log`, by its name in the previous version."""
        _warn_renamed("context.say", "context.log")
        return self.log

    @property
    def measured(self) -> LogMetric:
        """Return `log_metric`, by its name in the previous version."""
        _warn_renamed("context.measured", "context.log_metric")
        return self.log_metric

    @property
    def home(self) -> Path:
        """The project's own folder, also from inside DVC's temporary copy of it.

        What outlives an experiment (the tracking database) belongs here.
        """
        return home(self.root)


def _warn_renamed(former: str, present: str) -> None:
    warnings.warn(Deprecated(f"it calls '{former}'", instead=f"call '{present}'"), stacklevel=3)
