"""Learning curves: the loss after each round, to the observers and as lines of the log."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlops_plugins.api.context import Context, Task

LOSS: Mapping[Task, str] = {"binary": "log_loss", "multiclass": "log_loss", "regression": "rmse"}
"""The loss that all boosted trainers report, under one name."""

LINES = 10
"""Lines of the log for all rounds, beside the first and the last."""


class Curves:
    """Reports each round's losses as metrics, and some of them as lines of the log.

    The series are named `train_<loss>` and `validation_<loss>`; a round is a number from 1.
    """

    def __init__(self, context: Context, rounds: int) -> None:
        self._context, self._rounds = context, rounds
        self._loss = LOSS[context.data.task]
        self._every = max(rounds // LINES, 1)
        self._line, self._logged = "", ""

    def round(self, number: int, losses: Mapping[str, float]) -> None:
        """Report the losses after a round: `{"train": 0.3, "validation": 0.4}`."""
        named = {f"{part}_{self._loss}": float(value) for part, value in losses.items()}
        for name, value in named.items():
            self._context.log_metric(name, value, number)
        losses_text = ", ".join(f"{name} {value:.5g}" for name, value in named.items())
        self._line = f"round {number} of {self._rounds}: {losses_text}"
        if number == 1 or number % self._every == 0:
            self._log()

    def end(self, kept: int | None = None) -> None:
        """Log the last round, and how many rounds are kept if it stopped early."""
        if self._line != self._logged:
            self._log()
        if kept is not None and kept < self._rounds:
            self._context.log(f"stopped early: {kept} rounds are kept")

    def _log(self) -> None:
        self._context.log(self._line)
        self._logged = self._line
