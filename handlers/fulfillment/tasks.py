"""The service tasks of fulfilment, as the diagrams name them."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy.orm import Session

from engine.runtime.state.effects import EffectLedger
from engine.service_tasks import Kind, Refused, ServiceTasks, TaskContext
from engine.store.unit_of_work import Database
from handlers.edi.outgoing import target_of
from handlers.edi.partners import partner_for
from handlers.fulfillment import cartons, packing, papers, picking, shipping, short_picks, undoing, wave_tasks
from handlers.fulfillment.ports import AddressRefused, Carrier
from handlers.shipments.records import forget_booking

tasks = ServiceTasks()
tasks.include(wave_tasks.tasks)


@dataclass(frozen=True, slots=True)
class Group:
    """A fulfilment group by its number."""

    group_no: str


@dataclass(frozen=True, slots=True)
class OfShipment:
    """A shipment by its number."""

    shipment_no: str


@dataclass(frozen=True, slots=True)
class Plan:
    """When the warehouse starts, and when the goods leave."""

    release_at: datetime
    scheduled_ship: date
    line_count: int


@dataclass(frozen=True, slots=True)
class ReleaseGate:
    """Which group is to be released, and whether its credit stands."""

    group_no: str
    credit_stands: bool = True


@dataclass(frozen=True, slots=True)
class Gate:
    """Whether the group may be released, and the holds that say no."""

    open: bool
    holds: list[str]


@dataclass(frozen=True, slots=True)
class GiveBack:
    """A group that does not ship all of its lines, and why."""

    group_no: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class GivenBack:
    """How much was given back, in the units of the lines."""

    qty: Decimal


@dataclass(frozen=True, slots=True)
class Available:
    """How much is reserved for the group now, in the units of the lines."""

    qty: Decimal


@dataclass(frozen=True, slots=True)
class PickList:
    """The printed pick list. `items` are the first of the `item_count` items on it, as many as a form takes.

    `packages` in `cartons`, weighing `weight_kg`, are what the goods are planned to be in; no weight where an item has none on file.
    """

    document_id: int
    lines: int
    items: list[short_picks.PickItem]
    item_count: int
    packages: int | None = None
    weight_kg: Decimal | None = None
    cartons: str = ""
    #: The kinds of the items, each once: what the decision on tolerances looks at.
    kinds: list[short_picks.Kind] | None = None


@dataclass(frozen=True, slots=True)
class FoundItem:
    """How much of an item the picker found."""

    sku: str
    found: Decimal


@dataclass(frozen=True, slots=True)
class ShortPick:
    """A group of which not everything was found: what there is of the items that are named, in their units.

    `other_items` are those that the form does not list and the picker names. `tolerances` are what was decided of each of the `kinds` of
    items, in their order; where nothing was, what is shipped is what was ordered.
    """

    group_no: str
    items: list[FoundItem]
    other_items: list[FoundItem] | None = None
    kinds: list[short_picks.Kind] | None = None
    tolerances: list[short_picks.Tolerance | None] | None = None


@dataclass(frozen=True, slots=True)
class PickAndPack:
    """What the warehouse says it packed."""

    group_no: str
    packages: int
    weight_kg: Decimal


@dataclass(frozen=True, slots=True)
class Picked:
    """The shipment that was packed."""

    shipment_no: str


@dataclass(frozen=True, slots=True)
class Booking:
    """What the carrier agreed to."""

    carrier: str
    tracking_no: str
    cost: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class Shipped:
    """The goods left."""

    shipment_no: str
    shipped_at: datetime


@dataclass(frozen=True, slots=True)
class BillingFacts:
    """What the billing policy looks at."""

    incoterm: str
    item_class: str
    order_type: str
    #: The carrier was faster: nobody has to wait for the word.
    delivered: bool = False


@tasks.register("fulfillment.plan_group", errors=("CANCELLED",))
def plan_group(given: Group, tx: Session) -> Plan:
    """Work out when the warehouse starts on a group.

    Refused CANCELLED when the group was cancelled before its work began, or nothing of it is left to ship.
    """
    planned = picking.plan(tx, given.group_no)
    return Plan(planned.release_at, planned.scheduled_ship, planned.line_count)


@tasks.register("fulfillment.check_release_gate", errors=("CANCELLED",))
def check_release_gate(given: ReleaseGate, tx: Session) -> Gate:
    """Release the group unless a hold stops it, or its credit does not stand.

    Refused CANCELLED when the group was cancelled.
    """
    holds = picking.check_gate(tx, given.group_no, credit_stands=given.credit_stands)
    return Gate(open=not holds and given.credit_stands, holds=holds)


@tasks.register("fulfillment.reserve", errors=("SHORT", "CANCELLED"), undo="fulfillment.release_reservation")
def reserve(given: Group, tx: Session) -> None:
    """Reserve every item of the group under the lock of its stock.

    Refused SHORT when something of it is not on the shelf, and then nothing is reserved.
    Refused CANCELLED when the group was cancelled.
    """
    picking.reserve(tx, given.group_no)


@tasks.register("fulfillment.release_reservation")
def release_reservation(given: Group, tx: Session) -> None:
    """Give back what is reserved for the group and has not left."""
    picking.release_reservation(tx, given.group_no)


@tasks.register("fulfillment.reserve_available", errors=("CANCELLED",), undo="fulfillment.release_reservation")
def reserve_available(given: Group, tx: Session) -> Available:
    """Reserve what is there of the group.

    Refused CANCELLED when the group was cancelled.
    """
    return Available(picking.reserve_available(tx, given.group_no))


@tasks.register("fulfillment.look_at_group")
def look_at_group(given: Group, tx: Session) -> undoing.Standing:
    """Find out how far a group came whose process was cancelled."""
    return undoing.standing(tx, given.group_no)


@tasks.register("fulfillment.undo_preparation")
def undo_preparation(given: Group, tx: Session) -> GivenBack:
    """Put what is packed back to the shelf and give back what is reserved."""
    return GivenBack(undoing.undo_preparation(tx, given.group_no))


@tasks.register("fulfillment.give_back")
def give_back(given: GiveBack, tx: Session, context: TaskContext) -> GivenBack:
    """Let what the group does not ship be promised anew."""
    return GivenBack(undoing.give_back(tx, given.group_no, given.reason or "", actor=context.actor or "system"))


@tasks.register("fulfillment.create_pick_list", errors=("CANCELLED",))
def create_pick_list(given: Group, tx: Session, context: TaskContext) -> PickList:
    """Print what to take from the shelves, and plan the parcels.

    Refused CANCELLED when the group was cancelled.
    """
    document_id, rows = papers.save_pick_list(tx, given.group_no, context.now)
    of_item = short_picks.kinds_of(tx, given.group_no)
    kinds = list(dict.fromkeys(of_item.values()))
    items = short_picks.items_to_pick(rows, {sku: kinds.index(kind) + 1 for sku, kind in of_item.items()})
    parcels = packing.plan_of(tx, [given.group_no])[given.group_no]
    planned = (len(parcels) or None, packing.planned_weight(parcels), cartons.in_words(parcels))
    return PickList(document_id, len(rows), items[: short_picks.ITEMS_OF_A_FORM], len(items), *planned, kinds)


@tasks.register("fulfillment.record_short_pick", errors=("CANCELLED",), moves_money=True)
def record_short_pick(given: ShortPick, tx: Session, context: TaskContext) -> Available:
    """Keep what was found, take what is missing off the stock, and let the rest of the order be promised anew.

    Within the tolerance a little less closes the line, and a little more is shipped and charged with the rest.

    Refused CANCELLED when the group was cancelled.
    """
    named = {"items": given.items, "other_items": given.other_items or []}
    found = [
        short_picks.Found(item.sku.strip(), item.found, f"{field}.{place}")
        for field, items in named.items()
        for place, item in enumerate(items)
    ]
    decided = dict(zip(given.kinds or [], given.tolerances or [], strict=True))
    allowed = {kind: tolerance for kind, tolerance in decided.items() if tolerance is not None}
    return Available(short_picks.record_short_pick(tx, given.group_no, found, actor=context.actor or "system", tolerances=allowed))


@tasks.register("fulfillment.confirm_pick", errors=("CANCELLED",), undo="fulfillment.cancel_shipment")
def confirm_pick(given: PickAndPack, tx: Session) -> Picked:
    """Pack what was picked into a shipment with numbered packages.

    Refused CANCELLED when the group was cancelled.
    """
    return Picked(picking.confirm_pick(tx, given.group_no, given.packages, given.weight_kg))


@tasks.register("fulfillment.cancel_shipment")
def cancel_shipment(given: OfShipment, tx: Session) -> None:
    """Put the goods of a packed shipment back to the shelf."""
    picking.unpick(tx, given.shipment_no)


@tasks.register("fulfillment.book_carrier", kind=Kind.EXTERNAL, errors=("ADDRESS_REFUSED", "CANCELLED"), undo="fulfillment.void_label")
def book_carrier(given: OfShipment, database: Database, carrier: Carrier, context: TaskContext) -> Booking:
    """Book the transport and keep the label; a repeat answers the first booking.

    Refused ADDRESS_REFUSED when the carrier does not deliver to the address.
    Refused CANCELLED when the shipment was unpacked or its group was cancelled.
    """
    with database.transaction() as tx:
        consignment, booked = shipping.consignment(tx, given.shipment_no)
    if booked is None:
        try:
            answer = carrier.book(consignment, context.idempotency_key)
        except AddressRefused as refusal:
            raise Refused("ADDRESS_REFUSED", str(refusal)) from refusal
        with database.transaction() as tx:
            booked = shipping.write_booking(tx, given.shipment_no, answer)
        if booked is None:
            carrier.void(given.shipment_no, answer.tracking_no)
            raise Refused(
                "CANCELLED", f"Shipment {given.shipment_no} was unpacked while the carrier was asked; the booking was given back."
            )
    return Booking(booked.carrier, booked.tracking_no, booked.cost, booked.currency)


@tasks.register("fulfillment.void_label", kind=Kind.EXTERNAL)
def void_label(given: OfShipment, database: Database, carrier: Carrier) -> None:
    """Give the carrier's booking back."""
    with database.transaction() as tx:
        tracking_no = shipping.booked_tracking_no(tx, given.shipment_no)
    if tracking_no:
        carrier.void(given.shipment_no, tracking_no)
        with database.transaction() as tx:
            forget_booking(tx, given.shipment_no)


