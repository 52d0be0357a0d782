"""Finding how a delimited text is written: encoding, delimiter and decimal mark."""

from __future__ import annotations

import codecs
import csv
import re
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

# The longer one first: UTF-32 in little-endian order begins as UTF-16 does.
MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
DELIMITERS = ",;\t|"

MAX_TITLES = 20
"""Lines that may stand above a header."""

MIN_COLUMNS = 3
"""Below a title there are at least so many columns: of two, the line may be a header with a name too few."""

MIN_AGREEMENT = 0.5
"""The share of rows below a title that have as many fields as the header."""


def encoding(start: bytes) -> str:
    """Return the encoding that a byte order mark names, and otherwise UTF-8.

    Any bytes are valid in most other encodings, so that a guess would corrupt names and categories
    in silence: those have to be configured.
    """
    return next((name for mark, name in MARKS if start.startswith(mark)), "utf-8")


def declared(sample: str) -> str | None:
    """Return the delimiter that a first line such as `sep=;` declares: Excel reads it, and others write it."""
    found = re.match(r"sep=(.)\r?(?:\n|$)", sample, re.IGNORECASE)
    return found[1] if found else None


def titles(sample: str, delimiter: str) -> list[str]:
    """Return the lines above the header, blank ones too: a title, a date, who made the table.

    Such a line has one field with content, and below all of them is a header of at least
    `MIN_COLUMNS` names, none of which is a number, and rows of as many fields.

    Args:
        sample: The beginning of the text.
        delimiter: The delimiter; empty if it is not known.
    """
    lines = re.split(r"\r\n|\n|\r", sample)
    above = [_above(lines, candidate) for candidate in delimiter or DELIMITERS]
    return lines[: max(above)]


def _above(lines: Sequence[str], delimiter: str) -> int:
    """Return how many lines are above the header if this is the delimiter."""

    def filled(line: str) -> list[str]:
        return [field for row in rows(line, delimiter) for field in row if field.strip()]

    start = next((at for at, line in enumerate(lines[:MAX_TITLES]) if len(filled(line)) > 1), 0)
    if not any(line.strip() for line in lines[:start]):
        return 0
    header, *others = rows("\n".join(lines[start:]), delimiter)
    is_header = not any(re.fullmatch(r"\s*[+-]?[\d.,]+\s*", name) for name in header)
    agreeing = sum(len(row) == len(header) for row in others)
    if len(header) < MIN_COLUMNS or len(set(header)) < len(header) or not is_header:
        return 0
    return start if others and agreeing >= MIN_AGREEMENT * len(others) else 0


def rows(sample: str, delimiter: str) -> list[list[str]]:
    """Return the rows of a sample, without blank ones."""
    return [row for row in csv.reader(sample.splitlines(), delimiter=delimiter) if row]


def delimiter(sample: str) -> str:
    """Return the delimiter by which most rows have as many fields as the header, and several.

    A comma if none does: then there is one column. (`csv.Sniffer` finds the same, but raises for one
    column.)
    """

    def agreement(candidate: str) -> tuple[float, int]:
        parsed = rows(sample, candidate)
        fields = len(parsed[0]) if parsed else 1
        if fields == 1:
            return 0.0, 1
        return Counter(map(len, parsed))[fields] / len(parsed), fields

    best = max(DELIMITERS, key=agreement)
    return best if agreement(best)[1] > 1 else ","


def decimal(sample_rows: Sequence[Sequence[str]], delimiter: str) -> str:
    """Return the decimal mark: a comma if some numbers have one, and none has a point."""
    if delimiter == ",":
        return "."
    marks = Counter(
        field.strip().lstrip("+-").lstrip("0123456789")[:1]
        for row in sample_rows
        for field in row
        if re.fullmatch(r"\s*[+-]?\d+[.,]\d+\s*", field)
    )
    return "," if marks[","] and not marks["."] else "."
