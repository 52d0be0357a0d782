"""What the evaluation wrote, and which parts of it the gate must have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from mlops_plugins.stages.gate.checks import UncomputableError, item, read

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

Part = Literal["baselines", "calibration", "slices"]

Required = Part | Literal["champion"]
"""What a team may require, beside what the gate always does."""

SUMMARY = "summary.json"


@dataclass(frozen=True)
class Evidence:
    """The folder of an evaluation.

    Attributes:
        folder: Where it is.
        primary: The metric by which models are compared.
        required: What must be there, whoever evaluated.
    """

    folder: Path
    primary: str
    required: Collection[Required]

    def summary(self) -> dict[str, Any]:
        """Return `value`, `low`, `high`, `baseline` of the primary metric.

        Raises:
            UncomputableError: They are not there.
        """
        values = item(read(self.folder / SUMMARY), self.primary, file=SUMMARY)
        if not isinstance(values, dict):
            raise UncomputableError(f"{self.primary} in {SUMMARY} holds no object")
        return values

    def part(self, name: Part) -> dict[str, Any] | None:
        """Return the content of a part; None if the evaluation need not write it, and did not.

        An evaluation that measures a linear baseline in its summary writes every part, so that one
        that is gone is missed; others write what they like, unless it is required.

        Raises:
            UncomputableError: It should be there and is not, or is no JSON object.
        """
        path = self.folder / f"{name}.json"
        needed = name in self.required or "linear" in self.summary()
        return read(path) if needed or path.exists() else None


def unmeasured(name: Part) -> str:
    """Return the reason of a check that passes as nothing was measured and nothing required."""
    return f"the evaluation wrote no {name}.json, and the gate does not require it"
