"""JSON with exact decimals: numbers with a point become `Decimal`, never a binary float.

Used for variables, payloads and history. Dates, times and durations are ISO 8601 text by the time they reach this module.
"""

from decimal import Decimal
from typing import Any

import msgspec

_encoder = msgspec.json.Encoder(decimal_format="number", order="deterministic")
#: The exponents of a decimal128 (IEEE 754), with which FEEL computes: beyond them a number only holds us up.
_LARGEST_EXPONENT = 6144


def _exact(text: str) -> Decimal:
    number = Decimal(text)
    if abs(number.adjusted()) > _LARGEST_EXPONENT:
        raise ValueError("a number is too large or too small")
    return number


_decoder = msgspec.json.Decoder(float_hook=_exact)


def encode(value: Any) -> bytes:
    """JSON bytes; dataclasses, UUIDs, dates and enums are written as text. Raises TypeError for anything else."""
    return _encoder.encode(value)


def decode(data: bytes | str) -> Any:
    """The value of JSON bytes. Raises msgspec.DecodeError when they are not JSON, or nested too deep to be read."""
    try:
        return _decoder.decode(data)
    except RecursionError:
        raise msgspec.DecodeError("JSON is nested too deep") from None
