"""The media types of the files of a bundle; what a deployment does not know is bytes and nothing else, so that no browser runs it."""

from collections.abc import Mapping
from typing import Final

from engine.models.bundle import FileKind, kind_of

_TYPES: Final[Mapping[FileKind | None, str]] = {
    FileKind.DIAGRAM: "application/xml",
    FileKind.DECISION: "application/xml",
    FileKind.FORM: "application/json",
    FileKind.SCENARIO: "application/json",
    FileKind.TEXT: "text/plain",
    None: "application/octet-stream",
}


def media_type_of(path: str) -> str:
    """The media type of a file by its name."""
    return _TYPES[kind_of(path)]
