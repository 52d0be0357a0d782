"""Where files are: a path or a URL, of one file, of a folder, or with wildcards."""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import unquote

from mlops_plugins.api.errors import ConfigurationError, DataError
from mlops_plugins.artifacts import files
from mlops_plugins.artifacts.reading import reader_of
from mlops_plugins.artifacts.reading.errors import ENDINGS, missing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

WILDCARDS = re.compile(r"[*?\[]")
NO_VALUE = "__HIVE_DEFAULT_PARTITION__"
ATTEMPTS = 3
"""How often a request to an object store is made."""


class SourceFile(Protocol):
    """One file somewhere."""

    @property
    def name(self) -> str:
        """Return what a user knows it as."""
        ...

    @property
    def below(self) -> str:
        """Return the part of its path that a folder or wildcards found."""
        ...

    def fingerprint(self) -> dict[str, Any]:
        """Return what changes when the content does: for the manifest, and to find it again.

        Raises:
            DataError: It cannot be reached, or is gone.
        """
        ...

    def fetch(self, folder: Path) -> Path:
        """Return a local file with its content, in `folder` if it has to be brought here."""
        ...


@dataclass(frozen=True)
class LocalFile:
    """A file on a disk."""

    path: Path
    name: str
    below: str

    def fingerprint(self) -> dict[str, Any]:
        """Return its size and hash."""
        try:
            return {"size": self.path.stat().st_size, "sha256": files.digest(self.path)}
        except OSError as error:
            raise _unreadable(self.name, error) from None

    def fetch(self, folder: Path) -> Path:
        """Return the file itself."""
        return self.path


@dataclass(frozen=True)
class RemoteFile:
    """A file behind a URL, reached by fsspec."""

    system: Any
    path: str
    name: str
    below: str

    def fingerprint(self) -> dict[str, Any]:
        """Return its size, and its ETag or whatever else its store calls a version."""
        with _explained(self.name):
            self.system.invalidate_cache()
            info = self.system.info(self.path)
        etag = info.get("ETag") or info.get("etag")
        version = {"etag": etag.strip('"')} if etag else {"version": self.system.ukey(self.path)}
        return {"size": info["size"], **version}

    def fetch(self, folder: Path) -> Path:
        """Download it: Excel and Parquet are read from their end, and it is read but once."""
        target = folder / PurePosixPath(self.path).name
        with _explained(self.name):
            self.system.get_file(self.path, str(target))
        return target


def find(root: Path, path: str, *, timeout: float) -> Sequence[SourceFile]:
    """Return the files that `path` names, in the order of their names.

    In a folder, and behind wildcards, files of an unknown kind and those that begin with '.' or '_'
    (as `_SUCCESS`) are left out.

    Args:
        root: What a relative path is relative to.
        path: A path or URL.
        timeout: Seconds after which an attempt to reach a server is given up.

    Raises:
        DataError: There are none, or the store cannot be reached.
        ConfigurationError: No package that is installed reaches such a store.
    """
    sources = _remote(path, timeout) if "://" in path else _local(root, path)
    if not sources:
        raise DataError(
            f"There is no data file in {path}.",
            where=path,
            expected=f"files, each with {ENDINGS}",
            next_step="put them there, or correct path in conf/ingest/file.yaml",
        )
    return sources


def partitions(below: str) -> dict[str, str | None]:
    """Return the values that the folders of a path name.

    >>> partitions("year=2024/region=S%C3%BCd/part-0.parquet")
    {'year': '2024', 'region': 'Süd'}
    """
    pairs = [part.split("=", 1) for part in PurePosixPath(below).parts[:-1] if "=" in part]
    return {name: None if value == NO_VALUE else unquote(value) for name, value in pairs}


def _fixed(path: str) -> str:
    """Return the folder above the first wildcard."""
    return WILDCARDS.split(path, maxsplit=1)[0].rpartition("/")[0]


