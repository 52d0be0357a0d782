"""Pictures of a search; each state of a trial has its own mark, so that they are read without colour."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from mlops_plugins.stages.tune.search import best

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from optuna.distributions import BaseDistribution

    from mlops_plugins.api.contracts.tune import Trial

MARKS: Mapping[str, dict[str, Any]] = {
    "complete": {"marker": "o", "color": "#1f4e79"},
    "pruned": {"marker": "x", "color": "#8a8a8a"},
}


def history(path: Path, metric: str, trials: Sequence[Trial]) -> None:
    """Draw each trial's value in the order of the search, its folds, and the best so far."""
    figure = Figure(figsize=(8, 4.5), layout="constrained")
    axes = figure.subplots()
    for trial in trials:
        if trial.state == "complete":
            axes.vlines(trial.number, min(trial.folds), max(trial.folds), color="#9db8d1")
    _marks(axes, trials, lambda trial: trial.number)
    bests = [(each.number, best(trials[:count])) for count, each in enumerate(trials, 1)]
    steps = [(number, trial.value) for number, trial in bests if trial is not None]
    axes.step(*zip(*steps, strict=True), where="post", color="black", label="best so far")
    failed = [trial.number for trial in trials if trial.state == "failed"]
    if failed:
        lowest = axes.get_ylim()[0]
        axes.scatter(failed, [lowest] * len(failed), marker="v", color="black", label="failed")
    axes.set(xlabel="trial", ylabel=f"{metric}: mean (line: lowest to highest fold)")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend()
    _save(figure, path)


def options(
    path: Path,
    metric: str,
    trials: Sequence[Trial],
    best_trial: Trial,
    space: Mapping[str, BaseDistribution],
) -> None:
    """Draw, for each option, what its values gave; a star marks the best trial."""
    columns = min(3, len(space))
    rows = -(-len(space) // columns)
    figure = Figure(figsize=(3.6 * columns, 3.2 * rows), layout="constrained")
    for position, (name, distribution) in enumerate(space.items(), 1):
        axes: Any = figure.add_subplot(rows, columns, position)
        named = hasattr(distribution, "choices")

        def value(trial: Trial, name: str = name, named: bool = named) -> Any:
            # An axis has names in the order in which they come, and numbers by size.
            return str(trial.options[name]) if named else trial.options[name]

        _marks(axes, trials, value)
        star = {"marker": "*", "s": 180, "color": "black", "zorder": 3, "label": "best"}
        axes.scatter([value(best_trial)], [best_trial.value], **star)
        if getattr(distribution, "log", False):
            _scale(axes, distribution)
        axes.set(xlabel=name, ylabel=metric)
        if position == 1:
            axes.legend()
    _save(figure, path)


def _scale(axes: Any, distribution: Any) -> None:
    """Scale by orders of magnitude; the axis' own labels of less than one would overlap."""
    low, high = distribution.low, distribution.high
    ticks = [low, (low * high) ** 0.5, high]
    axes.set_xscale("log")
    axes.minorticks_off()
    axes.set_xticks(ticks, labels=[f"{tick:.2g}" for tick in ticks])


def _marks(axes: Any, trials: Sequence[Trial], of: Callable[[Trial], Any]) -> None:
    for state, mark in MARKS.items():
        shown = [trial for trial in trials if trial.state == state]
        if shown:
            values = [trial.value for trial in shown]
            axes.scatter([of(trial) for trial in shown], values, label=state, **mark)


def _save(figure: Any, path: Path) -> None:
    figure.savefig(path, dpi=100, metadata={"Software": None})
