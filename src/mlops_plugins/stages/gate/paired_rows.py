"""Champion and challenger on the same rows: opened once, scored once."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mlops_plugins.artifacts import sealed, tables
from mlops_plugins.artifacts.model_folder import describe, open_model
from mlops_plugins.metrics import scoring
from mlops_plugins.stages.gate.checks import UncomputableError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from mlops_plugins.api.context import Context
    from mlops_plugins.api.contracts.register import Champion
    from mlops_plugins.artifacts.model_folder import Model

FILE = "predictions.parquet"


@dataclass(frozen=True)
class Side:
    """One of the two models, its folder, and its scores of the test rows."""

    model: Model
    folder: Path
    scores: np.ndarray


@dataclass(frozen=True)
class Pair:
    """Champion and challenger, and the rows on which they are compared.

    Attributes:
        context: The stage's context.
        champion: The champion.
        rows: The test rows.
        target: True values of shape (rows,): for classes, their positions among the classes.
        ours: The challenger.
        theirs: The champion's model.
        reference: The file of the champion's own test rows.
    """

    context: Context
    champion: Champion
    rows: pd.DataFrame
    target: np.ndarray
    ours: Side
    theirs: Side
    reference: Path

    @property
    def primary(self) -> str:
        """Return the metric by which they are compared."""
        return scoring.PRIMARY[self.context.data.task]


@contextmanager
def opened(context: Context, champion: Champion, model: Path, evaluation: Path) -> Iterator[Pair]:
    """Give both models and their scores of the test rows, while the champion's files are there.

    Raises:
        MlopsError: A file is missing or corrupt, or a model does not take the rows.
        UncomputableError: The rows are unfit for a comparison, or the models are of different classes.
    """
    rows = tables.read_frame(evaluation / FILE)
    target = context.data.target
    if rows.empty:
        raise UncomputableError(f"{FILE} has no rows")
    if target not in rows:
        raise UncomputableError(f"the column {target} is missing in {FILE}")
    challenger = open_model(model)
    with tempfile.TemporaryDirectory() as folder:
        fetched = champion.fetch(Path(folder) / "champion")
        describe(fetched / "model")  # says which file is missing or corrupt, and runs nothing
        sealed.check_registered(fetched / "model", champion)
        other = open_model(fetched / "model")
        if (challenger.task, challenger.classes) != (other.task, other.classes):
            raise UncomputableError(
                f"its classes are {_classes(other)}, and the challenger's are {_classes(challenger)}"
            )
        yield Pair(
            context,
            champion,
            rows,
            _target(rows[target], challenger),
            _side(challenger, rows, "the challenger", model),
            _side(other, rows, "the champion", fetched / "model"),
            fetched / "reference.parquet",
        )


def _classes(model: Model) -> str:
    return "numbers" if model.classes is None else ", ".join(map(str, model.classes))


def _target(column: pd.Series[Any], model: Model) -> np.ndarray:
    target = scoring.positions(column, model.classes)
    if not np.isfinite(target).all():
        raise UncomputableError(f"the column {column.name} in {FILE} has values that are no number")
    if not (target != target[0]).any():
        raise UncomputableError(f"the column {column.name} in {FILE} has one value only")
    return target


def _side(model: Model, rows: pd.DataFrame, who: str, folder: Path) -> Side:
    scores = np.asarray(model.scores(rows), dtype=float)
    shape = (len(rows),) if model.classes is None else (len(rows), len(model.classes))
    if scores.shape != shape or not np.isfinite(scores).all():
        raise UncomputableError(f"{who}'s scores are not {shape} finite numbers")
    return Side(model, folder, scores)
