"""Cancelling or taking over many instances at once takes a second person; it is about the instances that were found then."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from engine.runtime.operate import batches
from engine.runtime.operate.batches import BATCH_VERBS, FOR_TWO, Order, Preview
from engine.runtime.operate.migrate import Migration
from engine.runtime.state.chosen import Filter
from engine.runtime.state.guarded_acts import GuardedAct, Wanting, Weighed, threshold
from engine.runtime.state.runtime import Runtime
from engine.runtime.verbs.pending_changes import Outcome, ask_or_do


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchGiven:
    """An order as it is kept: `instances` are those that the filter found when it was given."""

    verb: str
    chosen_by: dict[str, Any]
    instances: list[UUID]
    stop_after: int | None = None
    key: str | None = None
    arguments: dict[str, Any] = field(default_factory=dict)


def preview(runtime: Runtime, tx: Session, verb: str, chosen: Filter) -> tuple[Preview, bool]:
    """What a batch would be about, and whether a second person has to confirm it. Raises what `batches.preview` raises."""
    seen = batches.preview(runtime, tx, verb, chosen)
    return seen, _takes_two(runtime, tx, verb, seen.instances)


def begin(runtime: Runtime, tx: Session, order: Order) -> Outcome:
    """Begin a batch and answer its id, or keep it for a second person. Raises what `batches.begin` raises."""
    if order.verb not in FOR_TWO:
        return Outcome(batches.begin(runtime, tx, order))
    seen = batches.preview(runtime, tx, order.verb, order.chosen)
    if not _takes_two(runtime, tx, order.verb, seen.instances):
        return Outcome(batches.begin(runtime, tx, order))
    given = BatchGiven(
        verb=order.verb,
        chosen_by=batches.written(order.chosen),
        instances=batches.found_by(tx, order),
        stop_after=order.stop_after,
        key=order.key,
        arguments=dict(order.arguments),
    )
    return ask_or_do(runtime, tx, "instances.batch", given, Wanting(order.actor, order.reason))


def ask_for_many(runtime: Runtime, tx: Session, migration: Migration, instances: Sequence[UUID]) -> Outcome | None:
    """Keep the taking over of many instances for a second person; None where they are few enough for one."""
    if not _takes_two(runtime, tx, "migrate", len(set(instances))):
        return None
    arguments = {"version_id": migration.version_id, "plan": dict(migration.plan), "variables": dict(migration.variables)}
    return begin(runtime, tx, Order("migrate", Filter(ids=tuple(instances)), migration.actor, migration.reason, arguments=arguments))


def _takes_two(runtime: Runtime, tx: Session, verb: str, instances: int) -> bool:
    return verb in FOR_TWO and instances > threshold(runtime, tx, "second_person.instances")


def _weigh(_runtime: Runtime, _tx: Session, given: BatchGiven, _by: Wanting) -> Weighed:
    many, verb = len(given.instances), BATCH_VERBS[given.verb]
    which = sha256("".join(sorted(map(str, given.instances))).encode()).hexdigest()[:16]
    effect: Mapping[str, Any] = {
        "instances": {"from": None, "to": many},
        **{name: {"from": None, "to": v} for name, v in given.chosen_by.items()},
    }
    rule = "So many at once cannot be taken back."
    return Weighed(f"instances:{given.verb}:{which}", f"{verb} {many:,} instances", effect, {}, rule)


def _begin(runtime: Runtime, tx: Session, given: BatchGiven, by: Wanting) -> int:
    order = Order(given.verb, Filter(ids=tuple(given.instances)), by.name, by.reason, given.stop_after, given.key, given.arguments)
    return batches.begin(runtime, tx, replace(order, asked_as=given.chosen_by))


ACTS = (GuardedAct("instances.batch", "Many instances", BatchGiven, ("operator",), _weigh, _begin),)
