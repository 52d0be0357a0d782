"""Whether the target fits the task: two classes, several classes, or a number."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mlops_plugins.api.errors import SHOWN, listed
from mlops_plugins.artifacts.schema.dtypes import kind
from mlops_plugins.stages.validate.findings import MAX_EXAMPLES, Finding, Tally

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mlops_plugins.api.context import Data
    from mlops_plugins.artifacts.raw_table import Batch
    from mlops_plugins.artifacts.schema import Schema

NUMERIC = ("integer", "number", "boolean", "integer category")
"""Ways to read a column that give numbers."""

UNFIT = frozenset({"target_constant", "target_labels", "target_type", "target_infinite"})
"""Rules that no schema can repair: one that is inferred from such a table is not kept."""

MAX_LABELS = 10_000
"""Of more labels than these, no more are counted."""

STRAY_SHARE = 0.05
"""Labels beyond the two most frequent that have at most this share of the rows are mistakes in rows."""

MIN_CLASS_ROWS = 3
"""A class of fewer rows is reported, with their numbers."""

MANY_LABELS = 20
"""From so many labels on, a number with a fraction, or another label in most rows, is no class."""


@dataclass
class LabelRows:
    """How many rows have a label, and the numbers of the first."""

    count: int = 0
    first: list[int] = field(default_factory=list)


class Target:
    """Counts the labels of a classification, and the values that no regression can learn."""

    def __init__(self, schema: Schema, data: Data) -> None:
        self.name, self.task = schema.target, data.task
        self._column = schema.columns[schema.target]
        self._is_numeric = kind(self._column) in NUMERIC
        self._labels: dict[Any, LabelRows] = {}
        self._too_many = False
        self._missing, self._infinite, self._text = Tally(), Tally(), Tally()

    def look(self, batch: Batch, typed: pd.Series[Any]) -> None:
        """Look at some rows.

        Args:
            batch: The rows as they are.
            typed: Their targets with the schema's dtype; null where they cannot be read.
        """
        known = typed.notna().to_numpy()
        self._missing.add(batch, self.name, np.flatnonzero(~known))
        if self.task == "regression" and not self._is_numeric:
            self._text.add(batch, self.name, np.flatnonzero(known))
        elif self.task == "regression" and typed.dtype.kind == "f":
            self._infinite.add(batch, self.name, np.flatnonzero(np.isinf(typed.to_numpy())))
        self._count(batch.first, typed)

    def _count(self, first: int, typed: pd.Series[Any]) -> None:
        """Count the labels; of a regression's values, whether there are two is all that matters."""
        if self._too_many or (self.task == "regression" and len(self._labels) > 1):
            return
        codes, labels = pd.factorize(typed)
        order = np.argsort(codes, kind="stable")
        starts = np.searchsorted(codes[order], np.arange(len(labels) + 1))
        for label, begin, end in zip(labels[:MAX_LABELS], starts[:-1], starts[1:], strict=False):
            found = self._labels.setdefault(label, LabelRows())
            found.count += int(end - begin)
            room = max(MAX_EXAMPLES - len(found.first), 0)
            found.first += (order[begin : min(begin + room, end)] + first + 1).tolist()
        self._too_many = max(len(labels), len(self._labels)) > MAX_LABELS

    def findings(self, *, is_refused: bool) -> Iterator[Finding]:
        """Return how the target does not fit, and how many rows have none.

        Args:
            is_refused: Whether the rules of the schema refuse some of its values already.
        """
        if is_refused:
            return
        if self._missing.count:
            yield self._finding(
                "target_missing",
                f"the target '{self.name}' is missing, so neither training nor test has the row,",
                next_step="find out why these rows have none, or leave them out at ingest",
                severity="warning",
                tally=self._missing,
            )
        if len(self._labels) < 2:
            yield from self._constant()
        elif self.task == "regression":
            yield from self._no_numbers()
        else:
            yield from self._classes()

    def _finding(self, rule: str, what: str, **more: Any) -> Finding:
        return Finding(
            rule=rule, what=what, column=self.name, **{"severity": "error", "tally": None, **more}
        )

    def _constant(self) -> Iterator[Finding]:
        if not self._labels and not self._missing.count:  # a table without rows
            return
        content = f"only the value {_shown(*self._labels)}" if self._labels else "no value at all"
        yield self._finding(
            "target_constant",
            f"the target '{self.name}' has {content}: there is nothing to learn",
            next_step="check the column, or data.target in conf/config.yaml",
        )

    def _no_numbers(self) -> Iterator[Finding]:
        if not self._is_numeric:
            yield self._finding(
                "target_type",
                f"the target '{self.name}' is {self._column.type}, and data.task is regression: "
                "no number",
                next_step=f"write numbers in the source, and `type: number` for '{self.name}' in "
                "schema.yaml if it has a line there; or correct data.task in conf/config.yaml",
                tally=self._text,
            )
        if self._infinite.count:
            yield self._finding(
                "target_infinite",
                f"the target '{self.name}' is infinite",
                next_step="correct these values in the source, or make them empty",
                tally=self._infinite,
            )

    def _classes(self) -> Iterator[Finding]:
        alike = _alike(self._labels)
        if self._is_continuous():
            count = f"more than {MAX_LABELS:,}" if self._too_many else f"{len(self._labels):,}"
            yield self._finding(
                "target_labels",
                f"the target '{self.name}' has {count} labels, too many for classes: "
                f"{self._listed()}",
                next_step="set data.task to regression in conf/config.yaml, or correct data.target",
            )
        elif self.task == "binary" and (len(self._labels) != 2 or alike):
            yield self._not_binary(alike)
        else:
            yield from self._doubtful(alike)

    def _is_continuous(self) -> bool:
        labels, rows = self._labels, sum(each.count for each in self._labels.values())
        if self._too_many or len(labels) <= MANY_LABELS:
            return self._too_many
        fractions = any(isinstance(label, float) and not label.is_integer() for label in labels)
        return fractions or len(labels) > rows / 2

    def _not_binary(self, alike: list[list[Any]]) -> Finding:
        what = (
            f"the target '{self.name}' has {len(self._labels):,} labels, and data.task is binary: "
            f"{self._listed()}"
        )
        next_step = "set data.task to multiclass in conf/config.yaml, or correct data.target there"
        tally = None
        if alike:
            what += f"; {_differ(alike)}"
            next_step = "write each label in one way in the source"
        rows = sum(each.count for each in self._labels.values())
        strays = self._by_count()[2:]
        if not alike and sum(self._labels[label].count for label in strays) <= STRAY_SHARE * rows:
            tally = self._tally(strays)
            what += "; beyond the first two"
            next_step = "correct these rows in the source, or leave them out; or " + next_step
        return self._finding("target_labels", what, next_step=next_step, tally=tally)

    def _doubtful(self, alike: list[list[Any]]) -> Iterator[Finding]:
        if alike:
            yield self._finding(
                "target_labels",
                f"labels of the target '{self.name}' are nearly equal: {_differ(alike)}",
                next_step="write each label in one way in the source, if they mean the same",
                severity="warning",
            )
        rare = [label for label, rows in self._labels.items() if rows.count < MIN_CLASS_ROWS]
        if rare:
            yield self._finding(
                "rare_class",
                f"the target '{self.name}' is a class of fewer than {MIN_CLASS_ROWS} rows "
                f"({listed(map(_shown, rare))})",
                next_step="correct the rows if the label is a mistake; so few can be in the training "
                "rows or in the test rows alone",
                severity="warning",
                tally=self._tally(rare),
            )

    def _by_count(self) -> list[Any]:
        return sorted(self._labels, key=lambda label: (-self._labels[label].count, str(label)))

    def _listed(self) -> str:
        return listed(
            f"{_shown(label)} ({self._labels[label].count:,} rows)" for label in self._by_count()
        )

    def _tally(self, labels: Iterable[Any]) -> Tally:
        """Return the rows of some labels."""
        found = [(row, label) for label in labels for row in self._labels[label].first]
        count = sum(self._labels[label].count for label in labels)
        return Tally(count, sorted(found, key=lambda each: each[0])[:MAX_EXAMPLES])


def _alike(labels: Iterable[Any]) -> list[list[Any]]:
    """Group the labels that differ by case or spaces alone."""
    groups: dict[str, list[Any]] = {}
    for label in labels:
        if isinstance(label, str):
            groups.setdefault(" ".join(label.casefold().split()), []).append(label)
    return [sorted(group) for group in groups.values() if len(group) > 1]


def _differ(alike: list[list[Any]]) -> str:
    groups = [", ".join(map(_shown, group)) for group in alike[:SHOWN]]
    return f"{'; '.join(groups)} differ by case or spaces alone"


def _shown(label: Any) -> str:
    """Return a label as it stands in a file; text in quotes, so that spaces are seen."""
    if isinstance(label, str):
        return repr(label)
    return str(int(label)) if isinstance(label, float) and label.is_integer() else str(label)
