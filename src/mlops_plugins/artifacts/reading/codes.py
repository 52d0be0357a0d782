"""Columns of digits that are no numbers: with a leading zero, or with more digits than a number holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pyarrow as pa

LEADING_ZERO = r"^\s*[+-]?0[0-9]+([.,][0-9]+)?\s*$"
MANY_DIGITS = r"^\s*[+-]?[0-9]{19,}\s*$"
NO_INTEGER = r"[.,eEnN]"
MAX_INTEGER = 2**63 - 1
OVERLAP = 64
"""Bytes that two looks share, as a value may lie across the end of a block."""


def may_be(blocks: Iterable[bytes], delimiter: str) -> bool:
    """Say whether a text, not of UTF-16 or UTF-32, may hold such a value; most hold none.

    By numpy, as a regular expression of Python takes six times as long.
    """
    import numpy as np

    begins = np.isin(np.arange(256), [*b'"\r\n', *delimiter.encode()])
    blank = np.isin(np.arange(256), [*b" +-"])
    before = b""
    for block in blocks:
        each = np.frombuffer(before + block, dtype=np.uint8)
        digit = (each >= ord("0")) & (each <= ord("9"))
        zero = (each[2:-1] == ord("0")) & digit[3:]
        if (zero & (begins[each[1:-2]] | (blank[each[1:-2]] & begins[each[:-3]]))).any():
            return True
        for step in (1, 2, 4, 8, 3):  # runs of 2, 4, 8, 16 and 19 digits
            digit = digit[:-step] & digit[step:]
        if digit.any():
            return True
        before = block[-OVERLAP:]
    return False


class Codes:
    """Takes the texts of columns that look like numbers, and remembers those that are codes."""

    def __init__(self) -> None:
        self._zeros: dict[str, str] = {}
        self._long: dict[str, str] = {}
        self._measures: set[str] = set()

    def add(self, batch: pa.RecordBatch) -> None:
        """Look at more rows."""
        import pyarrow.compute as pc

        for name, values in zip(batch.schema.names, batch.columns, strict=True):
            for zero in _matching(values, LEADING_ZERO)[:1]:
                self._zeros.setdefault(name, zero)
            for long in filter(_is_too_long, _matching(values, MANY_DIGITS)):
                self._long.setdefault(name, long)
            if (
                name not in self._measures
                and pc.any(pc.match_substring_regex(values, NO_INTEGER)).as_py()
            ):
                self._measures.add(name)

    @property
    def found(self) -> dict[str, dict[str, str]]:
        """Return for each column of codes a value, and why it is no number."""
        long = {name: each for name, each in self._long.items() if name not in self._measures}
        return {
            **{
                name: _described(each, "has more digits than a number holds")
                for name, each in long.items()
            },
            **{name: _described(each, "has a leading zero") for name, each in self._zeros.items()},
        }


def _described(value: str, why: str) -> dict[str, str]:
    return {"example": value.strip(), "why": why}


def _matching(values: pa.Array, pattern: str) -> list[str]:
    import pyarrow.compute as pc

    matching: list[str] = values.filter(pc.match_substring_regex(values, pattern)).to_pylist()
    return matching


def _is_too_long(digits: str) -> bool:
    return abs(int(digits)) > MAX_INTEGER
