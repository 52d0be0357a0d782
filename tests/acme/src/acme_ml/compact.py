"""Features by a fixed function: what it does to which column is a JSON file, and never code."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from mlops_plugins import Component, DataError, Field, ModelError
from mlops_plugins.toolkit import conform, files, read_schema, tables

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    import pandas as pd

    from mlops_plugins import Context
    from mlops_plugins.toolkit import Schema

FILE = "acme.json"
KEYS = ("numbers", "times", "categories")


class Compact(Component):
    """Numbers as they are, times as hour and weekday, small categories as columns of 0 and 1."""

    most_values: int = Field(
        12, ge=2, description="Most values of a category; one with more is left out, as text is."
    )

    def features(self, context: Context, *, splits: Path, schema: Path, output: Path) -> None:
        """Write the recipe, and what it makes of both parts."""
        described = read_schema(schema, context.data)
        recipe = self._recipe(described.only(described.inputs))
        if not any(recipe.values()):
            raise DataError(
                "No column makes a feature.",
                where=schema.name,
                expected="a number, a boolean, a time or a category of few values",
                next_step="raise most_values in conf/features/acme.yaml, or use other features",
            )
        files.write_json(output / "recipe" / FILE, recipe)
        build = self.recipe(output / "recipe")
        data = context.data
        beside = [data.target] if data.weight is None else [data.target, data.weight]
        for part in ("train", "test"):
            rows = conform(tables.read_frame(splits / f"{part}.parquet"), described)
            made = build(rows).join(rows[beside])
            tables.write_frame(made, output / f"{part}.parquet")

    def _recipe(self, inputs: Schema) -> dict[str, Any]:
        """Sort the columns by what becomes of them; the schema alone says it, and no row."""
        kinds = {name: column.type for name, column in inputs.columns.items()}
        small = {
            name: list(column.values)
            for name, column in inputs.columns.items()
            if column.type == "category"
            and column.values
            and len(column.values) <= self.most_values
        }
        numbers = [n for n, kind in kinds.items() if kind in ("integer", "number", "boolean")]
        times = [name for name, kind in kinds.items() if kind == "datetime"]
        return {"numbers": numbers, "times": times, "categories": small}

    def recipe(self, path: Path) -> Callable[[pd.DataFrame], pd.DataFrame]:
        """Return the function that the recipe describes."""
        recipe = files.read_json(path / FILE) if (path / FILE).is_file() else None
        if not isinstance(recipe, dict) or sorted(recipe) != sorted(KEYS):
            raise ModelError(
                "The model's recipe is not one of Acme's.",
                where=str(path / FILE),
                expected=", ".join(KEYS),
                next_step="train again",
            )
        return partial(build, recipe)


def build(recipe: Mapping[str, Any], rows: pd.DataFrame) -> pd.DataFrame:
    """Return one row of numbers for each row."""
    import pandas as pd

    made = {name: rows[name].astype("float64") for name in recipe["numbers"]}
    for name in recipe["times"]:
        times = rows[name].dt
        made[f"{name}_hour"] = times.hour + times.minute / 60
        made[f"{name}_weekday"] = times.day_of_week.astype("float64")
    for name, values in recipe["categories"].items():
        for value in values:
            made[f"{name}_is_{value}"] = (rows[name] == value).astype("float64")
    return pd.DataFrame(made, index=rows.index)
