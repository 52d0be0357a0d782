"""What a search leaves: the best options, and every trial as JSON, as a table and in pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from mlops_plugins.artifacts import files
from mlops_plugins.config.option_tree import nested
from mlops_plugins.stages.tune import charts
from mlops_plugins.stages.tune.search import best

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from optuna.distributions import BaseDistribution

    from mlops_plugins.api.contracts.tune import Trial


def write(
    output: Path,
    *,
    trainer: str,
    metric: str,
    trials: Sequence[Trial],
    best_trial: Trial,
    space: Mapping[str, BaseDistribution],
) -> None:
    """Write `best.json`, `trials.json`, `trials.csv`, `history.png` and `options.png`.

    How long trials took is in none of them: the same search writes the same bytes.

    Args:
        output: The folder.
        trainer: The trainer's name.
        metric: The metric's name.
        trials: The trials by number.
        best_trial: The best of them.
        space: What was searched.
    """
    output.mkdir(parents=True, exist_ok=True)
    files.write_json(
        output / "best.json", {"train": trainer, "options": nested(best_trial.options)}
    )
    files.write_json(
        output / "trials.json", {"metric": metric, "trials": [vars(trial) for trial in trials]}
    )
    _table(output / "trials.csv", metric, trials, space)
    charts.history(output / "history.png", metric, trials)
    charts.options(output / "options.png", metric, trials, best_trial, space)


def _table(path: Path, metric: str, trials: Sequence[Trial], space: Mapping[str, Any]) -> None:
    rows = []
    for count, trial in enumerate(trials, 1):
        so_far = best(trials[:count])
        values = {
            metric: trial.value,
            "lowest fold": min(trial.folds, default=None),
            "highest fold": max(trial.folds, default=None),
            "best so far": so_far.value if so_far else None,
        }
        options = {name: trial.options[name] for name in space}
        rows.append({"number": trial.number, "state": trial.state, **values, **options})
    files.write_text(path, pd.DataFrame(rows).to_csv(index=False, lineterminator="\n"))
