"""What a month is, and what its open balances are worth on its last day. Pure: no database."""

import re
from calendar import monthrange
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from engine.problems import Invalid
from handlers.values import round_currency

_MONTH = re.compile(r"(\d{4})-(0[1-9]|1[0-2])", re.ASCII)
ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Month:
    """A month of the business calendar, by its first and last day."""

    starts_on: date
    ends_on: date

    @property
    def name(self) -> str:
        """As it is written: `2026-02`."""
        return f"{self.starts_on:%Y-%m}"


def month(written: str) -> Month:
    """The month as it is written. Raises Invalid for anything but `2026-02`."""
    found = _MONTH.fullmatch(written.strip())
    if found is None or found[1] == "0000":
        raise Invalid(
            f"{written[:20]!r} is no month.",
            code="period_name",
            next_step="Write the year and the month, such as 2026-02.",
            errors={"period": ["must be written like 2026-02"]},
        )
    return month_of(date(int(found[1]), int(found[2]), 1))


def month_of(day: date) -> Month:
    """The month that a day lies in."""
    return Month(day.replace(day=1), day.replace(day=monthrange(day.year, day.month)[1]))


@dataclass(frozen=True, slots=True)
class Balance:
    """What an account stands at in a foreign currency: `entered` in it, `booked` in the currency of the books; debit positive both."""

    account: str
    currency: str
    entered: Decimal
    booked: Decimal


@dataclass(frozen=True, slots=True)
class Revalued:
    """A balance with what it is worth at the rate of the day, and what that changes: above zero is income."""

    balance: Balance
    rate: Decimal
    worth: Decimal

    @property
    def difference(self) -> Decimal:
        """What the books do not show yet."""
        return self.worth - self.balance.booked


def revalue(balances: Iterable[Balance], rates: Mapping[str, Decimal], books: str) -> list[Revalued]:
    """What each balance is worth at the rates given, those left out that are worth what they are booked at."""
    valued = (Revalued(each, rates[each.currency], round_currency(each.entered * rates[each.currency], books)) for each in balances)
    return [each for each in valued if each.difference != ZERO]
