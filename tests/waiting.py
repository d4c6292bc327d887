"""Waiting for what another thread, process or browser brings about."""

import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")

_PATIENCE_SECONDS = 100
_PAUSE_SECONDS = 0.05


def until(look: Callable[[], Found], otherwise: Callable[[], str] = lambda: "It took too long.") -> Found:
    """What `look` finds once that is true of it; a test fails with `otherwise` when it never is."""
    patience = time.monotonic() + _PATIENCE_SECONDS
    while not (found := look()):
        assert time.monotonic() < patience, otherwise()
        time.sleep(_PAUSE_SECONDS)
    return found
