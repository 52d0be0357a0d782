"""What an author reads: what was done, what was expected, and what was found."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING

from mlops_plugins.api.errors import MlopsError, PluginError

if TYPE_CHECKING:
    from collections.abc import Callable

LONGEST = 2000


class ConformanceError(AssertionError):
    """An implementation breaks its contract.

    Args:
        did: What was done, in one sentence.
        expected: What the contract promises.
        found: What happened instead.
    """

    def __init__(self, did: str, *, expected: str, found: object) -> None:
        super().__init__(f"{did}\n  expected: {expected}\n  found:    {str(found)[:LONGEST]}")


def require(condition: object, did: str, *, expected: str, found: object) -> None:
    """Go on only if the condition holds.

    Raises:
        ConformanceError: It does not.
    """
    if not condition:
        raise ConformanceError(did, expected=expected, found=found)


def described(error: BaseException) -> str:
    """Return an error's kind, its text, and the line that raised it."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" ({frames[-1].filename}, line {frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}: {error}{place}"


def attempt(did: str, work: Callable[[], object]) -> MlopsError | None:
    """Do the work; return the error that refused it, or None when it is done.

    Raises:
        ConformanceError: It broke its contract, or raised an error of another kind than MlopsError.
    """
    try:
        work()
    except PluginError as error:
        raise ConformanceError(
            did, expected="what its contract says", found=described(error)
        ) from error
    except MlopsError as error:
        return error
    except ConformanceError:
        raise
    except (Exception, SystemExit) as error:
        raise ConformanceError(
            did,
            expected="a result, or a MlopsError that says what is wrong",
            found=described(error),
        ) from error
    return None


def done(did: str, work: Callable[[], object]) -> None:
    """Do the work, which nothing excuses.

    Raises:
        ConformanceError: An error was raised.
    """
    error = attempt(did, work)
    if error is not None:
        raise ConformanceError(did, expected="a result", found=described(error)) from error


def refused(did: str, work: Callable[[], object]) -> MlopsError:
    """Do what must be refused, and return the error.

    Raises:
        ConformanceError: It was done, or an error of another kind than MlopsError was raised.
    """
    error = attempt(did, work)
    if error is None:
        raise ConformanceError(
            did, expected="a MlopsError that says what is wrong", found="no error"
        )
    return error
