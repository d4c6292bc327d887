"""Puts orders on hold and releases them. A hold is a row; the order keeps its state underneath."""

from datetime import datetime

from sqlalchemy import select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from engine.problems import Conflict, Forbidden, Invalid
from handlers.orders.events import find_order, note
from handlers.orders.model import Hold
from handlers.orders.rules import HOLDS, blocks


def apply_hold(tx: Session, order_no: str, hold_code: str, reason: str, *, actor: str = "system") -> bool:
    """Put an order on hold; answer whether it is new. The same hold twice is one hold. Raises NotFound, Invalid."""
    _known(hold_code)
    find_order(tx, order_no, lock=True)
    added = insert(Hold).values(order_no=order_no, hold_code=hold_code, reason=reason, applied_by=actor)
    if tx.execute(added.on_conflict_do_nothing().returning(Hold.id)).first() is None:
        return False
    note(tx, order_no, "hold_applied", actor=actor, detail={"hold_code": hold_code, "reason": reason})
    return True


def release_hold(tx: Session, order_no: str, hold_code: str, reason: str, *, actor: str = "system") -> bool:
    """Release a hold; answer whether it was active. Raises NotFound, Invalid."""
    _known(hold_code)
    find_order(tx, order_no, lock=True)
    released = tx.execute(_RELEASE, {"order_no": order_no, "hold_code": hold_code, "actor": actor, "reason": reason}).all()
    if not released:
        return False
    note(tx, order_no, "hold_released", actor=actor, detail={"hold_code": hold_code, "reason": reason})
    return True


def release_all(tx: Session, order_no: str, reason: str, *, actor: str = "system") -> list[str]:
    """Release every active hold of an order, because there is nothing left to hold; answer their codes."""
    released = sorted(tx.execute(_RELEASE_ALL, {"order_no": order_no, "actor": actor, "reason": reason}).scalars())
    if released:
        note(tx, order_no, "hold_released", actor=actor, detail={"hold_code": ", ".join(released), "reason": reason})
    return released


def end_hold_at(tx: Session, order_no: str, hold_code: str, until: datetime) -> None:
    """Let an active hold end by itself at a time. Raises Invalid."""
    _known(hold_code)
    active = update(Hold).where(Hold.order_no == order_no, Hold.hold_code == hold_code, Hold.released_at.is_(None))
    tx.execute(active.values(until=until).execution_options(synchronize_session=False))


def may_release(hold_code: str, groups: frozenset[str]) -> None:
    """Refuse a person who is not of the group that releases this hold. Raises Invalid, Forbidden."""
    _known(hold_code)
    group = HOLDS[hold_code].release_group
    if group not in groups:
        raise Forbidden(
            f"Only {group} may release {hold_code}.",
            code="hold_release_forbidden",
            next_step=f"Ask somebody of the group {group}.",
        )


def blocking(tx: Session, order_no: str, stage: str) -> list[str]:
    """The active holds that stop a stage (submit, promise, release, ship, invoice) of the order."""
    active = tx.scalars(select(Hold.hold_code).where(Hold.order_no == order_no, Hold.released_at.is_(None), _NOT_OVER))
    return sorted({code for code in active if code in HOLDS and blocks(code, stage)})


def refuse_when_held(tx: Session, order_no: str, stage: str) -> None:
    """Raise Conflict when an active hold stops the stage."""
    codes = blocking(tx, order_no, stage)
    if codes:
        raise Conflict(
            f"Order {order_no} is on hold ({', '.join(codes)}) and cannot pass on to {stage}.",
            code="order_on_hold",
            next_step="Release the hold, then retry.",
        )


def _known(hold_code: str) -> None:
    if hold_code not in HOLDS:
        raise Invalid(f"There is no hold {hold_code!r}.", code="hold_unknown", next_step=f"Use one of {', '.join(sorted(HOLDS))}.")


_NOT_OVER = text("(hold.until IS NULL OR hold.until > business_now())")
_RELEASE_ALL = text("""
UPDATE hold SET released_at = business_now(), released_by = :actor, release_reason = :reason
WHERE order_no = :order_no AND released_at IS NULL RETURNING hold_code
""")
_RELEASE = text("""
UPDATE hold SET released_at = business_now(), released_by = :actor, release_reason = :reason
WHERE order_no = :order_no AND hold_code = :hold_code AND released_at IS NULL RETURNING id
""")
