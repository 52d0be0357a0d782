"""The search: one process asks Optuna and tells it, and others judge folds.

It is the same search however often it was interrupted. Trials are asked for in batches of as many as
there are workers, each by a sampler seeded with its number, and Optuna is told of a batch in order,
when all of it has ended. So what is asked depends on the trials before the batch alone, not on which
worker was quickest, and a search that goes on asks for what it asked for before it was killed: a
trial that the journal has is taken from there.
"""

from __future__ import annotations

import time
from concurrent.futures import FIRST_COMPLETED, wait
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mlops_plugins.api.contracts.tune import Trial
from mlops_plugins.api.errors import ModelError
from mlops_plugins.metrics import scoring
from mlops_plugins.stages.tune import workers
from mlops_plugins.stages.tune.trial import score, silent

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from concurrent.futures import Executor, Future
    from pathlib import Path

    import optuna
    from optuna.distributions import BaseDistribution

    from mlops_plugins.api.context import Context
    from mlops_plugins.api.contracts.tune import Trainer
    from mlops_plugins.stages.tune.journal import Journal
    from mlops_plugins.stages.tune.trial import Score

UNPRUNED = 5
"""So many trials end before one is stopped early: the median of fewer says little."""


@dataclass(frozen=True)
class Budget:
    """How long to search: the first that is used up ends it.

    Attributes:
        trials: How many trials there are in all.
        minutes: After which no trial is begun, counted over all runs of the search; None for no end.
        workers: How many trials are judged at once.
    """

    trials: int
    minutes: float | None
    workers: int


@dataclass
class _Asked:
    """A trial that Optuna was asked for; `ended` is what became of it."""

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
                if self._is_over() and first and not kept.intersection(numbers):
                    break
                batch = [self._ask(study, number) for number in numbers]
                self._judge(batch, executor)
                for asked in batch:
                    done.append(_tell(study, asked))
                    if done[-1].number not in kept:
                        self._show(done)
        return done

    def _study(self) -> optuna.Study:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        pruner: optuna.pruners.BasePruner = optuna.pruners.NopPruner()
        if self.pruner == "median":
            pruner = optuna.pruners.MedianPruner(n_startup_trials=UNPRUNED)
        study = optuna.create_study(direction="maximize", pruner=pruner)
        if (current := self._current()) is not None:
            study.enqueue_trial(current)
        return study

    def _current(self) -> dict[str, Any] | None:
        """Return the trainer's options as they are, if the space has them: they are tried first."""
        from optuna.distributions import CategoricalDistribution

        found = {}
        for name, where in self.space.items():
            value: Any = self.trainer.options
            for part in name.split("."):
                value = value.get(part) if isinstance(value, dict) else None
            if isinstance(where, CategoricalDistribution):
                contained = value in where.choices
            else:
                contained = isinstance(value, int | float) and where.low <= value <= where.high  # type: ignore[attr-defined]
            if not contained:
                return None
            found[name] = value
        return found

    def _ask(self, study: optuna.Study, number: int) -> _Asked:
        import numpy as np
        from optuna.samplers import TPESampler

        (seed,) = np.random.SeedSequence([self.context.seed, number]).generate_state(1)
        study.sampler = TPESampler(seed=int(seed))
        asked = _Asked(study.ask(dict(self.space)))
        known = self.journal.trials.get(number)
        if known is not None and known.options == asked.trial.params:
            asked.folds, asked.ended = list(known.folds), known
            for step, _ in enumerate(known.folds):
                asked.trial.report(_mean(known.folds[: step + 1]), step)
        return asked

    def _judge(self, batch: Sequence[_Asked], executor: Executor) -> None:
        """Judge the trials of a batch at once, each fold by fold, until it ends or is pruned."""
        going: dict[Future[Score], _Asked] = {}
        for asked in batch:
            if asked.ended is None:
                going[self._begin(asked, executor)] = asked
        while going:
            finished, _ = wait(going, return_when=FIRST_COMPLETED)
            for future in finished:
                asked = going.pop(future)
                self._take(asked, _result(future))
                if asked.ended is None:
                    going[self._begin(asked, executor)] = asked
                else:
                    self.journal.add(asked.ended, time.monotonic() - self._began)

    def _begin(self, asked: _Asked, executor: Executor) -> Future[Score]:
        fold = self.folds[len(asked.folds)]
        return executor.submit(score, silent(self.context), self.trainer, asked.trial.params, fold)

    def _take(self, asked: _Asked, found: Score) -> None:
        if found.value is None:
            asked.end("failed", found.reason)
            return
        asked.folds.append(found.value)
        asked.trial.report(_mean(asked.folds), len(asked.folds) - 1)
        if len(asked.folds) == len(self.folds):
            asked.end("complete")
        elif asked.trial.should_prune():
            asked.end("pruned")

    def _is_over(self) -> bool:
        minutes = self.budget.minutes
        return minutes is not None and time.monotonic() - self._began >= 60 * minutes

    def _show(self, done: Sequence[Trial]) -> None:
        """Say how the newest trial ended, and what is left of the budget."""
        trial, leader = done[-1], best(done)
        if trial.value is not None and trial.state == "complete":
            self.context.log_metric(f"tune.{self.metric}", trial.value, trial.number)
        told = f"{self.metric} {trial.value:.4f}" if trial.value is not None else trial.reason
        if trial.state != "complete":
            told = f"{trial.state}, {told}"
        left = [f"{self.budget.trials - len(done)} of {self.budget.trials} trials"]
        if self.budget.minutes is not None:
            minutes = self.budget.minutes - (time.monotonic() - self._began) / 60
            left.append(f"{max(minutes, 0):.1f} minutes")
        ahead = f"best {leader.value:.4f} (trial {leader.number})" if leader else "none is best yet"
        self.context.log(f"trial {trial.number}: {told}; {ahead}; left: {', '.join(left)}")


def best(trials: Sequence[Trial]) -> Trial | None:
    """Return the first of the complete trials with the highest value; None if none is complete."""
    complete = [trial for trial in trials if trial.state == "complete"]
    return max(complete, key=lambda trial: (trial.value, -trial.number), default=None)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _tell(study: optuna.Study, asked: _Asked) -> Trial:
    from optuna.trial import TrialState

    assert asked.ended is not None  # noqa: S101  a batch is told of when all of it has ended
    if asked.ended.state == "complete":
        study.tell(asked.trial, asked.ended.value)
    else:
        state = TrialState.PRUNED if asked.ended.state == "pruned" else TrialState.FAIL
        study.tell(asked.trial, state=state)
    return asked.ended


def _result(future: Future[Score]) -> Score:
    from concurrent.futures.process import BrokenProcessPool

    try:
        return future.result()
    except BrokenProcessPool as error:
        raise ModelError(
            "A process that judged a trial died: the machine's memory may be too small for so many.",
            where="conf/tune/optuna.yaml: workers",
            next_step="ask for fewer workers there; the trials that ended are kept",
        ) from error
