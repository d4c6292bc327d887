"""An order whose lines are spread over stores (X12 SDQ) becomes one order for each store: an order of ours goes to one place. Pure."""

from dataclasses import replace
from decimal import Decimal

from engine.problems import Invalid
from handlers.orders.edi_order import EdiLine, EdiOrder, EdiParty, StoreQuantity


def by_store(order: EdiOrder, *, to_stores: bool) -> tuple[EdiOrder, ...]:
    """The orders, by store in the order in which the document names them; the order itself where it names none.

    With `to_stores` the goods go to the stores although the document names a place of its own. Raises Invalid where it does and nobody has
    said so, where a line does not say where it goes, or where its stores do not add up.
    """
    spread = [line for line in order.lines if line.stores]
    if not spread:
        return (order,)
    _check(order, spread, to_stores=to_stores)
    places = dict.fromkeys(_party(store) for line in spread for store in line.stores)
    shares = {place: [part for part in (_share(line, place) for line in spread) if part is not None] for place in places}
    parted = [replace(order, ship_to=place, lines=tuple(parts), stated_total=None) for place, parts in shares.items() if parts]
    rest = [line for line in order.lines if not line.stores]
    return (*parted, replace(order, lines=tuple(rest), stated_total=None)) if rest else tuple(parted)


def _share(line: EdiLine, place: EdiParty) -> EdiLine | None:
    qty = sum((store.qty for store in line.stores if _party(store) == place), Decimal(0))
    return replace(line, qty=qty, stores=()) if qty else None


def _party(store: StoreQuantity) -> EdiParty:
    return EdiParty(code=store.code, code_kind=store.code_kind)


def _check(order: EdiOrder, spread: list[EdiLine], *, to_stores: bool) -> None:
    if order.ship_to is not None and not to_stores:
        named = order.ship_to.name or order.ship_to.code
        raise Invalid(
            f"The order names {named} as the place of delivery, and quantities for single stores (SDQ).",
            code="edi_store_quantities",
            next_step="Settle it in the task: one order for each store, or refuse once the customer has said what is meant.",
        )
    for line in spread:
        told = sum((store.qty for store in line.stores), Decimal(0))
        if told != line.qty:
            raise Invalid(
                f"Line {line.buyer_line_no or '?'} orders {line.qty.normalize():f}, its stores (SDQ) come to {told.normalize():f}.",
                code="edi_store_quantities",
                next_step="Ask the partner to send the order again, corrected.",
            )
    rest = next((line for line in order.lines if not line.stores), None)
    if rest is not None and order.ship_to is None:
        raise Invalid(
            f"Line {rest.buyer_line_no or '?'} names no store, and the order no place of delivery.",
            code="edi_store_quantities",
            next_step="Ask the partner to send the order again with a place for every line.",
        )
