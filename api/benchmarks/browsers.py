"""Finds a browser on the machine, for what is measured or looked at in one."""

import os
import shutil


def find_chromium() -> str | None:
    """The path of a Chromium or Chrome: `$CHROMIUM`, else the first one on the PATH."""
    given = os.environ.get("CHROMIUM")
    candidates = (given,) if given else ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return next((path for name in candidates if (path := shutil.which(name))), None)
