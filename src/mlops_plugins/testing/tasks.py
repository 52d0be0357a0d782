"""The task that a trainer takes: it may be made for one, and refuse the others."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from mlops_plugins.api.context import Task
from mlops_plugins.api.stage import Stage
from mlops_plugins.testing.artefacts import scratch
from mlops_plugins.testing.failure import ConformanceError, attempt, described
from mlops_plugins.testing.sandbox import Sandbox
from mlops_plugins.testing.tables import Case, plain

if TYPE_CHECKING:
    from mlops_plugins.testing.subject import Subject


def own_case(subject: Subject) -> Case:
    """Return flights with a task that the subject takes.

    Raises:
        ConformanceError: It refuses all.
    """
    return plain(own_task(subject))


@cache
def own_task(subject: Subject) -> Task:
    """Return the first task that the subject takes: every stage but train takes all of them.

    Raises:
        ConformanceError: It refuses all.
    """
    if subject.stage != Stage.TRAIN:
        return "binary"
    refusals = []
    tasks: tuple[Task, ...] = get_args(Task)
    for task in tasks:
        folder = Path(tempfile.mkdtemp(dir=scratch(), prefix="task-"))
        sandbox = Sandbox.make(folder, subject, plain(task))
        error = attempt(f"it trained on {sandbox.case}", sandbox.run)
        if error is None:
            return task
        refusals.append(described(error))
    raise ConformanceError(
        "it trained on flights, for each task",
        expected="an estimator for one of them at least",
        found="; ".join(refusals),
    )
