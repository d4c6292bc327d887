"""The steps of a hold that a diagram may name."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from engine.runtime.state.runtime import Runtime
from engine.service_tasks import Refused, ServiceTasks, TaskContext
from handlers.orders import commands, holds
from handlers.orders.events import find_order
from handlers.orders.holds import HoldNow
from handlers.orders.status import OVER, status_of

tasks = ServiceTasks()

#: The order was cancelled, rejected or delivered before its process came here: nobody is to be asked about it any more.
NOTHING_OPEN = "NOTHING_OPEN"


@dataclass(frozen=True, slots=True)
class HoldChange:
    """Which hold of which order, and why. `decision_table` is the table that asked for it; without one it was the person who acts."""

    order_no: str
    hold_code: str
    reason: str | None = None
    decision_table: str | None = None


@dataclass(frozen=True, slots=True)
class WhichHold:
    """Which hold of which order."""

    order_no: str
    hold_id: int


@dataclass(frozen=True, slots=True)
class AtStage:
    """Which order, at which stage."""

    order_no: str
    stage: str


@dataclass(frozen=True, slots=True)
class Stopping:
    """The codes of the holds that stop it; none when it may go on."""

    holds: list[str]


@dataclass(frozen=True, slots=True)
class Held:
    """Whether the hold changed anything."""

    changed: bool


def refuse_when_over(tx: Session, order_no: str) -> None:
    """Whoever cancels the order waits for this step and then sees what it waits for, or was first and is seen here."""
    find_order(tx, order_no, lock=True)
    status = status_of(tx, order_no).status
    if status in OVER:
        raise Refused(NOTHING_OPEN, f"Order {order_no} is {status.lower().replace('_', ' ')}: nothing of it is left to promise.")


@tasks.register("orders.apply_hold", errors=(NOTHING_OPEN,))
def apply_hold(given: HoldChange, tx: Session, context: TaskContext) -> Held:
    """Put an order on hold. Refused NOTHING_OPEN when nothing of it is left to hold."""
    refuse_when_over(tx, given.order_no)
    by = f"decision:{given.decision_table}" if given.decision_table else context.actor or "system"
    return Held(holds.apply_hold(tx, given.order_no, given.hold_code, given.reason or "", actor=by) is not None)


@tasks.register("orders.release_hold")
def release_hold(given: HoldChange, tx: Session, runtime: Runtime, context: TaskContext) -> Held:
    """Release a hold of an order; who waits for it looks again."""
    actor = context.actor or "system"
    changed = holds.release_hold(tx, given.order_no, given.hold_code, given.reason or "", actor=actor)
    if changed:
        commands.tell_released(runtime, tx, given.order_no, actor)
    return Held(changed)


@tasks.register("orders.look_at_hold")
def look_at_hold(given: WhichHold, tx: Session, runtime: Runtime) -> HoldNow:
    """Say where a hold stands; one whose time is over is taken off, and who waits for it looks again."""
    found = holds.look_at(tx, given.order_no, given.hold_id)
    if found.state == "ENDED":
        commands.tell_released(runtime, tx, given.order_no, "system")
    return found


@tasks.register("orders.list_holds", errors=(NOTHING_OPEN,))
def list_holds(given: AtStage, tx: Session) -> Stopping:
    """List the holds that stop an order at a stage: submit, promise, release, ship or invoice.

    Refused NOTHING_OPEN when nothing of it is left to hold.
    """
    refuse_when_over(tx, given.order_no)
    return Stopping(holds.blocking(tx, given.order_no, given.stage))
