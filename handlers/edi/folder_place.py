"""EDI files in a folder of this machine, or one that is mounted there."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from handlers.edi.exchange import FOLDERS, ExchangeAway, Waiting


class FolderPlace:
    """A folder with the four folders in it; they are made where they are missing, the folder itself is not."""

    def __init__(self, root: Path) -> None:
        self._root = root

    @property
    def address(self) -> str:
        """The folder."""
        return str(self._root)

    @contextmanager
    def opened(self) -> Iterator["FolderFiles"]:
        """Its files. Raises ExchangeAway."""
        try:
            if not self._root.is_dir():  # made here, a mount that is missing would be filled behind its back
                raise FileNotFoundError(2, "No such folder", str(self._root))
            for folder in FOLDERS:
                (self._root / folder).mkdir(exist_ok=True)
            yield FolderFiles(self._root)
        except OSError as error:
            raise ExchangeAway(
                f"The EDI folder {self._root} does not let us work: {error.strerror or error}.",
                next_step="Make the folder and let us read and write in it, or correct ORDERCRAFT_EDI_EXCHANGE.",
            ) from error


class FolderFiles:
    """The files of a folder."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def list(self, folder: str) -> Sequence[Waiting]:
        """The files of a folder, no folders and no links."""
        with os.scandir(self._root / folder) as entries:
            found = []
            for each in entries:
                with suppress(FileNotFoundError):  # somebody took it away meanwhile
                    if each.is_file(follow_symlinks=False):
                        stat = each.stat(follow_symlinks=False)
                        found.append(Waiting(each.name, stat.st_size, stat.st_mtime))
        return found

    def read(self, path: str) -> bytes:
        """All of a file."""
        return (self._root / path).read_bytes()

    def write(self, path: str, data: bytes) -> None:
        """Write a file, to the disk."""
        with (self._root / path).open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())

    def rename(self, path: str, to: str) -> None:
        """Move a file in one step."""
        (self._root / path).replace(self._root / to)

    def size(self, path: str) -> int | None:
        """The size of a file; None where there is none."""
        try:
            return (self._root / path).stat().st_size
        except FileNotFoundError:
            return None
