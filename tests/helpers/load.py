"""How often a test repeats what it does: as `make test` has time for, or all of `make test-full`."""

from __future__ import annotations

import os

FULL = os.environ.get("TEST_LOAD") == "full"
"""Whether all repetitions and all data sets are run; set by `make test-full`."""


def repeated(reduced: int, *, full: int) -> int:
    """Return a number of repetitions; CONTRIBUTING.md lists each test that has two."""
    return full if FULL else reduced
