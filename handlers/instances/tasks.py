"""The steps of the process that hands over what a cancelled instance was about."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.orm import Session

from engine.runtime.operate import restart
from engine.runtime.operate.restart import Restart
from engine.runtime.state.runtime import Runtime
from engine.service_tasks import ServiceTasks, TaskContext

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


@tasks.register("instances.start_anew")
def start_anew(given: Anew, tx: Session, runtime: Runtime, context: TaskContext) -> Begun:
    """Begin the latest version of an ended instance's process, where and with what it began."""
    begun = restart.start_anew(runtime, tx, Restart(given.instance_id, context.actor or "system", given.reason))
    return Begun(begun.instance_id)
