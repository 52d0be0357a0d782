"""`kill -9` at any moment of `mlops run tune`: the next run ends with the same trials, each once."""

from __future__ import annotations

import os
import random
import re
import select
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from mlops_plugins import Stage
from mlops_plugins.api.paths import TUNING
from mlops_plugins.artifacts import files
from mlops_plugins.manager.plugin_manager import plugin_manager
from mlops_plugins.testing.sandbox import Sandbox
from mlops_plugins.testing.subject import Subject
from mlops_plugins.testing.tables import plain
from tests.helpers.refusals import contents
from tests.helpers.tuning import kept

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

TRIALS = 7
DEADLINE = 120
"""Seconds to wait for the end of processes on a busy machine."""

TRAINER = {"name": "sklearn", "max_iter": 8}


def made(root: Path, workers: int) -> Path:
    """Make a project in which the stages before `tune` have run."""
    subject = Subject(
        plugin_manager().find(Stage.TUNE, "optuna"), {"trials": TRIALS, "workers": workers}
    )
    sandbox = Sandbox.make(root, subject, plain())
    files.write_json(root / "params.yaml", {**sandbox.tree, "train": TRAINER})
    return root


def start(root: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "mlops_plugins", "--project", str(root), "run", "tune"],
        stderr=subprocess.PIPE,
        text=True,
    )


def numbers_of(line: str) -> list[int]:
    """Return the number of the trial that a line tells of."""
    return [int(number) for number in re.findall(r"^trial (\d+): ", line)]


def complete(root: Path) -> list[int]:
    """Run the search to its end; return the trials that it told of."""
    process = start(root)
    said = process.communicate()[1]
    assert process.returncode == 0, said
    return [number for line in said.splitlines() for number in numbers_of(line)]


def killed(root: Path, after: int, seconds: float) -> list[int]:
    """Kill the search so long after so many trials were told of; return these."""
    process = start(root)
    assert process.stderr is not None
    told: list[int] = []
    with process.stderr:
        while len(told) < after:
            line = process.stderr.readline()
            assert line, "it ended before it could be killed"
            told += numbers_of(line)
        try:
            process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            helpers = [os.pidfd_open(pid) for pid in children(process.pid)]
            process.kill()
            assert ended(helpers), "a worker outlives the search"
            told += [number for line in process.stderr for number in numbers_of(line)]
        process.wait()
    return told


def children(pid: int) -> list[int]:
    with open(f"/proc/{pid}/task/{pid}/children") as stream:  # noqa: PTH123
        return [int(word) for word in stream.read().split()]


def ended(processes: list[int]) -> bool:
    """Return whether all of these end in time; those that do not are ended."""
    in_time = True
    for process in processes:
        if not select.select([process], [], [], DEADLINE)[0]:
            in_time = False
            signal.pidfd_send_signal(process, signal.SIGKILL)
        os.close(process)
    return in_time


@pytest.mark.parametrize("workers", [1, 2])
def test_no_trial_is_lost_or_counted_twice(workers: int, tmp_path: Path) -> None:
    undisturbed = made(tmp_path / "undisturbed", workers)
    assert complete(undisturbed) == list(range(TRIALS))
    expected = contents(undisturbed, (TUNING,))
    assert f"{TUNING}/best.json" in expected

    root, told = made(tmp_path / "killed", workers), list[int]()
    generator = random.Random(workers)  # noqa: S311
    for after in (0, 1, 2):
        told += killed(root, after, generator.uniform(0, 0.5))
        assert not (root / TUNING).exists()
        (journal,) = kept(root) or [[]]
        ended_before = [trial["number"] for trial in journal]
        assert set(told) <= set(ended_before)
    last = complete(root)

    assert contents(root, (TUNING,)) == expected
    (journal,) = kept(root)
    assert sorted(trial["number"] for trial in journal) == list(range(TRIALS))
    assert without_time(journal) == without_time(kept(undisturbed)[0])
    assert len(set(told + last)) == len(told + last)
    assert set(last) == set(range(TRIALS)) - set(ended_before)
    assert complete(root) == []


def without_time(journal: list[dict[str, Any]]) -> list[dict[str, Any]]:
    ordered = sorted(journal, key=lambda trial: trial["number"])
    return [{**trial, "seconds": None} for trial in ordered]
