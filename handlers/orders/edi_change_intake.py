"""Takes in an 860 or ORDCHG: what it asks of an order becomes a change or a cancellation, as by any other door.

What cannot be done by itself is told line by line, for the order desk to decide; what cannot be done at all is refused with the reason.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from engine.problems import Conflict, Invalid, Problem
from engine.service_tasks import NotYet
from engine.store.unit_of_work import savepoint
from handlers.edi.interchange import X12
from handlers.edi.transactions import Told, numbered, read_transaction, taken
from handlers.identifiers import folded
from handlers.orders import inbound
from handlers.orders.change_requests import ChangeDraft, LeftOut, LineChange, find_order_of, order_unknown, record_change, row_of
from handlers.orders.commands import note_cancellation
from handlers.orders.edi_change import ADD, DELETE, EdiChange, EdiChangeLine, in_words
from handlers.orders.edi_intake import MEDIA, content_of, place_named, unit_meant
from handlers.orders.edi_order import OURS, ItemNumber
from handlers.orders.edifact_change import read_edifact_change
from handlers.orders.events import find_order, lines_of
from handlers.orders.inbound import Arrival
from handlers.orders.item_finding import find_items
from handlers.orders.model import OrderLine, SalesOrder
from handlers.orders.x12_change import read_x12_change
from handlers.parties.policy import chosen
from handlers.values import round4

#: How long to wait before an order that is not there, or has another change to be decided, is looked at again.
PAUSE: Final = timedelta(minutes=5)
_PATIENCE: Final = "edi.change_waits_minutes"
#: What an order is when nothing of it can be changed or cancelled any more: the customer is told so.
_OVER: Final = frozenset({"order_rejected", "order_cancelled", "order_shipped", "cancellation_under_way", "change_of_nothing"})
_LONGEST_TEXT: Final = 500


class Outcome(StrEnum):
    """What becomes of a change that came."""

    CHANGE = "change"
    CANCEL = "cancel"
    CAME_BEFORE = "came before"
    REFUSE = "refuse"
    DECIDE = "decide"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is asked, and what becomes of it. `order_no` is empty where no order of the customer has the number."""

    outcome: Outcome
    order_no: str
    customer_po: str
    customer_name: str
    asks: str
    change_no: str = ""
    reason: str = ""
    next_step: str = ""


def read_change(told: Told) -> EdiChange:
    """The change of an 860 or ORDCHG. Raises Invalid."""
    return read_x12_change(told.transaction) if told.syntax == X12 else read_edifact_change(told.transaction)


def ask(tx: Session, transaction_id: int, *, leave_out: bool = False, as_cancellation: bool = False) -> Asked:
    """Ask for what a change names; with `leave_out` without the lines that nobody can act on. Raises NotFound.

    With `as_cancellation` the whole order is to be cancelled, whatever the lines say.

    Raises NotYet while another change of the order is not decided, and for a while where the order itself has not come.
    """
    told = read_transaction(tx, transaction_id)
    named = {"customer_po": told.number, "customer_name": told.partner.name, "order_no": told.reference, "asks": ""}
    try:
        change = read_change(told)
    except Problem as problem:
        return Asked(outcome=Outcome.DECIDE, reason=problem.detail, next_step=problem.next_step, **named)
    if as_cancellation:
        change = replace(change, is_cancellation=True, lines=(), requested_date=None, ship_to=None)
    order_no = find_order_of(tx, told.partner.customer_no, change.number)
    numbered(tx, transaction_id, change.number, order_no)
    named = named | {"customer_po": change.number, "asks": in_words(change), "order_no": order_no}
    try:
        with savepoint(tx):
            outcome, change_no = _ask(tx, told, change, order_no, leave_out=leave_out)
    except Problem as problem:
        return Asked(outcome=_after(tx, told, problem), reason=problem.detail, next_step=problem.next_step, **named)
    return Asked(outcome=outcome, change_no=change_no, **named)


