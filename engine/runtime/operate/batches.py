"""Acts on many instances: what a batch would do, beginning one, and steering it. `batch_work` does it, one instance a transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, insert, literal, select, text, update
from sqlalchemy.dialects.postgresql import insert as insert_or_nothing
from sqlalchemy.orm import Session

from engine.problems import Conflict, Forbidden, Invalid, NotFound
from engine.runtime.state import audit
from engine.runtime.state.chosen import Filter, conditions, has_failed
from engine.runtime.state.people import Person
from engine.runtime.state.runtime import Runtime
from engine.runtime.state.verbs_by_state import VERBS, Answer
from engine.spiff.plain import plain_mapping
from engine.store.known import refuse_unknown_in
from engine.store.locks import Lock, take
from engine.store.tables import InstanceState, batch, batch_item, incident, instance, process_version

#: What can be done to many, and what is said of it.
BATCH_VERBS: Final[Mapping[str, str]] = {
    "retry": "Retry",
    "suspend": "Suspend",
    "resume": "Resume",
    "cancel": "Cancel",
    "migrate": "Take over",
    "move": "Move",
    "message": "Give a message to",
    "data": "Change the data of",
}
#: What cannot be taken back takes a second person above a number (`guarded_batches`).
FOR_TWO: Final = frozenset({"cancel", "migrate", "move", "data"})
#: What a verb of a batch is called where it is done to one.
_VERB_OF: Final = {"data": "change_data"}
_LEFT_OUT: Final[Mapping[Answer, str]] = {
    Answer.ENDED: "has ended",
    Answer.SUSPENDED: "is suspended: resume it first",
    Answer.NOT_SUSPENDED: "is not suspended",
}


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked for: which verb, on which instances, by whom and why.

    `stop_after` is how many failures pause it; `key` makes the same order given twice one batch. A retry may change `variables`;
    a migration says `version_id` and `plan`, a move the `element_id` at which they stand and the `to` at which they go on, and `variables`;
    a message its `name` and `payload`, data its `variables`. A migration may write `variables` too.
    """

    verb: str
    chosen: Filter
    actor: str
    reason: str
    stop_after: int | None = None
    key: str | None = None
    arguments: Mapping[str, Any] = field(default_factory=dict)
    #: The filter as it was asked for, where `chosen` names the instances that it found then.
    asked_as: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Instances that the filter finds and the verb cannot be done to: how many, and why."""

    reason: str
    instances: int


@dataclass(frozen=True, slots=True)
class Preview:
    """What a batch would be about."""

    verb: str
    instances: int
    excluded: Sequence[LeftOut]


def preview(runtime: Runtime, tx: Session, verb: str, chosen: Filter) -> Preview:
    """Count what a batch would be about, and say what it leaves out and why; nothing is changed. One statement.

    Raises Invalid when there is no such verb, the filter cannot be understood, or it finds more than one batch may be about.
    """
    _check_verb(verb)
    refuse_unknown_in(tx, process_version.c.process_key, chosen.process, "process", "process")
    refuse_unknown_in(tx, incident.c.fingerprint, chosen.fingerprint, "cause of incidents", "fingerprint")
    failed = has_failed(chosen.fingerprint).label("failed")
    found = select(instance.c.state, failed).where(*conditions(chosen)).limit(runtime.limits.batch_instances + 1).subquery()
    rows = tx.execute(select(found.c.state, found.c.failed, func.count().label("many")).group_by(found.c.state, found.c.failed)).all()
    if sum(row.many for row in rows) > runtime.limits.batch_instances:
        raise Invalid(
            f"The filter finds more than {runtime.limits.batch_instances:,} instances.",
            code="batch_too_large",
            next_step="Narrow the filter, by process or state.",
        )
    excluded: dict[str, int] = {}
    instances = 0
    for row in rows:
        why = why_left_out(verb, row.state, failed=row.failed)
        if why is None:
            instances += row.many
        else:
            excluded[why] = excluded.get(why, 0) + row.many
    left_out = tuple(LeftOut(why, many) for why, many in sorted(excluded.items()))
    return Preview(verb, instances, left_out)


def why_left_out(verb: str, state: str, *, failed: bool) -> str | None:
    """Why a verb cannot be done to an instance of this state, or None when it can."""
    if verb == "retry" and not InstanceState(state).ended:
        if state == InstanceState.SUSPENDED:
            return _LEFT_OUT[Answer.SUSPENDED]
        return None if failed else "nothing of it has failed"
    return _LEFT_OUT.get(VERBS[_VERB_OF.get(verb, verb)][state])


def move_of(element_id: str, to: str, variables: Mapping[str, Any]) -> dict[str, Any]:
    """What a move is told. Raises Invalid where it does not say from where or to where."""
    missing = {name: ["is missing"] for name, given in (("element_id", element_id), ("to", to)) if not given}
    if missing:
        raise Invalid(
            "A move says at which step they stand, and at which they go on.",
            code="move_incomplete",
            next_step="Choose both steps.",
            errors=missing,
        )
    return {"element_id": element_id, "to": to, "variables": plain_mapping(variables, "The variables")}


def message_of(name: str, payload: Mapping[str, Any]) -> dict[str, Any]:
    """What giving a message is told. Raises Invalid where it has no name."""
    if not name:
        raise Invalid("It is not said which message.", code="message_missing", next_step="Choose it.", errors={"name": ["is missing"]})
    return {"name": name, "payload": plain_mapping(payload, "The message")}


def data_of(variables: Mapping[str, Any]) -> dict[str, Any]:
    """What changing data is told. Raises Invalid where nothing is to be written."""
    if not variables:
        raise Invalid(
            "It is not said which variables are written.",
            code="variables_missing",
            next_step='Give an object, such as {"carrier": "ACME"}.',
            errors={"variables": ["is missing"]},
        )
    return {"variables": plain_mapping(variables, "The variables")}


def begin(runtime: Runtime, tx: Session, order: Order) -> int:
    """Write the batch with an item for each instance; workers do it. Answers its id, the earlier one's when the key was used before.

    Raises Invalid without a reason, for a filter that cannot be understood, or when nothing can be done to any instance it finds.
    """
    if not order.reason.strip():
        raise Invalid(
            "An act on many instances takes a reason.",
            code="reason_missing",
            next_step="Say why; it is kept.",
            errors={"reason": ["is missing"]},
        )
    seen = preview(runtime, tx, order.verb, order.chosen)
    batch_id = _insert(tx, order, seen)
    if batch_id is None:
        return int(tx.execute(select(batch.c.id).where(batch.c.key == order.key)).scalar_one())
    many = _insert_items(tx, batch_id, order)
    if not many:
        why = "; ".join(f"{each.instances} {each.reason}" for each in seen.excluded) or "none fits the filter"
        raise Invalid(f"It can be done to none of the instances: {why}.", code="batch_empty", next_step="Choose others.")
    detail = {"verb": order.verb, "instances": many, "chosen_by": order.asked_as or written(order.chosen)}
    audit.record(tx, audit.Entry(order.actor, "begin_batch", f"batch:{batch_id}", order.reason, detail))
    return batch_id


def pause(tx: Session, batch_id: int, person: Person) -> None:
    """Let workers take up no further instance; what is under way goes on. Raises Conflict when it is not running."""
    _change(tx, batch_id, person, "pause", "running", state="paused", state_reason=f"{person.name} paused it.")


def go_on(tx: Session, batch_id: int, person: Person) -> None:
    """Let a paused batch go on; the failures until now count no more. Raises Conflict when it is not paused."""
    _hold(tx, batch_id, person, "paused")
    failed = tx.scalar(select(func.count()).where(batch_item.c.batch_id == batch_id, batch_item.c.state == "failed"))
    _change(tx, batch_id, person, "go_on", "paused", state="running", state_reason=None, forgiven=failed)


def abandon(tx: Session, batch_id: int, person: Person) -> None:
    """Leave what is not begun as it is, for good. Raises Conflict when it has ended."""
    said = f"{person.name} stopped it for good."
    _change(tx, batch_id, person, "abandon", "running", "paused", state="abandoned", state_reason=said, ended_at=func.business_now())
    left = update(batch_item).where(batch_item.c.batch_id == batch_id, batch_item.c.state == "pending")
    tx.execute(left.values(state="left", detail="Nothing was done to it: the batch was stopped."))


def found_by(tx: Session, order: Order) -> list[UUID]:
    """The instances that a filter finds now and the verb can be done to."""
    return list(tx.scalars(select(instance.c.id).where(*_wanted(order)).order_by(instance.c.id)))


def _insert(tx: Session, order: Order, seen: Preview) -> int | None:
    values = {
        "key": order.key,
        "verb": order.verb,
        "reason": order.reason.strip(),
        "chosen_by": order.asked_as or written(order.chosen),
        "arguments": plain_mapping(order.arguments, "The arguments"),
        "excluded": [asdict(each) for each in seen.excluded],
        "state": "running",
        "stop_after": order.stop_after,
        "started_by": order.actor,
    }
    statement = insert_or_nothing(batch).values(values).on_conflict_do_nothing(index_elements=["key"]).returning(batch.c.id)
    return tx.execute(statement).scalar()


def _insert_items(tx: Session, batch_id: int, order: Order) -> int:
    """An item for each instance, the one that began first coming first; answers how many."""
    number = func.row_number().over(order_by=(instance.c.started_at, instance.c.id))
    rows = select(literal(batch_id), number, instance.c.id).where(*_wanted(order))
    statement = insert(batch_item).from_select(["batch_id", "number", "instance_id"], rows).returning(batch_item.c.number)
    return len(tx.execute(statement).all())


def _wanted(order: Order) -> list[Any]:
    can = [state for state in InstanceState if why_left_out(order.verb, state, failed=True) is None]
    failed = [has_failed(order.chosen.fingerprint)] if order.verb == "retry" else []
    return [*conditions(order.chosen), instance.c.state.in_(can), *failed]


def written(chosen: Filter) -> dict[str, Any]:
    """A filter as it is kept: what is empty is left out."""
    given = {name: value for name, value in asdict(chosen).items() if value}
    return {**given, "ids": [str(each) for each in chosen.ids]} if chosen.ids else given


def _check_verb(verb: str) -> None:
    if verb not in BATCH_VERBS:
        raise Invalid(
            f"{verb!r} cannot be done to many instances.",
            code="verb_unknown",
            next_step=f"Choose one of {', '.join(BATCH_VERBS)}.",
            errors={"verb": ["is none of these"]},
        )


def _hold(tx: Session, batch_id: int, person: Person, *states: str) -> Any:
    """Lock a batch that is in one of the states, for somebody who may steer it."""
    take(tx, Lock.BATCH, [batch_id])
    row = tx.execute(_BATCH, {"id": batch_id}).one_or_none()
    if row is None:
        raise NotFound(f"There is no batch {batch_id}.", code="batch_unknown", next_step="Look at the list of batches.")
    if person.name != row.started_by and not person.oversees:
        raise Forbidden(f"The batch is {row.started_by}'s.", next_step="Ask an operator, or whoever began it.")
    if row.state not in states:
        raise Conflict(f"The batch is {row.state}.", code=f"batch_{row.state}", next_step="Look at what it says now.")
    return row


def _change(tx: Session, batch_id: int, person: Person, act: str, *states: str, **values: Any) -> None:
    _hold(tx, batch_id, person, *states)
    tx.execute(update(batch).where(batch.c.id == batch_id).values(**values))
    audit.record(tx, audit.Entry(person.name, f"{act}_batch", f"batch:{batch_id}"))


_BATCH = text("SELECT state, started_by FROM batch WHERE id = :id")
