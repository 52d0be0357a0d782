"""Timing whole processes, and comparing two of them while the machine is as it is."""

from __future__ import annotations

import os
import statistics
import subprocess
import tempfile
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import resource
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path


@dataclass(frozen=True)
class Times:
    """What a process and those that it started took, in seconds."""

    wall: float
    cpu: float


@dataclass(frozen=True)
class Command:
    """A command to measure; `prepare` runs before each time, unmeasured."""

    arguments: Sequence[str]
    folder: Path
    environment: Mapping[str, str]
    prepare: Callable[[], object] = lambda: None


class FailedCommandError(Exception):
    """A measured command failed, so its time means nothing."""


def run(command: Command) -> tuple[Times, str]:
    """Run a command once; return its times and what it said.

    Raises:
        FailedCommandError: It did not exit with 0.
    """
    wall, usage, output = used(command)
    return Times(wall, usage.ru_utime + usage.ru_stime), output


def used(command: Command) -> tuple[float, resource.struct_rusage, str]:
    """Run a command once; return the seconds it took, what it used, and what it said.

    Raises:
        FailedCommandError: It did not exit with 0.
    """
    command.prepare()
    # A file, not a pipe: nobody reads while we wait, and a full pipe would stop the command.
    with tempfile.TemporaryFile("w+") as said:
        started = time.perf_counter()
        process = subprocess.Popen(
            command.arguments,
            cwd=command.folder,
            env=dict(command.environment),
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
        )
        # Unlike the resource module's totals, wait4 is of this process and its descendants alone.
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        output = said.read()
    if process.returncode:
        raise FailedCommandError(
            f"{' '.join(command.arguments)} exited with {process.returncode}:\n{output[-4000:]}"
        )
    return wall, usage, output


def interleave(one: Command, other: Command, repetitions: int) -> tuple[list[Times], list[Times]]:
    """Run two commands in turn, so that a busy spell of the machine falls on both."""
    pairs = [(run(one)[0], run(other)[0]) for _ in range(repetitions)]
    return [pair[0] for pair in pairs], [pair[1] for pair in pairs]


def median(times: Sequence[Times]) -> Times:
    """Return the medians."""
    return Times(
        statistics.median(each.wall for each in times),
        statistics.median(each.cpu for each in times),
    )


@dataclass(frozen=True)
class Comparison:
    """What was measured of two commands, and the ratio that is aimed at."""

    name: str
    against: str
    aim: float | None
    one: Times
    other: Times
    repetitions: int

    @property
    def ratio(self) -> Times:
        """Return the ratios of wall and CPU time."""
        return Times(self.one.wall / self.other.wall, self.one.cpu / self.other.cpu)

    @property
    def met(self) -> bool | None:
        """Return whether the wall time's ratio is at most the aim; None where there is no aim."""
        return None if self.aim is None else self.ratio.wall <= self.aim


def compare(
    name: str, against: str, aim: float | None, one: Command, other: Command, repetitions: int
) -> Comparison:
    """Measure two commands in turn."""
    first, second = interleave(one, other, repetitions)
    return Comparison(name, against, aim, median(first), median(second), repetitions)
