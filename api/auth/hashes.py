"""Random secrets that are told once: tokens, cookies, links. We keep their hash."""

import hashlib
import secrets


def new_secret(prefix: str = "") -> str:
    """A secret of 256 random bits."""
    return prefix + secrets.token_urlsafe(32)


def hash_of(secret: str) -> str:
    """What is kept of it. It is long and random, so one SHA-256 is enough."""
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()
