"""A bundle is the folder of one process, taken as one version: diagrams, decisions, forms and scenarios."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final, Literal

from engine.models.fixes import Fix
from engine.problems import Invalid, NotFound, TooLarge

#: Bytes of one file, of all files together, and how many files there may be.
MAX_FILE_BYTES: Final = 2_000_000
MAX_BUNDLE_BYTES: Final = 10_000_000
MAX_FILES: Final = 200

#: Paths of files inside a bundle: folders and names of letters, digits, '_', '-' and '.', none of them hidden.
_PATH: Final = re.compile(r"(?:[A-Za-z0-9_][A-Za-z0-9_.-]*/){0,4}[A-Za-z0-9_][A-Za-z0-9_.-]*")
_LONGEST_PATH: Final = 150
#: Characters of a path that comes with a deployment, whatever it is called.
_LONGEST_NAME: Final = 200

Severity = Literal["error", "warning", "info"]


class FileKind(StrEnum):
    """What a file is for, told by the end of its name."""

    #: A BPMN diagram.
    DIAGRAM = ".bpmn"
    #: Decision tables and expressions.
    DECISION = ".dmn"
    #: A form-js schema.
    FORM = ".form"
    #: Given data, answers and clock moves, with the expected path.
    SCENARIO = ".scenario.json"
    #: Words for people.
    TEXT = ".md"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is wrong with a model, or could be better, and what to do about it.

    An `error` keeps the model from being deployed; a `warning` and an `info` do not.
    `fix` mends it, where one change is certain to.
    """

    rule: str
    severity: Severity
    message: str
    next_step: str
    path: str
    element_id: str | None = None
    line: int | None = None
    fix: Fix | None = None


@dataclass(frozen=True, slots=True)
class Bundle:
    """Files by name. The bytes are the analyst's own and are stored unchanged."""

    name: str
    files: Mapping[str, bytes]

    @property
    def sha256(self) -> str:
        """One hash over all names and contents; the order of the files does not matter."""
        digest = hashlib.sha256()
        for path, content in sorted(self.files.items()):
            encoded = path.encode()
            digest.update(b"%d:%b%d:" % (len(encoded), encoded, len(content)))
            digest.update(content)
        return digest.hexdigest()

    def of_kind(self, kind: FileKind) -> dict[str, bytes]:
        """The files of one kind, by path."""
        return {path: content for path, content in sorted(self.files.items()) if kind_of(path) is kind}


def kind_of(path: str) -> FileKind | None:
    """What a file is, by its suffix; None when a deployment knows no such file."""
    return next((kind for kind in FileKind if path.lower().endswith(kind.value)), None)


def stem_of(path: str) -> str:
    """The name by which a diagram speaks of a file: without folder and suffix (`forms/approve-quote.form` is `approve-quote`)."""
    name = path.rsplit("/", 1)[-1]
    kind = kind_of(path)
    return name[: -len(kind.value)] if kind else name


def read_bundle(directory: Path) -> Bundle:
    """Read a folder (with its sub-folders); files of unknown kinds and hidden ones are left out.

    Raises NotFound when there is no such folder, TooLarge when it passes a limit, Invalid when nothing in it is a model.
    """
    if not directory.is_dir():
        raise NotFound(f"There is no folder {directory.name!r}.", code="bundle_not_found", next_step="Name a folder of bpmn/.")
    files: dict[str, bytes] = {}
    for file in sorted(directory.rglob("*")):
        relative = file.relative_to(directory)
        if file.is_file() and kind_of(file.name) and not any(part.startswith(".") for part in relative.parts):
            admit(relative.as_posix(), file.stat().st_size, {path: len(content) for path, content in files.items()})
            files[relative.as_posix()] = file.read_bytes()
    if not files:
        raise Invalid(f"{directory.name} holds no diagram.", code="bundle_empty", next_step="Put a .bpmn file into the folder.")
    return Bundle(directory.name, files)


def is_inside(path: str) -> bool:
    """Whether a path names a file inside of the folder of a bundle, for everybody who ever unpacks it there."""
    odd = "\\" in path or ":" in path or not path.isprintable() or len(path) > _LONGEST_NAME
    return not odd and not any(part in {"", ".", ".."} for part in path.split("/"))


def checked_path(path: str) -> str:
    """The path of a file that people may put into a bundle. Raises Invalid."""
    if len(path) > _LONGEST_PATH or not _PATH.fullmatch(path):
        raise Invalid(
            f"{path[:_LONGEST_PATH]!r} is no name for a file of a bundle.",
            code="file_name",
            next_step=f"Use letters, digits, '_', '-' and '.', at most {_LONGEST_PATH} characters, such as forms/approve-quote.form.",
            errors={"path": ["is no name for a file of a bundle"]},
        )
    if kind_of(path) is None:
        kinds = ", ".join(FileKind)
        raise Invalid(
            f"{path} is no kind of file that a bundle knows.",
            code="file_kind",
            next_step=f"Name it by what it is: {kinds}.",
            errors={"path": [f"must end in one of {kinds}"]},
        )
    return path


def admit(path: str, size: int, others: Mapping[str, int]) -> None:
    """Look at a file's size before it is read or kept; `others` are the sizes of the other files, by path. Raises TooLarge."""
    if size > MAX_FILE_BYTES:
        raise TooLarge(
            f"{path} has {size} bytes, more than {MAX_FILE_BYTES}.",
            code="bundle_too_large",
            next_step="Split the file, or leave out what does not belong to the model.",
        )
    if len(others) >= MAX_FILES or size + sum(others.values()) > MAX_BUNDLE_BYTES:
        raise TooLarge(
            f"The bundle has more than {MAX_FILES} files or {MAX_BUNDLE_BYTES} bytes.",
            code="bundle_too_large",
            next_step="Deploy the processes in bundles of their own.",
        )
