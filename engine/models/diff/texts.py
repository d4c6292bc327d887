"""Two texts compared line by line, with some lines around each difference."""

from collections.abc import Iterator
from difflib import SequenceMatcher
from typing import Final

from engine.models.diff.model import Line

#: Lines shown around a difference.
_AROUND: Final = 2
#: Beyond this the comparison would cost more than it tells.
MAX_LINES: Final = 5_000
_LONGEST: Final = 400


def compare_texts(old: bytes, new: bytes) -> tuple[Line, ...]:
    """The lines that differ; none where either is no text or too long to compare."""
    before, after = _lines(old), _lines(new)
    if before is None or after is None:
        return ()
    return tuple(_told(before, after))


def _lines(content: bytes) -> list[str] | None:
    try:
        lines = content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        return None
    return lines if len(lines) <= MAX_LINES else None


def _told(before: list[str], after: list[str]) -> Iterator[Line]:
    shown = 0
    for group in SequenceMatcher(None, before, after).get_grouped_opcodes(_AROUND):
        if group[0][1] > shown:
            yield Line("gap", None, None, "")
        shown = group[-1][2]
        for tag, first, last, start, end in group:
            if tag == "equal":
                yield from (Line("same", first + n + 1, start + n + 1, _cut(before[first + n])) for n in range(last - first))
                continue
            yield from (Line("removed", n + 1, None, _cut(before[n])) for n in range(first, last))
            yield from (Line("added", None, n + 1, _cut(after[n])) for n in range(start, end))
    if 0 < shown < len(before):
        yield Line("gap", None, None, "")


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
