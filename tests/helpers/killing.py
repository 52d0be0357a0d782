"""Kills commands that change the champion, at random moments, and looks at what they leave.

Usage: python -m tests.helpers.killing REGISTRY KILLS SEED

What is imported once here is there in each forked process, so that an attempt costs what the command
does and nothing else. The moment is a random share of the processor time that the command takes, or a
random one of its steps outside of the process: files, connections, requests.
"""

from __future__ import annotations

import ctypes
import json
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlops_plugins import Stage
from mlops_plugins.artifacts import files, tables
from mlops_plugins.artifacts.model_folder import open_model
from mlops_plugins.cli.app import main
from mlops_plugins.runtime.jobs.project import Project
from mlops_plugins.runtime.threads import cap_threads
from mlops_plugins.stages.register.history import fold
from tests.helpers.registering import Home

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlops_plugins.api.contracts.register import Champion

EVENTS = {
    "http.client.send",
    "open",
    "os.link",
    "os.mkdir",
    "os.remove",
    "os.rename",
    "os.rmdir",
    "sqlite3.connect",
}
"""What Python audits of what others can see; each of MLflow's sessions connects anew here."""

FIRST = 3
"""Versions that are there before anything is killed."""

SWEPT = (*range(0, 40, 4), 60, 80)
"""Steps before the end at which each action is killed first.

Neither a moment before the history's entry, nor one of the four or more steps between it and the
alias, is left to chance; all others are.
"""


def forked(work: Callable[[], Any], *, silent: bool = True) -> tuple[int, Any]:
    """Do the work in a process of its own; return how that ended, and what the work returned."""
    reads, writes = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reads)
        nowhere = os.open(os.devnull, os.O_WRONLY)
        if silent:
            os.dup2(nowhere, 1)
            os.dup2(nowhere, 2)
        code = 1
        try:
            answer = json.dumps(work())
            with os.fdopen(writes, "w") as stream:
                stream.write(answer)
            code = 0
        finally:
            os._exit(code)
    os.close(writes)
    with os.fdopen(reads) as stream:
        answer = stream.read()
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status), json.loads(answer) if answer else None


def kill_after(seconds: float) -> None:
    """Let the kernel send SIGKILL to this process when it has used so much time of a processor.

    So a moment does not depend on how busy the machine is, and may be inside any library.
    """
    library = ctypes.CDLL(None, use_errno=True)
    event = (ctypes.c_int * 16)(0, 0, signal.SIGKILL, 0)  # sigval, sigev_signo, SIGEV_SIGNAL
    timer = ctypes.c_void_p()
    clock = ctypes.c_int(time.CLOCK_PROCESS_CPUTIME_ID)
    assert library.timer_create(clock, ctypes.byref(event), ctypes.byref(timer)) == 0
    when = (ctypes.c_long * 4)(0, 0, int(seconds), int(seconds % 1 * 1e9))
    assert library.timer_settime(timer, 0, ctypes.byref(when), None) == 0


@dataclass
class Steps:
    """Counts what a command asks of the system, and kills the process before one of these steps."""

    at: int = 0
    seen: int = 0

    def __call__(self, event: str, _: Any) -> None:
        if event in EVENTS:
            self.seen += 1
            if self.seen == self.at:
                os.kill(os.getpid(), signal.SIGKILL)


def command(
    home: Home, words: list[str], *, after: float | None = None, at: int = 0
) -> tuple[int, Any]:
    """Run a command in a process of its own; return how long it took, and how many steps it had.

    It is killed when it has used so much time (`after`), or before a step (`at`), unless it ends before.
    """

    def work() -> tuple[float, int]:
        steps = Steps(at)
        sys.addaudithook(steps)
        begun = time.process_time()
        if after is not None:
            kill_after(after)
        main(["--project", str(home.root), *words], standalone_mode=False)
        return time.process_time() - begun, steps.seen

    return forked(work)


def look(home: Home, known: str = "") -> dict[str, Any]:
    """Return what the registry holds; its champion predicts, unless it is known to."""
    project = Project(home.root, lambda _: None)
    registry: Any = project.component(Stage.REGISTER)
    storage = registry.storage(project.context)
    history = fold(storage.entries())
    champion = registry.champion(project.context)
    assert champion is not None
    if champion.version != known:
        predicts(home, champion)
    last = history.valid[-1]
    return {
        "alias": champion.version,
        "champion": history.champion,
        "former": history.former,
        "line": list(history.line),
        "behind": [last.before] if champion.version != last.after else [],
        "log": [each.to_dict() for each in history.entries],
        "moves": [(each.action, each.before, each.after) for each in history.valid],
        "digests": [each.digest for each in storage.versions()],
        "versions": [each.number for each in storage.versions()],
    }


def predicts(home: Home, champion: Champion) -> None:
    """Check that a champion can serve."""
    with tempfile.TemporaryDirectory() as folder:
        model = open_model(champion.fetch(Path(folder)) / "model")
    assert model.digest == champion.digest
    rows = tables.read_frame(home.root / "reports/evaluation/predictions.parquet").head(1)
    assert len(model.predict(rows)) == 1


