"""What the tests of bad inputs share: how a refusal reads, and that it leaves everything as it was."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_plugins.api.contracts import CONTRACTS, PIPELINE

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path
    from subprocess import CompletedProcess

    from mlops_plugins.api.errors import ExitCode

OUTPUTS = sorted(path for stage in PIPELINE for path in CONTRACTS[stage].outputs.values())

IN_THE_WAY = (".git", ".venv", ".dvc")
"""Folders of tools, which change with every command."""


def contents(root: Path, names: Iterable[str] = OUTPUTS) -> dict[str, bytes]:
    """Return the bytes of these files, and of all files in these folders."""
    found = [
        item
        for name in names
        for item in (root / name, *(root / name).rglob("*"))
        if item.is_file()
    ]
    return {item.relative_to(root).as_posix(): item.read_bytes() for item in found}


def snapshot(root: Path) -> dict[str, bytes]:
    """Return the bytes of every file of a project."""
    return contents(root, [item.name for item in root.iterdir() if item.name not in IN_THE_WAY])


def restore(root: Path, before: dict[str, bytes]) -> None:
    """Bring a project back to what `whole` found."""
    after = snapshot(root)
    for name in after.keys() - before.keys():
        (root / name).unlink()
    for name, content in before.items():
        if after.get(name) != content:
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_bytes(content)


def assert_told(done: CompletedProcess[str], *parts: str) -> None:
    """A user reads each part: what failed, where, and what to do; and no traceback."""
    told = done.stdout + done.stderr
    assert "Traceback" not in told, told
    for part in parts:
        assert part in told, f"{part!r} is not in:\n{told}"


def assert_refused(done: CompletedProcess[str], code: ExitCode, *parts: str) -> None:
    """It is told as above, with a place and a next step, and the exit code says of which kind."""
    assert_told(done, *parts, "where:", "next:")
    assert done.returncode == code, done.stdout + done.stderr
