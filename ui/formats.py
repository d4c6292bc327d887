"""How values are written for people: money, quantities, times, codes. Jinja filters: `pages.py`, those of times `company_time.py`."""

import re
from collections.abc import Collection, Mapping
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import Decimal
from typing import Any

from babel.dates import format_date
from markupsafe import Markup, escape

from engine.runtime.verbs.case_comments import MENTION
from engine.store import json_text
from engine.store.paging import many
from handlers.values import decimals_of, round_currency
from ui.languages import N_, SOURCE, locale, say

#: Stands where there is no value.
NOTHING = "\u2013"
_ACRONYMS = frozenset({"API", "COGS", "CSV", "EDI", "ID", "PDF", "PO", "SKU", "UBL", "VAT"})
_BETWEEN = re.compile(r"[-_.\s]+")
_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def money(amount: Decimal | None, currency: str) -> str:
    """`1,234.50 EUR`; a dash when there is none."""
    if amount is None:
        return NOTHING
    return f"{_grouped(round_currency(amount, currency), decimals_of(currency))} {currency}"


def typed_money(amount: Any, currency: str) -> str:
    """An amount as a field has it to be changed: with the decimals of its currency, and more only where it has them. `6.40`, `0.0125`.

    What somebody typed stays as it is.
    """
    if not isinstance(amount, Decimal):
        return "" if amount is None else str(amount)
    digits = f"{amount:.4f}"
    least = digits.index(".") + 1 + decimals_of(currency)
    return (digits[:least] + digits[least:].rstrip("0")).rstrip(".")


def quantity(amount: Decimal | int | None) -> str:
    """A quantity without the zeros it is stored with: `12`, `0.5`."""
    if amount is None:
        return NOTHING
    text = f"{Decimal(amount):,.4f}".rstrip("0").rstrip(".")
    return _marked(text or "0")


def percent(amount: Decimal | int | None) -> str:
    """A percentage: `24.29 %`, `-9.4 %`."""
    return NOTHING if amount is None else f"{quantity(amount)} %"


def points(amount: Decimal | int | None) -> str:
    """Percentage points above or below something: `+2.05 points`."""
    return NOTHING if amount is None else f"{'+' if amount > 0 else ''}{quantity(amount)} points"


def days(count: int | None) -> str:
    """A number of days: `1 day`, `30 days`."""
    return NOTHING if count is None else f"{quantity(count)} {'day' if count == 1 else 'days'}"


def address(parts: Mapping[str, Any]) -> str:
    """An address on one line: name, street, postal code and city, country."""
    place = " ".join(str(parts[name]) for name in ("postal_code", "city") if parts.get(name))
    return ", ".join(str(part) for part in (parts.get("name"), parts.get("street"), place, parts.get("country")) if part) or NOTHING


def decider(name: str | None) -> str:
    """Who decided: a person's name, or the rule: `decision:credit-check` becomes `the rule Credit check`."""
    kind, _, rule = (name or "").partition(":")
    return f"the rule {words(rule)}" if kind == "decision" and rule else name or NOTHING


def day(value: date | datetime | None, zone: tzinfo = UTC) -> Markup | str:
    """A day: `21 Nov 2026`; of a point in time its day in the zone."""
    if value is None:
        return NOTHING
    at = value.astimezone(zone) if isinstance(value, datetime) else value
    return Markup('<time datetime="{}">{}</time>').format(at.isoformat(), _date(at, "d MMM y"))


def moment(value: datetime | None, seconds: bool = False, zone: tzinfo = UTC) -> Markup | str:
    """A point in time in the zone: `21 Nov 14:05`, or with `seconds` `21 Nov 14:05:09`; year, seconds and zone are in the title."""
    if value is None:
        return NOTHING
    at = value.astimezone(zone)
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        at.isoformat(timespec="seconds"), f"{at:%Y-%m-%d %H:%M:%S %Z}", f"{_date(at, 'd MMM')} {at:{'%H:%M:%S' if seconds else '%H:%M'}}"
    )


