"""What a prediction costs: time and size, against the champion's."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING

from mlops_plugins.stages.gate.checks import Check

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from mlops_plugins.artifacts.model_folder import Model
    from mlops_plugins.stages.gate.options import Latency, Size
    from mlops_plugins.stages.gate.paired_rows import Pair

RUNS = 11
RUNS_BEYOND = 9
"""A model is slower if so many runs are: by chance, so many exceed the median in 1 of 30 cases."""

BATCH = 1000
"""Rows that are predicted at once."""

MEGABYTE = 1_000_000


@dataclass(frozen=True)
class Timed:
    """Seconds of each run, challenger and champion in turn."""

    ours: list[float]
    theirs: list[float]

    def exceeds(self, ratio: float, allowance: float) -> bool:
        """Return whether nearly all runs took longer than both limits allow."""
        pairs = zip(self.ours, self.theirs, strict=True)
        return (
            sum(mine > ratio * other and mine - other > allowance for mine, other in pairs)
            >= RUNS_BEYOND
        )


def latency(pair: Pair, batch: int, limit: Latency) -> Check:
    """Time both models on the same rows in turn; slower by both limits blocks.

    The verdict holds the times only if they block, so that two runs of the same give the same
    file; the log has them in any case.
    """
    rows = pair.rows.head(batch)
    timed = _time(pair.ours.model, pair.theirs.model, rows)
    ours, theirs = (1000 * median(seconds) for seconds in (timed.ours, timed.theirs))
    count = f"{len(rows):,} row{'s' if len(rows) > 1 else ''}"
    name, measured = f"latency of {count}", f"{ours:.1f} ms, the champion {theirs:.1f} ms"
    pair.context.log(f"{name}: {measured}")
    ratio, allowance = limit.max_ratio or math.inf, limit.allowance_ms
    limits = f"{ratio:g} times the champion's and {allowance:g} ms more"
    if not timed.exceeds(ratio, allowance / 1000):
        reason = f"{name}: not beyond {limits} in {RUNS_BEYOND} of {RUNS} runs"
        return Check(name, "pass", reason, {"limit": ratio, "floor_ms": allowance})
    numbers = {"value": round(ours / theirs, 2), "limit": ratio, "floor_ms": allowance}
    numbers |= {"ours_ms": round(ours, 1), "theirs_ms": round(theirs, 1)}
    return Check(name, "block", f"slower: {name} {measured}; more than {limits}", numbers)


def _time(ours: Model, theirs: Model, rows: pd.DataFrame) -> Timed:
    """Let each go first in every other run, so that neither finds a warmer machine."""
    timed = Timed([], [])
    sides = [(ours, timed.ours), (theirs, timed.theirs)]
    for run in range(RUNS):
        for model, seconds in sides if run % 2 else reversed(sides):
            begin = perf_counter()
            model.scores(rows)
            seconds.append(perf_counter() - begin)
    return timed


def size(pair: Pair, limit: Size) -> Check:
    """Compare the bytes of the model folders; larger by both limits blocks."""
    ratio = limit.max_ratio or math.inf
    ours, theirs = (_bytes(side.folder) for side in (pair.ours, pair.theirs))
    numbers = {"value": ours / theirs, "limit": ratio, "ours_bytes": ours, "theirs_bytes": theirs}
    text = f"size {ours / MEGABYTE:.2f} MB, the champion {theirs / MEGABYTE:.2f} MB"
    limits = f"{ratio:g} times the champion's and {limit.allowance_mb:g} MB more"
    if ours > ratio * theirs and ours - theirs > limit.allowance_mb * MEGABYTE:
        return Check("size", "block", f"larger: {text}; more than {limits}", numbers)
    return Check("size", "pass", f"{text}: within {limits}", numbers)


def _bytes(folder: Path) -> int:
    return sum(item.stat().st_size for item in folder.rglob("*") if item.is_file())
