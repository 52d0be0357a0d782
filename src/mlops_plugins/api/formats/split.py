"""Cross-validation folds, which a split may leave for tuning."""

from __future__ import annotations

from mlops_plugins.api.formats.base import Content, Field


class Folds(Content):
    """A row for each of `train.parquet`'s, in its order."""

    row: int = Field(description="Its position, from 0.")
    fold: int = Field(description="The fold in which it is scored, or -1.")
    trains_from: int = Field(description="The first fold in which it may train.")
