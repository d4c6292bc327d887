"""What late payment costs: simple interest day by day on what was open and overdue. Pure; decision tables say the terms.

The first day that costs is the one after the due date, the last is the day that is charged up to: a day is charged on what was open when
it began (amount times rate times days / 365, as dunning procedures do), so that what is paid today changes nothing of what is charged.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from handlers.values import round_currency

ZERO = Decimal(0)
_DAY = timedelta(days=1)
#: A year has 365 days, a leap year too (actual/365).
_YEAR = 365


@dataclass(frozen=True, slots=True)
class RateFrom:
    """A yearly rate in percent, from a day on."""

    day: date
    rate_pct: Decimal


@dataclass(frozen=True, slots=True)
class Part:
    """An instalment: when it was due, how much it is, and what all parts after it come to. Money pays what is due first."""

    due_date: date
    amount: Decimal
    later: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Claim:
    """What is owed: its parts, what is open now, what was taken off it by day, and what was in dispute from when until when."""

    parts: Sequence[Part]
    open_amount: Decimal
    currency: str
    reduced: Mapping[date, Decimal] = field(default_factory=dict)
    #: Each an amount, its first day, and the day it ended; none while it is open.
    disputed: Sequence[tuple[Decimal, date, date | None]] = ()

    def overdue_on(self, day: date) -> Decimal:
        """What was open, overdue and in no dispute when a day began."""
        owed = self.open_amount + sum((amount for moved_on, amount in self.reduced.items() if moved_on >= day), ZERO)
        late = sum((min(part.amount, max(ZERO, owed - part.later)) for part in self.parts if part.due_date < day), ZERO)
        held = sum((amount for amount, since, until in self.disputed if since < day and (until is None or day <= until)), ZERO)
        return max(ZERO, late - held)


@dataclass(frozen=True, slots=True)
class Days:
    """Days in a row on which the same amount cost the same rate; both ends count. `interest` is rounded to the smallest coin."""

    first_day: date
    last_day: date
    principal: Decimal
    rate_pct: Decimal
    interest: Decimal

    @property
    def count(self) -> int:
        """How many days they are."""
        return (self.last_day - self.first_day).days + 1


def interest_days(claim: Claim, rates: Sequence[RateFrom], first_day: date, last_day: date) -> list[Days]:
    """The days from one to another on which something was overdue and cost something, those alike together, in order.

    A day costs the latest rate that began on or before it; before the first there is none.
    """
    found: list[Days] = []
    day = first_day
    while day <= last_day:
        principal, rate = claim.overdue_on(day), _rate_on(rates, day)
        if principal > 0 and rate > 0:
            found = _extended(found, day, principal, rate)
        day += _DAY
    return [_priced(each, claim.currency) for each in found]


def _extended(found: list[Days], day: date, principal: Decimal, rate: Decimal) -> list[Days]:
    last = found[-1] if found else None
    if last is not None and (last.last_day, last.principal, last.rate_pct) == (day - _DAY, principal, rate):
        return [*found[:-1], Days(last.first_day, day, principal, rate, ZERO)]
    return [*found, Days(day, day, principal, rate, ZERO)]


def _priced(days: Days, currency: str) -> Days:
    interest = round_currency(days.principal * days.rate_pct * days.count / (100 * _YEAR), currency)
    return Days(days.first_day, days.last_day, days.principal, days.rate_pct, interest)


def _rate_on(rates: Sequence[RateFrom], day: date) -> Decimal:
    begun = [rate for rate in rates if rate.day <= day]
    return max(begun, key=lambda rate: rate.day).rate_pct if begun else ZERO
