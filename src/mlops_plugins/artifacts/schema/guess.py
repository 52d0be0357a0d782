"""Finding out that a column of text holds numbers or dates, and how they are written."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Final

from mlops_plugins.artifacts.schema.written import (
    MISSING,
    UNREADABLE,
    digits,
    number_format,
    tidy,
)

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Literal

    from mlops_plugins.api.context import Data

MIN_VALUES = 10
"""Fewer values say nothing about how a column is written."""

MIN_SHARE = 0.95
"""Text of which at least this share is written as numbers or dates was meant to be such."""

ENOUGH = 1000
"""After so many values, of which less than half are written so, no more are looked at."""

MAX_DIGITS = 15
"""A float holds so many digits exactly; a longer number is an identifier."""

SHOWN = 3

CURRENCY = r"[$€£¥₹]|EUR|USD|GBP|CHF|JPY|Fr\.|kr|Rs\.?"
UNIT = (
    r"%|‰|°C|°F|°|kg|mg|g|lbs|lb|oz|km/h|km|cm|mm|m²|m³|m|mi|ft|ha|ml|l|kWh|kW|W|V|Hz|GB|MB|mph|hp"
)
PIECES = re.compile(
    rf"\(?\s*[-+]?\s*(?P<before>{CURRENCY})?\s*[-+]?\s*(?P<core>[\d.,][\d.,' ]*)"
    rf"(?P<after>(?:\s*(?:{UNIT}|{CURRENCY}))|(?:\s+[^\W\d_]{{1,6}}))?\s*-?\s*\)?"
)
MARKS: Final = (
    (",", "."),
    ("'", "."),
    (" ", "."),
    ("", "."),
    (".", ","),
    (" ", ","),
    ("", ","),
)
"""Marks of thousands and decimals; those that read more come first, as larger numbers may follow."""

CORES: Final = {marks: re.compile(digits(*marks)) for marks in MARKS}

DATE = re.compile(r"(\d{1,4})([/.-])(\d{1,2})\2(\d{2,4})(?:[ T](\d{1,2}:\d{2})(:\d{2})?)?")


@dataclass(frozen=True)
class Guess:
    """What a column of text holds.

    Attributes:
        type: The type that it should have.
        formats: How its values are written: one format, or two of which only people know the right one.
        count: How many values are written so.
        known: How many values there are, without the missing ones.
        missing: How many values are a dash, which means a missing one.
        example: A value.
        others: Some values that are not written so.
        low: The lowest number by the first format; None for times.
        high: The highest number.
    """

    type: Literal["number", "datetime"]
    formats: list[str]
    count: int
    known: int
    missing: int
    example: str
    others: list[str]
    low: float | None = None
    high: float | None = None

    @property
    def is_certain(self) -> bool:
        """Say whether all values are written so, and in one way alone."""
        return len(self.formats) == 1 and self.count == self.known


@dataclass
class Guesser:
    """Takes the values of one column with their counts."""

    known: int = 0
    missing: int = 0
    numbers: Counter[tuple[str, str]] = field(default_factory=Counter)
    dates: Counter[str] = field(default_factory=Counter)
    befores: set[str] = field(default_factory=set)
    afters: set[str] = field(default_factory=set)
    others: list[str] = field(default_factory=list)
    example: str = ""
    has_marks: bool = False
    is_code: bool = False
    gave_up: bool = False
    ranges: dict[str, tuple[float, float]] = field(default_factory=dict)

    def add(self, values: Iterable[tuple[str, int]]) -> None:
        """Look at different values, and how often each is there."""
        for text, count in values:
            if self.gave_up:
                return
            value = tidy(text)
            if value in MISSING:
                self.missing += count
                continue
            self.known += count
            fits = self._add_number(value, count) or self._add_date(value, count)
            if not fits and len(self.others) < SHOWN:
                self.others.append(text)
            best = max([0, *self.numbers.values(), *self.dates.values()])
            self.gave_up = self.is_code or (self.known >= ENOUGH and best < self.known / 2)

    def _add_number(self, value: str, count: int) -> bool:
        found = PIECES.fullmatch(value)
        if found is None:
            return False
        core = found["core"].strip()
        if re.match(r"0\d", core) or sum(map(str.isdigit, core)) > MAX_DIGITS:
            self.is_code = self.is_code or core.isdigit()
            return False
        fitting = [marks for marks, pattern in CORES.items() if pattern.fullmatch(core)]
        self.numbers.update(dict.fromkeys(fitting, count))
        for decimal, marks in {marks[1]: marks for marks in fitting}.items():
            self._widen(
                decimal, _example(found["before"] or "", marks, found["after"] or ""), value
            )
        self.befores |= {found["before"]} - {None}
        self.afters |= {(found["after"] or "").strip()} - {""}
        self.has_marks |= not core.isdigit()
        if not re.fullmatch(r"[-+]?\d+(\.\d+)?", value) and fitting:
            self.example = self.example or value
        return bool(fitting)

    def _widen(self, decimal: str, example: str, value: str) -> None:
        made = number_format(example)
        number = UNREADABLE if made is None else made.read(value)
        if isinstance(number, int | float):
            low, high = self.ranges.get(decimal, (number, number))
            self.ranges[decimal] = (min(low, number), max(high, number))

    def _add_date(self, value: str, count: int) -> bool:
        fitting = [codes for codes in _date_formats(value) if _is_date(value, codes)]
        for codes in fitting:
            self.dates[codes] += count
        if fitting:
            self.example = self.example or value
        return bool(fitting)

    def guess(self) -> Guess | None:
        """Return what the column holds; None if it is text, or plain numbers, which need no format."""
        if self.gave_up or self.known < MIN_VALUES:
            return None
        for counts in (self.dates, self.numbers):
            best = max(counts.values(), default=0)
            if best >= MIN_SHARE * self.known:
                return self._dates(best) if counts is self.dates else self._numbers(best)
        return None

    def _dates(self, best: int) -> Guess:
        formats = sorted(codes for codes, count in self.dates.items() if count == best)
        return self._made("datetime", formats, best)

    def _numbers(self, best: int) -> Guess | None:
        is_plain = not self.example and not self.missing
        if is_plain or len(self.befores) > 1 or len(self.afters) > 1:
            return None
        fitting = [marks for marks in MARKS if self.numbers[marks] == best]
        # The marks of thousands change no reading; that of decimals does.
        by_decimal = {marks[1]: marks for marks in reversed(fitting)}
        chosen = [by_decimal[mark] for mark in (".", ",") if mark in by_decimal]
        if not self.has_marks:
            chosen = chosen[:1]
        before, after = next(iter(self.befores), ""), next(iter(self.afters), "")
        after = f" {after}" if after[:1].isalpha() else after
        formats = [_example(before, marks, after) for marks in chosen]
        return self._made("number", formats, best, self.ranges.get(chosen[0][1]))

    def _made(
        self,
        kind: Literal["number", "datetime"],
        formats: list[str],
        count: int,
        limits: tuple[float, float] | None = None,
    ) -> Guess:
        low, high = limits or (None, None)
        return Guess(
            type=kind,
            formats=formats,
            count=count,
            known=self.known,
            missing=self.missing,
            example=" ".join(self.example.split()) or "-",
            others=self.others,
            low=low,
            high=high,
        )


def is_looked_at(name: str, data: Data) -> bool:
    """Say whether text in a column may be meant as numbers or dates: a class, an id or a group's name is not."""
    is_class = name == data.target and data.task != "regression"
    return not is_class and name not in (data.id, *data.sensitive)


def _example(before: str, marks: tuple[str, str], after: str) -> str:
    space = " " if before[:1].isalpha() else ""
    return f"{before}{space}1{marks[0]}234{marks[1]}5{after}"


def _date_formats(value: str) -> list[str]:
    """Return the formats that a date may have by its shape."""
    found = DATE.fullmatch(value)
    if found is None:
        return []
    first, mark, last = found[1], found[2], found[4]
    time = (
        ("T" if "T" in value else " ") + "%H:%M" + (":%S" if found[6] else "") if found[5] else ""
    )
    if len(first) == 4:
        return [] if mark == "-" else [f"%Y{mark}%m{mark}%d{time}"]  # with dashes it is ISO 8601
    year = {2: "%y", 4: "%Y"}.get(len(last))
    if year is None or len(first) > 2:
        return []
    return [f"{day}{mark}{month}{mark}{year}{time}" for day, month in (("%d", "%m"), ("%m", "%d"))]


def _is_date(value: str, codes: str) -> bool:
    try:
        return datetime.strptime(value, codes).year > 0
    except ValueError:
        return False
