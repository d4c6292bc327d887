"""Conversions and `not` (DMN 1.5, sections 10.3.4.1 and 10.3.4.2)."""

import re
from decimal import Decimal
from typing import Final

from engine.feel.decimals import CONTEXT
from engine.feel.library.registry import builtin, metered
from engine.feel.limits import Run
from engine.feel.text import text_of

_NUMBER: Final = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_GROUPINGS: Final = (None, " ", ",", ".")
_POINTS: Final = (None, ",", ".")


@metered("string", "from:*")
def _string(run: Run, value: object) -> str | None:
    return text_of(value, run)


@builtin("number", "from:n", "from:s, grouping separator:s?, decimal separator:s?")
def _number(value: Decimal | str, grouping: str | None = None, point: str | None = None) -> Decimal | None:
    if isinstance(value, Decimal):
        return value
    if grouping not in _GROUPINGS or point not in _POINTS or (grouping and grouping == point):
        return None
    digits = value.replace(grouping, "") if grouping else value
    digits = digits.replace(point, ".") if point else digits
    return CONTEXT.create_decimal(digits) if _NUMBER.fullmatch(digits) else None


@builtin("get or else", "value:*, default:*")
def _get_or_else(value: object, default: object) -> object:
    return default if value is None else value


@builtin("not", "negand:b")
def _not(value: bool) -> bool:
    return not value
