"""What of the previous minor version still works, and in which version it stops."""

from __future__ import annotations

PREVIOUS, REMOVED_IN = "0.1", "0.3"


class Deprecated(DeprecationWarning):
    """A plugin uses what the next minor version removes; the text says what to do instead."""

    def __init__(self, what: str, *, instead: str) -> None:
        super().__init__(f"{what}, as in {PREVIOUS}: {instead} before {REMOVED_IN}")
