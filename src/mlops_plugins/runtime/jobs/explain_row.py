"""One row explained: what the model was given, what it made of it, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlops_plugins.api.contracts import CONTRACTS
from mlops_plugins.api.errors import ConfigurationError, DataError
from mlops_plugins.api.paths import REFERENCE
from mlops_plugins.api.stage import Stage
from mlops_plugins.artifacts import tables
from mlops_plugins.artifacts.logged_values import key
from mlops_plugins.artifacts.model_folder import Model, open_model
from mlops_plugins.artifacts.schema import accept
from mlops_plugins.manager.plugin_manager import plugin_manager
from mlops_plugins.runtime.jobs.project import Project
from mlops_plugins.stages.explain import shapley

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    import pandas as pd

    from mlops_plugins.api.contracts.explain import Contribution, RowExplanation
    from mlops_plugins.artifacts.schema import Schema


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which row to explain, and with which model.

    Attributes:
        data: The file that holds the row; None for the project's validated table.
        row: The row's number, of which the first is 1.
        id: Its value in the column `data.id`, where no number is given.
        model: A model folder; None for the champion.
    """

    data: Path | None
    row: int | None
    id: str | None
    model: Path | None


@dataclass(frozen=True, kw_only=True)
class Explained:
    """A row, its prediction and what each column adds to its score.

    Attributes:
        row: The row's number, of which the first is 1.
        version: The model's version in the registry, or `unregistered`.
        prediction: What is predicted.
        score: What is explained: a value, or the probability of `of_class`.
        of_class: The last of two classes, the predicted one of several; None for regression.
        base: The mean score of the rows that this one is compared with.
        values: The raw values that the model takes, by column.
        features: What the recipe makes of them.
        contributions: What each raw column adds; `base` and all of them are `score`.
    """

    row: int
    version: str
    prediction: Any
    score: float
    of_class: Any
    base: float
    values: Mapping[str, Any]
    features: Mapping[str, Any]
    contributions: Mapping[str, Contribution]


def explain(root: Path, wanted: Wanted, *, log: Callable[[str], None]) -> Explained:
    """Explain a row by the project's implementation of explain, or else by Shapley values.

    Raises:
        MlopsError: There is no such row, model or reference, or a column is missing.
    """
    project = Project(root, log)
    context = project.context
    own = root / CONTRACTS[Stage.VALIDATE].outputs["output"]
    folder, reference, version = _model(project, wanted.model)
    opened = open_model(folder)
    given = wanted.data
    table = tables.read_frame(own) if given is None else project.read_rows(given, opened)
    place = _place(table, wanted, context.data.id, opened.schema, str(given or own))
    row = accept(table.iloc[[place]].reset_index(drop=True), opened.inputs)
    found = _explanation(project, model=folder, reference=reference, row=row)
    predicted = opened.predict_typed(row)
    prediction = _plain(predicted["prediction"].iloc[0])
    return Explained(
        row=place + 1,
        version=version,
        prediction=prediction,
        score=float(predicted["score"].iloc[0]),
        of_class=_class(opened, prediction),
        base=found.base,
        values=_values(row),
        features=_values(opened.recipe(row)),
        contributions=found.contributions,
    )


def _explanation(project: Project, **given: Any) -> RowExplanation:
    """Ask the chosen implementation, if it can explain a row.

    Raises:
        ConfigurationError: It needs a library that is not installed.
    """
    implementation = project.component(Stage.EXPLAIN)
    method = getattr(implementation, "explain_row", shapley.explain_row)
    try:
        found: RowExplanation = method(project.context, **given)
    except ImportError as error:
        chosen = project.params.section(Stage.EXPLAIN).name
        raise plugin_manager().not_installed(Stage.EXPLAIN, chosen, error) from error
    return found


def _place(
    table: pd.DataFrame, wanted: Wanted, identifier: str | None, described: Schema, where: str
) -> int:
    """Return where the wanted row stands.

    Raises:
        ConfigurationError: An id is given, and the project has none.
        DataError: There is no such row, or the id stands in several.
    """
    if wanted.row is not None:
        if wanted.row > len(table):
            raise DataError(
                f"There is no row {wanted.row:,}.",
                where=where,
                expected=f"1 to {len(table):,}",
                next_step="choose one of these",
            )
        return wanted.row - 1
    if identifier is None:
        raise ConfigurationError(
            "A row can only be found by its id if the data have one.",
            where="conf/config.yaml: data.id",
            expected="the name of the column that identifies a row",
            next_step="write it there, or choose the row by its number: --row 1",
        )
    if identifier not in table.columns:
        raise DataError(
            f"The rows have no column '{identifier}'.",
            where=where,
            expected=", ".join(map(str, table.columns)),
            next_step="add the column, or choose the row by its number: --row 1",
        )
    ids = [key(value, described.columns.get(identifier)) for value in table[identifier]]
    sought = key(wanted.id, described.columns.get(identifier))
    found = [place for place, value in enumerate(ids) if value == sought]
    if len(found) != 1:
        numbers = ", ".join(str(place + 1) for place in found[:10])
        raise DataError(
            f"No row has the {identifier} {wanted.id}."
            if not found
            else f"{len(found):,} rows have the {identifier} {wanted.id}.",
            where=f"{where}: column {identifier}",
            expected=f"one row, as {ids[0]} stands in" if not found else "one",
            next_step="correct --id, or the data" if not found else f"--row, one of {numbers}",
        )
    return found[0]


def _model(project: Project, folder: Path | None) -> tuple[Path, Path, str]:
    """Return the model's folder, the scored test rows, and its version.

    Raises:
        DataError: A model folder is given, and the project has evaluated no model.
        ModelError: There is no champion.
    """
    if folder is None:
        champion = project.champion()
        fetched = project.fetched(champion)
        return fetched / "model", fetched / "reference.parquet", champion.version
    reference = project.context.root / REFERENCE
    if not reference.exists():
        raise DataError(
            "There are no scored test rows to compare the row with.",
            where=str(reference),
            next_step="dvc repro evaluate",
        )
    return folder, reference, "unregistered"


def _class(opened: Model, prediction: Any) -> Any:
    classes = opened.classes
    if classes is None:
        return None
    return classes[-1] if len(classes) == 2 else prediction


def _values(frame: pd.DataFrame) -> dict[str, Any]:
    """Return a table's only row as plain values, a null as None."""
    return {str(name): _plain(frame[name].iloc[0]) for name in frame}


def _plain(value: Any) -> Any:
    """Return a value of Python's own types, as JSON has them; times as ISO 8601 writes them."""
    import pandas as pd

    if pd.api.types.is_scalar(value) and pd.isna(value):
        return None
    if hasattr(value, "isoformat"):
        return value.isoformat()
    return value.item() if hasattr(value, "item") else value
