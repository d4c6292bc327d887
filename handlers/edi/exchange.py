"""The port by which EDI files come and go: a place with the folders inbox, outbox, archive and failed, wherever it lies.

Whoever puts a file into `inbox` may write it slowly: it is read when two looks found it of one size and age, and is none that is being
written (`.tmp`, `.part`, `.filepart`, a leading dot). What we put into `outbox` appears there whole or not at all. The same name with the
same content again is the file that is there already.
"""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import PurePosixPath
from typing import Final, Protocol

from engine.problems import Problem, TooLarge

INBOX, OUTBOX, ARCHIVE, FAILED = "inbox", "outbox", "archive", "failed"
FOLDERS: Final = (INBOX, OUTBOX, ARCHIVE, FAILED)
#: How others end the name of a file that they are still writing.
_UNFINISHED: Final = (".tmp", ".part", ".filepart", ".partial")
_OURS: Final = ".tmp"


class ExchangeAway(Problem):
    """The place cannot be reached or does not let us work; nothing was changed, and it is tried again."""

    default_code = "edi_exchange_away"


@dataclass(frozen=True, slots=True)
class Waiting:
    """A file in the inbox, and how it looked."""

    name: str
    size: int
    modified: float


class Files(Protocol):
    """What can be done to the files of a place; paths are `folder/name`. Each raises OSError, or what its adapter says."""

    def list(self, folder: str) -> Sequence[Waiting]:
        """The files of a folder, no folders and no links."""

    def read(self, path: str) -> bytes:
        """All of a file."""

    def write(self, path: str, data: bytes) -> None:
        """Write a file that nobody else looks at, to the disk."""

    def rename(self, path: str, to: str) -> None:
        """Move a file in one step, over what is there."""

    def size(self, path: str) -> int | None:
        """The size of a file; None where there is none."""


class Place(Protocol):
    """Where files are exchanged: a folder, an SFTP server."""

    @property
    def address(self) -> str:
        """The place as people know it, without any secret."""

    def opened(self) -> AbstractContextManager[Files]:
        """Its files, while one works with them. Raises ExchangeAway."""


class Exchange:
    """Takes files out of the inbox of a place and puts ours into its outbox."""

    def __init__(self, place: Place, most_bytes: int) -> None:
        self._place, self._most_bytes = place, most_bytes

    @property
    def address(self) -> str:
        """The place as people know it."""
        return self._place.address

    @contextmanager
    def opened(self) -> Iterator["Session"]:
        """The exchange, while one works with it. Raises ExchangeAway."""
        with self._place.opened() as files:
            yield Session(files, self._most_bytes)

    def put(self, name: str, data: bytes) -> bool:
        """Put a file into the outbox, whole or not at all; False where the very same is there already. Raises ExchangeAway."""
        with self.opened() as session:
            return session.put(name, data)


class Session:
    """The files of an exchange, while it is open."""

    def __init__(self, files: Files, most_bytes: int) -> None:
        self._files, self._most_bytes = files, most_bytes

    def waiting(self) -> list[Waiting]:
        """What lies in the inbox and nobody is writing, by name."""
        found = self._files.list(INBOX)
        return sorted((each for each in found if not is_unfinished(each.name)), key=lambda each: each.name)

    def read(self, waiting: Waiting) -> bytes:
        """All of a file. Raises TooLarge."""
        if waiting.size > self._most_bytes:
            raise TooLarge(
                f"{waiting.name} has {waiting.size:,} bytes; {self._most_bytes:,} are allowed.",
                next_step="Let the partner send smaller files, or raise ORDERCRAFT_MAX_BODY_BYTES and put the file back into the inbox.",
            )
        return self._files.read(f"{INBOX}/{waiting.name}")

    def archive(self, waiting: Waiting, data: bytes) -> str:
        """Move a file that was taken in to the archive; answers under which name."""
        kept = archived_name(waiting.name, data)
        self._files.rename(f"{INBOX}/{waiting.name}", f"{ARCHIVE}/{kept}")
        return kept

    def fail(self, waiting: Waiting, why: str) -> str:
        """Move a file that cannot be taken in to the failed ones, with the reason beside it; answers under which name."""
        kept = archived_name(waiting.name, f"{waiting.size} {waiting.modified}".encode())
        self._files.write(f"{FAILED}/{kept}.why.txt", f"{why}\n".encode())
        self._files.rename(f"{INBOX}/{waiting.name}", f"{FAILED}/{kept}")
        return kept

    def put(self, name: str, data: bytes) -> bool:
        """See `Exchange.put`."""
        path = f"{OUTBOX}/{name}"
        if self._files.size(path) == len(data) and self._files.read(path) == data:
            return False
        self._files.write(f"{path}{_OURS}", data)
        self._files.rename(f"{path}{_OURS}", path)
        return True


def is_unfinished(name: str) -> bool:
    """Whether a file is being written by somebody, as its name says."""
    return name.startswith(".") or name.lower().endswith(_UNFINISHED)


def archived_name(name: str, content: bytes) -> str:
    """A name under which a file is kept beside others that had the same: the very same file again has the very same."""
    path = PurePosixPath(name)
    return f"{path.stem[:150]}-{sha256(content).hexdigest()[:12]}{path.suffix[:20]}"
