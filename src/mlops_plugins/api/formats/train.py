"""What a model folder says of itself; the runner writes both files."""

from __future__ import annotations

from typing import Any, Literal

from mlops_plugins.api.formats.base import Collection, Content, Field


class ModelSchema(Content):
    """The columns that the model was trained with."""

    columns: dict[str, dict[str, Any]] = Field(description="Each column, as `schema.yaml` has it.")
    target: str = Field(description="The column to predict.")
    id: str | None = Field(description="The column that identifies a row, or null.")


class ModelManifest(Content):
    """What the folder holds, and by what it is read."""

    format: Literal[1] = Field(description="The version of the model folder.")
    project: str = Field(description="The project.")
    task: Literal["binary", "multiclass", "regression"] = Field(description="The task.")
    classes: list[Any] | None = Field(description="The classes by their score; null for numbers.")
    train: str = Field(description="The implementation that reads the estimator.")
    features: str = Field(description="The implementation that reads the recipe.")
    options: dict[str, Any] = Field({}, description="The trainer's options.")
    rows: int | None = Field(None, description="Training rows.")
    data: str | None = Field(None, description="The SHA-256 of the ingested table.")
    schema_: ModelSchema = Field(alias="schema", description="The columns of the training rows.")
    files: dict[str, str] = Field(description="The SHA-256 of each other file.")


class History(Collection[dict[str, list[tuple[int, float]]]]):
    """What was measured while the model learnt: of each metric the steps and values."""
