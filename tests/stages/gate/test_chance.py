"""How often chance, and not a difference, decides at the gate: 200 comparisons each.

The scores are those of real models on flights that none of them has seen; each comparison is of
other flights. Two models are made equal by exchanging their scores row by row at random: neither
can then be better but by chance.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from mlops_plugins.api.context import Data
from mlops_plugins.api.contracts.register import Champion
from mlops_plugins.artifacts import tables
from mlops_plugins.stages.gate import comparison
from mlops_plugins.stages.gate.checks import decide
from mlops_plugins.stages.gate.paired_rows import Pair, Side
from mlops_plugins.testing.artefacts import context, scratch
from mlops_plugins.testing.tables import Case
from tests.helpers.gating import FLIGHTS

if TYPE_CHECKING:
    from mlops_plugins.api.context import Task

COMPARISONS, ROWS, LEARNT, RESAMPLES = 200, 500, 4000, 300
CASES: dict[Task, Case] = {
    "binary": FLIGHTS,
    "multiclass": Case("origins", Data(task="multiclass", target="origin"), FLIGHTS.make),
    "regression": Case("distances", Data(task="regression", target="distance"), FLIGHTS.make),
}
TELLS = {"binary": "departure_delay", "multiclass": "carrier", "regression": "carrier"}
"""The column without which a model is weak."""


@cache
def gated(task: Task) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Return the targets of as many flights as are needed, and what three models make of them."""
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    with resources.as_file(
        resources.files("mlops_plugins.stages.ingest") / "flights.parquet"
    ) as path:
        whole = tables.read_frame(path)
    wanted = 2 * LEARNT + COMPARISONS * ROWS
    rows = whole.sample(wanted, random_state=0).reset_index(drop=True)
    target = CASES[task].data.target
    numbers = rows.select_dtypes("number").drop(columns=["flight_id", "late"]).astype(float)
    numbers["hour"] = rows["scheduled"].dt.hour
    numbers["carrier"] = pd.factorize(rows["carrier"])[0]
    numbers = numbers.drop(columns=target, errors="ignore")
    truth = pd.factorize(rows[target], sort=True)[0] if task == "multiclass" else rows[target]
    known = np.asarray(truth, dtype=float if task == "regression" else int)
    made: dict[str, np.ndarray] = {}
    regression = task == "regression"
    kind = HistGradientBoostingRegressor if regression else HistGradientBoostingClassifier
    plans = {
        "one": (0, numbers),
        "other": (1, numbers),
        "weak": (0, numbers.drop(columns=TELLS[task])),
    }
    for name, (half, table) in plans.items():
        part = slice(half * LEARNT, (half + 1) * LEARNT)
        fitted = kind(max_iter=20, random_state=0).fit(table[part], known[part])
        new = table[2 * LEARNT :]
        made[name] = fitted.predict(new) if regression else fitted.predict_proba(new)
    return known[2 * LEARNT :], made


def outcomes(task: Task, challenger: str, champion: str, *, exchanged: bool = False) -> list[str]:
    """Return what the gate decides in each comparison."""
    target, made = gated(task)
    given = context(scratch(), CASES[task])
    current = Champion(version="1", digest="", fetch=lambda folder: folder)
    generator = np.random.default_rng(2013)
    found = []
    for place in range(COMPARISONS):
        part = slice(place * ROWS, (place + 1) * ROWS)
        ours, theirs = made[challenger][part], made[champion][part]
        if exchanged:
            swap = generator.random(ROWS) < 0.5
            swap = swap if ours.ndim == 1 else swap[:, None]
            ours, theirs = np.where(swap, theirs, ours), np.where(swap, ours, theirs)
        model: Any = None  # what scored no longer matters
        pair = Pair(
            replace(given, seed=place),
            current,
            pd.DataFrame(index=range(ROWS)),
            target[part],
            Side(model, scratch(), ours),
            Side(model, scratch(), theirs),
            scratch() / "nowhere",
        )
        found.append(decide([comparison.champion(pair, resamples=RESAMPLES)]))
    return found


@pytest.mark.parametrize("task", CASES)
def test_an_equal_model_is_promoted_by_chance_in_at_most_5_of_100_comparisons(task: Task) -> None:
    found = outcomes(task, "one", "other", exchanged=True)

    # Of 200, 5 are expected: an interval of 95 % is above what it is of in 2.5 % of all cases.
    assert found.count("promote") <= 0.05 * COMPARISONS
    assert found.count("block") <= 0.05 * COMPARISONS
    # Nor is it that nothing is ever decided.
    assert found.count("promote") + found.count("block") > 0


@pytest.mark.parametrize("task", CASES)
def test_a_better_model_is_promoted_and_a_worse_one_blocked(task: Task) -> None:
    better, worse = outcomes(task, "one", "weak"), outcomes(task, "weak", "one")

    assert better.count("promote") >= 0.5 * COMPARISONS
    assert "block" not in better
    assert worse.count("block") >= 0.5 * COMPARISONS
    assert "promote" not in worse
