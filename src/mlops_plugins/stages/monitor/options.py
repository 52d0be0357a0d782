"""Groups of options: when a column has drifted, and when performance is lost."""

from __future__ import annotations

from mlops_plugins.api.component import Field, OptionGroup

MINIMUM_REFERENCE = 20
"""Reference rows below which nothing is compared; a test set that the gate lets pass has as many."""


def too_few(reference: int, window: int, minimum: int) -> str | None:
    """Return in words which rows are too few to decide anything; None if both are enough."""
    if window < minimum:
        return f"{window:,} rows are too few to decide anything: min_rows is {minimum:,}"
    if reference < MINIMUM_REFERENCE:
        return f"a reference of {reference:,} rows is too small: {MINIMUM_REFERENCE} are needed"
    return None


class Drift(OptionGroup):
    """When a column has drifted, and when the window has."""

    alpha: float = Field(
        0.01,
        gt=0,
        lt=1,
        description="Accepted false alarms: the share of windows without any change in which a "
        "column still seems to drift.",
    )
    min_effect_numeric: float = Field(
        0.1,
        gt=0,
        description="Minimum shift of a number that matters, in the reference's standard deviations "
        "(Wasserstein distance); 0.1 is half of what is called a small effect.",
    )
    min_effect_categorical: float = Field(
        0.1,
        gt=0,
        le=1,
        description="Minimum change of the share of one category that matters.",
    )
    min_drifted_share: float = Field(
        0.05,
        gt=0,
        le=1,
        description="Share of columns that must drift for the status drift (one in 20; any one of "
        "fewer). A drift of the prediction always suffices.",
    )
    ignore: list[str] = Field(
        [], description="Columns that move by nature (month, week) and are not tested."
    )


class Performance(OptionGroup):
    """When the model has lost performance."""

    min_labels: int = Field(
        200, ge=2, description="Labelled rows below which performance is not decided."
    )
    max_drop: float = Field(0.02, ge=0, description="Accepted loss of the primary metric.")
