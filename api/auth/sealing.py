"""Seals what has to be read again, such as the secret of an authenticator app, so that a backup of the database alone is worth nothing.

The keys are those of the setting, the present one first; without it one is made at the first use, in a file of the data directory that only
its owner reads. What an older key has sealed is opened while that key is named; `ordercraft user reseal` seals it with the present one.
"""

import os
import secrets
from base64 import urlsafe_b64encode
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Final

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from api.auth.model import SecondFactor
from api.product import product
from api.settings import Settings
from engine.problems import Invalid
from handlers.changes import Author, note

FILE: Final = "secrets.key"
#: How each sealed text begins: the version of Fernet, and the first digits of a time before the year 2106.
_SEALED: Final = "gAAAA"


class Ring:
    """The keys of an installation: it seals with the first and opens with any."""

    def __init__(self, keys: tuple[str, ...]) -> None:
        self._keys = MultiFernet([Fernet(urlsafe_b64encode(sha256(key.encode()).digest())) for key in keys])

    def seal(self, plain: str) -> str:
        """The text so that only who has the key reads it."""
        return self._keys.encrypt(plain.encode()).decode()

    def open(self, kept: str) -> str:
        """What was sealed; a text that was kept before there was a key is what it is. Raises Invalid where its key is gone."""
        if not kept.startswith(_SEALED):
            return kept
        try:
            return self._keys.decrypt(kept.encode()).decode()
        except InvalidToken:
            raise Invalid(
                "The key that sealed this second factor is not among ours.",
                code="key_missing",
                next_step="Use a recovery code, or ask an administrator to take the second factor away.",
                errors={"code": ["cannot be checked: use a recovery code"]},
            ) from None


def ring() -> Ring:
    """The keys of the installation that answers the current request."""
    return ring_of(product().settings)


def ring_of(settings: Settings) -> Ring:
    """The keys that settings name, or the one in the data directory."""
    return _ring(settings.secrets_key, settings.data)


def reseal(tx: Session, with_ring: Ring, by: Author) -> int:
    """Seal every secret with the present key; answers how many. Raises Invalid where a key is missing."""
    rows = tx.execute(select(SecondFactor.account_id, SecondFactor.secret)).all()
    for row in rows:
        changed = update(SecondFactor).where(SecondFactor.account_id == row.account_id, SecondFactor.secret == row.secret)
        tx.execute(changed.values(secret=with_ring.seal(with_ring.open(row.secret))))
    note(tx, by, "reseal_secrets", "installation", {"secrets": len(rows)})
    return len(rows)


@lru_cache(maxsize=8)
def _ring(named: str, data: Path) -> Ring:
    keys = tuple(key.strip() for key in named.split(",") if key.strip())
    return Ring(keys or (_key_in(data / FILE),))


def _key_in(file: Path) -> str:
    """The key of the file; the first of several processes makes it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        return file.read_text().strip()
    with os.fdopen(handle, "w") as made:
        key = secrets.token_urlsafe(32)
        made.write(f"{key}\n")
    return key
