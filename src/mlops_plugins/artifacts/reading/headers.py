"""What every table must have: columns by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_plugins.api.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence


def check(names: Sequence[str], what: str, *, where: str) -> None:
    """Refuse a column that is there twice.

    Args:
        names: The columns.
        what: The table, as it begins a sentence.
        where: Its place, for the error.

    Raises:
        DataError: Two columns have one name.
    """
    twice = (
        [each for each in names if names.count(each) > 1] if len(set(names)) < len(names) else []
    )
    if twice:
        raise DataError(
            f"{what} has more than one column '{twice[0]}'.",
            where=where,
            expected="each name once",
            next_step="rename or remove one of them",
        )
