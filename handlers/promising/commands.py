"""What changes the supply, told to the backorder run: goods that came in or are expected, and what is kept of them for whom."""

from collections.abc import Collection, Iterable, Sequence

from sqlalchemy.orm import Session

from engine.runtime.post.mailbox import Message
from engine.runtime.state.runtime import Runtime
from engine.runtime.verbs import messages
from handlers.changes import Author
from handlers.inventory import supply
from handlers.inventory.stock import Receipt
from handlers.inventory.supply import SupplyArrival, SupplyDraft
from handlers.orders import receiving
from handlers.orders.fulfilment_lines import awaited_items
from handlers.promising import allocations, production
from handlers.promising.allocations import AllocationDraft, AllocationKey
from handlers.promising.overdue import chased
from handlers.promising.production import MadeItemDraft
from handlers.promising.promise import Promised


def receive_stock(runtime: Runtime, tx: Session, receipts: Sequence[Receipt], actor: str) -> None:
    """Book goods that came in; the orders that wait for them are promised anew. Raises Invalid, NotFound, Conflict."""
    receiving.receive_stock(tx, receipts)
    _tell(runtime, tx, {receipt.sku for receipt in receipts}, actor)


def receive_supply(runtime: Runtime, tx: Session, arrival: SupplyArrival, actor: str) -> None:
    """Book expected goods that came in; the orders that wait for them are promised anew, and a buyer who chases them knows.

    Raises Invalid, NotFound, Conflict.
    """
    receiving.receive_supply(tx, arrival)
    _tell(runtime, tx, {arrival.sku}, actor)
    supply_id = chased(tx, arrival)
    if supply_id is not None:
        message_id = f"supply.arrived:{supply_id}:{arrival.delivery_note}"
        messages.note(runtime, tx, Message("supply.arrived", {"supply_id": supply_id}, message_id=message_id, actor=actor))


def expect_supply(runtime: Runtime, tx: Session, draft: SupplyDraft, actor: str) -> None:
    """Note goods that are to arrive; the orders that wait for them get their dates. Raises Invalid, NotFound, Conflict."""
    supply.expect_supply(tx, draft)
    _tell(runtime, tx, {draft.sku}, actor)


def set_allocation(runtime: Runtime, tx: Session, draft: AllocationDraft, by: Author) -> None:
    """Keep supply for a class or a channel; the orders that wait for it are promised anew. Raises Invalid, NotFound."""
    allocations.set_allocation(tx, draft, by)
    _tell(runtime, tx, {draft.sku}, by.name)


def drop_allocation(runtime: Runtime, tx: Session, key: AllocationKey, by: Author) -> None:
    """Keep supply no longer; the orders that wait for it are promised anew. Raises NotFound."""
    allocations.drop_allocation(tx, key, by)
    _tell(runtime, tx, {key.sku}, by.name)


def set_made_item(runtime: Runtime, tx: Session, draft: MadeItemDraft, by: Author) -> None:
    """Say how an item is made; the orders that wait for it are promised anew. Raises Invalid, NotFound."""
    production.set_made_item(tx, draft, by)
    _tell(runtime, tx, {draft.sku}, by.name)


def tell_production(runtime: Runtime, tx: Session, promised: Iterable[Promised]) -> None:
    """Give each production request that a promise rests on to its owner: one instance of `production-request` for each."""
    for request_no in (number for each in promised for number in each.production):
        given = {"request_no": request_no}
        messages.note(
            runtime,
            tx,
            Message("production.requested", given, given, message_id=f"production.requested:{request_no}", business_key=request_no),
        )


def _tell(runtime: Runtime, tx: Session, skus: Collection[str], actor: str) -> None:
    """Only when somebody waits for one of the items: an hour without backorders begins no run but the clock's."""
    awaited = awaited_items(tx, skus)
    if awaited:
        messages.note(runtime, tx, Message("supply.changed", payload={"skus": list(awaited)}, actor=actor))
