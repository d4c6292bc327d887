"""What is pending in the whole house: timers, awaited messages and signals, messages that nobody has heard, and what leaves it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Select, String, cast, func, or_, select
from sqlalchemy.orm import Session

from engine.problems import refuse_unknown
from engine.store.known import refuse_unknown_in
from engine.store.paging import Asked, Key, Page, read_page
from engine.store.tables import effect, incident, instance, message, process_version, subscription, suspension, timer

#: A timer that is due this long and has not fired is overdue: its instance is suspended, or no worker ticks.
_GRACE: Final = timedelta(minutes=1)
#: The states by which each list can be narrowed, as they are called.
TIMER_STATES: Final = {"overdue": "Overdue", "event": "Of diagrams", "retry": "Next attempts"}
WAIT_STATES: Final = {"message": "Messages", "signal": "Signals"}
MESSAGE_STATES: Final = {"buffered": "Kept", "expired": "Expired"}
EFFECT_STATES: Final = {"pending": "Outgoing", "sent": "Sent", "kept": "Kept", "failed": "Failed"}


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which to list; what is empty matches all. `search` begins a business key or a name; `state` is one of the list's own."""

    search: str = ""
    process: str = ""
    state: str = ""


@dataclass(frozen=True, slots=True)
class TimerRow:
    """A timer that has not fired: of the diagram (`event`), or the next attempt of a service task (`retry`)."""

    id: UUID
    instance_id: UUID
    element_id: str
    kind: str
    due_at: datetime
    overdue: bool
    business_key: str | None
    instance_state: str
    process_name: str


@dataclass(frozen=True, slots=True)
class WaitRow:
    """A message or signal that is awaited, with the keys it must carry."""

    id: UUID
    instance_id: UUID
    element_id: str
    kind: str
    name: str
    correlation: dict[str, Any]
    created_at: datetime
    business_key: str | None
    process_name: str


@dataclass(frozen=True, slots=True)
class MessageRow:
    """A message that has not reached anybody: `buffered` until `expires_at`, or `expired`."""

    id: int
    name: str
    correlation: dict[str, Any]
    business_key: str | None
    state: str
    sent_at: datetime
    sent_by: str | None
    expires_at: datetime
    unheard_at: datetime | None


@dataclass(frozen=True, slots=True)
class EffectRow:
    """What is to leave the house or has: pending, sent, kept (no sink is bound) or failed."""

    key: str
    kind: str
    target: str
    state: str
    attempts: int
    business_key: str | None
    instance_id: UUID | None
    element_id: str | None
    created_at: datetime
    last_sent_at: datetime | None
    due_at: datetime
    answer: dict[str, Any] | None


def count_pending(tx: Session, most: int) -> dict[str, int]:
    """What wants looking after, by the list that shows it, each counted up to `most`. One statement."""
    overdue = timer.c.due_at <= func.business_now() - _GRACE
    rows = {
        "incidents": select(incident.c.id).where(incident.c.state == "open"),
        "timers": select(timer.c.id).where(timer.c.fired.is_(False), overdue),
        "messages": select(message.c.id).where(message.c.state.in_(("buffered", "expired")), message.c.unheard_at.is_not(None)),
        "effects": select(effect.c.key).where(effect.c.state == "failed"),
        "work": select(suspension.c.name),
    }
    counted = (select(func.count()).select_from(each.limit(most).subquery()).scalar_subquery().label(name) for name, each in rows.items())
    return dict(tx.execute(select(*counted)).mappings().one())


