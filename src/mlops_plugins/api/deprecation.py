"""What of the previous minor version still works, and in which version it stops."""

from __future__ import annotations

import warnings
from functools import wraps
from typing import TYPE_CHECKING, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")

PREVIOUS, REMOVED_IN = "0.1", "0.3"


class Deprecated(DeprecationWarning):
    """A plugin uses what the next minor version removes; the text says what to do instead."""

    def __init__(self, what: str, *, instead: str) -> None:
        super().__init__(f"{what}, as in {PREVIOUS}: {instead} before {REMOVED_IN}")


def renamed_arguments(
    **present: str,
) -> Callable[[Callable[Parameters, Result]], Callable[Parameters, Result]]:
    """Let a function take keyword arguments by their former names too, with a warning.

    >>> @renamed_arguments(most="maximum")
    ... def head(values, *, maximum):
    ...     return values[:maximum]
    """

    def decorate(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
        @wraps(function)
        def call(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
            for former in present.keys() & kwargs.keys():
                what = f"{function.__name__} is called with '{former}'"
                instead = f"name the argument '{present[former]}'"
                warnings.warn(Deprecated(what, instead=instead), stacklevel=2)
                kwargs[present[former]] = kwargs.pop(former)
            return function(*args, **kwargs)

        return call

    return decorate
