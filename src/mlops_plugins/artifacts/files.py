"""Writing files so that a killed process leaves what was there before, and hashing them."""

from __future__ import annotations

import hashlib
import json
import math
import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """Give a path to write to; move what is there to `target` if the block succeeds.

    The path may be made a file or a folder. If the block raises, `target` stays as it was.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".writing-") as folder:
        draft = Path(folder) / target.name
        yield draft
        if not target.is_dir():
            os.replace(draft, target)  # noqa: PTH105  Path.replace is the same call, less well known
        elif not _exchange(draft, target):
            shutil.move(target, Path(folder) / "old")
            os.replace(draft, target)  # noqa: PTH105


def _exchange(one: Path, other: Path) -> bool:
    """Let two paths change places in one step, so that a kill finds `other` complete at any moment.

    Returns False where the system cannot (`renameat2` is Linux's, and not of every file system).
    """
    import ctypes

    renameat2 = getattr(ctypes.CDLL(None), "renameat2", None)
    if renameat2 is None:
        return False
    here, exchange = -100, 2  # AT_FDCWD, RENAME_EXCHANGE
    return bool(renameat2(here, os.fsencode(one), here, os.fsencode(other), exchange) == 0)


def write_text(path: Path, text: str) -> None:
    """Write a text file in one step."""
    with replacing(path) as draft:
        draft.write_text(text, encoding="utf-8")


def update_text(path: Path, text: str) -> None:
    """Write a text file where it has another text: an equal one keeps its time, and is not hashed again."""
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        write_text(path, text)


def write_json(path: Path, value: Any) -> None:
    """Write readable JSON in the order given; NaN and infinities become null."""
    write_text(path, json.dumps(_finite(value), indent=2, ensure_ascii=False) + "\n")


def read_json(path: Path) -> Any:
    """Read a JSON file."""
    return json.loads(path.read_text(encoding="utf-8"))


def read_json_if_any(path: Path) -> Any:
    """Read a JSON file; None if there is none."""
    return read_json(path) if path.exists() else None


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def digest(path: Path, *, without: str = "") -> str:
    """Return the SHA-256 of a file, or of a folder's file names and contents, but for one file."""
    if path.is_file():
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    combined = hashlib.sha256()
    for file in sorted(item for item in path.rglob("*") if item.is_file()):
        if without and file == path / without:
            continue
        combined.update(f"{file.relative_to(path).as_posix()}\0{digest(file)}\n".encode())
    return combined.hexdigest()