def _after(tx: Session, told: Told, problem: Problem) -> Outcome:
    if problem.code == "change_pending":
        raise NotYet(PAUSE, f"{problem.detail} What came after it is looked at then.")
    if problem.code == "order_unknown" and _is_patient(tx, told):
        raise NotYet(PAUSE, f"{problem.detail} It may still come.")
    return Outcome.REFUSE if problem.code in _OVER else Outcome.DECIDE


def _is_patient(tx: Session, told: Told) -> bool:
    minutes = int(chosen(tx, _PATIENCE)[_PATIENCE])
    return bool(tx.execute(_WAITS, {"interchange_id": told.interchange_id, "minutes": minutes}).scalar_one())


def _ask(tx: Session, told: Told, change: EdiChange, order_no: str, *, leave_out: bool) -> tuple[Outcome, str]:
    if not order_no:
        raise order_unknown(told.partner.customer_no, change.number)
    _refuse_split(tx, order_no, change)
    message_id = _store(tx, told, change)
    if message_id is None:
        taken(tx, told.id, change.number, order_no)
        return Outcome.CAME_BEFORE, ""
    change_no = ""
    if change.is_cancellation:
        note_cancellation(tx, order_no, reason_of(change, told), told.partner.partner_no)
    else:
        change_no = _record(tx, _Document(told, change, order_no, message_id), leave_out=leave_out)
    inbound.accepted(tx, message_id, order_no, None)
    taken(tx, told.id, change.number, order_no)
    return (Outcome.CANCEL if change.is_cancellation else Outcome.CHANGE), change_no


def _refuse_split(tx: Session, order_no: str, change: EdiChange) -> None:
    """A change says nothing of stores: of an order that was made for several a person says which is meant."""
    split_of = find_order(tx, order_no).split_of
    if split_of:
        orders = tx.scalars(select(SalesOrder.order_no).where(SalesOrder.split_of == split_of).order_by(SalesOrder.order_no))
        raise Conflict(
            f"{change.number} was taken in as {', '.join(orders)}, an order for each store.",
            code="order_split",
            next_step="Change or cancel the orders that are meant on their pages, then say that it is done; or refuse.",
        )


def reason_of(change: EdiChange, told: Told) -> str:
    """Why the customer cancels, as far as it says."""
    return change.note[:_LONGEST_TEXT] or f"Cancelled by the customer's {told.transaction.kind}"


def _store(tx: Session, told: Told, change: EdiChange) -> int | None:
    """Keep the document; None when this very one came before, whatever interchange it stood in. Raises Conflict."""
    partner, kind = told.partner, told.transaction.kind
    number = change.document_no or f"transaction {told.id}"
    key = f"{kind}/{folded(change.number)}/{folded(number)}"
    sender = f"{partner.their_qualifier}:{partner.their_id}"
    raw = told.transaction.raw
    arrival = Arrival(told.syntax, sender, key, kind, change.document_no or change.number, MEDIA[told.syntax], raw, bytes)
    message_id = inbound.store(tx, arrival)
    if message_id is None and content_of(inbound.find(tx, arrival).raw, told) != content_of(raw, told):
        raise Conflict(
            f"Change {change.document_no} of {change.number} came before with other content.",
            code="key_reused",
            next_step="Ask the customer which of the two is meant: another change needs a number of its own.",
        )
    return message_id


@dataclass(frozen=True, slots=True)
class _Document:
    """A change as it came, the order it is about, and under which number it is kept."""

    told: Told
    change: EdiChange
    order_no: str
    message_id: int


def _record(tx: Session, document: _Document, *, leave_out: bool) -> str:
    change = document.change
    lines = _line_changes(tx, document)
    wrong = {place: line.wrong for place, line in enumerate(change.lines) if line.wrong}
    while True:
        draft = _draft(tx, document, lines, wrong)
        if wrong and not (draft.lines or draft.ship_to or draft.requested):
            raise _nothing(document, wrong) if leave_out else _unclear(change, wrong)
        try:
            with savepoint(tx):
                change_no = record_change(tx, draft).change_no
                if wrong and not leave_out:
                    raise _unclear(change, wrong)
                return change_no
        except Invalid as problem:
            found = _by_line(problem, [place for place in range(len(lines)) if place not in wrong])
            if not found:
                raise
            wrong |= found