def _wanted(names: Iterable[str]) -> list[str]:
    hidden = re.compile(r"(^|/)[._]")
    return sorted(name for name in names if reader_of(name) and not hidden.search(name))


def _local(root: Path, path: str) -> list[SourceFile]:
    target = root / path
    if target.is_file():
        return [LocalFile(target, path, target.name)]
    if target.is_dir():
        base, items = target, target.rglob("*")
    elif WILDCARDS.search(path):
        base = root / _fixed(path)
        pattern = path[len(_fixed(path)) :].lstrip("/")
        items = base.glob(pattern)
    else:
        raise missing(path)
    below = [item.relative_to(base).as_posix() for item in items if item.is_file()]
    shown = base.relative_to(root).as_posix() if base.is_relative_to(root) else base.as_posix()
    return [LocalFile(base / each, f"{shown}/{each}", each) for each in _wanted(below)]


def _remote(url: str, timeout: float) -> list[SourceFile]:
    system, path = _system(url, timeout)
    scheme = url.partition("://")[0]
    with _explained(url):
        if WILDCARDS.search(path):
            base = _fixed(path)
            # A store answers a pattern in a bucket that is not there with nothing.
            keys = system.glob(path)
            if not keys:
                system.find(base)
        elif system.isfile(path):
            base = str(PurePosixPath(path).parent)
            keys = [path]
        else:
            base = path.rstrip("/")
            keys = system.find(base)
            if not keys and reader_of(url):
                system.info(path)
    names = _wanted(str(each)[len(base) :].lstrip("/") for each in keys)
    paths = [(f"{base}/{each}", each) for each in names]
    return [RemoteFile(system, path, f"{scheme}://{path}", each) for path, each in paths]


def _system(url: str, timeout: float) -> tuple[Any, str]:
    scheme = url.partition("://")[0]
    try:
        import fsspec

        options: dict[str, Any] = {}
        if scheme in ("s3", "s3a"):
            retries = {"max_attempts": ATTEMPTS, "mode": "standard"}
            limits = {"connect_timeout": timeout, "read_timeout": timeout, "retries": retries}
            options = {"config_kwargs": limits}
        system, path = fsspec.url_to_fs(url, **options)
    except (ImportError, ValueError) as error:
        raise ConfigurationError(
            f"Nothing that is installed reads {scheme}:// addresses: {str(error).rstrip('.')}.",
            where=url,
            expected="a path, or a URL that fsspec knows",
            next_step="uv add 'mlops-plugins[s3]', or the package that fsspec names",
        ) from None
    system.retries = 1  # botocore tries again already: both together would wait for many timeouts
    return system, str(path)


@contextmanager
def _explained(name: str) -> Iterator[None]:
    """Turn what a store answers into a DataError."""
    try:
        yield
    except Exception as error:  # noqa: BLE001  each store has its own, which cannot be imported here
        raise _unreadable(name, error) from None


ANSWERS: Sequence[tuple[type[Exception] | str, str, str]] = (
    (FileNotFoundError, "does not exist", "check the bucket and the path"),
    (
        PermissionError,
        "may not be read",
        "check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the profile, and what they may do",
    ),
    (
        "NoCredentialsError",
        "may not be read without credentials",
        "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
    ),
    (
        "Timeout",
        "cannot be reached in time",
        "check the network and AWS_ENDPOINT_URL, or raise timeout",
    ),
    ("", "cannot be reached", "check the network and AWS_ENDPOINT_URL"),
)


def _unreadable(name: str, error: Exception) -> DataError:
    """Return the error for what a disk or a store answers."""

    def fits(sign: type[Exception] | str) -> bool:
        if isinstance(sign, str):
            return sign in type(error).__name__
        return isinstance(error, sign)

    what, next_step = next(answer for sign, *answer in ANSWERS if fits(sign))
    reason = " ".join(str(error).split())[:200]
    return DataError(
        f"{name} {what}: {reason.rstrip('.')}.",
        where=name,
        expected="a file that can be read",
        next_step=next_step,
    )
