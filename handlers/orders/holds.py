"""Puts orders on hold and releases them. A hold is a row; the order keeps its state underneath."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from engine.problems import Conflict, Forbidden, NotFound
from engine.runtime.state.people import Person
from engine.store.clock import business_now
from engine.store.memo import read_once
from handlers.orders.events import find_order, note
from handlers.orders.hold_kinds import kind_of
from handlers.orders.hold_rules import HoldKind, stopping
from handlers.orders.model import Hold
from handlers.orders.status import status_of


def apply_hold(tx: Session, order_no: str, hold_code: str, reason: str, *, actor: str = "system") -> int | None:
    """Put an order on hold; answer its id when it is new. The same hold twice is one hold. Raises NotFound, Invalid."""
    kind = kind_of(tx, hold_code)
    find_order(tx, order_no, lock=True)
    until = None if kind.ends_after_days is None else business_now(tx) + timedelta(days=kind.ends_after_days)
    said = {"blocks": kind.blocks, "release_group": kind.release_group, "by_another": kind.by_another}
    added = insert(Hold).values(order_no=order_no, hold_code=hold_code, reason=reason, applied_by=actor, until=until, **said)
    hold_id: int | None = tx.execute(added.on_conflict_do_nothing().returning(Hold.id)).scalar()
    if hold_id is None:
        return None
    note(tx, order_no, "hold_applied", actor=actor, detail={"hold_code": hold_code, "reason": reason})
    return hold_id


def release_hold(tx: Session, order_no: str, hold_code: str, reason: str, *, actor: str = "system") -> bool:
    """Release a hold; answer whether it was active. Raises NotFound, Invalid."""
    kind_of(tx, hold_code)
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
    kind_of(tx, hold_code)
    active = update(Hold).where(Hold.order_no == order_no, Hold.hold_code == hold_code, Hold.released_at.is_(None))
    tx.execute(active.values(until=until).execution_options(synchronize_session=False))


def may_apply(tx: Session, hold_code: str, groups: frozenset[str]) -> HoldKind:
    """Refuse a person whose groups do not put on this kind of hold; answer the kind. Raises Invalid, Forbidden."""
    kind = kind_of(tx, hold_code)
    if groups.isdisjoint(kind.applied_by):
        who = " or ".join(kind.applied_by)
        raise Forbidden(
            f"{who or 'Only a process'} puts on {hold_code}.",
            code="hold_apply_forbidden",
            next_step=f"Ask somebody of the group {who}." if who else "Use MANUAL to let an order wait.",
        )
    return kind


def may_release(tx: Session, order_no: str, hold_code: str, person: Person) -> None:
    """Refuse who is not of the group that takes this hold off, and, where another is to do it, who put it on or entered the order.

    A hold that is not active refuses nobody. Raises Invalid, Forbidden, and Conflict where a match with a denied party is undecided:
    taken off by hand, the order would go on, and nobody would have said who it is.
    """
    kind_of(tx, hold_code)
    found = tx.execute(_ACTIVE, {"order_no": order_no, "hold_code": hold_code}).first()
    if found is None:
        return
    if found.release_group not in person.groups:
        raise Forbidden(
            f"Only {found.release_group} may release {hold_code}.",
            code="hold_release_forbidden",
            next_step=f"Ask somebody of the group {found.release_group}.",
        )
    if person.name in found.excluded:
        raise Forbidden(
            f"{person.name} put on {hold_code} or entered the order; another person takes it off.",
            code="hold_release_own",
            next_step=f"Ask somebody else of the group {found.release_group}.",
        )
    if found.undecided:
        raise Conflict(
            f"Nobody has decided yet whether a party of {order_no} is denied.",
            code="match_undecided",
            next_step="Decide the match in the worklist: if it is not them, the hold goes with it.",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldNow:
    """Where a hold stands. `state` is ACTIVE, ENDED (its time is over, or nothing of the order is left: it was taken off now) or OVER.

    `ends_at` lies far ahead where no end is named; `excluded` may not take it off.
    """

    order_no: str
    hold_id: int
    hold_code: str
    sentence: str
    reason: str
    blocks: str
    applied_by: str
    applied_at: datetime
    release_group: str
    excluded: list[str]
    ends_at: datetime
    ask_again_at: datetime
    state: str


def look_at(tx: Session, order_no: str, hold_id: int) -> HoldNow:
    """Where a hold stands; one whose time is over is taken off. Raises NotFound."""
    find_order(tx, order_no, lock=True)
    row = tx.execute(_HOLD, {"order_no": order_no, "hold_id": hold_id}).mappings().one_or_none()
    if row is None:
        raise NotFound(f"Order {order_no} has no hold {hold_id}.", code="hold_unknown", next_step="Look at the order's page.")
    kind = kind_of(tx, row["hold_code"])
    state = "ACTIVE" if row["is_active"] else "OVER"
    over = (
        "Its time is over."
        if row["is_past"]
        else "Nothing of the order is left."
        if status_of(tx, order_no).status in _NOTHING_LEFT
        else ""
    )
    if state == "ACTIVE" and over:
        release_hold(tx, order_no, row["hold_code"], over)
        state = "ENDED"
    told = {
        name: row[name] for name in ("order_no", "hold_id", "hold_code", "reason", "blocks", "applied_by", "applied_at", "release_group")
    }
    return HoldNow(
        **told,
        sentence=kind.sentence,
        excluded=list(row["excluded"]),
        ends_at=row["ends_at"],
        ask_again_at=min(row["ends_at"], business_now(tx) + timedelta(days=kind.ask_again_days)),
        state=state,
    )


def blocking(tx: Session, order_no: str, stage: str, *, only: bool = False) -> list[str]:
    """The active holds that stop a stage (submit, promise, release, ship, invoice) of the order; `only`: that stop no earlier one."""
    stops = (stage,) if only else stopping(stage)
    active = select(Hold.hold_code).where(Hold.order_no == order_no, Hold.released_at.is_(None), Hold.blocks.in_(stops), _NOT_OVER)
    return list(read_once(tx, ("blocking", order_no, stops), lambda: sorted(set(tx.scalars(active)))))


def refuse_when_held(tx: Session, order_no: str, stage: str) -> None:
    """Raise Conflict when an active hold stops the stage."""
    codes = blocking(tx, order_no, stage)
    if codes:
        raise Conflict(
            f"Order {order_no} is on hold ({', '.join(codes)}) and cannot pass on to {stage}.",
            code="order_on_hold",
            next_step="Release the hold, then retry.",
        )


_NOTHING_LEFT = frozenset({"REJECTED", "CANCELLED", "CLOSED"})
_NOT_OVER = text("(hold.until IS NULL OR hold.until > business_now())")
_RELEASE_ALL = text("""
UPDATE hold SET released_at = business_now(), released_by = :actor, release_reason = :reason
WHERE order_no = :order_no AND released_at IS NULL RETURNING hold_code
""")
_RELEASE = text("""
UPDATE hold SET released_at = business_now(), released_by = :actor, release_reason = :reason
WHERE order_no = :order_no AND hold_code = :hold_code AND released_at IS NULL RETURNING id
""")
#: Who put a hold on, and who entered its order.
_EXCLUDED = """
CASE WHEN hold.by_another THEN ARRAY(
  SELECT DISTINCT who FROM (
    SELECT hold.applied_by AS who
    UNION ALL SELECT event.actor FROM order_event AS event WHERE event.order_no = hold.order_no AND event.kind = 'order_received'
  ) AS hands WHERE who <> ''
) ELSE '{}' END AS excluded
"""
_ACTIVE = text(f"""
SELECT hold.release_group, {_EXCLUDED}, hold.hold_code = 'DENIED_PARTY' AND EXISTS (
  SELECT FROM screening_hit WHERE screening_hit.order_no = hold.order_no AND verdict = '') AS undecided
FROM hold
WHERE hold.order_no = :order_no AND hold.hold_code = :hold_code AND hold.released_at IS NULL
ORDER BY hold.id LIMIT 1
""")
_HOLD = text(f"""
SELECT hold.order_no, hold.id AS hold_id, hold.hold_code, hold.reason, hold.blocks, hold.applied_by, hold.applied_at, hold.release_group,
  {_EXCLUDED}, coalesce(hold.until, hold.applied_at + interval '10 years') AS ends_at, hold.released_at IS NULL AS is_active,
  coalesce(hold.until <= business_now(), false) AS is_past
FROM hold WHERE hold.order_no = :order_no AND hold.id = :hold_id
""")
