"""Texts that mean a missing value."""

from __future__ import annotations

from collections import Counter as Counts
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa


@dataclass(frozen=True)
class NullWords:
    """Which texts mean a missing value in a project's files.

    Attributes:
        more: Those that the team lists.
        usual: Whether NA, null and the like do so too, beside an empty field.
    """

    more: tuple[str, ...] = ()
    usual: bool = True

    @property
    def texts(self) -> tuple[str, ...]:
        """Return them: the empty one, the usual ones if wanted, and more."""
        from pyarrow import csv

        return (*(csv.ConvertOptions().null_values if self.usual else [""]), *self.more)


USUAL_WORDS = NullWords()


class Counter:
    """Counts the texts of a column that mean a missing value; the empty one is not counted."""

    def __init__(self, null_values: Sequence[str]) -> None:
        self._null_values = frozenset(null_values)
        self._counts: Counts[str] = Counts()

    def add(self, array: pa.Array) -> None:
        """Look at more of its texts."""
        for entry in array.drop_null().value_counts().to_pylist():
            if entry["values"] in self._null_values:
                self._counts[entry["values"]] += entry["counts"]

    @property
    def counts(self) -> dict[str, int]:
        """Return how many rows have which text."""
        return dict(sorted(self._counts.items()))
