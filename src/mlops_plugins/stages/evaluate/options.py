"""Groups of options: how classes are decided on, and which groups of rows are measured."""

from __future__ import annotations

from typing import Literal

from mlops_plugins.api.component import Field, OptionGroup

Aim = Literal["fixed", "f1", "precision", "recall", "cost"]


class Decision(OptionGroup):
    """The threshold of two classes."""

    threshold: float = Field(
        0.5, ge=0, le=1, description="The probability above which the last class is predicted."
    )
    choose: Aim = Field(
        "fixed",
        description="fixed, or what another threshold is chosen for on training rows: f1, precision, "
        "recall or cost.",
    )
    minimum: float = Field(
        0.8, gt=0, le=1, description="Chosen for precision or recall: its minimum there."
    )
    missed_cost: float = Field(
        1.0, gt=0, description="Chosen for cost: the cost of a missed row, in false alarms."
    )


class Slicing(OptionGroup):
    """The groups of rows."""

    columns: list[str] = Field([], description="Raw columns, by their values or ranges.")
    search: bool = Field(
        True, description="Whether to search all inputs for slices that are significantly worse."
    )
    max_slices: int = Field(5, ge=1, description="Maximum number of slices reported by the search.")
    min_rows: int = Field(
        50, ge=2, description="Minimum rows of a slice, and of a group of a sensitive column."
    )
