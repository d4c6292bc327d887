"""Sees to a Chromium for the browser tests: `python -m tests.chromium`. Never fails: without one, those tests are skipped."""

import os
import shutil
import subprocess

from api.benchmarks.browsers import HEADLESS_SHELL, find_chromium

__all__ = ["find_chromium"]


def main() -> None:
    """Install one where that is allowed, and say what will happen."""
    if hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("apt-get") and "CHROMIUM" not in os.environ:
        _install()
    found = find_chromium()
    print(f"Browser tests will use {found}." if found else "Browser tests will be skipped: no Chromium; install one or set $CHROMIUM.")  # noqa: T201


def _install() -> None:
    """The one without a window, which Debian has; any other where that cannot be had."""
    if shutil.which(HEADLESS_SHELL):
        return
    _apt("update")
    _apt("install", "-y", "--no-install-recommends", HEADLESS_SHELL)
    if not find_chromium():
        _apt("install", "-y", "--no-install-recommends", "chromium")


def _apt(*words: str) -> None:
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "env": {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}}
    subprocess.run(["apt-get", *words], check=False, timeout=900, **quiet)  # type: ignore[call-overload]  # one dict for two calls


if __name__ == "__main__":
    main()
