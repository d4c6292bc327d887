"""The supply and demand of an item in a place, and what can be made of it there. Pure.

PAB(u)  = on hand + supply due by u - demand due by u       the projected balance
CATP(t) = max(0, min over u >= t of PAB(u))                 what may be promised at t without breaking a later promise
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Protocol

ZERO = Decimal(0)


@dataclass(slots=True)
class Projection:
    """The supply and demand of one item in one place. `today` is when on hand can be used; earlier supply and demand count as today's."""

    today: date
    on_hand: Decimal
    changes: dict[date, Decimal] = field(default_factory=dict)
    _days: list[date] = field(default_factory=list, repr=False)
    _free: list[Decimal] = field(default_factory=list, repr=False)
    #: Counts the changes, so that whoever looks at it otherwise knows when to look again.
    version: int = 0

    def supply(self, day: date, qty: Decimal) -> None:
        """Expect goods on a day."""
        self._change(day, qty)

    def demand(self, day: date, qty: Decimal) -> None:
        """Promise goods for a day."""
        self._change(day, -qty)

    def free_at(self, day: date) -> Decimal:
        """CATP: what may still be promised for a day."""
        self._work_out()
        return self._free[max(0, bisect_right(self._days, max(day, self.today)) - 1)]

    def days(self) -> list[date]:
        """The days on which what may be promised can change, today first."""
        self._work_out()
        return self._days

    def earliest(self, qty: Decimal, wanted: date) -> date | None:
        """The first day from `wanted` on for which the whole quantity may be promised; None when known supply never suffices."""
        start = max(wanted, self.today)
        if self.free_at(start) >= qty:
            return start
        # What is free never falls from one day to the next: no day before the start suffices when the start does not.
        return next((day for day in self.days() if self.free_at(day) >= qty), None)

    def _change(self, day: date, qty: Decimal) -> None:
        day = max(day, self.today)
        self.changes[day] = self.changes.get(day, ZERO) + qty
        self._days.clear()
        self.version += 1

    def _work_out(self) -> None:
        if self._days:
            return
        self._days = sorted({self.today, *self.changes})
        balances: list[Decimal] = []
        balance = self.on_hand
        for day in self._days:
            balance += self.changes.get(day, ZERO)
            balances.append(balance)
        lowest = balances[-1]
        self._free = [ZERO] * len(balances)
        for index in range(len(balances) - 1, -1, -1):
            lowest = min(lowest, balances[index])
            self._free[index] = max(ZERO, lowest)


class Promisable(Protocol):
    """What may be promised of an item in a place, to one who asks; what is promised is booked."""

    def supply(self, day: date, qty: Decimal) -> None:
        """Expect goods on a day, or give back what was promised for it."""

    def demand(self, day: date, qty: Decimal) -> None:
        """Promise goods for a day."""

    def free_at(self, day: date) -> Decimal:
        """What may still be promised for a day."""

    def days(self) -> list[date]:
        """The days on which that can change, today first."""

    def earliest(self, qty: Decimal, wanted: date) -> date | None:
        """The first day from `wanted` on for which the whole quantity may be promised; None when known supply never suffices."""


@dataclass(slots=True)
class Capability:
    """What can be made of an item in a place beside what is asked for already: a day's output for each working day from `ready` on.

    `ready` is the first day on which what is begun now is done. Without a projection there is no limit.
    """

    ready: date
    free: Projection | None = None

    @classmethod
    def of(cls, working_days: Sequence[date], per_day: Decimal | None, asked: Iterable[tuple[date, Decimal]]) -> "Capability | None":
        """The capability of a place that works on those days, the first of them when something begun now is done; None without days."""
        if not working_days:
            return None
        ready = working_days[0]
        if per_day is None:
            return cls(ready)
        free = Projection(ready, ZERO)
        for day in working_days:
            free.supply(day, per_day)
        for day, qty in asked:
            if day >= ready:  # what is done before was begun before
                free.demand(day, qty)
        return cls(ready, free)

    def earliest(self, qty: Decimal, wanted: date) -> date | None:
        """The first day from `wanted` on by which so much can be made; None when it takes longer than anybody looks ahead."""
        start = max(wanted, self.ready)
        return start if self.free is None else self.free.earliest(qty, start)

    def ask(self, day: date, qty: Decimal) -> None:
        """Ask for so much by a day; a negative quantity takes it back."""
        if self.free is not None:
            self.free.demand(day, qty)