def looked(home: Home) -> tuple[dict[str, Any], dict[str, Any]]:
    """Look in a process of its own, before and after `mlops history` has completed what was left."""

    def work() -> list[dict[str, Any]]:
        left = look(home)
        home.done("history")
        return [left, look(home, left["alias"])]

    code, found = forked(work, silent=False)
    assert code == 0
    left, now = found
    assert left["alias"] == left["champion"] or left["behind"] == [left["alias"]]
    assert now["alias"] == now["champion"] == now["moves"][-1][2]
    assert now["log"] == left["log"]
    assert len(set(now["digests"])) == len(now["digests"])
    return left, now


class Attempts:
    """Attempts at changing the champion of one project, each killed at a random moment."""

    def __init__(self, home: Home, seed: int) -> None:
        self.home, self.random = home, random.Random(seed)  # noqa: S311
        self.rows = 100
        self.left: Counter[str] = Counter()

    def begin(self) -> None:
        """Register the first versions here: what that imports and finds, each process has then."""
        for _ in range(FIRST):
            self.rows += 1
            self.home.register(self.rows)
        open_model(self.home.root / "models/model")
        self.home.done("rollback", "--to", "1")
        _, self.state = looked(self.home)

    def judge(self, champion: str | None) -> None:
        """Let the pipeline have made another model, which the gate promotes."""
        self.rows += 1
        self.home.judged(self.rows, "promote", champion)

    def words(self, action: str) -> list[str]:
        """Return the command for an action, and make ready for it."""
        state = self.state
        if action == "register":
            self.judge(state["champion"])
            return ["run", "register"]
        if action == "promote":
            others = [each for each in state["versions"] if each != state["champion"]]
            return ["promote", self.random.choice(others)]
        if len(state["line"]) > 1 and self.random.random() < 0.5:
            return ["rollback"]
        return ["rollback", "--to", self.random.choice(state["former"])]

    def kill(self, action: str, times: int) -> None:
        """Kill an action so many times, before `SWEPT`, then anywhere; check what is left after each."""
        code, (seconds, steps) = command(self.home, self.words(action))
        assert code == 0
        _, self.state = looked(self.home)
        killed, swept = 0, self.random.sample(SWEPT, len(SWEPT))
        while killed < times:
            words = self.words(action)
            if swept:
                code, _ = command(self.home, words, at=steps - swept.pop())
            elif self.random.random() < 0.5:
                code, _ = command(self.home, words, after=self.random.uniform(0, seconds))
            else:
                # More of the late ones: what is read and checked comes first, and takes longest.
                late = int(steps * self.random.random() ** 2)
                code, _ = command(self.home, words, at=steps - late)
            assert code in (0, -signal.SIGKILL), f"{action} ended with {code}"
            killed += code != 0
            self.check(action, complete=code == 0)

    def check(self, action: str, *, complete: bool) -> None:
        """Check what an attempt left, and that the next command completes it."""
        before = self.state
        left, self.state = looked(self.home)
        made = left["moves"][len(before["moves"]) :]
        assert left["log"][: len(before["log"])] == before["log"], "the history was rewritten"
        assert len(made) == len(left["log"]) - len(before["log"]) <= 1, made
        does = "promote" if action == "register" else action
        assert all(move[:2] == [does, before["champion"]] for move in made), made
        if complete:
            assert made
            assert not left["behind"]
        self.left[f"{action} {'done' if complete else 'killed'}"] += 1
        self.left[f"{action} behind"] += bool(left["behind"])
        self.left[f"{action} not begun"] += not made
        if action == "register" and self.left["register killed"] % 5 == 1:
            self.again(left)

    def again(self, left: dict[str, Any]) -> None:
        """Register once more what a killed attempt left undone, or had done."""
        code, _ = command(self.home, ["run", "register"])
        assert code == 0
        digest = files.digest(self.home.root / "models/model")
        _, now = looked(self.home)
        number = now["versions"][now["digests"].index(digest)]
        assert now["champion"] == now["alias"] == number
        assert len(now["log"]) - len(left["log"]) == (left["champion"] != number)
        self.left["register again"] += 1
        self.state = now


def kill_all(name: str, kills: int, seed: int) -> dict[str, int]:
    """Kill promotions, rollbacks and registrations in a project of its own."""
    # What is connected here is not carried into the forked processes.
    os.environ["MLFLOW_SQLALCHEMYSTORE_POOLCLASS"] = "NullPool"
    cap_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder) / "late")
        # Nothing that starts threads may be done here: they are not carried over either.
        code, _ = forked(lambda: bool(Home.make(home.root, name)), silent=False)
        assert code == 0
        attempts = Attempts(home, seed)
        attempts.begin()
        for action in ("promote", "rollback", "register"):
            attempts.kill(action, kills)
        return dict(attempts.left)


if __name__ == "__main__":
    sys.stdout.write(json.dumps(kill_all(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))))
