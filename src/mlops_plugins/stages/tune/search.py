"""The search: one process asks Optuna and tells it, and others score folds.

It is the same search however often it was interrupted. Trials are asked for in batches of as many as
there are workers, each by a sampler seeded with its number, and Optuna is told of a batch in order,
when all of it has ended. So what is asked depends on the trials before the batch alone, not on which
worker was quickest, and a search that goes on asks for what it asked for before it was killed: a
trial that the journal has is taken from there.
"""

from __future__ import annotations

import time
from concurrent.futures import FIRST_COMPLETED, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import optuna
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.samplers import TPESampler
from optuna.trial import TrialState

from mlops_plugins.api.contracts.tune import Trial
from mlops_plugins.api.errors import ModelError
from mlops_plugins.metrics import scoring
from mlops_plugins.stages.tune import workers
from mlops_plugins.stages.tune.trial import score, silent

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from concurrent.futures import Executor, Future
    from pathlib import Path

    from optuna.distributions import BaseDistribution

    from mlops_plugins.api.context import Context
    from mlops_plugins.api.contracts.tune import Trainer
    from mlops_plugins.stages.tune.journal import Journal
    from mlops_plugins.stages.tune.trial import Score

STARTUP_TRIALS = 5
"""Trials that end before one is pruned: the median of fewer says little."""


@dataclass(frozen=True)
class Budget:
    """How long to search: until the trials or the minutes are used up.

    Attributes:
        trials: How many trials there are in all.
        minutes: After which no trial is begun, counted over all runs of the search; None for no end.
        workers: How many trials are scored at once.
    """

    trials: int
    minutes: float | None
    workers: int


@dataclass
class _OpenTrial:
    """A trial that Optuna was asked for, until it is told the result, `ended`."""

    trial: optuna.Trial
    folds: list[float] = field(default_factory=list)
    ended: Trial | None = None

    def end(self, state: Any, reason: str = "") -> Trial:
        value = sum(self.folds) / len(self.folds) if self.folds and state != "failed" else None
        self.ended = Trial(
            number=self.trial.number,
            state=state,
            options=self.trial.params,
            value=value,
            folds=tuple(self.folds),
            reason=reason,
        )
        return self.ended


