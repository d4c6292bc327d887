"""What may be attached to a comment: a few kinds of documents, known by their content and not by what somebody says they are."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from engine.problems import Invalid

#: The largest document that is attached, in bytes: the body of a request takes one and its Base64.
MAX_BYTES: Final = 3_000_000
#: Documents of one comment.
MOST: Final = 5
_LONGEST_NAME = 120
_OFFICE = "application/vnd.openxmlformats-officedocument."
#: By the ending of the name: the media type, and with what its content begins. Text begins with anything that is UTF-8.
_KINDS: Final = {
    "pdf": ("application/pdf", b"%PDF-"),
    "png": ("image/png", b"\x89PNG\r\n\x1a\n"),
    "jpg": ("image/jpeg", b"\xff\xd8\xff"),
    "jpeg": ("image/jpeg", b"\xff\xd8\xff"),
    "docx": (f"{_OFFICE}wordprocessingml.document", b"PK\x03\x04"),
    "xlsx": (f"{_OFFICE}spreadsheetml.sheet", b"PK\x03\x04"),
    "odt": ("application/vnd.oasis.opendocument.text", b"PK\x03\x04"),
    "ods": ("application/vnd.oasis.opendocument.spreadsheet", b"PK\x03\x04"),
    "txt": ("text/plain", b""),
    "csv": ("text/csv", b""),
}
KINDS: Final = tuple(_KINDS)


@dataclass(frozen=True, slots=True)
class Attachment:
    """A document that goes with a comment."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Checked:
    """A document that may be kept, with the media type of its kind."""

    name: str
    media_type: str
    content: bytes


def check(given: Sequence[Attachment]) -> list[Checked]:
    """The documents as they are kept. Raises Invalid, naming the first that is too large or of a kind that is not taken."""
    if len(given) > MOST:
        raise _refused(f"{len(given)} documents are attached", f"Attach at most {MOST}.", f"are more than {MOST}")
    return [_checked(each) for each in given]


def _checked(given: Attachment) -> Checked:
    name = _plain_name(given.name)
    if not given.content:
        raise _refused(f"{name} is empty", "Choose the document again.", "is empty")
    if len(given.content) > MAX_BYTES:
        raise _refused(f"{name} has {len(given.content):,} bytes", f"Attach one of at most {MAX_BYTES:,} bytes.", "is too large")
    kind = _KINDS.get(name.rpartition(".")[2].lower())
    if kind is None or not _begins(given.content, kind[1]):
        raise _refused(f"{name} is none of the kinds that are taken", f"Attach one of {', '.join(KINDS)}.", "is of no kind that is taken")
    return Checked(name, kind[0], given.content)


def _plain_name(name: str) -> str:
    """Without a path and without signs that a header or a file system reads otherwise."""
    last = re.split(r"[\\/]", name)[-1]
    plain = "".join(sign for sign in last if sign.isprintable() and sign not in '"<>:|?*').strip(" .")
    return plain[-_LONGEST_NAME:] or "document"


def _begins(content: bytes, with_: bytes) -> bool:
    if with_:
        return content.startswith(with_)
    try:
        return "\0" not in content.decode()
    except UnicodeDecodeError:
        return False


def _refused(detail: str, next_step: str, error: str) -> Invalid:
    return Invalid(f"{detail}.", code="attachment", next_step=next_step, errors={"attachments": [error]})
