"""The company's time on pages: its zone, and its clock, which a demo may have moved. The edge sets `g.clock_ahead`."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any

from flask import g
from markupsafe import Markup

from engine.retry_policy import read_policy
from engine.runtime.state.limits import DEFAULT_RETRY
from ui import formats
from ui.product import product


def zone() -> tzinfo:
    """The company's time zone."""
    return product().runtime.time_zone


def ahead() -> timedelta:
    """By how much the company's clock is ahead of the machine's; nothing but in a demo."""
    found: timedelta = g.get("clock_ahead", timedelta())
    return found


def now() -> datetime:
    """The company's time, for reading; rules ask the database."""
    return datetime.now(UTC) + ahead()


def moved_clock() -> Mapping[str, Any] | None:
    """What every page says of a clock that was moved; None where it was not."""
    if not ahead():
        return None
    here = now().astimezone(zone())
    return {"by": formats.distance(ahead()), "back": ahead() < timedelta(), "here": f"{here.day} {here:%b %Y %H:%M %Z}"}


def _local_day(value: datetime | None) -> str:
    """The day in the zone as a field of a form takes it; empty where there is none."""
    return value.astimezone(zone()).date().isoformat() if value else ""


def _last_day(ends_at: datetime) -> Markup | str:
    """The last day of a period that ends at a midnight, or within a day."""
    return _day(ends_at - timedelta(microseconds=1))


def _day(value: date | datetime | None) -> Markup | str:
    return formats.day(value, zone())


def _moment(value: datetime | None, seconds: bool = False) -> Markup | str:
    return formats.moment(value, seconds, zone())


def _ago(value: datetime | None) -> Markup | str:
    return formats.ago(value, now(), zone())


def _machine_ago(value: datetime | None) -> Markup | str:
    """How far a time by the machine's clock is from now: what is sent, deployed and drafted moves with no demo."""
    return formats.ago(value, datetime.now(UTC), zone())


def _retrying(told: Mapping[str, Any]) -> str:
    """`attempt 3 of 8, next 21:37` of a service task that is tried again."""
    due = datetime.fromisoformat(told["due"]).astimezone(zone())
    at = f"{due:%H:%M}" if due.date() == now().astimezone(zone()).date() else f"{due.day} {due:%b %H:%M}"
    return f"attempt {told['attempt']} of {read_policy(told['policy'] or DEFAULT_RETRY).retries + 1}, next {at}"


def _zone_name(value: datetime) -> str:
    """What the zone is called at that time, CET or CEST: where a time stands in a sentence."""
    return value.astimezone(zone()).tzname() or ""


FILTERS: Mapping[str, Any] = {
    "day": _day,
    "moment": _moment,
    "ago": _ago,
    "machine_ago": _machine_ago,
    "zone_name": _zone_name,
    "retrying": _retrying,
    "local_day": _local_day,
    "last_day": _last_day,
}
