"""The steps of the process that hands over what a cancelled instance was about."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.orm import Session

from engine.problems import Conflict
from engine.runtime.operate import restart
from engine.runtime.operate.restart import Restart
from engine.runtime.state.runtime import Runtime
from engine.service_tasks import Refused, ServiceTasks, TaskContext
from engine.store.unit_of_work import savepoint
from handlers.open_things import left_behind

tasks = ServiceTasks()


@dataclass(frozen=True, slots=True)
class Anew:
    """Which ended instance, and why its process begins again."""

    instance_id: UUID
    reason: str


@dataclass(frozen=True, slots=True)
class Begun:
    """The instance that began."""

    instance_id: UUID


@dataclass(frozen=True, slots=True)
class About:
    """The business key of an ended instance."""

    business_key: str


@dataclass(frozen=True, slots=True)
class Left:
    """How many things are still open and with nobody, and which."""

    things: int
    told: str


#: How many things a task names.
_MOST_TOLD = 20


@tasks.register("instances.start_anew", errors=("CANNOT_BEGIN",))
def start_anew(given: Anew, tx: Session, runtime: Runtime, context: TaskContext) -> Begun:
    """Begin the latest version of an ended instance's process, where and with what it began.

    Refused CANNOT_BEGIN when another instance is at it by now, or when its process is retired.
    """
    try:
        with savepoint(tx):
            begun = restart.start_anew(runtime, tx, Restart(given.instance_id, context.actor or "system", given.reason))
    except Conflict as conflict:
        raise Refused("CANNOT_BEGIN", conflict.detail) from conflict
    return Begun(begun.instance_id)


@tasks.register("instances.look_what_is_open")
def look_what_is_open(given: About, tx: Session, context: TaskContext) -> Left:
    """Find what is open under a business key and would be with nobody once this instance has ended."""
    found = left_behind(tx, given.business_key, context.process_key)
    told = [f"{thing.kind} {thing.number}" for thing in found[:_MOST_TOLD]]
    return Left(len(found), ", ".join([*told, *(["…"] if len(found) > _MOST_TOLD else [])]))
