"""A whole installation in processes of its own, as a customer runs it: started, killed, started again, and nothing left behind."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from engine.store.unit_of_work import Database
from handlers.invariants import check_all
from tests.keeper import kept_directory

_ORDERCRAFT = Path(sys.executable).parent / "ordercraft"
_READY_SECONDS = 300
_STOP_SECONDS = 60


class House:
    """One data directory, one port and the processes that work on them. `settings` are environment variables for all of them."""

    def __init__(self, **settings: str) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="system-", dir=kept_directory()))
        self.port = _free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("ORDERCRAFT_") and name != "DATABASE_URL"}
        self._environment = {**inherited, "ORDERCRAFT_DATA": str(self.directory), **settings}
        self._running: list[subprocess.Popen[bytes]] = []

    def serve(self, *options: str) -> subprocess.Popen[bytes]:
        """Start `ordercraft serve` and wait until it answers."""
        process = self.start("serve", "--port", str(self.port), *options)
        self._until_ready(process)
        return process

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        """Start a command that stays."""
        with self._log.open("ab") as log:
            process = subprocess.Popen([_ORDERCRAFT, *words], env=self._environment, stdout=log, stderr=log)
        self._running.append(process)
        return process

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return subprocess.run([_ORDERCRAFT, *words], env=self._environment, capture_output=True, text=True, timeout=300, check=False)

    def broken(self) -> list[str]:
        """The invariants that do not hold, asked from here: `ordercraft check` would load for seconds to ask the same."""
        database = Database(url, pool_size=2) if (url := self._environment.get("DATABASE_URL")) else self.postgres()
        with closing(database), database.transaction() as tx:
            return [f"{each.id} {each.sentence} {each.examples[:3]}" for each in check_all(tx) if not each.ok]

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        """End a process at once, as a power cut would."""
        process.kill()
        process.wait(_STOP_SECONDS)
        self._running.remove(process)

    def stop(self, process: subprocess.Popen[bytes]) -> int:
        """Ask a process to end, and answer its exit code. Raises when it takes longer than it may."""
        process.terminate()
        code = process.wait(_STOP_SECONDS)
        self._running.remove(process)
        return code

    def log(self) -> str:
        """What the processes wrote."""
        return self._log.read_text() if self._log.exists() else ""

    def postgres(self) -> Database:
        """The embedded PostgreSQL, seen from outside; it runs as long as a process of the house does."""
        _, _, _, port, socket_directory, *_ = self._postmaster().read_text().splitlines()
        return Database(f"postgresql://postgres@/postgres?host={socket_directory}&port={port}", pool_size=2)

    def postgres_runs(self) -> bool:
        """Whether the embedded PostgreSQL runs."""
        return self._postmaster().exists()

    def leave(self) -> None:
        """End whatever still runs and remove the data."""
        for process in [*self._running]:
            with suppress(subprocess.TimeoutExpired):
                self.stop(process)
        for process in [*self._running]:
            self.kill(process)
        self._end_postgres()
        shutil.rmtree(self.directory, ignore_errors=True)

    @property
    def _log(self) -> Path:
        return self.directory / "log.txt"

    def _postmaster(self) -> Path:
        return self.directory / "postgres" / "postmaster.pid"

    def _end_postgres(self) -> None:
        if not self.postgres_runs():
            return
        with suppress(ProcessLookupError):
            os.kill(int(self._postmaster().read_text().splitlines()[0]), signal.SIGINT)
        until = time.monotonic() + _STOP_SECONDS
        while self.postgres_runs() and time.monotonic() < until:
            time.sleep(0.05)

    def _until_ready(self, process: subprocess.Popen[bytes]) -> None:
        until = time.monotonic() + _READY_SECONDS
        while not _answers(self.address + "/health/ready"):
            if process.poll() is not None or time.monotonic() > until:
                raise AssertionError(f"serve does not answer (exit code {process.poll()}):\n{self.log()}")
            time.sleep(0.1)


def rows(database: Database, statement: str) -> Sequence[Any]:
    """The rows of a query in a transaction of its own."""
    from sqlalchemy import text

    with database.transaction() as tx:
        return tx.execute(text(statement)).all()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
