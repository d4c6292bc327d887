"""Regular expressions written by analysts: XPath's dialect as far as it is used, with a limit on time."""

import re
from collections.abc import Callable
from functools import lru_cache, reduce
from operator import or_
from typing import Any, Final

import regex

from engine.feel.errors import FeelLimitExceeded
from engine.feel.limits import REGEX_STEPS, Run
from engine.patterns import MAX_PATTERN, MAX_REPEATS, TooManyRepeats
from engine.patterns import compiled as bounded

_FLAGS: Final = {"s": regex.DOTALL, "m": regex.MULTILINE, "i": regex.IGNORECASE, "x": 0}
#: `[a-z-[aeiou]]` is XPath for "a to z without the vowels".
_SUBTRACTION: Final = re.compile(r"\[([^\]\[]*)-\[([^\]]*)\]\]")
_PIECE: Final = re.compile(r"\\.|.", re.DOTALL)
_BACK_REFERENCE: Final = re.compile(r"\\\d")
#: The beginning and the other characters of an XML name.
_INSIDE: Final = {r"\i": r"\p{L}_:", r"\c": r"\p{L}\p{N}_:.\-"}
_NAMES: Final = {r"\i": r"[\p{L}_:]", r"\c": r"[\p{L}\p{N}_:.\-]", r"\I": r"[^\p{L}_:]", r"\C": r"[^\p{L}\p{N}_:.\-]"}
#: What a piece means, by whether `$` is the end of each line and `.` any character: `.` is no line end of any kind, `$` the very end.
_OUTSIDE: Final = {
    (lines, dots): {**_NAMES, **({} if lines else {"$": r"\Z"}), **({} if dots else {".": r"[^\n\r]"})}
    for lines in (True, False)
    for dots in (True, False)
}
_GROUP_REFERENCE: Final = re.compile(r"\$(\d)")


@lru_cache(maxsize=512)
def compiled(pattern: str, flags: str) -> Any:
    """The pattern; raises ValueError when it is none or has unknown flags."""
    if len(pattern) > MAX_PATTERN or not set(flags) <= set(_FLAGS):
        raise ValueError("no such pattern")
    pattern = _SUBTRACTION.sub(r"(?:(?![\2])[\1])", _translated(pattern.replace(r"\p{IsBasicLatin}", r"\x00-\x7f"), flags))
    try:
        return bounded(pattern, reduce(or_, (_FLAGS[flag] for flag in flags), 0))
    except TooManyRepeats:
        raise FeelLimitExceeded(f"a pattern repeats something more than {MAX_REPEATS} times") from None


def _translated(pattern: str, flags: str) -> str:
    """XPath's dialect (XPath and XQuery Functions 3.1, section 5.6) where Python's differs; raises ValueError for what it forbids."""
    parts: list[str] = []
    inside = False
    for piece in _PIECE.findall(pattern):
        if piece == "[" or (piece == "]" and inside):
            inside = piece == "["
        if inside and _BACK_REFERENCE.fullmatch(piece):
            raise ValueError("no reference to a group within brackets")
        if piece.isspace() and "x" in flags and not inside:
            continue
        parts.append((_INSIDE if inside else _OUTSIDE["m" in flags, "s" in flags]).get(piece, piece))
    return "".join(parts)


def limited(run: Run, work: Callable[[float], Any]) -> Any:
    """Do `work` with the seconds it may take; raises FeelLimitExceeded when it takes longer."""
    run.charge(REGEX_STEPS)
    try:
        return work(run.limits.regex_seconds)
    except TimeoutError:
        raise FeelLimitExceeded(f"a pattern took longer than {run.limits.regex_seconds} seconds") from None


def matches(run: Run, text: str, pattern: str, flags: str) -> bool:
    """Whether the pattern occurs in the text."""
    found = compiled(pattern, flags)
    return limited(run, lambda seconds: found.search(text, timeout=seconds)) is not None


def replaced(run: Run, text: str, pattern: str, flags: str, replacement: str) -> str | None:
    """The text with each match replaced (`$1` is a group); None for a pattern that matches nothing at all."""
    found = compiled(pattern, flags)
    if found.search("", timeout=run.limits.regex_seconds):
        return None
    template = _GROUP_REFERENCE.sub(r"\\g<\1>", replacement.replace("\\", "\\\\"))
    # Each match consumes a character, so this bounds the result before it is built.
    hits = limited(run, lambda seconds: sum(1 for _ in found.finditer(text, timeout=seconds)))
    run.grow_text(len(text) + hits * (len(replacement) + replacement.count("$") * len(text)))
    try:
        return str(limited(run, lambda seconds: found.sub(template, text, timeout=seconds)))
    except (regex.error, IndexError):
        return None


def pieces(run: Run, text: str, delimiter: str) -> list[object]:
    """The text cut at each match of the delimiter."""
    found = compiled(delimiter, "")
    run.grow_list(len(text) + 1 if len(text) <= run.limits.items else run.limits.items)
    return list(limited(run, lambda seconds: found.split(text, timeout=seconds)))


def extracts(run: Run, text: str, pattern: str) -> list[object]:
    """All matches of the pattern in the text."""
    found = compiled(pattern, "")
    run.grow_list(min(len(text), run.limits.items))
    return list(limited(run, lambda seconds: [match.group() for match in found.finditer(text, timeout=seconds)]))
