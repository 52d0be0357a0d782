"""The commands and the code of a page of the documentation, and what the page shows below them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.helpers.projects import ROOT, Project


def blocks(page: str) -> list[list[tuple[str, list[str]]]]:
    """Return each console block's commands, and the lines that are shown below each."""
    found = []
    for block in re.findall(r"```console\n(.*?)```", (ROOT / "docs" / page).read_text(), re.DOTALL):
        commands: list[tuple[str, list[str]]] = []
        for line in block.rstrip("\n").split("\n"):
            if line.startswith("$ "):
                commands.append((line[2:], []))
            else:
                commands[-1][1].append(line)
        found.append(commands)
    return found


def pattern(shown: str) -> str:
    """Return what a shown line must match: numbers, and how wide a column is, may be others."""
    parts = re.split(r"[\d.,]*\d", shown.strip())
    return r"[\d.,]+".join(re.sub(r"(\\ ){2,}", r"\\s+", re.escape(part)) for part in parts)


def python_blocks(page: str) -> list[str]:
    return re.findall(r"```python\n(.*?)```", (ROOT / "docs" / page).read_text(), re.DOTALL)


def run_as_typed(commands: list[tuple[str, list[str]]], folder: Path, **variables: str) -> None:
    """Type commands one after the other in one shell, whose folder and environment last.

    Each prints every line that the page shows below it. The commands of this environment are found;
    who commits is Test.
    """
    environment = {
        key: value for key, value in os.environ.items() if key not in ("VIRTUAL_ENV", "MAKEFLAGS")
    }
    environment |= {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        **{f"GIT_{who}_NAME": "Test" for who in ("AUTHOR", "COMMITTER")},
        **{f"GIT_{who}_EMAIL": "test@example.com" for who in ("AUTHOR", "COMMITTER")},
    }
    marker = "=== the next command ==="
    script = "\n".join(f"echo '{marker}'\n{typed} 2>&1" for typed, _ in commands)
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        env=environment | variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    for (typed, shown), printed in zip(commands, done.stdout.split(f"{marker}\n")[1:], strict=True):
        assert_printed(typed, shown, printed)


def assert_printed(typed: str, shown: list[str], printed: str) -> None:
    """A command prints every line that a page shows below it."""
    for line in shown:
        assert re.search(pattern(line), printed), f"$ {typed}\nshould print {line!r}:\n{printed}"


def assert_shown(project: Project, page: str) -> None:
    """Type a page's commands in a project; each prints every line that the page shows below it."""
    for block in blocks(page):
        for typed, shown in block:
            printed = project.run("bash", "-c", typed, COLUMNS="120").stdout
            assert_printed(typed, shown, printed)
