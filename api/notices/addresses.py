"""Addresses to which notices may go."""

from urllib.parse import urlsplit


def is_web(address: str, *, secure: bool = False) -> bool:
    """Whether something can be posted there: http or https (https alone where it is to be secure), a host, and no password in it."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    schemes = {"https"} if secure else {"https", "http"}
    return parts.scheme in schemes and bool(parts.hostname) and not parts.username and address.isprintable()
