"""EDI files on an SFTP server: a partner's, or that of a network that carries for many. Its host key must be the one we were told."""

import base64
import binascii
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

import paramiko

from engine.problems import Invalid
from handlers.edi.exchange import FOLDERS, ExchangeAway, Waiting

#: Seconds for which the server may keep us waiting at each step.
_PATIENCE: Final = 20


@dataclass(frozen=True, slots=True)
class SftpAccess:
    """Where the server is and by what we know each other. `host_key` is as in a file of known hosts: `ssh-ed25519 AAAA…`."""

    host: str
    port: int
    user: str
    folder: str
    host_key: str
    password: str = field(default="", repr=False)
    key_file: str = ""


class SftpPlace:
    """A folder of an SFTP server with the four folders in it; they are made where they are missing, the folder itself is not."""

    def __init__(self, access: SftpAccess) -> None:
        self._access, self._host_key = access, read_host_key(access.host_key)

    @property
    def address(self) -> str:
        """The server and the folder."""
        access = self._access
        return f"sftp://{access.user}@{access.host}:{access.port}/{access.folder.lstrip('/')}"

    @contextmanager
    def opened(self) -> Iterator["SftpFiles"]:
        """Its files. Raises ExchangeAway."""
        access = self._access
        client = paramiko.SSHClient()
        client.set_missing_host_key_policy(paramiko.RejectPolicy())
        name = access.host if access.port == paramiko.config.SSH_PORT else f"[{access.host}]:{access.port}"
        client.get_host_keys().add(name, self._host_key.get_name(), self._host_key)
        try:
            client.connect(
                access.host, access.port, access.user, access.password or None, key_filename=access.key_file or None,
                allow_agent=False, look_for_keys=False, timeout=_PATIENCE, banner_timeout=_PATIENCE, auth_timeout=_PATIENCE,
                channel_timeout=_PATIENCE,
            )  # fmt: skip
            sftp = client.open_sftp()
            channel = sftp.get_channel()
            if channel is not None:
                channel.settimeout(_PATIENCE)
            yield SftpFiles(sftp, access.folder)
        except (paramiko.SSHException, OSError, EOFError) as error:
            raise ExchangeAway(
                f"The SFTP server {self.address} does not let us work: {str(error) or type(error).__name__}.",
                next_step="See that it runs, that user, password or key are right, and that ORDERCRAFT_EDI_HOST_KEY is its key.",
            ) from error
        finally:
            client.close()


class SftpFiles:
    """The files of a folder of an SFTP server."""

    def __init__(self, sftp: paramiko.SFTPClient, folder: str) -> None:
        self._sftp, self._root = sftp, folder.rstrip("/") or "."
        there = set(sftp.listdir(self._root))
        for each in FOLDERS:
            if each not in there:
                sftp.mkdir(f"{self._root}/{each}")

    def list(self, folder: str) -> Sequence[Waiting]:
        """The files of a folder, no folders and no links."""
        found = self._sftp.listdir_attr(f"{self._root}/{folder}")
        return [Waiting(each.filename, each.st_size or 0, each.st_mtime or 0) for each in found if stat.S_ISREG(each.st_mode or 0)]

    def read(self, path: str) -> bytes:
        """All of a file."""
        with self._sftp.open(f"{self._root}/{path}", "rb") as file:
            return bytes(file.read())

    def write(self, path: str, data: bytes) -> None:
        """Write a file; the server confirms its size."""
        with self._sftp.open(f"{self._root}/{path}", "wb") as file:
            file.set_pipelined(pipelined=True)
            file.write(data)
        if self.size(path) != len(data):
            raise OSError(f"{path} was not written whole")

    def rename(self, path: str, to: str) -> None:
        """Move a file in one step."""
        self._sftp.posix_rename(f"{self._root}/{path}", f"{self._root}/{to}")

    def size(self, path: str) -> int | None:
        """The size of a file; None where there is none."""
        try:
            size: int | None = self._sftp.stat(f"{self._root}/{path}").st_size
        except FileNotFoundError:
            return None
        return size


def read_host_key(written: str) -> paramiko.PKey:
    """A host key as a file of known hosts has it. Raises Invalid."""
    kind, _, encoded = written.strip().partition(" ")
    try:
        return paramiko.PKey.from_type_string(kind, base64.b64decode(encoded.split(" ")[0], validate=True))
    except (binascii.Error, ValueError, paramiko.SSHException, paramiko.pkey.UnknownKeyType) as error:
        raise Invalid(
            f"{kind[:40] or 'The empty text'} begins no host key.",
            code="setting_wrong",
            next_step="Set ORDERCRAFT_EDI_HOST_KEY to the server's key, ssh-ed25519 AAAA…, as the partner gives it.",
        ) from error
