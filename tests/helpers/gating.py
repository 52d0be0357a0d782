"""What the tests of the gate share: models of real flights, and an evaluation in every part."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from mlops_plugins.api.context import Data
from mlops_plugins.api.contracts.register import Champion
from mlops_plugins.api.paths import SCHEMA
from mlops_plugins.api.stage import Stage
from mlops_plugins.artifacts import files, model_folder, tables
from mlops_plugins.metrics import scoring
from mlops_plugins.metrics.slices import Slice
from mlops_plugins.stages.evaluate.metrics import Metrics
from mlops_plugins.stages.gate.champion import Gatekeeper
from mlops_plugins.stages.train.estimator import Estimator
from mlops_plugins.stages.train.sklearn import GradientBoosting
from mlops_plugins.testing.artefacts import context, provide
from mlops_plugins.testing.tables import Case

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mlops_plugins.api.context import Context

EVERY = 40
"""One flight in so many is taken: 8,184, of which 2,046 judge."""

NAMES = {"GradientBoosting": "sklearn", "Estimator": "estimator"}
WEAK = GradientBoosting(max_iter=3, max_leaf_nodes=2, learning_rate=0.5)
GOOD = GradientBoosting(max_iter=30)

LINEAR = Estimator(estimator="LogisticRegression", parameters={"max_iter": 300})
SAME = Estimator(estimator="LogisticRegression", parameters={"max_iter": 300, "C": 0.9})
BALANCED = Estimator(
    estimator="LogisticRegression", parameters={"max_iter": 300, "class_weight": "balanced"}
)
NEIGHBOURS = Estimator(
    estimator="KNeighborsClassifier", parameters={"algorithm": "brute", "n_neighbors": 50}
)


@cache
def _taken() -> pa.Table:
    with resources.as_file(
        resources.files("mlops_plugins.stages.ingest") / "flights.parquet"
    ) as path:
        whole = tables.read(path)
    return whole.take(list(range(0, whole.num_rows, EVERY)))


FLIGHTS = Case(
    "some flights",
    Data(task="binary", target="late", time="scheduled", id="flight_id"),
    _taken,
)
DELAYS = Case("their delays", Data(task="regression", target="departure_delay"), _taken)


def train(
    folder: Path,
    trainer: Any,
    *,
    case: Case = FLIGHTS,
    spoilt: Callable[[pa.Table], pa.Table] | None = None,
) -> Path:
    """Return the folder of a model that learnt from the case's training rows, maybe spoilt ones."""
    features = provide(case, "data/features")
    if spoilt:
        features = shutil.copytree(features, folder.with_name(f"{folder.name} features"))
        path = features / "train.parquet"
        tables.write(spoilt(tables.read(path)), path)
    model_folder.build(
        context(folder.parent, case),
        trainer,
        chosen={Stage.TRAIN: NAMES[type(trainer).__name__], Stage.FEATURES: "project"},
        features=features,
        schema_file=provide(case, SCHEMA),
        output=folder,
    )
    return folder


@dataclass
class Gating:
    """A folder in which the gate decides about a model.

    `champion` is the folder of the champion's model; without one, there is none.
    """

    root: Path
    model: Path
    champion: Path | None = None
    case: Case = FLIGHTS

    @property
    def metrics(self) -> Path:
        return self.root / "metrics.json"

    @property
    def evaluation(self) -> Path:
        return self.root / "evaluation"

    @property
    def output(self) -> Path:
        return self.root / "verdict.json"

    @property
    def context(self) -> Context:
        return context(self.root, self.case)

    def evaluate(self, **parts: Any) -> Gating:
        """Write the evaluation; `parts` take the place of what a part would say."""
        shutil.rmtree(self.evaluation, ignore_errors=True)
        self.root.mkdir(parents=True, exist_ok=True)
        Metrics(resamples=20).evaluate(
            self.context,
            model=self.model,
            splits=provide(self.case, "data/splits"),
            metrics=self.metrics,
            output=self.evaluation,
        )
        whole = files.read_json(self.evaluation / "summary.json")
        summary = {name: {**part, "linear": part["baseline"]} for name, part in whole.items()}
        files.write_json(self.evaluation / "summary.json", summary)
        gain = {"value": 0.2, "low": 0.1, "high": 0.3}
        said = {
            "baselines": {
                "trivial": {},
                "linear": {},
                "linear_reason": None,
                "gain": {"trivial": gain, "linear": gain},
            },
            "slices": slices(self.case),
            **parts,
        }
        if self.case.data.task != "regression":
            said.setdefault("calibration", {"error": 0.02, "low": 0.01, "high": 0.03, "bins": []})
        for name, content in said.items():
            files.write_json(self.evaluation / f"{name}.json", content)
        return self

    def decide(
        self, *, registry: Callable[[], Champion | None] | None = None, **options: Any
    ) -> Any:
        """Run the gate, and return its verdict."""
        Gatekeeper(**{"resamples": 200, **options}).gate(
            self.context,
            model=self.model,
            splits=provide(self.case, "data/splits"),
            metrics=self.metrics,
            evaluation=self.evaluation,
            explanation=self.root / "explanation",
            champion=registry or self.registered,
            output=self.output,
        )
        return files.read_json(self.output)

    def registered(self) -> Champion | None:
        """Return the champion, as a registry would."""
        current = self.champion
        if current is None:
            return None

        def fetch(folder: Path) -> Path:
            shutil.copytree(current, folder / "model")
            shutil.copyfile(self.evaluation / "predictions.parquet", folder / "reference.parquet")
            return folder

        return Champion(version="3", digest=files.digest(current), fetch=fetch)


def slices(case: Case, *, configured: str | None = None, min_rows: int = 50) -> dict[str, Any]:
    """Return slices by carrier and by distance, as an evaluation writes them."""
    rows = tables.read_frame(provide(case, "data/splits") / "test.parquet")
    far = float(rows["distance"].median())
    found = [Slice(column="carrier", value=name) for name in sorted(rows["carrier"].unique())]
    found += [Slice(column="distance", low=far, numeric=True)]
    found += [Slice(column="distance", high=far, numeric=True)]
    entries = [
        {
            "slice": one.to_dict(),
            "label": one.label,
            "rows": int(one.rows(rows).sum()),
            "value": 0.9,
            "interval": [0.85, 0.95],
            "configured": one.value == configured and configured is not None,
        }
        for one in found
    ]
    metric = scoring.PRIMARY[case.data.task]
    return {"metric": metric, "min_rows": min_rows, "slices": entries}


def check(verdict: Any, name: str) -> Any:
    """Return the one check of this name."""
    (found,) = [one for one in verdict["checks"] if one["name"] == name]
    return found


def inverted(table: pa.Table, carrier: str) -> pa.Table:
    """Return training rows of which one carrier's late flights are said to be in time."""
    late, theirs = table.column("late").to_numpy(), table.column("carrier").to_numpy() == carrier
    column = pa.array(np.where(theirs, 1 - late, late), table.column("late").type)
    return table.set_column(table.column_names.index("late"), "late", column)
