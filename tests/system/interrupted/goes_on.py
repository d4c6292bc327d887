"""A test that never ends: `test_interrupted_runs.py` runs it, and ends it by force."""

import os
import subprocess
import sys
import time
from pathlib import Path

from tests.keeper import kept_directory


def test_servers_run_until_somebody_ends_the_run(server_url):
    environment = {**os.environ, "ORDERCRAFT_DATA": str(kept_directory() / "data")}
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], env=environment)
    told = Path(os.environ["STARTED"])
    told.with_suffix(".part").write_text(f"{kept_directory()}\n{os.getpid()}")
    told.with_suffix(".part").rename(told)
    time.sleep(600)
