"""Seals what has to be read again, such as the secret of a webhook, so that a backup of the database alone is worth nothing.

The keys are those of a setting, the present one first; without it one is made at the first use, in a file of the data directory that only
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

from engine.problems import Invalid

FILE: Final = "secrets.key"
#: How each sealed text begins: the version of Fernet, and the first digits of a time before the year 2106.
SEALED: Final = "gAAAA"


class KeyMissing(Invalid):
    """The key that sealed something is not among ours."""


class Ring:
    """The keys of an installation: it seals with the first and opens with any."""

    def __init__(self, keys: tuple[str, ...]) -> None:
        self._keys = MultiFernet([Fernet(urlsafe_b64encode(sha256(key.encode()).digest())) for key in keys])

    def seal(self, plain: str) -> str:
        """The text so that only who has the key reads it."""
        return self._keys.encrypt(plain.encode()).decode()

    def open(self, kept: str) -> str:
        """What was sealed; a text that was kept before there was a key, or none, is what it is. Raises KeyMissing where its key is gone."""
        if not kept.startswith(SEALED):
            return kept
        try:
            return self._keys.decrypt(kept.encode()).decode()
        except InvalidToken:
            raise KeyMissing(
                "The key that sealed this secret is not among ours.",
                code="key_missing",
                next_step="Set ORDERCRAFT_SECRETS_KEY to the keys that sealed it, the same for every process, or make a new secret.",
            ) from None

    def reseal(self, kept: str) -> str:
        """The same secret, sealed with the present key; nothing stays nothing. Raises KeyMissing."""
        return self.seal(self.open(kept)) if kept else ""


def ring_of(named: str, data: Path) -> Ring:
    """The keys that are named with commas between, or the one in the data directory."""
    return _ring(named, data)


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
