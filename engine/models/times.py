"""Whether the text of a timer gives a time of the kind that it should."""

import re
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Final

from engine.feel import FeelLimitExceeded, FeelSyntaxError, YearsMonths, compile_expression

_DURATION: Final = r"-?P(?=[\dT])(?:\d+Y)?(?:\d+M)?(?:\d+W)?(?:\d+D)?(?:T(?=\d)(?:\d+H)?(?:\d+M)?(?:\d+(?:\.\d+)?S)?)?"
_MOMENT: Final = r"\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:\d{2})?)?(?:@[\w/+-]+|\[[\w/+-]+\])?"
_PLAIN: Final[Mapping[str, re.Pattern[str]]] = {
    "timeDate": re.compile(_MOMENT, re.ASCII),
    "timeDuration": re.compile(_DURATION, re.ASCII),
    "timeCycle": re.compile(rf"R\d*/(?:{_MOMENT}/)?(?P<every>{_DURATION})", re.ASCII),
}
_NOTHING: Final = re.compile(r"[P0YMWDTHS.]*", re.ASCII)
_KINDS: Final[Mapping[str, Callable[[object], bool]]] = {
    "timeDate": lambda value: isinstance(value, date),
    "timeDuration": lambda value: isinstance(value, timedelta | YearsMonths),
    "timeCycle": lambda _: False,
}
#: The elements of a timer.
TIMES: Final = frozenset(_PLAIN)


def is_iso_literal(text: str) -> bool:
    """Plain ISO 8601, which timers may hold without quotation marks: PT4H, 2026-01-01T00:00:00Z, R3/PT10M."""
    return any(pattern.fullmatch(text.strip()) for pattern in _PLAIN.values())


def is_duration(text: str) -> bool:
    """Plain ISO 8601, such as PT4H or P10D."""
    return bool(_PLAIN["timeDuration"].fullmatch(text))


def gives_time(tag: str, text: str) -> bool:
    """Whether a timer element gives its kind of time, as far as it can be told without variables."""
    if is_iso_literal(text):
        return _is_plain(tag, text.strip())
    try:
        expression = compile_expression(text)
        if expression.variables or expression.possible_variables:
            return True
        value = expression.evaluate({})
    except (FeelSyntaxError, FeelLimitExceeded):
        return True  # the rule of expressions speaks of these
    return _is_plain(tag, value.strip()) if isinstance(value, str) else _KINDS[tag](value)


def _is_plain(tag: str, text: str) -> bool:
    found = _PLAIN[tag].fullmatch(text)
    if found is None:
        return False
    return tag != "timeCycle" or not _NOTHING.fullmatch(found["every"])
