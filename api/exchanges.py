"""Makes the exchange of EDI files that the settings name."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

from api.settings import Settings
from engine.problems import Invalid
from handlers.edi.exchange import Exchange
from handlers.edi.folder_place import FolderPlace
from handlers.edi.sftp_place import SftpAccess, SftpPlace

_SFTP = "sftp://"
_PORT = 22


def exchange_of(settings: Settings) -> Exchange | None:
    """The exchange; None where none is configured. Raises Invalid for an address or a host key that is none."""
    address = settings.edi_exchange
    if not address:
        return None
    place = _sftp(settings) if address.startswith(_SFTP) else FolderPlace(Path(address).absolute())
    return Exchange(place, settings.max_body_bytes)


def _sftp(settings: Settings) -> SftpPlace:
    try:
        parts = urlsplit(settings.edi_exchange)
        port = parts.port or _PORT
    except ValueError:
        raise _wrong(settings) from None
    if not parts.hostname or not parts.username or parts.password is not None:
        raise _wrong(settings)
    return SftpPlace(
        SftpAccess(
            host=parts.hostname,
            port=port,
            user=unquote(parts.username),
            folder=unquote(parts.path).lstrip("/") or ".",
            host_key=settings.edi_host_key,
            password=settings.edi_password,
            key_file=settings.edi_key_file,
        )
    )


def _wrong(settings: Settings) -> Invalid:
    shown = settings.edi_exchange.split("@")[-1][:100]
    return Invalid(
        f"ORDERCRAFT_EDI_EXCHANGE names no SFTP server: …{shown}.",
        code="setting_wrong",
        next_step="Write sftp://user@host:22/folder, and the password into ORDERCRAFT_EDI_PASSWORD.",
    )
