"""Sees to a Chromium for the browser tests: `python -m tests.chromium`. Never fails: without one, those tests are skipped."""

import os
import shutil
import subprocess

from api.benchmarks.browsers import find_chromium

__all__ = ["find_chromium"]


def main() -> None:
    """Install one where that is allowed, and say what will happen."""
    if not find_chromium() and hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("apt-get"):
        _install()
    found = find_chromium()
    print(f"Browser tests will use {found}." if found else "Browser tests will be skipped: no Chromium; install one or set $CHROMIUM.")  # noqa: T201


def _install() -> None:
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "env": {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}}
    for command in (["apt-get", "update"], ["apt-get", "install", "-y", "--no-install-recommends", "chromium"]):
        subprocess.run(command, check=False, timeout=900, **quiet)  # type: ignore[call-overload]  # one dict for two calls


if __name__ == "__main__":
    main()
