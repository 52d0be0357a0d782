"""Tune with Optuna, an extra: cross-validation on the training rows, resumed where it was killed."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from mlops_plugins.api.component import Component, Field
from mlops_plugins.stages.tune.space import Dimension  # noqa: TC001  pydantic looks it up

if TYPE_CHECKING:
    from collections.abc import Mapping

    from optuna.distributions import BaseDistribution

    from mlops_plugins.api.context import Context
    from mlops_plugins.api.contracts.tune import Trainer

FORMAT = 1
"""Raise it when the same options on the same folds would be scored otherwise."""


class Optuna(Component):
    """Searches by Parzen estimators (TPE); trials are scored by cross-validation on the training rows."""

    trials: int = Field(30, ge=1, description="Number of trials.")
    minutes: float | None = Field(
        None,
        gt=0,
        description="Minutes of search after which no more trials begin; null for no limit. With it the "
        "same search may find other options on another machine.",
    )
    workers: int = Field(
        1, ge=1, description="How many trials are scored at once, each in a process with `threads`."
    )
    pruner: Literal["median", "none"] = Field(
        "median",
        description="median stops a trial that is worse, on the folds so far, than the median of "
        "those before it; none scores each on all folds.",
    )
    folds: int = Field(
        3,
        ge=2,
        description="Number of cross-validation folds of the training rows, if the split left none: "
        "windows of time if data.time is set, else drawn.",
    )
    space: dict[str, Dimension] = Field(
        {},
        description="Where each option of the trainer is searched: `{low: 0.01, high: 0.3, log: true}` "
        "or `{choices: [a, b]}`; `option.key` is a key of an option. {} for what the trainer suggests.",
    )

    def tune(
        self, context: Context, *, features: Path, splits: Path, trainer: Trainer, output: Path
    ) -> None:
        """Search, and write the best options and every trial."""
        from mlops_plugins.api.errors import ModelError
        from mlops_plugins.stages.tune import cv_folds, journal, search_report
        from mlops_plugins.stages.tune.distributions import distributions
        from mlops_plugins.stages.tune.search import Budget, Search, best

        space = distributions(self.space, trainer)
        budget = Budget(self.trials, self.minutes, self.workers)
        with tempfile.TemporaryDirectory(prefix="mlops-tune-") as scratch:
            folds = cv_folds.write(
                context, features=features, splits=splits, count=self.folds, output=Path(scratch)
            )
            fingerprint = self._fingerprint(context, trainer, space, folds)
            with journal.opened(context, fingerprint) as opened:
                search = Search(context, trainer, space, folds, self.pruner, budget, opened)
                trials = search.run()
        best_trial = best(trials)
        if best_trial is None:
            raise ModelError(
                f"All {len(trials)} trials failed; the first: {trials[0].reason}.",
                where=f"tune: optuna: trials of train/{trainer.name}",
                next_step="`mlops run train` with `tune: none` shows whether it trains at all; "
                "then look at `space`",
            )
        search_report.write(
            output,
            trainer=trainer.name,
            metric=search.metric,
            trials=trials,
            best_trial=best_trial,
            space=space,
        )

    def _fingerprint(
        self,
        context: Context,
        trainer: Trainer,
        space: Mapping[str, BaseDistribution],
        folds: list[Path],
    ) -> dict[str, Any]:
        """Return all on which a trial's value, or what is tried next, depends; the budget is not in it."""
        import optuna

        from mlops_plugins.artifacts import files
        from mlops_plugins.stages.tune.cv_folds import TEST, TRAIN

        return {
            "format": FORMAT,
            "optuna": optuna.__version__,
            "train": [trainer.name, trainer.options, trainer.identity],
            "space": {name: str(distribution) for name, distribution in space.items()},
            "folds": [[files.digest(fold / name) for name in (TRAIN, TEST)] for fold in folds],
            "task": [context.data.task, context.data.target, context.data.weight],
            "seed": context.seed,
            "threads": context.threads,
            "workers": self.workers,
            "pruner": self.pruner,
        }
