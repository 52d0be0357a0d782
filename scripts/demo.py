"""From nothing to a served, watched model: what `make demo` does.

Usage: python scripts/demo.py FOLDER

Needs `copier` and `uv` on PATH. Each step says what it does; a step that is done already says so.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
MONTH = "2013-07"
PATIENCE = 60
"""Seconds until the service must have answered."""


def main() -> None:
    """Make the project, train, serve, watch."""
    project = Path(sys.argv[1]).resolve()
    started = time.monotonic()
    with step("copy the template", done=(project / ".copier-answers.yml").exists()) as todo:
        if todo:
            copy(project)
    with step(
        "set the project up (git, environment, lock)", done=(project / ".venv").exists()
    ) as todo:
        if todo:
            run("make", "--no-print-directory", "setup", cwd=project)
    with step("dvc repro: compose, and every stage that `mlops dag` shows"):
        uv_run(project, "dvc", "repro")
    with step("what came out"):
        uv_run(project, "dvc", "metrics", "show")
        uv_run(project, "mlops", "gate")
        show_registry(project)
    with step(f"the flights of {MONTH}, which the model has not seen"):
        uv_run(
            project, "python", "-m", "mlops_plugins.stages.ingest.sample", MONTH, "data/production"
        )
    with step("one prediction, over HTTP, by the champion"):
        show_prediction(project)
    with step(f"the monitor's report on {MONTH}"):
        watch(project)
    say_next(project, time.monotonic() - started)


@contextmanager
def step(what: str, *, done: bool = False) -> Iterator[bool]:
    """Announce a step; say which one failed."""
    print(f"\n== {what}{': already there' if done else ''}", flush=True)
    try:
        yield not done
    except (subprocess.CalledProcessError, OSError, RuntimeError) as error:
        sys.exit(
            f"\nmake demo failed at: {what}\n  {error}\n  see above for the cause; mend it, then: make demo"
        )


def copy(project: Path) -> None:
    """Render the commit that is checked out, with the default answers."""
    if project.exists() and any(project.iterdir()):
        raise RuntimeError(f"{project} holds something else: choose another folder with DEMO=")
    commit = output("git", "-C", str(ROOT), "rev-parse", "HEAD")
    if output("git", "-C", str(ROOT), "status", "--porcelain"):
        print("note: uncommitted changes of this repository are not in the demo", flush=True)
    run("copier", "copy", "--quiet", "--defaults", "--vcs-ref", commit, str(ROOT), str(project))


def show_registry(project: Path) -> None:
    """Print the registered versions with their aliases."""
    code = (
        "import mlflow; client = mlflow.MlflowClient('sqlite:///mlflow.db')\n"
        "for model in client.search_registered_models():\n"
        "    print(f'registered: {model.name}', *(f'{a} -> version {v}' for a, v in model.aliases.items()), sep='  ')\n"
    )
    uv_run(project, "python", "-c", code)


def show_prediction(project: Path) -> None:
    """Start the service, ask it about one flight, and stop it."""
    port = free_port()
    server = subprocess.Popen(
        ["uv", "run", "--quiet", "mlops", "serve", "--port", str(port)],
        cwd=project,
        env=environment(),
    )
    try:
        wait_for(f"http://127.0.0.1:{port}/healthz", server)
        code = (
            "import pandas; rows = pandas.read_parquet('data/production/" + MONTH + ".parquet')\n"
            "print(rows.iloc[[0]].to_json(orient='records', date_format='iso')[1:-1])"
        )
        row = output("uv", "run", "--quiet", "python", "-c", code, cwd=project)
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/predict",
            data=row.encode(),
            headers={"Content-Type": "application/json"},
        )
        print(f"POST /predict {row}")
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310
            print(json.dumps(json.load(answer), indent=2), flush=True)
    finally:
        server.terminate()
        server.wait()


def wait_for(address: str, server: subprocess.Popen[bytes]) -> None:
    """Return when the service answers."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise RuntimeError(f"the service ended with exit code {server.returncode}")
        try:
            urllib.request.urlopen(address, timeout=1).close()  # noqa: S310
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError(f"the service did not answer within {PATIENCE} s")


def watch(project: Path) -> None:
    """Run the monitor on rows whose labels have arrived; that it finds drift is no failure."""
    data = f"data/production/{MONTH}"
    command = [
        "mlops",
        "monitor",
        "--name",
        MONTH,
        "--data",
        f"{data}.parquet",
        "--labels",
        f"{data}-labels.parquet",
    ]
    done = subprocess.run(
        ["uv", "run", "--quiet", *command], cwd=project, env=environment(), check=False
    )
    if done.returncode not in (0, 10, 20):
        raise RuntimeError(f"mlops monitor exited with {done.returncode}")
    print(f"(exit code {done.returncode}: 0 is fine, 10 is drift, 20 is an alarm)", flush=True)


def say_next(project: Path, seconds: float) -> None:
    """Say what to type next."""
    here = Path.cwd()
    shown = project.relative_to(here) if project.is_relative_to(here) else project
    print(f"""
Done in {seconds:.0f} s. Next:

    cd {shown}
    uv run dvc exp run -S train.max_leaf_nodes=8 # an experiment; compare with: uv run dvc exp show
    make serve                                   # the champion, at http://127.0.0.1:8000/docs
    make retrain                                 # decides from the monitor's reports
    xdg-open monitoring/reports/{MONTH}/report.html

(no uv? it is in {ROOT / ".tools/bin"})""")


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def environment() -> dict[str, str]:
    """Return the environment without what would slow or redirect the project's commands."""
    dropped = (
        "PYTHONDONTWRITEBYTECODE",
        "VIRTUAL_ENV",
        "MLFLOW_TRACKING_URI",
        "MAKEFLAGS",
        "MAKELEVEL",
    )
    return {key: value for key, value in os.environ.items() if key not in dropped}


def uv_run(project: Path, *command: str) -> None:
    """Run a command in the project's environment."""
    run("uv", "run", "--quiet", *command, cwd=project)


def run(*command: str, **options: Any) -> None:
    """Run a command, its output shown."""
    subprocess.run(command, check=True, env=environment(), **options)


def output(*command: str, **options: Any) -> str:
    """Return what a command prints."""
    done = subprocess.run(
        command, check=True, env=environment(), stdout=subprocess.PIPE, text=True, **options
    )
    return done.stdout.strip()


if __name__ == "__main__":
    main()