def ago(value: datetime | None, now: datetime, zone: tzinfo = UTC) -> Markup | str:
    """How far a point in time is from now: `3 h ago`, `in 2 d`. Only for reading; rules use the database's clock."""
    if value is None:
        return NOTHING
    seconds = (now - value).total_seconds()
    text = _span(abs(seconds))
    far = N_("%(span)s ago") if seconds > 0 else N_("in %(span)s")
    phrase = say("just now") if text == "0 min" else say(far, span=text)
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        value.isoformat(timespec="seconds"), f"{value.astimezone(zone):%Y-%m-%d %H:%M %Z}", phrase
    )


def distance(ahead: timedelta) -> str:
    """By how much a clock is ahead: `14 d`, `3 h`."""
    return _span(abs(ahead.total_seconds()))


def _span(seconds: float) -> str:
    if seconds < _HOUR:
        return f"{int(seconds // _MINUTE)} min"
    if seconds < 2 * _DAY:
        return f"{int(seconds // _HOUR)} h"
    return f"{int(seconds // _DAY)} d"


def lasting(seconds: float | None) -> str:
    """How long something took: `0.4 s`, `45 s`, `12 min`, `3.5 h`, `2.1 d`; a dash when nobody knows."""
    if seconds is None:
        return NOTHING
    for least, unit, name in ((2 * _DAY, _DAY, "d"), (_HOUR, _HOUR, "h"), (_MINUTE, _MINUTE, "min")):
        if seconds >= least:
            return f"{seconds / unit:,.1f}".removesuffix(".0") + f" {name}"
    return f"{seconds:.0f} s" if seconds >= 1 else f"{max(seconds, 0.1):.1f} s" if seconds else "0"


def words(code: str | None) -> str:
    """A code in plain words: `order-desk` becomes `Order desk`, `INVOICE_PDF` becomes `Invoice PDF`."""
    parts = _BETWEEN.split(code or "")
    plain = " ".join(part.upper() if part.upper() in _ACRONYMS else part.lower() if part.isupper() else part for part in parts).strip()
    return say(plain[:1].upper() + plain[1:]) if plain else ""


def _grouped(amount: Decimal, places: int) -> str:
    return _marked(f"{amount:,.{places}f}")


def _marked(number: str) -> str:
    """A number with the marks of the page's language between its thousands and before its decimals."""
    here = locale()
    if here.language == SOURCE:
        return number
    marks = {",": here.number_symbols["latn"]["group"], ".": here.number_symbols["latn"]["decimal"]}
    return "".join(marks.get(letter, letter) for letter in number)


def _date(at: date, pattern: str) -> str:
    """A day in the words of the page's language."""
    here = locale()
    if here.language == SOURCE:
        return f"{at.day} {at:%b %Y}" if pattern.endswith("y") else f"{at.day} {at:%b}"
    return format_date(at, pattern.replace("d", "d.", 1), here)


def mentioning(text: str, names: Collection[str]) -> Markup:
    """What somebody wrote, as text whatever it holds, with each of the people it calls marked."""
    parts = (
        Markup('<b class="mention">{}</b>').format(part) if number % 2 and part[1:] in names else escape(part)
        for number, part in enumerate(MENTION.split(text))
    )
    return Markup("").join(parts)


def json_island(value: Any) -> Markup:
    """JSON for a script element of a data type; `<` is written as an escape, so that no text can end the element."""
    return Markup(json_text.encode(value).decode().replace("<", "\\u003c"))  # noqa: S704  # escaped above, and not executed


def json_pretty(value: Any) -> str:
    """JSON for reading, in exact decimals."""
    import msgspec

    return msgspec.json.format(json_text.encode(value), indent=2).decode()


FILTERS: Mapping[str, Any] = {
    "money": money,
    "typed_money": typed_money,
    "quantity": quantity,
    "percent": percent,
    "points": points,
    "days": days,
    "address": address,
    "decider": decider,
    "lasting": lasting,
    "many": many,
    "words": words,
    "mentioning": mentioning,
    "json_island": json_island,
    "json_pretty": json_pretty,
}
