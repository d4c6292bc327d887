"""Regular expressions as JavaScript means them, with a limit on time."""

from typing import Any

import regex

from engine.patterns import TIME_LIMIT, BadPattern, compiled


def compile_pattern(pattern: str) -> Any:
    """A compiled pattern. Raises BadPattern."""
    return compiled(_end_means_end(pattern), regex.ASCII)


def matches(pattern: str, text: str) -> bool:
    """Whether the pattern is found anywhere in the text; a test that takes too long has not matched."""
    try:
        return compile_pattern(pattern).search(text, timeout=TIME_LIMIT) is not None
    except (BadPattern, TimeoutError):
        return False


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
