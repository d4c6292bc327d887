"""Groups incidents by cause: the same failure of a thousand orders is one line on the operator's page."""

import re
from hashlib import sha256

_VARIABLE_PARTS = (
    re.compile(r"\b[0-9a-f]{8}(?:-?[0-9a-f]{4}){3}-?[0-9a-f]{12}\b", re.IGNORECASE),  # UUIDs
    re.compile(r"\b\d{4}-\d{2}-\d{2}(?:[T ][\d:.]+(?:Z|[+-]\d{2}:?\d{2})?)?\b"),  # dates and times
    re.compile(r"\b0x[0-9a-f]+\b", re.IGNORECASE),  # addresses
    re.compile(r"\b[A-Z]{1,5}-\d+\b"),  # human numbers such as SO-000001
    re.compile(r"\d+(?:[.,]\d+)*"),  # numbers
)


def general(message: str) -> str:
    """The message with ids, numbers and dates taken out."""
    for pattern in _VARIABLE_PARTS:
        message = pattern.sub("#", message)
    return " ".join(message.split())


def fingerprint(kind: str, where: str, message: str) -> str:
    """The same for the same cause; `where` is the service task's name, or else the element."""
    return sha256(f"{kind}\n{where}\n{general(message)}".encode()).hexdigest()[:16]