def list_timers(tx: Session, wanted: Wanted, asked: Asked, *, count: bool = False) -> Page[TimerRow]:
    """Timers that have not fired, the next due first. `state` is overdue, event or retry."""
    refuse_unknown(wanted.state, TIMER_STATES, "state of timers", "state")
    refuse_unknown_in(tx, process_version.c.process_key, wanted.process, "process", "process")
    overdue = timer.c.due_at <= func.business_now() - _GRACE
    statement = _of_instance(
        timer,
        timer.c.id, timer.c.instance_id, timer.c.element_id, timer.c.kind, timer.c.due_at, overdue.label("overdue"),
        instance.c.business_key, instance.c.state.label("instance_state"), process_version.c.name.label("process_name"),
    ).where(timer.c.fired.is_(False))  # fmt: skip
    if wanted.state == "overdue":
        statement = statement.where(overdue)
    elif wanted.state:
        statement = statement.where(timer.c.kind == "event" if wanted.state == "event" else timer.c.kind != "event")
    keys = (Key(timer.c.due_at), Key(timer.c.id))
    return read_page(tx, _narrowed(statement, wanted, timer.c.element_id), keys, asked, count=count).typed(TimerRow)


def list_waits(tx: Session, wanted: Wanted, asked: Asked, *, count: bool = False) -> Page[WaitRow]:
    """Messages and signals that are awaited, the oldest wait first. `state` is message or signal."""
    refuse_unknown(wanted.state, WAIT_STATES, "state of waits", "state")
    refuse_unknown_in(tx, process_version.c.process_key, wanted.process, "process", "process")
    statement = _of_instance(
        subscription,
        *(subscription.c[name] for name in ("id", "instance_id", "element_id", "kind", "name", "correlation", "created_at")),
        instance.c.business_key, process_version.c.name.label("process_name"),
    )  # fmt: skip
    if wanted.state:
        statement = statement.where(subscription.c.kind == wanted.state)
    keys = (Key(subscription.c.created_at), Key(subscription.c.id))
    found = _narrowed(statement, wanted, subscription.c.name, cast(subscription.c.correlation, String))
    return read_page(tx, found, keys, asked, count=count).typed(WaitRow)


def list_messages(tx: Session, wanted: Wanted, asked: Asked, *, count: bool = False) -> Page[MessageRow]:
    """Messages that have reached nobody, the latest first. `state` is buffered or expired."""
    refuse_unknown(wanted.process, (), "process in this list", "process")
    refuse_unknown(wanted.state, MESSAGE_STATES, "state of messages", "state")
    states = (wanted.state,) if wanted.state else ("buffered", "expired")
    statement = select(*(message.c[name] for name in MessageRow.__dataclass_fields__)).where(message.c.state.in_(states))
    if wanted.search:
        statement = statement.where(_begins(wanted.search, message.c.name, message.c.business_key))
    return read_page(tx, statement, (Key(message.c.id, descending=True),), asked, count=count).typed(MessageRow)


def list_effects(tx: Session, wanted: Wanted, asked: Asked, *, count: bool = False) -> Page[EffectRow]:
    """What is to leave the house, the latest first."""
    refuse_unknown(wanted.process, (), "process in this list", "process")
    refuse_unknown(wanted.state, EFFECT_STATES, "state of effects", "state")
    statement = select(*(effect.c[name] for name in EffectRow.__dataclass_fields__))
    if wanted.state:
        statement = statement.where(effect.c.state == wanted.state)
    if wanted.search:
        statement = statement.where(_begins(wanted.search, effect.c.business_key, effect.c.kind, effect.c.target))
    keys = (Key(effect.c.created_at, descending=True), Key(effect.c.key, descending=True))
    return read_page(tx, statement, keys, asked, count=count).typed(EffectRow)


def _of_instance(table: Any, *columns: Any) -> Select[Any]:
    joined = table.join(instance, instance.c.id == table.c.instance_id).join(
        process_version, process_version.c.id == instance.c.process_version_id
    )
    return select(*columns).select_from(joined)


def _narrowed(statement: Select[Any], wanted: Wanted, *columns: ColumnElement[Any]) -> Select[Any]:
    if wanted.process:
        statement = statement.where(instance.c.process_key == wanted.process)
    if wanted.search:
        statement = statement.where(_begins(wanted.search, instance.c.business_key, *columns))
    return statement


def _begins(words: str, *columns: ColumnElement[Any]) -> ColumnElement[bool]:
    return or_(*(column.icontains(words, autoescape=True) for column in columns))
