"""Everything that is open, found by one query together with what will move it: nothing is forgotten (INV-40).

A capability lists what of its own can be open in `open_things.py`, each kind as one SELECT; they are found by being there. What moves a
thing is a living process instance that carries one of its business keys (and in it the task, timer, message or incident it stands at), a
hold that somebody releases, or a schedule that looks at it again. What has none of these is ownerless.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pkgutil import iter_modules
from uuid import UUID

from sqlalchemy import ColumnElement, DateTime, Select, Text, column, or_, select, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

import handlers
from engine.problems import refuse_unknown
from engine.store.paging import AnyRow, Asked, Key, Page, read_page


@dataclass(frozen=True, slots=True)
class OpenKind:
    """One kind of thing that can be open: `kind` as a person calls it, and a SELECT, without parameters, of all that is.

    Its columns are `number` (text, unique, what a person looks it up by), `keys` (text[], the business keys under which an instance may
    carry it, and it is looked for), `since` (timestamptz), and whichever of these it `also` names: `carriers` (text[], those of the keys
    under which alone an instance moves it), `carried_by` (text[], the processes that alone move it, where its key is others' as well),
    `order_no` (text, whose story it is part of), `detail` (text, how much of what), `held_by` and `released_by` (text, the hold that
    stops it and the group that releases the hold), `schedule` (text, the process that looks at it again by the clock), `until`
    (timestamptz, when it is given up and told).
    """

    kind: str
    sql: str
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenThing:
    """Something open and what will move it.

    `mover` is task, incident, work, timer, message, running, suspended (these of an instance), hold, schedule, time, or none. `what` names
    it (the task's title, the message, the hold, the process), `who` may act on it, `due_at` is when it acts by itself or should be done.
    """

    kind: str
    number: str
    keys: Sequence[str]
    order_no: str | None
    since: datetime | None
    detail: str | None
    mover: str
    what: str | None
    who: str | None
    due_at: datetime | None
    process_key: str | None
    instance_id: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which open things: of a kind, of an order, by a number or business key, only those without an owner."""

    kind: str = ""
    order_no: str = ""
    key: str = ""
    ownerless: bool = False


@cache
def all_kinds() -> tuple[OpenKind, ...]:
    """Every capability's kinds of open things, by name."""
    modules = (f"handlers.{room.name}.open_things" for room in iter_modules(handlers.__path__) if room.ispkg)
    found = [kind for module in modules if find_spec(module) for kind in import_module(module).OPEN_THINGS]
    return tuple(sorted([_KEPT_MESSAGE, *found], key=lambda kind: kind.kind))


def list_open_things(tx: Session, wanted: Filter, asked: Asked) -> Page[AnyRow]:
    """One page of what is open, by kind and number: the fields of OpenThing. One statement. Raises Invalid for a kind there is none of."""
    refuse_unknown(wanted.kind, [each.kind for each in all_kinds()], "kind of open thing", "kind")
    statement = _statement()
    if wanted.kind:
        statement = statement.where(_KIND.in_([wanted.kind]))
    if wanted.order_no:
        statement = statement.where(_ORDER_NO.in_([wanted.order_no]))
    if wanted.key:
        statement = statement.where(or_(_NUMBER.in_([wanted.key]), _KEYS.contains([wanted.key])))
    if wanted.ownerless:
        statement = statement.where(_MOVER == "none")
    return read_page(tx, statement, [Key(_KIND), Key(_NUMBER)], asked)


def of_order(tx: Session, order_no: str) -> list[OpenThing]:
    """What is open of an order, by kind and number. One statement."""
    asked = _statement().where(_ORDER_NO.in_([order_no])).order_by(_KIND, _NUMBER)
    return [OpenThing(**row) for row in tx.execute(asked).mappings()]


def under_key(tx: Session, key: str) -> list[OpenThing]:
    """What is open and carried by instances of this business key, by kind and number. One statement."""
    asked = _statement().where(_KEYS.contains([key])).order_by(_KIND, _NUMBER)
    return [OpenThing(**row) for row in tx.execute(asked).mappings()]


def left_behind(tx: Session, key: str, process_key: str) -> list[OpenThing]:
    """What is open under this business key and with no instance but those of that process, by kind and number. One statement.

    Two that look after what is left move nothing by themselves, and would each leave it to the other.
    """
    without = text(f"({_everything('AND instance.process_key <> :leaving')}) AS thing").bindparams(leaving=process_key)
    asked = select(*_COLUMNS).select_from(without).where(_KEYS.contains([key]), _MOVER == "none").order_by(_KIND, _NUMBER)
    return [OpenThing(**row) for row in tx.execute(asked).mappings()]


def told(thing: OpenThing) -> str:
    """What will move it, in one sentence."""
    at = f" on {thing.due_at.day} {thing.due_at:%b %Y %H:%M}" if thing.due_at else ""
    given = {"who": thing.who or "anybody", "what": str(thing.what).rstrip("."), "at": at, "due": f", due{at}" if at else ""}
    return _SENTENCES.get(thing.mover, "{process} is at it.").format(process=str(thing.process_key).capitalize(), **given)


def ownerless_sql() -> str:
    """The query of INV-40: what is open and nothing moves, once there are processes that could."""
    return f"SELECT kind, number, since FROM ({_everything()}) AS thing WHERE mover = 'none' AND EXISTS (SELECT FROM process_version)"


def _statement() -> Select[tuple[object, ...]]:
    return select(*_COLUMNS).select_from(text(f"({_everything()}) AS thing"))


@cache
def _everything(besides: str = "") -> str:
    kinds = " UNION ALL ".join(f"SELECT '{each.kind}' AS kind, {_given(each)} FROM ({each.sql}) AS one" for each in all_kinds())
    return _MOVED.replace("{kinds}", kinds).replace("{besides}", besides)


def _given(kind: OpenKind) -> str:
    also = (f"{name if name in kind.also else 'NULL'}::{of} AS {name}" for name, of in _ALSO.items())
    return ", ".join(["number::text AS number", "keys::text[] AS keys", "since", *also])


# A message that nobody waits for becomes a task of its lane, at the latest when its time is over, unless it is news for who waits now: see
# engine/runtime/post/unheard.py.
_KEPT_MESSAGE = OpenKind(
    "kept message",
    """
    SELECT 'message-' || id AS number, ARRAY['message-' || id] AS keys, sent_at AS since,
      CASE WHEN (state = 'buffered' OR unheard_at IS NULL) AND expires_at > business_now() - interval '1 hour' THEN expires_at END AS until
    FROM message WHERE (state = 'expired' OR state = 'buffered' AND expires_at - sent_at >= interval '15 minutes')
      AND name <> 'message.unheard'
    """,
    also=("until",),
)
_SENTENCES = {
    "task": "It waits for {who} to do '{what}'{due}.",
    "incident": "It stands still at an incident: {what}.",
    "timer": "It goes on by itself{at}.",
    "message": "It waits for the message {what}.",
    "suspended": "Its process is suspended until an operator resumes it.",
    "hold": "It waits until {who} releases the hold {what}.",
    "schedule": "The process {what} looks at it again{at}.",
    "time": "It becomes a task of its lane{at} at the latest.",
    "none": "Nothing will move it: tell operations.",
}
_KIND: ColumnElement[str] = column("kind", Text)
_NUMBER: ColumnElement[str] = column("number", Text)
_KEYS = column("keys", ARRAY(Text))
_ORDER_NO: ColumnElement[str] = column("order_no", Text)
_MOVER: ColumnElement[str] = column("mover", Text)
_COLUMNS = (
    _KIND,
    _NUMBER,
    _KEYS,
    _ORDER_NO,
    column("since", DateTime(timezone=True)),
    column("detail", Text),
    _MOVER,
    column("what", Text),
    column("who", Text),
    column("due_at", DateTime(timezone=True)),
    column("process_key", Text),
    column("instance_id", postgresql.UUID),
)
_ALSO = {
    "carriers": "text[]",
    "carried_by": "text[]",
    "order_no": "text",
    "detail": "text",
    "held_by": "text",
    "released_by": "text",
    "schedule": "text",
    "until": "timestamptz",
}
# An instance shows the most telling of its waits: what has failed, then what a person does, then what happens by itself.
_MOVED = """
SELECT open.kind, open.number, open.keys, open.order_no, open.since, open.detail,
  CASE WHEN carrier.id IS NOT NULL THEN coalesce(wait.mover, carrier.state)
       WHEN open.held_by IS NOT NULL THEN 'hold' WHEN plan.due_at IS NOT NULL THEN 'schedule' WHEN open.until IS NOT NULL THEN 'time'
       ELSE 'none' END AS mover,
  CASE WHEN carrier.id IS NOT NULL THEN coalesce(wait.what, carrier.process_key)
       WHEN open.held_by IS NOT NULL THEN open.held_by WHEN plan.due_at IS NOT NULL THEN open.schedule END AS what,
  CASE WHEN carrier.id IS NOT NULL THEN wait.who WHEN open.held_by IS NOT NULL THEN open.released_by END AS who,
  CASE WHEN carrier.id IS NOT NULL THEN wait.due_at WHEN open.held_by IS NOT NULL THEN NULL ELSE coalesce(plan.due_at, open.until) END
    AS due_at,
  carrier.process_key, carrier.id AS instance_id
FROM ({kinds}) AS open
LEFT JOIN LATERAL (
  SELECT instance.id, instance.process_key, instance.state FROM instance
  WHERE instance.business_key = ANY(coalesce(open.carriers, open.keys)) AND instance.state NOT IN ('completed', 'cancelled') {besides}
    AND (open.carried_by IS NULL OR instance.process_key = ANY(open.carried_by))
  ORDER BY instance.started_at DESC, instance.id LIMIT 1
) AS carrier ON true
LEFT JOIN LATERAL (
  SELECT stands.mover, stands.what, stands.who, stands.due_at FROM (
    SELECT 1 AS rank, 'incident' AS mover, incident.message AS what, incident.owner AS who, NULL::timestamptz AS due_at
    FROM incident WHERE incident.instance_id = carrier.id AND incident.state = 'open'
    UNION ALL
    SELECT 2, 'task', user_task.title, coalesce(user_task.assignee, array_to_string(user_task.candidate_groups, ', ')), user_task.due_at
    FROM user_task WHERE user_task.instance_id = carrier.id AND user_task.state = 'open'
    UNION ALL
    SELECT 3, 'work', work.handler, NULL, NULL FROM work WHERE work.instance_id = carrier.id
    UNION ALL
    SELECT 4, 'timer', timer.element_id, NULL, timer.due_at FROM timer WHERE timer.instance_id = carrier.id AND NOT timer.fired
    UNION ALL
    SELECT 5, 'message', subscription.name, NULL, NULL FROM subscription WHERE subscription.instance_id = carrier.id
  ) AS stands WHERE carrier.state NOT IN ('running', 'suspended') ORDER BY stands.rank, stands.due_at LIMIT 1
) AS wait ON true
LEFT JOIN LATERAL (
  SELECT min(schedule.next_due_at) AS due_at FROM schedule
  JOIN process_version ON process_version.id = schedule.process_version_id AND NOT process_version.retired
  WHERE process_version.process_key = open.schedule
) AS plan ON true
"""