@dataclass
class Search:
    """A search of one trainer's options on these folds."""

    context: Context
    trainer: Trainer
    space: Mapping[str, BaseDistribution]
    folds: Sequence[Path]
    pruner: str
    budget: Budget
    journal: Journal
    _began: float = field(default=0.0, init=False)

    @property
    def metric(self) -> str:
        """Return the name of the metric, of which more is better."""
        return scoring.PRIMARY[self.context.data.task]

    def run(self) -> list[Trial]:
        """Search until the budget is used up; return every trial that ended, by number."""
        study, done, kept = self._study(), list[Trial](), set(self.journal.trials)
        if kept:
            self.context.log(f"trials of this search that are there already: {len(kept)}")
        self._began = time.monotonic() - self.journal.seconds
        with workers.started(self.budget.workers) as executor:
            for first in range(0, self.budget.trials, self.budget.workers):
                numbers = range(first, min(first + self.budget.workers, self.budget.trials))
                if self._is_out_of_time() and first and not kept.intersection(numbers):
                    break
                batch = [self._ask(study, number) for number in numbers]
                self._score(batch, executor)
                for open_trial in batch:
                    done.append(_tell(study, open_trial))
                    if done[-1].number not in kept:
                        self._log_progress(done)
        return done

    def _study(self) -> optuna.Study:
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        pruner: optuna.pruners.BasePruner = optuna.pruners.NopPruner()
        if self.pruner == "median":
            pruner = optuna.pruners.MedianPruner(n_startup_trials=STARTUP_TRIALS)
        study = optuna.create_study(direction="maximize", pruner=pruner)
        if (current := self._current()) is not None:
            study.enqueue_trial(current)
        return study

    def _current(self) -> dict[str, Any] | None:
        """Return the trainer's options as they are, if the space has them: they are tried first."""
        current = {}
        for name, distribution in self.space.items():
            value: Any = self.trainer.options
            for part in name.split("."):
                value = value.get(part) if isinstance(value, dict) else None
            if not _contains(distribution, value):
                return None
            current[name] = value
        return current

    def _ask(self, study: optuna.Study, number: int) -> _OpenTrial:
        (seed,) = np.random.SeedSequence([self.context.seed, number]).generate_state(1)
        study.sampler = TPESampler(seed=int(seed))
        open_trial = _OpenTrial(study.ask(dict(self.space)))
        known = self.journal.trials.get(number)
        if known is not None and known.options == open_trial.trial.params:
            open_trial.folds, open_trial.ended = list(known.folds), known
            for step, _ in enumerate(known.folds):
                open_trial.trial.report(_mean(known.folds[: step + 1]), step)
        return open_trial

    def _score(self, batch: Sequence[_OpenTrial], executor: Executor) -> None:
        """Score the trials of a batch at once, each fold by fold, until it ends or is pruned."""
        going: dict[Future[Score], _OpenTrial] = {}
        for open_trial in batch:
            if open_trial.ended is None:
                going[self._begin(open_trial, executor)] = open_trial
        while going:
            finished, _ = wait(going, return_when=FIRST_COMPLETED)
            for future in finished:
                open_trial = going.pop(future)
                self._record(open_trial, _result(future))
                if open_trial.ended is None:
                    going[self._begin(open_trial, executor)] = open_trial
                else:
                    self.journal.add(open_trial.ended, time.monotonic() - self._began)

    def _begin(self, open_trial: _OpenTrial, executor: Executor) -> Future[Score]:
        fold = self.folds[len(open_trial.folds)]
        return executor.submit(
            score, silent(self.context), self.trainer, open_trial.trial.params, fold
        )

    def _record(self, open_trial: _OpenTrial, score: Score) -> None:
        if score.value is None:
            open_trial.end("failed", score.reason)
            return
        open_trial.folds.append(score.value)
        open_trial.trial.report(_mean(open_trial.folds), len(open_trial.folds) - 1)
        if len(open_trial.folds) == len(self.folds):
            open_trial.end("complete")
        elif open_trial.trial.should_prune():
            open_trial.end("pruned")

    def _is_out_of_time(self) -> bool:
        minutes = self.budget.minutes
        return minutes is not None and time.monotonic() - self._began >= 60 * minutes

    def _log_progress(self, done: Sequence[Trial]) -> None:
        """Log how the last trial ended, and what is left of the budget."""
        trial, best_trial = done[-1], best(done)
        if trial.value is not None and trial.state == "complete":
            self.context.log_metric(f"tune.{self.metric}", trial.value, trial.number)
        result = f"{self.metric} {trial.value:.4f}" if trial.value is not None else trial.reason
        if trial.state != "complete":
            result = f"{trial.state}, {result}"
        left = [f"{self.budget.trials - len(done)} of {self.budget.trials} trials"]
        if self.budget.minutes is not None:
            minutes = self.budget.minutes - (time.monotonic() - self._began) / 60
            left.append(f"{max(minutes, 0):.1f} minutes")
        so_far = (
            f"best {best_trial.value:.4f} (trial {best_trial.number})"
            if best_trial
            else "none is best yet"
        )
        self.context.log(f"trial {trial.number}: {result}; {so_far}; left: {', '.join(left)}")


def best(trials: Sequence[Trial]) -> Trial | None:
    """Return the first of the complete trials with the highest value; None if none is complete."""
    complete = [trial for trial in trials if trial.state == "complete"]
    return max(complete, key=lambda trial: (trial.value, -trial.number), default=None)


def _contains(distribution: BaseDistribution, value: Any) -> bool:
    if isinstance(distribution, CategoricalDistribution):
        return value in distribution.choices
    return (
        isinstance(distribution, FloatDistribution | IntDistribution)
        and isinstance(value, int | float)
        and distribution.low <= value <= distribution.high
    )


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _tell(study: optuna.Study, open_trial: _OpenTrial) -> Trial:
    assert open_trial.ended is not None  # noqa: S101  Optuna is told when the batch has ended
    if open_trial.ended.state == "complete":
        study.tell(open_trial.trial, open_trial.ended.value)
    else:
        state = TrialState.PRUNED if open_trial.ended.state == "pruned" else TrialState.FAIL
        study.tell(open_trial.trial, state=state)
    return open_trial.ended


def _result(future: Future[Score]) -> Score:
    try:
        return future.result()
    except BrokenProcessPool as error:
        raise ModelError(
            "A process that scored a trial died: the machine's memory may be too small for so many.",
            where="conf/tune/optuna.yaml: workers",
            next_step="set fewer workers there; the trials that ended are kept",
        ) from error
