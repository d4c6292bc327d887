"""What a change of an order comes to, line by line and by the stage each line has reached. Pure.

The stage says what is lost: the decision table `change-constraints` answers for each kind and stage whether it is possible, what it
costs in points, what has to be undone, and what to do instead.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

ZERO = Decimal(0)


class Stage(StrEnum):
    """How far a part of an order came, in the order of its life."""

    SUBMITTED = "SUBMITTED"
    SCHEDULED = "SCHEDULED"
    RESERVED = "RESERVED"
    RELEASED = "RELEASED"
    PICKED = "PICKED"
    LABELLED = "LABELLED"
    WITH_SUPPLIER = "WITH_SUPPLIER"
    SHIPPED = "SHIPPED"
    DELIVERED = "DELIVERED"
    INVOICED = "INVOICED"

    @property
    def rank(self) -> int:
        """Its place in an order's life."""
        return _RANKS[self]


_RANKS = {stage: rank for rank, stage in enumerate(Stage)}
#: From here on the whole group is undone: its pick list or its shipment names what is in it.
_PREPARED = frozenset({Stage.RELEASED, Stage.PICKED, Stage.LABELLED})


class Kind(StrEnum):
    """What is asked."""

    LESS = "LESS"
    MORE = "MORE"
    CANCEL = "CANCEL"
    ADD = "ADD"
    ITEM = "ITEM"
    DATE = "DATE"
    PRICE = "PRICE"
    ADDRESS = "ADDRESS"


