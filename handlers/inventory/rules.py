"""How stock is shared out, used up and valued. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from engine.problems import Conflict
from handlers.values import round_currency


@dataclass(frozen=True, slots=True, kw_only=True)
class Want:
    """A quantity to reserve for a fulfilment line."""

    fulfil_line_id: int
    sku: str
    warehouse_code: str
    qty: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortage:
    """What could not be reserved."""

    fulfil_line_id: int
    sku: str
    warehouse_code: str
    wanted: Decimal
    missing: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """Reserved goods that leave for a fulfilment line."""

    fulfil_line_id: int
    qty: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Free:
    """What is not reserved of a balance."""

    balance_id: int
    sku: str
    warehouse_code: str
    qty: Decimal
    expires_on: date = date.max


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A part of a balance for a fulfilment line."""

    fulfil_line_id: int
    balance_id: int
    qty: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """An active reservation of a fulfilment line."""

    reservation_id: int
    balance_id: int
    qty: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """A part of a reservation that leaves."""

    reservation_id: int
    fulfil_line_id: int
    balance_id: int
    qty: Decimal


def share_out(wants: Sequence[Want], free: Sequence[Free]) -> tuple[list[Taken], list[Shortage]]:
    """Give the oldest fulfilment line what it wants first, from what expires first; answer what is missing."""
    left = {balance.balance_id: balance.qty for balance in free}
    by_place: dict[tuple[str, str], list[int]] = {}
    for balance in sorted(free, key=lambda one: (one.expires_on, one.balance_id)):
        by_place.setdefault((balance.sku, balance.warehouse_code), []).append(balance.balance_id)
    taken: list[Taken] = []
    short: list[Shortage] = []
    for want in sorted(wants, key=lambda one: one.fulfil_line_id):
        missing = want.qty
        for balance_id in by_place.get((want.sku, want.warehouse_code), ()):
            part = min(missing, left[balance_id])
            if part > 0:
                left[balance_id] -= part
                missing -= part
                taken.append(Taken(fulfil_line_id=want.fulfil_line_id, balance_id=balance_id, qty=part))
        if missing:
            short.append(
                Shortage(
                    fulfil_line_id=want.fulfil_line_id, sku=want.sku, warehouse_code=want.warehouse_code, wanted=want.qty, missing=missing
                )
            )
    return taken, short


def use_reserved(fulfil_line_id: int, qty: Decimal, reserved: Sequence[Kept]) -> list[Used]:
    """Take a quantity from a line's reservations, the oldest first. Raises Conflict when less is reserved."""
    missing = qty
    parts: list[Used] = []
    for kept in reserved:
        part = min(missing, kept.qty)
        if part > 0:
            missing -= part
            parts.append(Used(reservation_id=kept.reservation_id, fulfil_line_id=fulfil_line_id, balance_id=kept.balance_id, qty=part))
    if missing:
        raise Conflict(
            f"{qty} were to leave for fulfilment line {fulfil_line_id}, but only {qty - missing} are reserved for it.",
            code="not_reserved",
            next_step="Reserve the rest first, or ship less.",
        )
    return parts


def average_costs(parts: Sequence[Used], balances: Mapping[int, tuple[Decimal, Decimal]], currency: str) -> list[Decimal]:
    """The average cost of each part from (on hand, value); what empties a balance takes all value left, so that no cent stays behind."""
    left = dict(balances)
    costs: list[Decimal] = []
    for part in parts:
        on_hand, value = left[part.balance_id]
        cost = value if part.qty == on_hand else round_currency(value * part.qty / on_hand, currency)
        costs.append(cost)
        left[part.balance_id] = (on_hand - part.qty, value - cost)
    return costs
