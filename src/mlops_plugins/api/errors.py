"""What a user reads when something is wrong, and the exit code that goes with it."""

from __future__ import annotations

import difflib
from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class ExitCode(IntEnum):
    """Exit codes of every `mlops` command; `docs/reference/exit-codes.md` explains each."""

    OK = 0
    BUG = 1
    USAGE = 2
    CONFIGURATION = 3
    DATA = 4
    MODEL = 5
    BLOCKED = 6
    PLUGIN = 7
    OBSERVER = 8
    DRIFT = 10
    ALARM = 20


SHOWN = 10
"""Values that an error names; of more it says how many there are."""


def listed(values: Iterable[object]) -> str:
    """Name values in a sentence: at most ten of them, and how many more there are.

    >>> listed(range(12))
    '0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 2 more'
    """
    names = [str(value) for value in values]
    more = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {more:,} more" if more > 0 else "")


class MlopsError(Exception):
    """A user's mistake or a condition of the world, shown without a traceback.

    Args:
        what: What failed, in one sentence.
        where: The file, key, row or column.
        expected: What was expected there.
        next_step: What to type or change next.
    """

    exit_code = ExitCode.BUG

    def __init__(
        self, what: str, *, where: str = "", expected: str = "", next_step: str = ""
    ) -> None:
        super().__init__(what)
        self.what, self.where, self.expected, self.next_step = what, where, expected, next_step

    def __str__(self) -> str:
        lines = [self.what]
        for label, text in (
            ("where", self.where),
            ("expected", self.expected),
            ("next", self.next_step),
        ):
            if text:
                lines.append(f"  {label + ':':<10}{text}")
        return "\n".join(lines)


class ConfigurationError(MlopsError):
    """`conf/`, `params.yaml` or the environment does not say what is needed."""

    exit_code = ExitCode.CONFIGURATION


class DataError(MlopsError):
    """The data are missing, unreadable, or break their schema."""

    exit_code = ExitCode.DATA


class ModelError(MlopsError):
    """A model, or the registry that holds it, is missing, corrupt or not to be trusted."""

    exit_code = ExitCode.MODEL


class BlockedError(MlopsError):
    """The gate does not let this model through."""

    exit_code = ExitCode.BLOCKED


class PluginError(MlopsError):
    """A plugin does not do what its stage's contract says."""

    exit_code = ExitCode.PLUGIN


class ObserverError(MlopsError):
    """An observer failed that the configuration requires."""

    exit_code = ExitCode.OBSERVER


def did_you_mean(word: str, choices: Iterable[str]) -> str:
    """Return ` Did you mean 'x'?` for the nearest choice, or nothing.

    >>> did_you_mean("sklern", ["sklearn", "xgboost"])
    " Did you mean 'sklearn'?"
    """
    nearest = difflib.get_close_matches(word, list(choices), n=1)
    return f" Did you mean '{nearest[0]}'?" if nearest else ""
