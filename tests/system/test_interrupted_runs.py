"""A test run that is interrupted, by whatever, leaves no server and no data behind."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.keeper import ROOT, processes_of
from tests.waiting import until

#: What the run within the run need not load.
UNUSED = ("cacheprovider", "playwright", "base_url", "schemathesis", "hypothesispytest")
GOES_ON = "tests/system/interrupted/goes_on.py"


@pytest.fixture
def run(tmp_path):
    """A run with a PostgreSQL and a program that works on it: its process, the process of the worker that started them, their directory."""
    started = tmp_path / "started"
    command = [sys.executable, "-m", "pytest", "-q", "-n", "1", *(f"-pno:{name}" for name in UNUSED), GOES_ON]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=ROOT, env={**environment, "STARTED": str(started)}, stdout=log, stderr=log, start_new_session=True,
            # A shell that runs this in the background lets a Ctrl-C be ignored, and who is started inherits it.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509  # the child runs no thread yet
        )  # fmt: skip
    until(started.exists, (tmp_path / "log").read_text)
    directory, worker = started.read_text().splitlines()
    yield process, int(worker), Path(directory)
    process.kill()
    process.wait()


@pytest.mark.parametrize("how", ["Ctrl-C", "the run is killed", "the worker is killed"])
def test_an_interrupted_run_leaves_no_server_and_no_data_behind(run, how):
    process, worker, directory = run
    running = processes_of(directory)
    assert len(running) == 2, running
    if how == "Ctrl-C":
        os.killpg(process.pid, signal.SIGINT)
    elif how == "the run is killed":
        process.kill()
    else:
        os.kill(worker, signal.SIGKILL)
    until(lambda: not directory.exists(), lambda: f"{processes_of(directory)}; the worker is alive: {psutil.pid_exists(worker)}")
    assert processes_of(directory) == []
