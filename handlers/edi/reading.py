"""Reads a file of interchanges in either syntax, one after another. Pure."""

from handlers.edi.edifact import read_edifact
from handlers.edi.interchange import Finding, Interchange
from handlers.edi.scanning import check_size
from handlers.edi.specs import check
from handlers.edi.x12 import read_x12

_BLANK = "\r\n\t \0"
_MARKS = (b"\xef\xbb\xbf",)
#: More in one file is no file of ours: each is answered by an acknowledgement of its own.
MOST_INTERCHANGES = 200


def read_file(data: bytes) -> tuple[list[Interchange], list[Finding]]:
    """Every interchange of a file, checked, and what else is wrong with the file. Raises TooLarge."""
    check_size(data)
    for mark in _MARKS:
        data = data.removeprefix(mark)
    text = data.decode("latin-1")
    found: list[Interchange] = []
    position = _skip(text, 0)
    while position < len(text):
        read = _read_one(text, position) if len(found) < MOST_INTERCHANGES else None
        if read is None:
            shown = text[position : position + 20].encode("ascii", "replace").decode()
            return found, [Finding(code="UNREADABLE", message=f"At byte {position} begins no interchange that can be read: {shown!r}.")]
        interchange, end = read
        for group, transaction in interchange.transactions:
            check(interchange, group, transaction)
        found.append(interchange)
        position = _skip(text, end)
    return found, [] if found else [Finding(code="UNREADABLE", message="The file is empty.")]


def _read_one(text: str, position: int) -> tuple[Interchange, int] | None:
    if text.startswith("ISA", position):
        return read_x12(text, position)
    if text.startswith(("UNA", "UNB"), position):
        return read_edifact(text, position)
    return None


def _skip(text: str, position: int) -> int:
    while position < len(text) and text[position] in _BLANK:
        position += 1
    return position
