"""Tune: it finds options that the trainer takes, by the training rows alone."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from mlops_plugins.api.errors import DataError
from mlops_plugins.config import option_tree, tuned_options
from mlops_plugins.testing.contracts import pipeline
from mlops_plugins.testing.contracts.evaluate import read_json
from mlops_plugins.testing.failure import attempt, done, require
from mlops_plugins.testing.sandbox import Sandbox, difference
from mlops_plugins.testing.tables import TASKS, Case, plain

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mlops_plugins.api.context import Context
    from mlops_plugins.api.contracts.train import Predictor, Train
    from mlops_plugins.api.contracts.tune import Trial
    from mlops_plugins.testing.subject import Run, Subject

BEST = "its best.json was read"
TRIALS = "its trials.json was read"


def verify(sandbox: Sandbox) -> None:
    """The options are for the trainer, which takes them, and are the best of the trials, if any."""
    pipeline.keeps_formats(sandbox)
    trainer = tuned_options.trainer(sandbox.params)
    best = read_json(sandbox["output"] / "best.json", BEST)
    require(
        best["train"] == trainer.name,
        BEST,
        expected=f"as 'train' the trainer's name, {trainer.name}",
        found=best,
    )
    options = best["options"]
    done("the trainer was made with the options it found", lambda: trainer.make(options))
    trials: list[Trial] = []
    done(TRIALS, lambda: trials.extend(tuned_options.trials(sandbox.root)[1]))
    if trials:
        _verify_trials(trials, options)


def _verify_trials(trials: list[Trial], options: dict[str, Any]) -> None:
    numbers = [trial.number for trial in trials]
    require(
        len(set(numbers)) == len(numbers), TRIALS, expected="each trial once", found=f"{numbers}"
    )
    complete = [trial for trial in trials if trial.state == "complete"]
    found = [trial.value for trial in complete]
    require(
        complete and all(isinstance(each, float) and math.isfinite(each) for each in found),
        TRIALS,
        expected="a trial that is complete, and of each such one its value",
        found=found or [trial.state for trial in trials],
    )
    highest = max(each for each in found if each is not None)
    leaders = [option_tree.nested(trial.options) for trial in complete if trial.value == highest]
    require(
        options in leaders,
        BEST,
        expected=f"the options of the trial whose value is highest: {leaders[0]}",
        found=options,
    )


def _tunes(case: Case, subject: Subject, folder: Path) -> None:
    verify(pipeline.ran(Sandbox.make(folder, subject, case)))


def looks_at_no_judging_row(subject: Subject, folder: Path) -> None:
    """It finds the same when the rows that judge the model are not there."""
    sandbox = Sandbox.make(folder, subject, plain())
    for name in ("features", "splits"):
        (sandbox[name] / "test.parquet").unlink()
    did = "it tuned without the rows that judge the model"
    done(did, sandbox.run)
    with_them = pipeline.content_of_outputs(pipeline.first_run(subject).sandbox)
    without = pipeline.content_of_outputs(sandbox)
    require(
        without == with_them,
        did,
        expected="what it found with them",
        found=difference(with_them, without),
    )


@dataclass(frozen=True)
class Unable:
    """A trainer that never succeeds."""

    def train(self, context: Context, *, features: Path, output: Path) -> None:
        """Refuse."""
        raise DataError("The suite's trainer takes no rows.", where="the suite")

    def load(self, path: Path) -> Predictor:
        """Refuse."""
        raise DataError("The suite's trainer wrote nothing.", where="the suite")


def _unable(make: Any, options: Mapping[str, Any]) -> Train:
    make(options)
    return Unable()


def says_that_every_trial_failed(subject: Subject, folder: Path) -> None:
    """A trainer that refuses all options is the user's to hear of, and no crash."""
    sandbox = Sandbox.make(folder, subject, plain())
    trainer = tuned_options.trainer(sandbox.params)
    unable = replace(trainer, make=partial(_unable, trainer.make))
    did = "it was given a trainer that refuses whatever it is given"
    if attempt(did, lambda: sandbox.run(trainer=unable)) is None:
        verify(sandbox)


def _takes_few(rows: int, subject: Subject, folder: Path) -> None:
    sandbox = Sandbox.make(folder, subject, plain())
    for name in ("features", "splits"):
        path = f"{sandbox[name].relative_to(sandbox.root)}/train.parquet"
        sandbox.alter(path, lambda table: table.slice(0, rows))
    if attempt(f"it was given {rows} training row(s)", sandbox.run) is None:
        verify(sandbox)


CHECKS: Mapping[str, Run] = {
    **pipeline.checks(verify),
    **{f"tunes for {case}": partial(_tunes, case) for case in TASKS},
    "looks at no row that judges the model": looks_at_no_judging_row,
    "says that every trial failed": says_that_every_trial_failed,
    "takes or refuses no rows": partial(_takes_few, 0),
    "takes or refuses one row": partial(_takes_few, 1),
}
