"""Models on real tables, made once, and what an evaluation writes about them."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from mlops_plugins.api.context import Context, Data
from mlops_plugins.api.paths import MODEL
from mlops_plugins.artifacts import tables
from mlops_plugins.stages.evaluate.metrics import Metrics
from mlops_plugins.stages.evaluate.test_set import ScoredTestSet, score_test_set
from mlops_plugins.testing import artefacts
from mlops_plugins.testing.tables import Case

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa

EVERY = 60
"""One flight in so many: 5,456, of which a third is judged."""

TARGETS = {"binary": "late", "multiclass": "origin", "regression": "departure_delay"}


def _flights() -> pa.Table:
    with resources.as_file(
        resources.files("mlops_plugins.stages.ingest") / "flights.parquet"
    ) as path:
        whole = tables.read(path)
    return whole.take(list(range(0, whole.num_rows, EVERY)))


@cache
def flights(task: str = "binary", *sensitive: str) -> Case:
    data = Data(
        task=task,
        target=TARGETS[task],
        time="scheduled",
        id="flight_id",
        sensitive=sensitive,
    )
    return Case(f"flights ({task})", data, _flights)


@cache
def penguins() -> Case:
    import palmerpenguins

    def make() -> pa.Table:
        import pyarrow as pa

        frame = palmerpenguins.load_penguins()
        frame = frame[frame["sex"].notna()].reset_index(drop=True)
        # Without the length it is not too easy.
        frame = frame.drop(columns=["bill_length_mm", "flipper_length_mm", "island"])
        return pa.Table.from_pandas(frame, preserve_index=False)

    data = Data(task="multiclass", target="species", sensitive=("sex",))
    return Case("penguins", data, make)


def context(case: Case, root: Path, **changes: Any) -> Context:
    return replace(artefacts.context(root, case), **changes)


@cache
def scored(case: Case, resamples: int = 20) -> ScoredTestSet:
    root = artefacts.provide(case, MODEL).parent
    return score_test_set(
        context(case, root),
        model=artefacts.provide(case, MODEL),
        splits=artefacts.provide(case, "data/splits"),
        resamples=resamples,
    )


def evaluate(case: Case, folder: Path, *, splits: Path | None = None, **options: Any) -> list[str]:
    """Evaluate the case's model in `folder`, and return what was said."""
    said: list[str] = []
    options = {"resamples": 20, "learning_curve": [], **options}
    Metrics(**options).evaluate(
        context(case, folder, log=said.append),
        model=artefacts.provide(case, MODEL),
        splits=splits or artefacts.provide(case, "data/splits"),
        metrics=folder / "metrics.json",
        output=folder / "evaluation",
    )
    return said


def read(folder: Path, name: str) -> Any:
    """Return a table as strict readers of JSON see it."""

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} in {name}.json")

    path = folder / "evaluation" / f"{name}.json"
    return json.loads(path.read_text(), parse_constant=refuse)
