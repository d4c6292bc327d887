"""What a spreadsheet would run is text: the one rule of every CSV that leaves the house."""

from typing import Any

_DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n")


def safe(value: Any) -> str:
    """A cell's text. Numbers stay numbers, negative ones too; only text can be a formula."""
    if value is None:
        return ""
    text = str(value)
    return f"'{text}" if isinstance(value, str) and text.startswith(_DANGEROUS) else text
