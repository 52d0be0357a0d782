"""Numbers and dates as people write them: `$1,234.50`, `21.7%`, `12 kg`, `(1.20)`, `31/12/2024`.

A column's `format` says how they are written: of a number by the example 1234.5, with the marks and
the words around it (`1.234,5 €`), of a time in the codes of `strptime` (`%d/%m/%Y`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import pandas as pd

MISSING: Final = frozenset({"", "-", "--", "\u2013", "\u2014"})
"""Texts that mean a missing value in a column with a format."""

UNREADABLE: Final = "unreadable"
"""What stands for a text that is not written so: no number and no time."""

EXAMPLE = re.compile(r"(?P<before>\D*)1(?P<thousands>[,.' ]?)234((?P<decimal>[.,])5)?(?P<after>.*)")

NUMBERS: Final = (
    "1234.5, 1,234.5, 1.234,5 or 1234,5, with what stands around it, such as $1,234.5 or 1234.5 kg"
)
TIMES: Final = "codes of strptime such as %d/%m/%Y"


@dataclass(frozen=True)
class NumberFormat:
    """How a number is written: its marks, and the text before and after it, which may be missing."""

    before: str
    thousands: str
    decimal: str
    after: str

    @classmethod
    def of(cls, example: str) -> NumberFormat | None:
        """Return the format that an example of 1234.5 shows; None if it is none."""
        found = EXAMPLE.fullmatch(example)
        if found is None or re.search(r"\d", found["after"].replace("m2", "").replace("m3", "")):
            return None
        thousands = found["thousands"]
        decimal = found["decimal"] or ("," if thousands == "." else ".")
        if thousands == decimal:
            return None
        return cls(found["before"].strip(), thousands, decimal, found["after"].strip())

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        before, after = re.escape(self.before), re.escape(self.after)
        return re.compile(
            rf"(?P<open>\()?\s*(?P<sign>[-+]?)\s*(?:{before})?\s*(?P<inner>[-+]?)\s*"
            rf"(?P<digits>{digits(self.thousands, self.decimal)})\s*(?:{after})?\s*"
            rf"(?P<last>-?)\s*(?P<close>\))?"
        )

    def read(self, text: str) -> float | int | str | None:
        """Return the number; None for a missing one, `UNREADABLE` for what is not written so."""
        text = tidy(text)
        if text in MISSING:
            return None
        found = self._pattern.fullmatch(text)
        if found is None or bool(found["open"]) != bool(found["close"]):
            return UNREADABLE
        signs = [sign for sign in found.group("open", "sign", "inner", "last") if sign]
        if len(signs) > 1:
            return UNREADABLE
        plain = found["digits"].replace(self.thousands, "") if self.thousands else found["digits"]
        number = float(plain.replace(self.decimal, ".")) if self.decimal in plain else int(plain)
        return -number if signs and signs != ["+"] else number


def digits(thousands: str, decimal: str) -> str:
    """Return the pattern of an unsigned number; thousands are marked in all groups of three, or none."""
    groups = rf"\d{{1,3}}(?:{re.escape(thousands)}\d{{3}})+|" if thousands else ""
    mark = re.escape(decimal)
    return rf"(?:{groups}\d+)(?:{mark}\d+)?|{mark}\d+"


def tidy(text: str) -> str:
    """Return a text without spaces around it, and with plain spaces and minus signs."""
    return re.sub(r"[\u00a0\u202f\u2009]", " ", text).replace("\u2212", "-").strip()


@lru_cache(maxsize=256)
def number_format(example: str) -> NumberFormat | None:
    """Return the format that an example of 1234.5 shows; None if it is none."""
    return NumberFormat.of(example)


def is_format(text: object, kind: str) -> bool:
    """Say whether a text is a format of columns of this type."""
    if not isinstance(text, str):
        return False
    if kind in ("integer", "number"):
        return number_format(text) is not None
    return kind == "datetime" and _is_time_format(text)


def _is_time_format(text: str) -> bool:
    try:
        return datetime.strptime(datetime(2024, 12, 31).strftime(text), text).year == 2024
    except ValueError:
        return False


def read(series: pd.Series[Any], how: str | None, *, is_time: bool) -> pd.Series[Any]:
    """Return a column's texts as the numbers or times that they mean by its format, if it has one.

    What is no text stays as it is, as the numbers of a request do; a missing value is None, and what
    is not written so is `UNREADABLE`, which no type reads.
    """
    import pandas as pd

    if series.dtype.kind in "biufmM" or how is None:
        return series
    one = _time if is_time else _number
    known = {text: one(text, how) for text in series.unique() if isinstance(text, str)}
    values = [known.get(value, value) if isinstance(value, str) else value for value in series]
    return pd.Series(values, series.index, dtype=object, name=series.name)


def _number(text: str, example: str) -> float | int | str | None:
    found = number_format(example)
    return UNREADABLE if found is None else found.read(text)


def _time(text: str, codes: str) -> datetime | str | None:
    if tidy(text) in MISSING:
        return None
    try:
        return datetime.strptime(tidy(text), codes)
    except ValueError:
        return UNREADABLE
