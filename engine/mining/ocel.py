"""An object-centric event log in the JSON of OCEL 2.0 (https://www.ocel-standard.org), as pm4py and other tools read it.

An **event** is an activity or BPMN event that was completed: its type is its name in the diagram, its time the end, with instance, process,
version, element, actor and its beginning as attributes. Gateways decide and do nothing; they are no events.

An **object** is a process instance, or a business thing that its variables name (an order by `order_no`). An event is related to its
instance, to what its own changes name for the first time there (`introduces`), and to what is the instance's context by then
(`concerns`): numbers in a variable or up to two levels below it. Numbers in lists (the invoices of a bank statement) are related to the
event that wrote them alone. Objects are related to one another by what the business says, and an instance to what it concerned and who
started it. What is only known by such a relation (the customer of an order) has to do with the event that introduces its other end: tools
such as pm4py leave out what no event names.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

#: The object type of process instances.
INSTANCE: Final = "process instance"
_DEPTH: Final = 3
_EVENT_ATTRIBUTES: Final = {
    "instance": "string", "process": "string", "version": "integer", "element": "string", "actor": "string", "began": "time",
}  # fmt: skip
_INSTANCE_ATTRIBUTES: Final = {"process": "string", "version": "integer", "business_key": "string", "state": "string"}


class Thing(NamedTuple):
    """A business thing by its type and number."""

    type: str
    number: str

    @property
    def id(self) -> str:
        """Unique over all types."""
        return f"{self.type}:{self.number}"


class Relation(NamedTuple):
    """What one thing is to another, such as an order `ordered by` a customer."""

    source: Thing
    target: Thing
    qualifier: str


@dataclass(frozen=True, slots=True)
class Ran:
    """A process instance. `version` is that of its bundle."""

    id: UUID
    process: str
    version: int
    business_key: str | None
    state: str
    started_at: datetime
    ended_at: datetime | None
    started_by: UUID | None


@dataclass(frozen=True, slots=True)
class Happened:
    """A completed element, in the order in which they were; `changed` are the variables it wrote."""

    id: int
    instance_id: UUID
    element_id: str
    name: str
    actor: str | None
    began_at: datetime
    ended_at: datetime
    changed: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Log:
    """Instances and events that belong together, with the things each event is related to."""

    instances: Sequence[Ran]
    events: Sequence[Happened]
    related: Mapping[int, Mapping[Thing, str]]

    @property
    def things(self) -> set[Thing]:
        """Everything that is named."""
        return {thing for found in self.related.values() for thing in found}


def relate(instances: Sequence[Ran], events: Sequence[Happened], types: Mapping[str, str]) -> Log:
    """Find the things that events name; `types` says which variable names a thing of which type."""
    context: dict[UUID, dict[Thing, None]] = {each.id: {} for each in instances}
    related: dict[int, Mapping[Thing, str]] = {}
    for event in events:
        known = context[event.instance_id]
        named = dict(_named(event.changed or {}, types, _DEPTH))
        found = dict.fromkeys(known, "concerns")
        found.update({thing: "introduces" for thing in named if thing not in known})
        known.update({thing: None for thing, lasts in named.items() if lasts})
        related[event.id] = found
    return Log(instances, events, related)


def write(log: Log, relations: Iterable[Relation]) -> dict[str, Any]:
    """The whole document, ready for JSON."""
    relations = list(relations)
    of: dict[Thing, list[Relation]] = {}
    for relation in relations:
        of.setdefault(relation.source, []).append(relation)
    things = log.things | {thing for each in relations for thing in (each.source, each.target)}
    types = sorted({thing.type for thing in things})
    return {
        "objectTypes": [{"name": INSTANCE, "attributes": _attributes(_INSTANCE_ATTRIBUTES)}]
        + [{"name": name, "attributes": _attributes({"number": "string"})} for name in types],
        "eventTypes": [{"name": name, "attributes": _attributes(_EVENT_ATTRIBUTES)} for name in sorted({each.name for each in log.events})],
        "objects": [*_instances(log), *_things(things, of)],
        "events": list(_events(log, of)),
    }


def _named(value: Any, types: Mapping[str, str], depth: int, *, lasts: bool = True) -> Iterator[tuple[Thing, bool]]:
    """The things that a value names, and whether they stay the instance's context."""
    if not depth:
        return
    if isinstance(value, list):
        for item in value:
            yield from _named(item, types, depth - 1, lasts=False)
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            if name in types and isinstance(inner, str) and inner:
                yield Thing(types[name], inner), lasts
            else:
                yield from _named(inner, types, depth - 1, lasts=lasts)


def _instances(log: Log) -> Iterator[dict[str, Any]]:
    concerned: dict[UUID, dict[Thing, None]] = {}
    for event in log.events:
        concerned.setdefault(event.instance_id, {}).update(dict.fromkeys(log.related[event.id]))
    here = {each.id for each in log.instances}
    for each in log.instances:
        begun, ended = each.started_at, each.ended_at or each.started_at
        values = (("process", each.process, begun), ("version", each.version, begun), ("business_key", each.business_key, begun))
        relationships = [{"objectId": thing.id, "qualifier": "concerned"} for thing in concerned.get(each.id, ())]
        if each.started_by in here:
            relationships.append({"objectId": str(each.started_by), "qualifier": "started by"})
        yield {
            "id": str(each.id),
            "type": INSTANCE,
            "attributes": [
                {"name": name, "time": _time(at), "value": value}
                for name, value, at in (*values, ("state", each.state, ended))
                if value is not None
            ],
            "relationships": relationships,
        }


def _things(things: Collection[Thing], of: Mapping[Thing, Sequence[Relation]]) -> Iterator[dict[str, Any]]:
    for thing in sorted(things):
        yield {
            "id": thing.id,
            "type": thing.type,
            "attributes": [{"name": "number", "time": _time(datetime.fromtimestamp(0, UTC)), "value": thing.number}],
            "relationships": [{"objectId": each.target.id, "qualifier": each.qualifier} for each in of.get(thing, ())],
        }


def _behind(related: Mapping[Thing, str], of: Mapping[Thing, Sequence[Relation]]) -> dict[Thing, str]:
    """What stands behind the things that an event introduces, however far, by what it is to the one before it."""
    found: dict[Thing, str] = {}
    waiting = [thing for thing, qualifier in related.items() if qualifier == "introduces"]
    while waiting:
        for relation in of.get(waiting.pop(), ()):
            if relation.target not in found and relation.target not in related:
                found[relation.target] = relation.qualifier
                waiting.append(relation.target)
    return found


def _events(log: Log, of: Mapping[Thing, Sequence[Relation]]) -> Iterator[dict[str, Any]]:
    instances = {each.id: each for each in log.instances}
    for event in log.events:
        ran, related = instances[event.instance_id], log.related[event.id]
        values = {
            "instance": str(ran.id), "process": ran.process, "version": ran.version, "element": event.element_id, "actor": event.actor,
            "began": _time(event.began_at),
        }  # fmt: skip
        yield {
            "id": f"e{event.id}",
            "type": event.name,
            "time": _time(event.ended_at),
            "attributes": [{"name": name, "value": value} for name, value in values.items() if value is not None],
            "relationships": [{"objectId": str(ran.id), "qualifier": "happened in"}]
            + [{"objectId": thing.id, "qualifier": qualifier} for thing, qualifier in {**related, **_behind(related, of)}.items()],
        }


def _attributes(types: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "type": kind} for name, kind in types.items()]


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