@tasks.register("fulfillment.ship_confirm", errors=("CANCELLED",), moves_money=True)
def ship_confirm(given: OfShipment, tx: Session, context: TaskContext) -> Shipped:
    """The goods leave: stock, reservation, quantities and journal in one transaction.

    Refused CANCELLED when the shipment was unpacked or its group was cancelled.
    """
    return Shipped(given.shipment_no, shipping.ship_confirm(tx, given.shipment_no, context.actor))


@tasks.register("fulfillment.send_despatch_advice")
def send_despatch_advice(given: OfShipment, tx: Session, effects: EffectLedger) -> None:
    """Tell the customer what is on its way, on paper and as UBL, or by EDI where its partner wants it so."""
    row = shipping.shipment_row(tx, given.shipment_no)
    partner = partner_for(tx, row.customer_no, row.order_no, "despatch_advice")
    documents = papers.save_delivery_papers(tx, given.shipment_no, partner)
    target = target_of(partner) if partner else row.email or f"customer {row.customer_no}"
    payload = {"shipment_no": given.shipment_no, "order_no": row.order_no, "carrier": row.carrier, "tracking_no": row.tracking_no}
    effects.record("despatch_advice", target, payload | documents, once=given.shipment_no)


@tasks.register("fulfillment.confirm_delivery")
def confirm_delivery(given: OfShipment, tx: Session) -> None:
    """The customer has the goods, as somebody traced; when the proof was recorded already, nothing happens."""
    shipping.confirm_delivery(tx, given.shipment_no)


@tasks.register("fulfillment.billing_facts")
def billing_facts(given: OfShipment, tx: Session) -> BillingFacts:
    """What the billing policy decides on; the shipment is held, so that a delivery is seen here or finds who waits for it."""
    return BillingFacts(**shipping.billing_facts(tx, given.shipment_no))
