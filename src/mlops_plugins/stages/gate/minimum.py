"""Enough test rows for a verdict: of a few rows, nearly anything may be true."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_plugins.artifacts import files
from mlops_plugins.stages.gate.checks import Check, UncomputableError

if TYPE_CHECKING:
    from pathlib import Path

    from mlops_plugins.api.context import Context
    from mlops_plugins.stages.gate.options import Minimum


def rows(context: Context, model: Path, predictions: Path, minimum: Minimum) -> Check:
    """Block if there are fewer test rows, in all or of a class, than the minimum.

    Five of each class are what a test on counts needs: Cochran, Some methods for strengthening the
    common chi-squared tests, 1954.

    Raises:
        UncomputableError: There are no scored rows, or they have no target.
    """
    counts = _counts(predictions, context.data.target)
    total = sum(counts.values())
    text = f"{total:,} test rows"
    numbers = {"value": total, "limit": minimum.rows}
    if total < minimum.rows:
        return Check("test rows", "block", f"{text}: fewer than {minimum.rows}", numbers)
    classes = files.read_json(model / "manifest.json").get("classes") or []
    rare = {label: counts.get(label, 0) for label in classes}
    few = [label for label in classes if rare[label] < minimum.rows_of_a_class]
    if few:
        named = ", ".join(f"{rare[label]} of the class {label}" for label in few[:3])
        reason = f"{text}, {named}: fewer than {minimum.rows_of_a_class} of a class"
        numbers = {"value": min(rare.values()), "limit": minimum.rows_of_a_class}
        return Check("test rows", "block", reason, numbers)
    return Check("test rows", "pass", text, numbers)


def _counts(predictions: Path, target: str) -> dict[object, int]:
    """Return how many rows have each value of the target."""
    from pyarrow import ArrowInvalid
    from pyarrow.parquet import ParquetFile  # `read_table` imports pandas

    if not predictions.is_file():
        raise UncomputableError(f"{predictions.name} is missing")
    try:
        column = ParquetFile(predictions).read(columns=[target]).column(0)
    except (ArrowInvalid, OSError):
        raise UncomputableError(f"{predictions.name} is no Parquet file") from None
    except IndexError:
        raise UncomputableError(f"the column {target} is missing in {predictions.name}") from None
    counts = column.value_counts()
    return dict(zip(counts.field(0).to_pylist(), counts.field(1).to_pylist(), strict=True))