def _draft(tx: Session, document: _Document, lines: Sequence[LineChange], wrong: Mapping[int, str]) -> ChangeDraft:
    told, change = document.told, document.change
    return ChangeDraft(
        order_no=document.order_no,
        lines=[line for place, line in enumerate(lines) if place not in wrong],
        ship_to=place_named(tx, told.partner, change.ship_to) if change.ship_to else None,
        requested=change.requested_date,
        reason=change.note[:_LONGEST_TEXT],
        channel=told.syntax,
        source_ref=change.document_no or f"transaction {told.id}",
        message_id=document.message_id,
        requested_by=told.partner.partner_no,
        document_no=change.document_no,
        left_out=[_left_out(change.lines[place], reason) for place, reason in sorted(wrong.items())],
    )


def _by_line(problem: Invalid, places: Sequence[int]) -> dict[int, str]:
    """What of the lines cannot be read against the order, by the place of the line; nothing where something else is wrong."""
    parts = [(field.split("."), texts) for field, texts in (problem.errors or {}).items()]
    return {places[int(name[1])]: f"{_FIELDS.get(name[2], name[2])} {texts[0]}" for name, texts in parts if name[0] == "lines"}


_FIELDS: Final = {"line_no": "it", "sku": "its item", "uom": "its unit", "qty": "its quantity", "unit_price": "its price"}


def _unclear(change: EdiChange, wrong: Mapping[int, str]) -> Invalid:
    return Invalid(
        _told(change, wrong),
        code="change_unclear",
        next_step="Let the other lines go through, or add what is missing to the master data and try again, or refuse.",
    )


def _nothing(document: _Document, wrong: Mapping[int, str]) -> Conflict:
    return Conflict(
        f"Nothing that is asked of order {document.order_no} can be done. {_told(document.change, wrong)}",
        code="change_of_nothing",
        next_step="Send a change of lines of the order.",
    )


def _told(change: EdiChange, wrong: Mapping[int, str]) -> str:
    return " ".join(f"Line {change.lines[place].buyer_line_no or place + 1}: {reason}." for place, reason in sorted(wrong.items()))


def _left_out(line: EdiChangeLine, reason: str) -> LeftOut:
    item = line.numbers[0].value if line.numbers else line.description
    return LeftOut(buyer_line_no=line.buyer_line_no, reason=reason, item=item, qty=line.qty, unit=line.unit)


def _line_changes(tx: Session, document: _Document) -> list[LineChange]:
    lines, rows = document.change.lines, lines_of(tx, document.order_no)
    found = find_items(tx, find_order(tx, document.order_no).customer_no, [_numbers(line, rows) for line in lines])
    return [_line_change(line, found.get(position), document.told.syntax) for position, line in enumerate(lines, start=1)]


def _numbers(line: EdiChangeLine, rows: Sequence[OrderLine]) -> tuple[ItemNumber, ...]:
    """By what the item is found: as the line names it, else as the order has it."""
    row = None if line.action == ADD else row_of(rows, LineChange(buyer_line_no=line.buyer_line_no))
    return line.numbers or ((ItemNumber(OURS, row.sku),) if row is not None and row.sku else ())


def _line_change(line: EdiChangeLine, found: Mapping[str, Any] | None, syntax: str) -> LineChange:
    is_new = line.action == ADD
    named = line.numbers[0].value if line.numbers else line.description
    measured = line.unit and (line.qty is not None or line.unit_price is not None)
    change = LineChange(
        buyer_line_no=line.buyer_line_no,
        sku=(found["sku"] if found and line.numbers else "") or (named if is_new else ""),
        qty=line.qty,
        uom=unit_meant(line.unit, found, syntax) if measured else "",
        unit_price=None if line.unit_price is None else round4(line.unit_price),
        requested=line.requested_date,
        add=is_new,
        remove=line.action == DELETE,
    )
    return replace(change, description=line.description[:_LONGEST_TEXT]) if is_new else change


_WAITS = text("""
SELECT received_at + make_interval(mins => :minutes) > business_now() FROM edi_interchange WHERE id = :interchange_id
""")
