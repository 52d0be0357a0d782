"""Groups of options: the limits of what the gate compares."""

from __future__ import annotations

from mlops_plugins.api.component import Field, OptionGroup


class Minimum(OptionGroup):
    """How many test rows a verdict needs."""

    rows: int = Field(20, ge=1, description="Minimum of test rows.")
    rows_of_a_class: int = Field(
        5, ge=1, description="Minimum of test rows of each class that the model knows."
    )


class Baselines(OptionGroup):
    """How much better than simpler ways to predict."""

    min_gain: float = Field(
        0.01,
        ge=0,
        description="Minimum gain of the primary metric over the trivial baseline, the training "
        "rows' average.",
    )
    linear_tolerance: float | None = Field(
        0.02,
        ge=0,
        description="How far the primary metric may be below a linear model's; null for any.",
    )


class Calibration(OptionGroup):
    """How far probabilities may be from what is observed."""

    max_error: float | None = Field(
        0.15, gt=0, lt=1, description="Maximum calibration error; null for any."
    )
    tolerance: float | None = Field(
        0.02, ge=0, description="How far it may be above the champion's; null for any."
    )


class Slices(OptionGroup):
    """How bad a slice may be."""

    min_value: float | None = Field(
        None, description="Minimum of the primary metric in each slice; null for any."
    )
    tolerance: float | None = Field(
        0.02, ge=0, description="How far it may be below the champion's; null for any."
    )


class Latency(OptionGroup):
    """How slow a prediction may be. A model that is beyond both limits is blocked."""

    max_ratio: float | None = Field(
        2.0, ge=1, description="Maximum latency as a multiple of the champion's; null for any."
    )
    allowance_ms: float = Field(
        20.0, ge=0, description="So many milliseconds more are always accepted."
    )


class Size(OptionGroup):
    """How large a model may be. A model that is beyond both limits is blocked."""

    max_ratio: float | None = Field(
        2.0, ge=1, description="Maximum size as a multiple of the champion's; null for any."
    )
    allowance_mb: float = Field(
        10.0, ge=0, description="So many megabytes more are always accepted."
    )
