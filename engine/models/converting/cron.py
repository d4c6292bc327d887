"""Cron with seconds, as Camunda writes it, as a crontab: `0 0 9 ? * MON-FRI` is nine o'clock on working days."""

import re
from typing import Final

from engine.cron import read_cron
from engine.problems import Invalid

#: The fields behind the seconds: their last value, and whether they are days of the week.
_LAST: Final = (59, 23, 31, 12, 7)
_WEEKDAY: Final = 4
_STEP: Final = re.compile(r"(\d+)/(\d+)")
_NUMBERS: Final = re.compile(r"\d+")
#: Its days of the week as a crontab counts them.
_QUARTZ_DAYS: Final = dict(zip("1234567", "0123456", strict=True))
_SIX, _SEVEN = 6, 7


def crontab_of(text: str, *, sunday_is_one: bool) -> str | None:
    """The crontab of a cron with seconds and perhaps years; None where none says it (the last day of a month, seconds, years).

    `sunday_is_one`: Quartz, which Camunda 7 uses, counts the days of the week from 1 for Sunday; Camunda 8 counts as a crontab does.
    """
    fields = text.split()
    if len(fields) not in {_SIX, _SEVEN} or not fields[0].isascii() or fields[0].strip("0") or fields[_SIX:] not in ([], ["*"], ["?"]):
        return None
    found = [_field(field, place, sunday_is_one=sunday_is_one) for place, field in enumerate(fields[1:_SIX])]
    made = " ".join(found)
    try:
        read_cron(made)
    except Invalid:
        return None
    return made


def _field(text: str, place: int, *, sunday_is_one: bool) -> str:
    found = "*" if text == "?" else text.lower()
    found = _STEP.sub(lambda step: f"{step[1]}-{_LAST[place]}/{step[2]}", found)
    if place != _WEEKDAY or not sunday_is_one:
        return found
    days, slash, step = found.partition("/")
    return _NUMBERS.sub(lambda day: _QUARTZ_DAYS.get(day[0], "none"), days) + slash + step
