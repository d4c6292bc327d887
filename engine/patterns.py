"""The one engine of regular expressions that somebody else wrote: bounded in length, repeats and time.

Python's own has no limit on time: `(a+)+` in a customer's pattern holds every thread for as long as it likes.
"""

import re
from math import prod
from typing import Any, Final

import regex

from engine.kept import kept

MAX_PATTERN: Final = 1_000
#: Characters of the patterns that are kept compiled.
_KEPT: Final = 100_000
#: The regex module unrolls what must repeat: `a{999999999}` would take all memory before any time limit looks.
MAX_REPEATS: Final = 100_000
#: Seconds that one test may take.
TIME_LIMIT: Final = 0.1
_REPEAT: Final = re.compile(r"\{\s*(\d+)", re.ASCII)


class BadPattern(ValueError):
    """The text is no regular expression that may be used; the message says why, as the end of a sentence."""


class TooManyRepeats(BadPattern):
    """It repeats something more often than memory is given for."""


@kept(_KEPT, lambda pattern, *_: len(pattern) + 20)
def compiled(pattern: str, flags: int = 0) -> Any:
    """A pattern of the `regex` module, whose every use takes a `timeout`. Raises BadPattern."""
    if len(pattern) > MAX_PATTERN:
        raise BadPattern(f"it is longer than {MAX_PATTERN} characters")
    # Counted as if each stood inside the other: telling otherwise would take a parser of patterns.
    if prod(max(1, int(count[:9])) for count in _REPEAT.findall(pattern)) > MAX_REPEATS:
        raise TooManyRepeats(f"it repeats something more than {MAX_REPEATS} times")
    try:
        return regex.compile(pattern, flags)
    except (regex.error, RecursionError, OverflowError, ValueError) as error:
        raise BadPattern(str(error)) from None


def fits(pattern: str, text: str) -> bool:
    """Whether the whole text is as the pattern says; what takes too long to tell, or is no pattern, does not fit."""
    try:
        return compiled(pattern).fullmatch(text, timeout=TIME_LIMIT) is not None
    except (BadPattern, TimeoutError):
        return False
