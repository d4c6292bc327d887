"""A second person: an act is done at once, or kept until somebody else has confirmed it, and then the very verb is called again.

What is kept was tried: it is done in a savepoint and taken back, so that what cannot be done is refused while its asker still sits there.
At the confirmation it is weighed anew: where what it would change is no longer what it was, whoever confirms is told, and nothing is done.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, insert, select, text, update
from sqlalchemy.orm import Session

from engine.problems import Conflict, Forbidden, Invalid, NotFound
from engine.runtime.state import audit
from engine.runtime.state.directory import Directory
from engine.runtime.state.guarded_acts import KEEPERS, GuardedAct, Wanting, Weighed, acts_of, threshold
from engine.runtime.state.people import Person
from engine.runtime.state.runtime import Runtime
from engine.store import json_text
from engine.store.locks import Lock, take
from engine.store.tables import pending_change
from engine.store.unit_of_work import savepoint

__all__ = ["Outcome", "Wanting", "ask_or_do", "confirm", "expire", "refuse", "withdraw"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an act: what its verb answered, or the number of the change that waits for a second person."""

    done: Any = None
    pending: int | None = None


@dataclass(frozen=True, slots=True)
class _Asked:
    act: GuardedAct
    given: Any
    by: Wanting
    weighed: Weighed


class _Taken(Exception):
    """The rehearsal of an act is over; it is taken back."""


def ask_or_do(runtime: Runtime, tx: Session, name: str, given: Any, by: Wanting) -> Outcome:
    """Do an act, or keep it for a second person to confirm; it was rehearsed then. Raises what its verb raises.

    Raises Conflict when another change of the same thing waits already. Asked for again with the same words it is the same change.
    """
    act = acts_of(runtime)[name]
    expire(tx)  # what waited too long is in nobody's way; locked before all that the act locks
    weighed = act.weigh(runtime, tx, given, by)
    if not weighed.rule:
        return Outcome(act.carry_out(runtime, tx, given, by))
    _rehearse(lambda: act.carry_out(runtime, tx, given, by), tx)
    return Outcome(pending=_keep(runtime, tx, _Asked(act, given, by, weighed)))


def confirm(runtime: Runtime, tx: Session, change_id: int, person: Person, reason: str = "") -> Any:
    """Do what somebody else asked for, and answer what its verb answered.

    Raises NotFound, Forbidden (whoever asked, had a hand in it, or is in none of the groups), Conflict when it is decided, has expired or
    what it would change has changed meanwhile, and what the verb raises; then nothing was done.
    """
    row = _hold(tx, change_id)
    _may_decide(row, person)
    act = acts_of(runtime)[row.act]
    given = act.adapter.validate_json(json_text.encode(row.input))
    _refuse_strangers(runtime, tx, row.asked_by)
    asker = Wanting(row.asked_by, row.reason)
    if _plain(act.weigh(runtime, tx, given, asker).seen) != row.seen:
        raise Conflict(
            f"{row.does}: what it would change is no longer what it was when {row.asked_by} asked for it.",
            code="change_overtaken",
            next_step="Look at what it is now; refuse the change, and let it be asked for anew.",
        )
    done = act.carry_out(runtime, tx, given, asker)
    _decide(tx, row, "confirmed", person.name, reason)
    tx.execute(update(pending_change).where(pending_change.c.id == change_id).values(result=_plain(done)))
    return done


def refuse(_runtime: Runtime, tx: Session, change_id: int, person: Person, reason: str) -> None:
    """Leave everything as it is, and say why. Raises what `confirm` raises, and Invalid without a reason."""
    row = _hold(tx, change_id)
    _may_decide(row, person)
    if not reason.strip():
        raise Invalid(
            "Whoever refuses says why.", code="reason_missing", next_step="Say why; who asked reads it.", errors={"reason": ["is missing"]}
        )
    _decide(tx, row, "refused", person.name, reason)


def withdraw(_runtime: Runtime, tx: Session, change_id: int, person: Person, reason: str = "") -> None:
    """Take back what one asked for. Raises NotFound, Forbidden for anybody else, Conflict when it is decided."""
    row = _hold(tx, change_id)
    if row.asked_by != person.name:
        raise Forbidden(f"{row.asked_by} asked for it.", next_step="Only whoever asked takes it back; refuse it instead.")
    _decide(tx, row, "withdrawn", person.name, reason)


def expire(tx: Session) -> None:
    """Housekeeping: what nobody has decided in its time waits no longer."""
    late = take(tx, Lock.PENDING_CHANGE, tx.scalars(_LATE).all())
    for row in tx.execute(_EXPIRE, {"ids": late}).all() if late else ():
        audit.record(tx, audit.Entry("clock", "expire_change", f"pending_change:{row.id}", detail={"subject": row.subject}))


def _rehearse(carry_out: Callable[[], Any], tx: Session) -> None:
    try:
        with savepoint(tx):
            carry_out()
            _take_back()
    except _Taken:
        return


def _take_back() -> None:
    raise _Taken


