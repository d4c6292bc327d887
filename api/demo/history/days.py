"""The ninety days, one work day after the other, and the last week, in which things are left as a visitor finds them."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from api.demo.history import customers, goods, morning, office
from api.demo.history.house import House, workdays
from api.demo.history.money import Bank

#: How much of a worklist is done on an ordinary day, and in the last days, in which people are behind.
_BUSY, _BEHIND = 0.9, 0.35
_PEOPLE_BEHIND: Final = 3
#: So many days before the end the carrier stops to answer for shipments abroad, and gets slow with what is heavier than so many kilograms.
_CARRIER_AWAY: Final = 9
_CARRIER_SLOW: Final = 5
_HEAVY: Final = Decimal(20)
_ABROAD: Final = frozenset({"DE", "SE"})


def live(house: House, first: date, last: date, told: Callable[[date], None] = lambda _: None) -> None:
    """Live the work days from `first` to `last`; `told` hears of each that is over."""
    bank = Bank()
    for day in workdays(first, last):
        left = (last - day).days
        house.carrier.away_for = _ABROAD if left <= _CARRIER_AWAY else frozenset()
        house.carrier.slow_above = _HEAVY if left <= _CARRIER_SLOW else None
        _live_a_day(house, bank, day, _BEHIND if left <= _PEOPLE_BEHIND else _BUSY)
        told(day)
    _begin_the_day(house, last + timedelta(days=1))
    customers.ask_for_prices(house)
    morning.leave_things(house)


def _begin_the_day(house: House, day: date) -> None:
    """What has come in by nine in the morning, before anybody has worked."""
    house.set_clock(day, 8)
    goods.receive(house, day)
    customers.order(house, day)
    customers.answer_quotes(house)


def _live_a_day(house: House, bank: Bank, day: date, busy: float) -> None:
    _begin_the_day(house, day)
    office.work(house, day, busy=busy)
    house.set_clock(day, 13)
    goods.suppliers_answer(house, day)
    customers.ask_for_prices(house)
    customers.change_their_minds(house)
    goods.deliver(house)
    office.work(house, day, busy=busy)
    bank.tell(house, day)
    customers.send_back_and_dispute(house)
    goods.buy_more(house, day)
    house.set_clock(day, 17)
