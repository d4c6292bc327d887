"""When a schedule fires next: a date, a duration after the deployment, an interval such as `R/PT1H`, or cron such as `0 6 * * mon-fri`."""

import re
from datetime import datetime, timedelta

from apscheduler.triggers.cron import CronTrigger

from engine.feel import as_datetime, as_timedelta
from engine.problems import Invalid

_INTERVAL = re.compile(r"R(?P<times>\d*)/(?:(?P<start>\d{4}-[^/]+)/)?(?P<step>P[^/]+)")
_SHORTEST = timedelta(seconds=1)
_CRON_FIELDS = 5


def next_time(expression: str, last: datetime | None, now: datetime) -> datetime | None:
    """The first fire time after `last` (None: it never fired). Times missed while nobody ran are made up by one. None: never again.

    Raises Invalid for text that is none of the four.
    """
    text = expression.strip().removeprefix("=").strip().strip('"')
    interval = _INTERVAL.fullmatch(text)
    if interval:
        return _of_interval(interval, last, now)
    if len(text.split()) == _CRON_FIELDS:
        return _of_cron(text, last or now, now)
    if last is not None:
        return None
    if text.startswith("P"):
        return now + _duration(text)
    return _date(text)


def _of_interval(interval: re.Match[str], last: datetime | None, now: datetime) -> datetime:
    step = _duration(interval["step"])
    if last is None:
        return _date(interval["start"]) if interval["start"] else now + step
    missed = max((now - last) // step, 0)
    return last + step * (missed + 1)


def _of_cron(text: str, after: datetime, now: datetime) -> datetime | None:
    try:
        trigger = CronTrigger.from_crontab(text, timezone=after.tzinfo)
    except ValueError as error:
        raise _unreadable(text) from error
    following: datetime | None = trigger.get_next_fire_time(None, max(after, now) + timedelta(microseconds=1))
    return following


def _duration(text: str) -> timedelta:
    step = as_timedelta(text)
    if step < _SHORTEST:
        raise Invalid(f"{text!r} is shorter than a second.", code="schedule", next_step="Let the process begin every second at most.")
    return step


def _date(text: str) -> datetime:
    return as_datetime(text)


def _unreadable(text: str) -> Invalid:
    next_step = "Write a date, a duration such as PT1H, an interval such as R/P1D, or cron such as 0 6 * * mon-fri."
    return Invalid(f"{text!r} is no schedule.", code="schedule", next_step=next_step)
