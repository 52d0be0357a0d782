"""Where the time goes: each stage of a first run by itself, and what it imports."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.measure import Command, Times, median, run
from bench.projects import environment

if TYPE_CHECKING:
    from pathlib import Path

    from bench.projects import Demo

HEAVY = (
    "pandas", "pyarrow", "pandera", "scipy.stats", "sklearn", "skops", "matplotlib", "mlflow",
    "hydra", "fastapi",
)  # fmt: skip
"""Imports that are felt; none may come to a stage unnoticed."""

TRACED = re.compile(r"^import time:\s*(\d+) \|\s*\d+ \|\s*(\S+)$", re.MULTILINE)


@dataclass(frozen=True)
class StageCost:
    """What one stage took outside DVC.

    Attributes:
        stage: Its name.
        times: Of its process.
        import_share: The share of a process's CPU time that is importing.
        modules: How many it imports.
        heavy: Which of `HEAVY` are among them.
    """

    stage: str
    times: Times
    import_share: float
    modules: int
    heavy: tuple[str, ...]


def stage_costs(demo: Demo, folder: Path, repetitions: int) -> list[StageCost]:
    """Run the pipeline's stages one after another without DVC, as DVC would."""
    stages = demo.stages()
    plain: dict[str, list[Times]] = {stage: [] for stage in stages}
    for _ in range(repetitions):
        demo.fresh(folder)
        for stage in stages:
            plain[stage].append(run(_command(demo, folder, stage))[0])
    costs = []
    demo.fresh(folder)
    for stage in stages:
        traced, said = run(_command(demo, folder, stage, "-X", "importtime"))
        imported = TRACED.findall(said)
        names = {name for _, name in imported}
        # Both from the traced process: tracing slows imports, and a busy machine slows all.
        seconds = sum(int(microseconds) for microseconds, _ in imported) / 1e6
        costs.append(
            StageCost(
                stage=stage,
                times=median(plain[stage]),
                import_share=min(seconds / traced.wall, 1.0),
                modules=len(names),
                heavy=tuple(name for name in HEAVY if name in names),
            )
        )
    return costs


def _command(demo: Demo, folder: Path, stage: str, *flags: str) -> Command:
    words = ["compose"] if stage == "compose" else ["run", stage]
    arguments = [sys.executable, *flags, "-m", "mlops_plugins", *words]
    return Command(arguments, folder, environment(*demo.search_path))
