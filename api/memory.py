"""Memory goes back to the system once a large request is answered, and is not kept by each thread that once answered one."""

import ctypes
from contextlib import suppress
from typing import Final

#: As <malloc.h> numbers it.
_M_MMAP_THRESHOLD: Final = -3
#: Blocks from here on are mapped one by one and unmapped when they are freed.
_LARGE: Final = 1_048_576


def give_back_large_blocks() -> None:
    """Let the allocator keep no large block for later.

    That of glibc takes the size of what was freed for what will be asked for again, up to 32 MB, and keeps as much in each thread: eight
    threads that hash a password at 19 MB each hold 155 MB for ever. Where the allocator is another one nothing is to be done.
    """
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, _LARGE)