@dataclass(frozen=True, slots=True, kw_only=True)
class PartNow:
    """A fulfilment line: how much of it is still to ship, and how far it came."""

    id: int
    group_no: str | None
    stage: Stage
    qty_open: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class LineNow:
    """A line as it stands. `qty` is what is ordered and not cancelled, in its unit; `left_at` the stage of what has left."""

    line_no: int
    sku: str
    qty: Decimal
    qty_shipped: Decimal
    unit_net: Decimal
    requested: date | None
    parts: Sequence[PartNow]
    left_at: Stage = Stage.SHIPPED
    #: What of it has no fulfilment line yet.
    qty_unplanned: Decimal = ZERO

    @property
    def qty_open(self) -> Decimal:
        """What is still to ship."""
        return self.qty - self.qty_shipped

    @property
    def open_parts(self) -> list[PartNow]:
        """What is still to ship, what came least far first."""
        return sorted((part for part in self.parts if part.qty_open > 0), key=lambda part: (part.stage.rank, part.id))

    @property
    def stage(self) -> Stage:
        """How far what is still to ship came; what has left, where nothing is."""
        if not self.qty_open:
            return self.left_at
        return max((part.stage for part in self.open_parts), key=lambda stage: stage.rank, default=Stage.SUBMITTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderNow:
    """An order as it stands."""

    version_no: int
    currency: str
    ship_to: Mapping[str, str]
    lines: Sequence[LineNow]

    @property
    def stage(self) -> Stage:
        """How far what is still to ship came; the furthest, where nothing is."""
        still = [line for line in self.lines if line.qty_open > 0]
        return max((line.stage for line in still or self.lines), key=lambda stage: stage.rank, default=Stage.SUBMITTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class LineWish:
    """A line as it is wanted. Without `line_no` it is a new one; what is None stays; a quantity of zero takes the line off.

    `qty` is all that is wanted of the line, what has left included, in the unit of the line.
    """

    line_no: int | None = None
    sku: str | None = None
    qty: Decimal | None = None
    unit_price: Decimal | None = None
    requested: date | None = None
    buyer_line_no: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is wanted of an order; what is None stays."""

    lines: Sequence[LineWish] = ()
    ship_to: Mapping[str, str] | None = None
    requested: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delta:
    """One thing that changes: of which line, at which stage, from what to what. `qty` is how much less or more it is."""

    kind: Kind
    stage: Stage
    line_no: int | None = None
    before: str = ""
    after: str = ""
    qty: Decimal = ZERO

    @property
    def case(self) -> tuple[str, str]:
        """What the table of constraints is asked."""
        return self.kind, self.stage


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """What the table of constraints answers."""

    allowed: bool
    cost: Decimal
    undo: str
    instead: str


@dataclass(slots=True, kw_only=True)
class Cut:
    """What is to be done to what was planned: parts that ship less, parts to be promised anew, groups to be undone as a whole."""

    less: dict[int, Decimal] = field(default_factory=dict)
    anew: set[int] = field(default_factory=set)
    groups: set[str] = field(default_factory=set)


def differences(order: OrderNow, wish: Wish) -> list[Delta]:
    """What the wish changes, in the order of the lines; a wish for what is so already changes nothing."""
    lines = {line.line_no: line for line in order.lines}
    found: list[Delta] = []
    for wanted in wish.lines:
        if wanted.line_no is None:
            found.append(_added(order, wanted))
        else:
            found += _changed(lines[wanted.line_no], wanted, wish)
    named = {wanted.line_no for wanted in wish.lines}
    if wish.requested is not None:
        others = (line for line in order.lines if line.line_no not in named and line.qty_open > 0)
        found += [delta for line in others for delta in _redated(line, wish.requested)]
    if wish.ship_to is not None:
        found += _readdressed(order, wish.ship_to)
    return found


def _added(order: OrderNow, wanted: LineWish) -> Delta:
    is_over = all(not line.qty_open for line in order.lines)
    stage = order.stage if is_over else Stage.SUBMITTED
    qty = wanted.qty or ZERO
    return Delta(kind=Kind.ADD, stage=stage, after=f"{_plain(qty)} of {wanted.sku}", qty=qty)


def _changed(line: LineNow, wanted: LineWish, wish: Wish) -> Iterator[Delta]:
    if wanted.sku is not None and wanted.sku != line.sku:
        stage = line.left_at if line.qty_shipped else line.stage
        yield Delta(kind=Kind.ITEM, stage=stage, line_no=line.line_no, before=line.sku, after=wanted.sku, qty=line.qty_open)
        return
    if wanted.qty is not None and wanted.qty != line.qty:
        yield _requantified(line, wanted.qty)
        if not wanted.qty:
            return
    if wanted.unit_price is not None and wanted.unit_price != line.unit_net:
        stage = line.left_at if line.qty_shipped else line.stage
        yield Delta(
            kind=Kind.PRICE, stage=stage, line_no=line.line_no, before=_plain(line.unit_net), after=_plain(wanted.unit_price), qty=line.qty
        )
    requested = wanted.requested or wish.requested
    if requested is not None:
        yield from _redated(line, requested)


def _requantified(line: LineNow, qty: Decimal) -> Delta:
    before, after = _plain(line.qty), _plain(qty)
    if qty > line.qty:
        return Delta(kind=Kind.MORE, stage=line.stage, line_no=line.line_no, before=before, after=after, qty=qty - line.qty)
    kind = Kind.LESS if qty else Kind.CANCEL
    less = line.qty - qty
    return Delta(kind=kind, stage=_stage_of_less(line, less), line_no=line.line_no, before=before, after=after, qty=less)


def _stage_of_less(line: LineNow, less: Decimal) -> Stage:
    """The furthest stage that has to be touched, when what came least far is given up first."""
    if less > line.qty_open:
        return line.left_at
    touched = [part.stage for part, _ in _taken_from(line, less)]
    return max(touched, key=lambda stage: stage.rank, default=Stage.SUBMITTED)


def _taken_from(line: LineNow, less: Decimal) -> Iterator[tuple[PartNow, Decimal]]:
    left = less - min(less, line.qty_unplanned)
    for part in line.open_parts:
        if left <= 0:
            return
        taken = min(left, part.qty_open)
        left -= taken
        yield part, taken


def _redated(line: LineNow, requested: date) -> Iterator[Delta]:
    if requested != line.requested:
        before = line.requested.isoformat() if line.requested else ""
        yield Delta(kind=Kind.DATE, stage=line.stage, line_no=line.line_no, before=before, after=requested.isoformat(), qty=line.qty_open)


def _readdressed(order: OrderNow, ship_to: Mapping[str, str]) -> Iterator[Delta]:
    after = {**order.ship_to, **ship_to}
    if any((order.ship_to.get(part) or "") != (after[part] or "") for part in after):
        yield Delta(kind=Kind.ADDRESS, stage=order.stage, before=_written(order.ship_to), after=_written(after))


def _written(address: Mapping[str, str]) -> str:
    return ", ".join(address[part] for part in ("name", "street", "postal_code", "city", "country") if address.get(part))


def cut(order: OrderNow, deltas: Sequence[Delta]) -> Cut:
    """What has to be done to what was planned. A group that is being picked or is packed is undone whole."""
    lines = {line.line_no: line for line in order.lines}
    found = Cut()
    for delta in deltas:
        if delta.kind in {Kind.LESS, Kind.CANCEL, Kind.ITEM}:
            _give_up(lines[delta.line_no or 0], delta.qty, found)
        elif delta.kind is Kind.DATE:
            parts = lines[delta.line_no or 0].open_parts
            found.anew |= {part.id for part in parts if part.group_no is not None}
            found.groups |= {part.group_no for part in parts if part.group_no is not None and part.stage in _PREPARED}
        elif delta.kind is Kind.ADDRESS:
            parts = [part for line in order.lines for part in line.open_parts]
            found.groups |= {part.group_no for part in parts if part.group_no is not None and part.stage in _PREPARED}
    return found


def _give_up(line: LineNow, less: Decimal, found: Cut) -> None:
    for part, taken in _taken_from(line, less):
        found.less[part.id] = taken
        if part.group_no is not None and part.stage in _PREPARED:
            found.groups.add(part.group_no)


def wish_of(asked: Mapping[str, Any]) -> Wish:
    """A wish as it was kept."""
    lines = [
        LineWish(
            line_no=line.get("line_no"),
            sku=line.get("sku"),
            qty=_number(line.get("qty")),
            unit_price=_number(line.get("unit_price")),
            requested=_day(line.get("requested")),
            buyer_line_no=line.get("buyer_line_no") or "",
            description=line.get("description") or "",
        )
        for line in asked.get("lines") or ()
    ]
    return Wish(lines=lines, ship_to=asked.get("ship_to"), requested=_day(asked.get("requested")))


def _number(value: Any) -> Decimal | None:
    return None if value is None else Decimal(str(value))


def _day(value: Any) -> date | None:
    return date.fromisoformat(value) if isinstance(value, str) else value


def _plain(number: Decimal) -> str:
    return f"{number.normalize():f}"
