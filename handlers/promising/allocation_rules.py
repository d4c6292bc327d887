"""Supply that is kept for some: what of it is left, and what whoever asks may be promised beside it. Pure.

What is left of an allocation is, for everybody else, like a demand from its first day on: nobody is promised it, on no day, until it is
released. Whoever it is kept for sees it as free and takes it before what is free for all. Source: supply protection and product
allocation of SAP's advanced available-to-promise, demand classes of Oracle's global order promising.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import ROUND_DOWN, Decimal

from handlers.promising.projection import Projection

ZERO = Decimal(0)
_FOUR = Decimal("0.0001")


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who asks: the class of the customer, and the channel of the order."""

    customer_class: str
    channel: str


@dataclass(slots=True, kw_only=True)
class Kept:
    """An allocation in one place: so much is kept in what ships from `first` to `last`; `used` is what was promised of it."""

    customer_class: str
    channel: str
    first: date
    last: date
    size: Decimal
    priority: int = 1
    used: Decimal = ZERO

    @property
    def left(self) -> Decimal:
        """What is still kept."""
        return max(ZERO, self.size - self.used)

    def is_for(self, viewer: Viewer) -> bool:
        """Whether it is kept for whoever asks."""
        return self.customer_class in {"", viewer.customer_class} and self.channel in {"", viewer.channel}

    def covers(self, day: date) -> bool:
        """Whether what ships on a day comes out of it."""
        return self.first <= day <= self.last


@dataclass(frozen=True, slots=True, kw_only=True)
class Supplied:
    """What the share of an allocation is a share of: what is there and comes in until its last day, and what left in its days."""

    there: Decimal
    promised_before: Decimal
    shipped: Decimal


def is_released(valid_until: date, release_days: int, today: date) -> bool:
    """Whether what is left of an allocation is free for all: from `release_days` before its last day on, and after it."""
    return today > valid_until - timedelta(days=release_days)


def size_of(qty: Decimal | None, share_pct: Decimal | None, supplied: Supplied) -> Decimal:
    """How much is kept: the quantity, or the share of the supply, cut off. What leaves does not make the share smaller."""
    if qty is not None:
        return qty
    base = max(ZERO, supplied.there - supplied.promised_before) + supplied.shipped
    return (base * (share_pct or ZERO) / 100).quantize(_FOUR, ROUND_DOWN)


@dataclass(slots=True)
class Allotment:
    """The allocations of an item in one place, those with a lower priority number first; `version` counts what is taken of them."""

    kept: Sequence[Kept]
    version: int = 0

    def take(self, viewer: Viewer, day: date, qty: Decimal) -> None:
        """Count what is promised to somebody against what is kept for them; what is more than is left, against the last."""
        own = self._own(viewer, day)
        for each in own:
            taken = min(each.left, qty)
            each.used += taken
            qty -= taken
        if own:
            own[-1].used += qty
        self.version += 1

    def give_back(self, viewer: Viewer, day: date, qty: Decimal) -> None:
        """Take back what was promised to somebody."""
        for each in reversed(self._own(viewer, day)):
            given = min(each.used, qty)
            each.used -= given
            qty -= given
        self.version += 1

    def from_others(self, viewer: Viewer) -> Iterable[Kept]:
        """What is kept from whoever asks: not what is kept for them, nor what is kept at a later priority than that."""
        own = min((each.priority for each in self.kept if each.is_for(viewer)), default=None)
        return (each for each in self.kept if not each.is_for(viewer) and (own is None or each.priority <= own))

    def _own(self, viewer: Viewer, day: date) -> list[Kept]:
        return [each for each in self.kept if each.is_for(viewer) and each.covers(day)]


@dataclass(slots=True)
class SeenBy:
    """A projection as one who asks sees it: what is kept for others is not there. What is booked through it counts for all."""

    base: Projection
    allotment: Allotment
    viewer: Viewer
    _seen: Projection | None = None
    _at: tuple[int, int] = field(default=(-1, -1), repr=False)

    def supply(self, day: date, qty: Decimal) -> None:
        """Give back what was promised for a day."""
        self.base.supply(day, qty)
        self.allotment.give_back(self.viewer, day, qty)

    def demand(self, day: date, qty: Decimal) -> None:
        """Promise goods for a day."""
        self.base.demand(day, qty)
        self.allotment.take(self.viewer, day, qty)

    def free_at(self, day: date) -> Decimal:
        """What may still be promised for a day."""
        return self._now().free_at(day)

    def days(self) -> list[date]:
        """The days on which that can change, today first."""
        return self._now().days()

    def earliest(self, qty: Decimal, wanted: date) -> date | None:
        """The first day from `wanted` on for which the whole quantity may be promised; None when known supply never suffices."""
        return self._now().earliest(qty, wanted)

    def _now(self) -> Projection:
        at = (self.base.version, self.allotment.version)
        if self._seen is None or at != self._at:
            self._seen = Projection(self.base.today, self.base.on_hand, dict(self.base.changes))
            for each in self.allotment.from_others(self.viewer):
                self._seen.demand(each.first, each.left)
            self._at = at
        return self._seen
