"""Memory goes back to the system once a large request is answered, and is not kept by each thread that once answered one."""

import ctypes
import gc
from contextlib import suppress
from typing import Final

from flask import Flask, request

from api.product import product
from engine import work

#: As <malloc.h> numbers it.
_M_MMAP_THRESHOLD: Final = -3
_M_ARENA_MAX: Final = -8
#: Blocks from here on are mapped one by one and unmapped when they are freed.
_LARGE: Final = 1_048_576
#: A request is heavy by the bytes of its body, or by its work.
_HEAVY_BYTES, _HEAVY_WORK = 250_000, 500_000


def give_back_large_blocks() -> None:
    """Let the allocator keep no large block for later.

    That of glibc takes the size of what was freed for what will be asked for again, up to 32 MB, and keeps as much in each thread: eight
    threads that hash a password at 19 MB each hold 155 MB for ever. It also gives each thread a heap with holes of its own,
    which is of use only where threads allocate at once: here one lock lets one of them run. Where the allocator is another one nothing is
    to be done.
    """
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, _LARGE)
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)


def leave_alone_what_stays() -> None:
    """Look for garbage no more in what was loaded when the process began: each such look stops every thread for as long as it takes."""
    gc.collect()
    gc.freeze()


def give_back_after_heavy_requests(app: Flask) -> None:
    """Once a heavy request is answered, give the system back what it took."""

    @app.teardown_request
    def give_back(_: BaseException | None) -> None:
        if (request.content_length or 0) < _HEAVY_BYTES and work.spent() < _HEAVY_WORK:
            return
        product().database.begin_anew()
        gc.collect()
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).malloc_trim(0)