def _keep(runtime: Runtime, tx: Session, asked: _Asked) -> int:
    act, by, weighed = asked.act, asked.by, asked.weighed
    written = json_text.decode(act.adapter.dump_json(asked.given))
    _refuse_twice(tx, act, weighed)
    values = {
        "act": act.name,
        "input": written,
        "subject": weighed.subject,
        "about": [weighed.subject, *weighed.about],
        "does": weighed.does,
        "effect": _plain(weighed.effect),
        "seen": _plain(weighed.seen),
        "rule": weighed.rule,
        "reason": by.reason.strip(),
        "confirmers": [*act.confirmers, KEEPERS],
        "excluded_users": sorted(set(weighed.excluded) - {by.name}),
        "asked_by": by.name,
        "expires_at": func.business_now() + func.make_interval(0, 0, 0, int(threshold(runtime, tx, "second_person.days"))),
    }
    change_id: int = tx.execute(insert(pending_change).values(values).returning(pending_change.c.id)).scalar_one()
    detail = {"subject": weighed.subject, "does": weighed.does, "effect": values["effect"], "rule": weighed.rule}
    audit.record(tx, audit.Entry(by.name, "ask_change", f"pending_change:{change_id}", by.reason.strip() or None, detail))
    return change_id


def _refuse_twice(tx: Session, act: GuardedAct, weighed: Weighed) -> None:
    same = (pending_change.c.act == act.name, pending_change.c.subject == weighed.subject, pending_change.c.state == "pending")
    waiting = tx.execute(select(pending_change.c.id, pending_change.c.asked_by).where(*same)).one_or_none()
    if waiting is not None:
        raise Conflict(
            f"A change of {weighed.subject} waits for a second person already: {waiting.asked_by} asked for it.",
            code="change_pending",
            next_step="Let it be decided first.",
        )


def _hold(tx: Session, change_id: int) -> Any:
    """Lock a change that waits. Of two who decide at once, the second is told who was first."""
    take(tx, Lock.PENDING_CHANGE, [change_id])
    row = tx.execute(_CHANGE, {"id": change_id}).one_or_none()
    if row is None:
        raise NotFound(f"There is no change {change_id}.", code="change_unknown", next_step="Look at the changes that wait.")
    if row.state == "pending" and row.late:
        raise Conflict(f"{row.does}: nobody confirmed it in time.", code="change_expired", next_step="Let it be asked for anew.")
    if row.state != "pending":
        said = "it has expired" if row.decided_by is None else f"{row.decided_by} has {row.state} it"
        raise Conflict(f"{row.does}: {said}.", code="change_decided", next_step="Look at what became of it; ask for another change.")
    return row


def _may_decide(row: Any, person: Person) -> None:
    if person.name == row.asked_by or person.name in row.excluded_users:
        had = "asked for it" if person.name == row.asked_by else "had a hand in it"
        raise Forbidden(
            f"{person.name} {had}: a second person must decide.",
            code="four_eyes",
            next_step="Let another one of those who may confirm do it.",
        )
    if not person.groups & set(row.confirmers):
        raise Forbidden(
            f"Only {', '.join(row.confirmers)} may confirm this.", code="not_a_confirmer", next_step="Ask somebody of one of these groups."
        )


def _refuse_strangers(runtime: Runtime, tx: Session, name: str) -> None:
    """What somebody asked for who has left since is not done in their name."""
    directory: Any = runtime.ports.get(Directory)
    if directory is not None and name not in directory.known(tx, (), [name]):
        raise Conflict(
            f"{name}, who asked for it, no longer works here.",
            code="asker_gone",
            next_step="Refuse the change, and let somebody else ask for it.",
        )


def _decide(tx: Session, row: Any, state: str, who: str, reason: str) -> None:
    because = reason.strip() or None
    decided = {"state": state, "decided_by": who, "decided_at": func.business_now(), "decided_because": because}
    tx.execute(update(pending_change).where(pending_change.c.id == row.id).values(decided))
    detail = {"subject": row.subject, "does": row.does, "effect": row.effect, "asked_by": row.asked_by}
    audit.record(tx, audit.Entry(who, _ACTIONS[state], f"pending_change:{row.id}", because, detail))


def _plain(value: Any) -> Any:
    """As JSON says it, so that what was stored and what is now can be compared."""
    return json_text.decode(json_text.encode(_sorted(value)))


def _sorted(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _sorted(each) for name, each in value.items()}
    if isinstance(value, Collection) and not isinstance(value, str | bytes):
        return [_sorted(each) for each in value]
    return value


_ACTIONS = {"confirmed": "confirm_change", "refused": "refuse_change", "withdrawn": "withdraw_change"}
_CHANGE = text("""
SELECT id, act, input, subject, does, effect, seen, reason, confirmers, excluded_users, asked_by, state, decided_by,
  expires_at <= business_now() AS late
FROM pending_change WHERE id = :id
""")
_LATE = text("SELECT id FROM pending_change WHERE state = 'pending' AND expires_at <= business_now()")
_EXPIRE = text("UPDATE pending_change SET state = 'expired' WHERE id = ANY(:ids) AND state = 'pending' RETURNING id, subject")
