"""Regular expressions as JavaScript means them, with a limit on time."""

from functools import lru_cache
from typing import Any, Final

import regex

#: Seconds that one test may take.
TIME_LIMIT: Final = 0.1
MAX_PATTERN: Final = 1_000


class BadPattern(ValueError):
    """The text is no regular expression."""


def compile_pattern(pattern: str) -> Any:
    """A compiled pattern. Raises BadPattern."""
    if len(pattern) > MAX_PATTERN:
        raise BadPattern(f"it is longer than {MAX_PATTERN} characters")
    return _compiled(pattern)


def matches(pattern: str, text: str) -> bool:
    """Whether the pattern is found anywhere in the text; a test that takes too long has not matched."""
    try:
        return compile_pattern(pattern).search(text, timeout=TIME_LIMIT) is not None
    except (BadPattern, TimeoutError):
        return False


@lru_cache(maxsize=1_000)
def _compiled(pattern: str) -> Any:
    try:
        return regex.compile(_end_means_end(pattern), regex.ASCII)
    except (regex.error, RecursionError, OverflowError, ValueError) as error:
        raise BadPattern(str(error)) from None


def _end_means_end(pattern: str) -> str:
    r"""`$` is the end of the text in JavaScript; Python also lets it stand before a last line break, so it becomes `\Z`."""
    result: list[str] = []
    in_class = escaped = False
    for character in pattern:
        if escaped:
            escaped = False
        elif character == "\\":
            escaped = True
        elif character in "[]":
            in_class = character == "["
        elif character == "$" and not in_class:
            result.append(r"\Z")
            continue
        result.append(character)
    return "".join(result)
