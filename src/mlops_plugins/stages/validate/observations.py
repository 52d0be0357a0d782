"""What no schema forbids and people want to know: constant, empty and half-numeric columns."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import types

from mlops_plugins.artifacts.schema.description import Column
from mlops_plugins.stages.validate.findings import Finding, Tally

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlops_plugins.artifacts.raw_table import Batch
    from mlops_plugins.artifacts.schema.guess import Guess, Guesser

NUMBER = r"^\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?\s*$"

MIN_NUMBERS = 0.95
"""Text of which at least this share are numbers was meant to be numbers."""


@dataclass
class Observed:
    """What the values of one column have been so far."""

    name: str
    is_label: bool
    rows: int = 0
    nulls: int = 0
    first: Any = None
    constant: bool = True
    numbers: int = 0
    words: Tally = field(default_factory=Tally)
    guesser: Guesser | None = None
    """Looks how text is written; None where text is meant."""

    def look(self, batch: Batch, array: pa.Array) -> None:
        """Look at more of its values, of which text is encoded as a dictionary."""
        self.rows += len(array)
        self.nulls += array.null_count
        if array.null_count == len(array):
            return
        if self.constant:
            self._compare(array)
        if self.is_label and types.is_dictionary(array.type):
            self._count_numbers(batch, array)

    def _compare(self, array: pa.Array) -> None:
        """Compare with the first value of all; a column that differs once is not constant."""
        values = array.dictionary if types.is_dictionary(array.type) else array
        if self.first is None:
            self.first = values.drop_null()[0]
        self.constant = bool(pc.all(pc.equal(values, self.first)).as_py())

    def _count_numbers(self, batch: Batch, array: pa.DictionaryArray) -> None:

        looks = pc.match_substring_regex(array.dictionary, NUMBER).to_numpy(zero_copy_only=False)
        known = array.is_valid().to_numpy(zero_copy_only=False)
        places = array.indices.fill_null(0).to_numpy(zero_copy_only=False)
        numeric = looks[places] & known
        self.numbers += int(numeric.sum())
        if self.guesser and not self.guesser.gave_up:
            counts = np.bincount(places[known], minlength=len(looks)).tolist()
            counted = zip(array.dictionary.to_pylist(), counts, strict=True)
            self.guesser.add((text, count) for text, count in counted if count)
        self.words.add(batch, self.name, np.flatnonzero(~numeric & known))

    def findings(self) -> Iterator[Finding]:
        """Return what is unusual."""
        name = self.name
        if self.rows and self.nulls == self.rows:
            yield Finding(
                rule="all_null",
                what=f"column '{name}' has no value at all",
                next_step=f"remove '{name}' from schema.yaml, or find out why it is empty",
                severity="warning",
                column=name,
            )
        elif self.rows > 1 and self.constant and not self.nulls:
            yield Finding(
                rule="constant",
                what=f"column '{name}' has only the value {self.first.as_py()!r}",
                next_step=f"remove '{name}' from schema.yaml, or find out why it never differs",
                severity="warning",
                column=name,
            )
        known = self.numbers + self.words.count
        guess = self.guesser.guess() if self.guesser else None
        if guess:
            yield self._written(guess)
        elif self.words.count and self.numbers >= MIN_NUMBERS * known:
            yield Finding(
                rule="mixed",
                what=f"column '{name}' is text, though {self.numbers:,} of {known:,} values are "
                "numbers: there are words",
                next_step=f"make the words numbers or nulls in the source, and '{name}' a number in "
                "schema.yaml",
                severity="warning",
                column=name,
                tally=self.words,
            )

    def _written(self, guess: Guess) -> Finding:
        """Report numbers or dates that are text, with the line that makes them such."""
        nullable = self.nulls > 0 or guess.missing > 0
        lines = [
            Column(type=guess.type, nullable=nullable, format=each).line(self.name)
            for each in guess.formats
        ]
        dashes = f", and {guess.missing:,} more are a dash" if guess.missing else ""
        others = (
            f"; others are such as {', '.join(map(repr, guess.others))}" if guess.others else ""
        )
        kind = "numbers" if guess.type == "number" else "dates"
        return Finding(
            rule="written",
            what=f"column '{self.name}' is text, though {guess.count:,} of {guess.known:,} values are "
            f"{kind} as {guess.example!r} is written{dashes}{others}",
            next_step=f"to read them as {kind}, put this in place of '{self.name}' in schema.yaml: "
            + "; or, if that is how it is meant: ".join(lines),
            severity="warning",
            column=self.name,
        )
