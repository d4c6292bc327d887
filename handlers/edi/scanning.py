"""Cuts the text of an interchange into segments, elements and components. Pure, and linear in what it is given.

Bytes are looked at as Latin-1, one character a byte, so that positions are those of the bytes that came; values are decoded by the
character set that the interchange names.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from engine.problems import TooLarge
from handlers.edi.interchange import Segment, Separators

MOST_BYTES: Final = 10_000_000
MOST_SEGMENTS: Final = 100_000
#: Of one interchange, and groups too.
MOST_TRANSACTIONS: Final = 2_000
LONGEST_SEGMENT: Final = 20_000
#: Released characters wait here while a segment is cut; text read as Latin-1 holds none of these.
_ASIDE: Final = 0xE000
_SET_ASIDE = re.compile(f"[{chr(_ASIDE)}-{chr(_ASIDE + 0xFF)}]")
_BLANK = "\r\n\t \0"


@dataclass(frozen=True, slots=True)
class Chunk:
    """A segment's text and where it lies."""

    text: str
    start: int
    end: int


def check_size(data: bytes) -> None:
    """Raises TooLarge for a file that nobody could read in time."""
    if len(data) > MOST_BYTES:
        raise TooLarge(f"The file has {len(data):,} bytes; {MOST_BYTES:,} are allowed.", next_step="Split it into several interchanges.")


def check_count(transactions: int) -> None:
    """Raises TooLarge where an interchange holds more transactions than it may."""
    if transactions > MOST_TRANSACTIONS:
        raise TooLarge(
            f"The interchange has more than {MOST_TRANSACTIONS:,} transactions.",
            next_step="Split it into several interchanges.",
        )


def chunks(text: str, start: int, separators: Separators) -> Iterator[Chunk]:
    """Every segment from `start` on; the last one may lack its terminator. Raises TooLarge."""
    position, count = start, 0
    while position < len(text):
        end = _end(text, position, separators)
        found = text[position : end if end != -1 else len(text)].strip(_BLANK)
        count += 1
        if count > MOST_SEGMENTS or len(found) > LONGEST_SEGMENT:
            raise TooLarge(
                f"The interchange has more than {MOST_SEGMENTS:,} segments, or one of more than {LONGEST_SEGMENT:,} characters.",
                next_step="Split it into several interchanges, and check its segment terminator.",
            )
        after = end + 1 if end != -1 else len(text)
        if found:
            yield Chunk(found, position, after)
        position = after


def cut(chunk: str, separators: Separators, charset: str, position: int) -> Segment:
    """A segment of its text. Raises UnicodeDecodeError for bytes that its character set does not have."""
    if separators.release and separators.release in chunk:
        chunk = re.sub(re.escape(separators.release) + "(.)", lambda found: chr(_ASIDE + ord(found[1])), chunk, flags=re.DOTALL)
    tag, *elements = chunk.split(separators.element)
    told = tuple(_element(each, separators, charset) for each in elements)
    return Segment(tag.partition(separators.component)[0].strip().upper() if separators.release else tag.strip().upper(), told, position)


def _element(text: str, separators: Separators, charset: str) -> tuple[tuple[str, ...], ...]:
    repeats = text.split(separators.repetition) if separators.repetition else [text]
    if not separators.release:  # X12: no segment that we read has components, and free text may hold the character
        return tuple((_value(each, charset),) for each in repeats)
    return tuple(tuple(_value(part, charset) for part in each.split(separators.component)) for each in repeats)


def _value(text: str, charset: str) -> str:
    if text.isascii():
        return text
    return _SET_ASIDE.sub(lambda found: chr(ord(found[0]) - _ASIDE), text).encode("latin-1").decode(charset)


def _end(text: str, start: int, separators: Separators) -> int:
    end = text.find(separators.segment, start)
    while end != -1 and separators.release and _is_released(text, start, end, separators.release):
        end = text.find(separators.segment, end + 1)
    return end


def _is_released(text: str, start: int, at: int, release: str) -> bool:
    count = 0
    while at - count - 1 >= start and text[at - count - 1] == release:
        count += 1
    return count % 2 == 1
