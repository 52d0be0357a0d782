"""What every stage of the pipeline must do: write what it promises at its path, and repeat it."""

from __future__ import annotations

import shutil
import signal
import tempfile
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from mlops_plugins.api.errors import ConfigurationError
from mlops_plugins.api.stage import Stage
from mlops_plugins.manager import formats
from mlops_plugins.manager.plugin_manager import plugin_manager
from mlops_plugins.testing.artefacts import scratch
from mlops_plugins.testing.failure import ConformanceError, attempt, described, done, require
from mlops_plugins.testing.processes import finish, start
from mlops_plugins.testing.sandbox import Sandbox, copy, difference
from mlops_plugins.testing.tasks import own_case

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mlops_plugins.testing.processes import Action
    from mlops_plugins.testing.subject import Run, Subject

    Verify = Callable[[Sandbox], None]
    """Looks at the outputs of a run."""

    Then = Callable[[Sandbox], list[Action]]
    """Returns what another process is to do with the outputs of a run."""

STORES = (Stage.TRACK, Stage.REGISTER)
"""Stages that keep something beside their outputs."""

CACHE = ".mlops/cache/"
"""A folder of the project that may be deleted at any time, and costs time only."""

PREVIOUS = "what the run before wrote"


def _nothing(_: Sandbox) -> list[Action]:
    return []


def checks(verify: Verify, *, then: Then = _nothing) -> Mapping[str, Run]:
    """Return the checks of any stage.

    Args:
        verify: Tells whether the stage's outputs are complete.
        then: What the second of two processes does with the first one's outputs.
    """
    return {
        "writes what it promises": partial(writes_what_it_promises, verify),
        "changes nothing but its outputs": changes_nothing_else,
        "is deterministic under the seed": partial(is_deterministic, then),
        "leaves what was there when it is killed": partial(survives_a_kill, verify),
    }


def keeps_formats(sandbox: Sandbox) -> None:
    """The files that others read are as the stage's contract says.

    Raises:
        ConformanceError: One is missing, or lacks a key.
    """
    whose = str(sandbox.subject.offer)
    done(
        f"the files that it wrote on {sandbox.case} were read",
        lambda: formats.check_outputs(sandbox.contract, sandbox.outputs, whose),
    )


def ran(sandbox: Sandbox) -> Sandbox:
    """Run the sandbox's stage, which has no reason to refuse.

    Raises:
        ConformanceError: It raised an error.
    """
    done(f"it ran on {sandbox.case}", sandbox.run)
    return sandbox


def refuses_the_task(sandbox: Sandbox) -> bool:
    """Run the sandbox's stage; return whether it says that the task is not one of its own.

    Two classes are every implementation's task, and trainers have a rule of their own.

    Raises:
        ConformanceError: It raised another error.
    """
    did = f"it ran on {sandbox.case}"
    error = attempt(did, sandbox.run)
    if error is None:
        return False
    if isinstance(error, ConfigurationError) and sandbox.case.data.task != "binary":
        return True
    raise ConformanceError(did, expected="a result", found=described(error)) from error


@dataclass(frozen=True)
class FirstRun:
    """A run whose outputs went elsewhere, and the project's files before and after it."""

    sandbox: Sandbox
    before: Mapping[str, str]
    after: Mapping[str, str]


@cache
def first_run(subject: Subject) -> FirstRun:
    """Run a stage on plain flights, once; its outputs are in the project at the end.

    Raises:
        ConformanceError: It raised an error, or wrote an output at another path than it was given.
    """
    folder = Path(tempfile.mkdtemp(dir=scratch(), prefix="first-"))
    sandbox = Sandbox.make(folder / "project", subject, own_case(subject))
    before, elsewhere = sandbox.content(), folder / "elsewhere"
    did = "it ran, with its outputs outside the project"
    done(did, lambda: sandbox.run(into=elsewhere))
    after = sandbox.content()
    for path in sandbox.contract.outputs.values():
        copy(elsewhere / path, sandbox.root / path)
    return FirstRun(sandbox, before, after)


def writes_what_it_promises(verify: Verify, subject: Subject, folder: Path) -> None:
    """The outputs are where they belong, and complete."""
    verify(first_run(subject).sandbox)


def changes_nothing_else(subject: Subject, folder: Path) -> None:
    """Outputs go where the paths say, and all else in the project stays as it is."""
    run, kept = first_run(subject), plugin_manager().contract(subject.stage).kept.values()
    before = {name: digest for name, digest in run.before.items() if name not in kept}
    after = {
        name: digest
        for name, digest in run.after.items()
        if name in before or not (name in kept or subject.stage in STORES or name.startswith(CACHE))
    }
    require(
        before == after,
        "it ran, with its outputs outside the project",
        expected="no other file of the project new, changed or gone",
        found=difference(before, after),
    )


@cache
def twins(subject: Subject, then: Then) -> tuple[Sandbox, Sandbox]:
    """Run a stage in two processes whose sets are ordered differently, in different folders.

    Raises:
        ConformanceError: One of them failed.
    """
    folder = Path(tempfile.mkdtemp(dir=scratch(), prefix="twins-"))
    made: list[Sandbox] = []
    for hash_seed in (1, 2):
        sandbox = Sandbox.make(folder / f"project-{hash_seed}", subject, own_case(subject))
        more = then(made[0]) if made else []
        action = ("run", str(sandbox.root), str(sandbox.stage))
        process = start(action, *more, folder=sandbox.root, hash_seed=hash_seed)
        finish(process, "it ran in a fresh process")
        made.append(sandbox)
    return made[0], made[1]


def is_deterministic(then: Then, subject: Subject, folder: Path) -> None:
    """Two processes write the same bytes, whatever the order of their sets."""
    one, other = map(content_of_outputs, twins(subject, then))
    require(
        one == other,
        "it ran in two folders and processes, with PYTHONHASHSEED 1 and 2",
        expected="the same bytes",
        found=difference(one, other),
    )


def content_of_outputs(sandbox: Sandbox) -> dict[str, str]:
    """Return the hash of every file that the stage wrote, by its path in the project."""
    outputs = tuple(sandbox.contract.outputs.values())
    full = sandbox.content()
    return {name: digest for name, digest in full.items() if name.startswith(outputs)}


def survives_a_kill(verify: Verify, subject: Subject, folder: Path) -> None:
    """After a kill each output is the previous one, and the next run succeeds."""
    sandbox = Sandbox.make(folder, subject, own_case(subject))
    for path in sandbox.outputs.values():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(PREVIOUS)
    before = content_of_outputs(sandbox)
    did = "its process was killed when it began to write"
    action = ("killed", str(sandbox.root), str(sandbox.stage))
    finish(start(action, folder=folder), did, code=-signal.SIGKILL)
    after = content_of_outputs(sandbox)
    require(before == after, did, expected="the previous output", found=difference(before, after))
    for path in sandbox.outputs.values():
        path.unlink()
    for draft in folder.rglob(".writing-*"):
        shutil.rmtree(draft)
    try:
        verify(ran(sandbox))
    except ConformanceError as error:
        raise ConformanceError(
            f"{did}, and it was run again", expected="as good a result as ever", found=error
        ) from error
