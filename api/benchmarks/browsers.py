"""Finds a browser on the machine, for what is measured or looked at in one."""

import os
import shutil
from typing import Final

#: Chromium without its window: the same pages for two thirds of the processor time.
HEADLESS_SHELL: Final = "chromium-headless-shell"


def find_chromium() -> str | None:
    """The path of a Chromium or Chrome: `$CHROMIUM`, else the first one on the PATH; best the one that has no window to draw."""
    given = os.environ.get("CHROMIUM")
    candidates = (given,) if given else (HEADLESS_SHELL, "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return next((path for name in candidates if (path := shutil.which(name))), None)
