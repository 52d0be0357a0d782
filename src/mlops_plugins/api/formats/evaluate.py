"""How good the model is: what gates, reports, trackers and DVC read of an evaluation."""

from __future__ import annotations

from typing import Any

from mlops_plugins.api.formats.base import Collection, Content, Field, Interval, Number


class Metrics(Collection[dict[str, Number]]):
    """The value of each metric, flat, for DVC, the tracker and the gate's limits."""


class Measured(Interval):
    """A metric, and what the baselines reach."""

    baseline: Number = Field(description="The value of a model that looks at no column.")
    linear: Number = Field(
        None, description="A linear model's; with it, `baselines.json` is expected too."
    )


class Summary(Collection[dict[str, Measured]]):
    """Each metric by its name, among them the task's primary one."""


class Predictions(Content):
    """The raw test rows with what was predicted: also what monitoring compares with."""

    prediction: Any = Field(description="The class, or the number.")
    score: float = Field(
        description="The probability of the last of two classes, of the predicted one of several; or the number."
    )


class Gains(Content):
    """By how much the primary metric is better than a baseline's."""

    trivial: Interval = Field(description="The gain over a model that looks at no column.")
    linear: Interval | None = Field(None, description="The gain over a linear model.")


class Baselines(Content):
    """What simpler models reach on the same rows."""

    linear: dict[str, Number] | None = Field(
        None, description="The linear model's metrics; null if there is none."
    )
    linear_reason: str | None = Field(None, description="Why there is no linear model.")
    gain: Gains = Field(description="What the gate compares with its limits.")


class Calibration(Content):
    """Whether a score is a probability."""

    error: Number = Field(description="The expected calibration error.")
    low: Number = Field(description="Where its 95 % interval begins.")
    high: Number = Field(description="Where its 95 % interval ends.")
    of: str = Field("A probability", description="What is compared with what was observed.")


class Slice(Content):
    """The rows whose column has a value, or lies in a range: a `mlops_plugins.metrics.slices.Slice`."""

    column: str = Field(description="The raw column.")
    value: str | float | bool | None = Field(description="A category; null for missing values.")
    low: Number = Field(description="The minimum of a range; null without one.")
    high: Number = Field(description="What values of a range are below; null without it.")
    numeric: bool = Field(description="Whether it is a range.")


class SliceLoss(Content):
    """The mean loss of the rows in a slice, and of the others."""

    value: Number = Field(description="In the slice.")
    rest: Number = Field(description="Elsewhere.")
    expected: Number = Field(
        None, description="What the probabilities in the slice expect of it; null for numbers."
    )
    rest_expected: Number = Field(None, description="What those elsewhere expect of it.")
    gap: Interval = Field(
        description="The loss beyond the expected one in the slice, less that elsewhere."
    )


class SliceEntry(Content):
    """The primary metric of a slice, and the loss of its rows."""

    slice: Slice = Field(description="Which rows they are, for a gate to choose them again.")
    label: str = Field(description="The slice in words.")
    rows: int = Field(description="How many they are.")
    value: Number = Field(description="The metric.")
    interval: tuple[Number, Number] = Field(description="Its 95 % interval.")
    configured: bool = Field(
        False, description="Whether the team named it; others were found by their loss."
    )
    loss: SliceLoss | None = Field(None, description="The loss, by which the search compares.")


class Slices(Content):
    """How good the model is for groups of rows."""

    metric: str = Field(description="The metric.")
    loss: str = Field("loss", description="The loss of a row, in words.")
    min_rows: int = Field(description="The minimum of rows that a slice must have.")
    slices: list[SliceEntry] = Field(description="The slices.")


class Skipped(Content):
    """A group that was not measured."""

    label: str = Field(description="The group in words.")
    reason: str = Field(description="Why.")


class Group(Content):
    """A group of a sensitive column."""

    label: str = Field(description="The group in words.")
    rows: int = Field(description="Its rows.")


class Largest(Content):
    """The largest difference of a measure between two groups."""

    highest: str = Field(description="The group with the highest value.")
    lowest: str = Field(description="The group with the lowest.")
    difference: Interval = Field(description="The difference.")
    ratio: Interval | None = Field(None, description="The lowest divided by the highest.")


class SensitiveColumn(Content):
    """The groups of a sensitive column."""

    column: str = Field(description="The column.")
    groups: list[Group] = Field(description="The groups that were measured.")
    largest: dict[str, Largest] = Field(description="Of each measure the largest difference.")
    skipped: list[Skipped] = Field(description="The groups that were not.")


class Fairness(Content):
    """How the groups of sensitive columns differ."""

    columns: list[SensitiveColumn] = Field(description="The columns of `data.sensitive`.")


class Threshold(Content):
    """What the decisions at one threshold are worth, for two classes."""

    threshold: float = Field(description="Above which probability a row counts as `positive`.")
    positive: Any = Field(description="The last class.")
    how: str = Field(description="How it was chosen.")
    metrics: dict[str, Interval] = Field(description="Metrics of the decisions.")
    confusion: dict[str, int] = Field({}, description="How many rows are decided which way.")


class ClassRow(Content):
    """How well one class is recognized."""

    class_: Any = Field(alias="class", description="The class.")
    rows: int = Field(description="Rows that are of it.")
    precision: Interval = Field(description="Its precision.")
    recall: Interval = Field(description="Its recall.")
    f1: Interval = Field(description="The harmonic mean of both.")


class Classes(Collection[list[ClassRow]]):
    """Each class, where the task has classes."""


class Point(Content):
    """The metric after training on a share of the rows."""

    share: float = Field(description="The share of the training rows.")
    rows: int = Field(description="How many they are.")
    value: Number = Field(description="The metric on the test rows.")
    train: Number = Field(None, description="The metric on the rows that trained.")


class LearningCurve(Content):
    """What more rows would bring."""

    metric: str = Field(description="The metric.")
    points: list[Point] = Field(description="The points; the last is the model itself.")


class RocCurve(Content):
    """Points of the ROC curve."""

    false_positive_rate: Number = Field(alias="false positive rate", description="Across.")
    true_positive_rate: Number = Field(alias="true positive rate", description="Upwards.")


class PrecisionRecallCurve(Content):
    """Points of precision and recall."""

    recall: Number = Field(description="Across.")
    precision: Number = Field(description="Upwards.")


class CalibrationCurve(Content):
    """What was predicted and what was observed, in bins; the first two for classes."""

    probability: Number = Field(
        None, alias="predicted probability", description="The mean probability of a bin."
    )
    share: Number = Field(None, alias="observed share", description="How often it happened.")
    predicted: Number = Field(None, description="The mean prediction of a bin, for numbers.")
    observed: Number = Field(None, description="The mean of the target there.")


class Confusion(Content):
    """Each test row's class, and the predicted one."""

    actual: Any = Field(description="The class.")
    predicted: Any = Field(description="The predicted class.")


class Residuals(Content):
    """What some predictions miss, for numbers."""

    predicted: Number = Field(description="The prediction.")
    residual: Number = Field(description="The target without it.")


class LearningCurvePoints(Content):
    """The learning curve, for DVC to plot."""

    rows: int = Field(alias="training rows", description="How many rows trained.")
    value: Number = Field(description="The metric on the test rows.")
    train: Number = Field(
        alias="on its own rows", description="The metric on the rows that trained."
    )


class SliceValues(Content):
    """The metric of each slice, for DVC to plot."""

    slice: str = Field(description="The slice in words.")
    value: Number = Field(description="The metric.")
