"""Takes away what a test process leaves behind, however that process ends: servers, workers and data under one directory.

Beside every test process runs a keeper, `python -m tests.keeper DIRECTORY`, in a session of its own, which a Ctrl-C does not reach. It
reads from a pipe that nobody writes to: when the pipe ends, the test process is gone, by whatever signal. Then everything that still runs
and names the directory in its command line or its environment is ended, and the directory removed.
"""

import atexit
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from functools import cache
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[1]
#: What is asked to end once a round; after the patient rounds nothing is asked any more.
_ROUNDS, _PATIENT_ROUNDS, _PAUSE = 100, 50, 0.1
_MEMORY, _ROOM = Path("/dev/shm"), 4 * 2**30


@cache
def kept_directory() -> Path:
    """The directory under which this process and its tests start servers."""
    directory = Path(tempfile.mkdtemp(prefix="ordercraft-test-", dir=_MEMORY if in_memory() else None))
    command = [sys.executable, "-m", "tests.keeper", str(directory)]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    # No child of ours inherits our end of the pipe, so it ends with us and not with a server that outlives us.
    keeper = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, start_new_session=True, **quiet)
    atexit.register(keeper.communicate)  # the pipe ends, and nothing is left when the tests say that they are over
    return directory


@cache
def in_memory() -> bool:
    """Whether there is a file system in memory with room for the servers of a run.

    A database is a thousand files. On a disk it costs 0.6 s of processor time to copy one or to truncate its tables, in memory 0.1 s.
    """
    return _MEMORY.is_dir() and os.access(_MEMORY, os.W_OK) and psutil.disk_usage(str(_MEMORY)).free >= _ROOM


def processes_of(directory: Path) -> list[psutil.Process]:
    """What runs and names the directory, but for its keeper."""
    return [each for each in psutil.process_iter() if _names(each, directory.name)]


def _names(process: psutil.Process, name: str) -> bool:
    with suppress(psutil.Error, OSError):
        words = process.cmdline()
        if "tests.keeper" not in words:
            return any(name in word for word in (*words, *process.environ().values()))
    return False


def _end(process: psutil.Process, patient: bool) -> None:
    # A PostgreSQL that is killed leaves shared memory behind; asked to quit it leaves nothing, and asks nobody.
    gently = patient and process.name() == "postgres" and hasattr(signal, "SIGQUIT")
    process.send_signal(signal.SIGQUIT) if gently else process.kill()


def main(directory: Path) -> None:
    """Wait until nobody holds the pipe, then clear up."""
    sys.stdin.buffer.read()
    for number in range(_ROUNDS):
        left = processes_of(directory)
        if not left:
            break
        for process in left:
            with suppress(psutil.Error):
                _end(process, number < _PATIENT_ROUNDS)
        time.sleep(_PAUSE)
    shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
