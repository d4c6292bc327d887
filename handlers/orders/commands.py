"""What the order desk asks of an order, told to the processes that do it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.problems import Conflict, Invalid
from engine.runtime.post.mailbox import Delivery, Message
from engine.runtime.state import audit
from engine.runtime.state.people import Person
from engine.runtime.state.runtime import Runtime
from engine.runtime.verbs import messages
from handlers.changes import Author
from handlers.identifiers import prose
from handlers.orders import addresses
from handlers.orders.cancellation import all_shipped, why_over
from handlers.orders.events import find_order, note
from handlers.orders.holds import apply_hold, end_hold_at, may_apply, may_release, release_hold
from handlers.orders.status import status_of

CANCEL = "order.cancellation_requested"


def may_be_cancelled(tx: Session, order_no: str) -> Conflict | None:
    """Why an order cannot be cancelled any more, or None when something of it can. Raises NotFound."""
    over = why_over(tx, order_no)
    if over is not None:
        return over
    status = status_of(tx, order_no)
    if status.qty_shipped >= status.qty_ordered - status.qty_cancelled:
        return all_shipped(order_no)
    if tx.execute(_UNDER_WAY, {"order_no": order_no}).scalar_one():
        return Conflict(
            f"Order {order_no} is being cancelled.",
            code="cancellation_under_way",
            next_step="Look at its process on the order's page.",
        )
    return None


def request_cancellation(runtime: Runtime, tx: Session, order_no: str, reason: str, actor: str) -> Delivery:
    """Ask for an order to be cancelled, as far as it has not left; its process does it.

    Raises NotFound, Invalid without a reason, Conflict when nothing is left to cancel or somebody asked before.
    """
    note_cancellation(tx, order_no, reason, actor)
    payload = {"order_no": order_no, "reason": prose(reason, "reason"), "cancelled_by": actor}
    return messages.note(runtime, tx, Message(CANCEL, {"order_no": order_no}, payload, business_key=order_no, actor=actor))


def note_cancellation(tx: Session, order_no: str, reason: str, actor: str) -> None:
    """Note in the order's story that somebody asks to cancel it, for whoever tells its process.

    Raises NotFound, Invalid without a reason, Conflict when nothing is left to cancel or somebody asked before.
    """
    reason = prose(reason, "reason")
    if not reason:
        raise Invalid(
            "An order is cancelled for a reason.",
            code="reason_missing",
            next_step="Say why; the customer and the order's page are told.",
            errors={"reason": ["must not be blank"]},
        )
    find_order(tx, order_no, lock=True)
    refused = may_be_cancelled(tx, order_no)
    if refused is not None:
        raise refused
    note(tx, order_no, "cancellation_requested", actor=actor, detail={"reason": reason})


#: A hold is a row: whoever comes to a gate later reads there that it is gone. Long enough for who was just on the way to wait.
_NEWS = timedelta(minutes=5)


def correct_ship_to(runtime: Runtime, tx: Session, order_no: str, address: Mapping[str, str], by: Author) -> dict[str, str]:
    """Correct where an order is delivered to; who is there now is screened. Raises NotFound, Invalid, Conflict."""
    after = addresses.correct_ship_to(tx, order_no, address, by)
    messages.note(runtime, tx, Message("screening.requested", payload={"why": order_no}, time_to_live=_NEWS, actor=by.name))
    return after


@dataclass(frozen=True, slots=True)
class Held:
    """A hold that is put on an order, and why; `until`: when it ends by itself."""

    order_no: str
    hold_code: str
    reason: str
    until: datetime | None = None


def put_on_hold(runtime: Runtime, tx: Session, asked: Held, person: Person) -> None:
    """Put an order on hold; who takes it off is asked by `order-hold`. The same hold twice is one.

    Raises NotFound, Invalid, Forbidden for who may not put it on.
    """
    kind = may_apply(tx, asked.hold_code, person.groups)
    hold_id = apply_hold(tx, asked.order_no, asked.hold_code, asked.reason, actor=person.name)
    if asked.until is not None:
        end_hold_at(tx, asked.order_no, asked.hold_code, asked.until)
    if hold_id is not None and kind.has_task:
        key, payload = {"hold_id": hold_id}, {"order_no": asked.order_no, "hold_id": hold_id}
        told = Message(
            "hold.applied", key, payload, message_id=f"hold.applied:{hold_id}", business_key=f"HOLD-{hold_id}", actor=person.name
        )
        messages.note(runtime, tx, told)
    _audited(tx, "hold_applied", asked, person)


@dataclass(frozen=True, slots=True)
class Released:
    """A hold that is taken off an order, and why."""

    order_no: str
    hold_code: str
    reason: str


def release(runtime: Runtime, tx: Session, asked: Released, person: Person) -> None:
    """Take a hold off an order; what waits for it goes on. Raises NotFound, Invalid, Forbidden for who is not of its group."""
    find_order(tx, asked.order_no, lock=True)
    may_release(tx, asked.order_no, asked.hold_code, person)
    release_hold(tx, asked.order_no, asked.hold_code, asked.reason, actor=person.name)
    _audited(tx, "hold_released", asked, person)
    tell_released(runtime, tx, asked.order_no, person.name)


def tell_released(runtime: Runtime, tx: Session, order_no: str, actor: str) -> None:
    """Let whoever waits at a gate, or has a hold to decide, look again."""
    messages.note(runtime, tx, Message("hold.released", {"order_no": order_no}, time_to_live=_NEWS, actor=actor))


def _audited(tx: Session, action: str, asked: Held | Released, person: Person) -> None:
    detail = {"hold_code": asked.hold_code}
    audit.record(tx, audit.Entry(person.name, action, f"order:{asked.order_no}", asked.reason, detail))


_UNDER_WAY = text("""
SELECT EXISTS (
  SELECT 1 FROM instance WHERE business_key = :order_no AND process_key = 'cancel-order' AND state NOT IN ('completed', 'cancelled')
) OR EXISTS (
  SELECT 1 FROM message WHERE name = 'order.cancellation_requested' AND state = 'buffered' AND business_key = :order_no
    AND correlation = jsonb_build_object('order_no', CAST(:order_no AS text))
)
""")
