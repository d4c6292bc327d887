"""Corrects where an order is delivered to, as long as something of it has not left."""

from collections.abc import Mapping

from sqlalchemy import update
from sqlalchemy.orm import Session

from engine.problems import Conflict, Invalid
from handlers.changes import Author, note
from handlers.countries import COUNTRIES, COUNTRY_WANTED
from handlers.orders.events import find_order
from handlers.orders.events import note as note_event
from handlers.orders.model import SalesOrder
from handlers.orders.status import status_of
from handlers.parties.master_data import ADDRESS_PARTS

_NEEDED = ("name", "city", "postal_code", "country")
#: Of these nothing is still to leave.
_OVER = frozenset({"SHIPPED", "PARTIALLY_BILLED", "CLOSED", "CANCELLED", "REJECTED"})


def correct_ship_to(tx: Session, order_no: str, address: Mapping[str, str], by: Author) -> dict[str, str]:
    """Correct an order's delivery address; parts that are not named stay. What has left keeps the address it left for.

    Raises NotFound, Invalid (by field), Conflict when nothing is left to deliver, or when another country would change the taxes of
    a submitted order.
    """
    order = find_order(tx, order_no, lock=True)
    status = status_of(tx, order_no).status
    if status in _OVER:
        raise Conflict(
            f"Nothing of order {order_no} is left to deliver: it is {status.lower()}.",
            code="order_delivered",
            next_step="Settle it with the carrier and the customer.",
        )
    before = {part: order.ship_to.get(part) or "" for part in ADDRESS_PARTS}
    after = {part: (address.get(part, before[part]) or "").strip() for part in ADDRESS_PARTS}
    _check(order, before, after)
    different = {part: {"from": before[part], "to": after[part]} for part in ADDRESS_PARTS if before[part] != after[part]}
    if different:
        tx.execute(
            update(SalesOrder)
            .where(SalesOrder.order_no == order_no)
            .values(ship_to={**order.ship_to, **after})
            .execution_options(synchronize_session=False)
        )
        note_event(tx, order_no, "address_corrected", actor=by.name, detail={part: each["to"] for part, each in different.items()})
        note(tx, by, "change", f"order:{order_no}", {"ship_to": different})
    return after


def _check(order: SalesOrder, before: Mapping[str, str], after: Mapping[str, str]) -> None:
    wrong = {part: ["must not be blank"] for part in _NEEDED if not after[part]}
    if after["country"] and after["country"] not in COUNTRIES:
        wrong["country"] = [COUNTRY_WANTED]
    if wrong:
        raise Invalid(
            f"The address is not complete: {', '.join(wrong)}.",
            code="address_incomplete",
            next_step="Correct the named fields.",
            errors=wrong,
        )
    if order.price_frozen and after["country"] != before["country"]:
        raise Conflict(
            f"Order {order.order_no} is taxed for {before['country']}; another country changes its taxes.",
            code="country_changes_tax",
            next_step="Cancel the order, and take it in again for the other country.",
        )
