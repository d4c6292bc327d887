"""What may be chosen for many instances at once: the steps of their process, and the messages that they wait for."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.runtime.read.steps import list_names
from engine.runtime.state.chosen import Filter, conditions
from engine.runtime.state.runtime import Runtime
from engine.store.paging import AnyRow
from engine.store.tables import incident, instance, process_version, subscription, timer, user_task, work

#: Of so many instances it is looked at where they stand.
_SAMPLE = 1_000
_MESSAGES = 50


@dataclass(frozen=True, slots=True)
class ChosenStep:
    """A named step of the process of the instances; `here` is how many of those looked at stand at it."""

    id: str
    name: str
    here: int


def steps_of_chosen(runtime: Runtime, tx: Session, wanted: Filter) -> list[ChosenStep]:
    """The named steps of the process that the instances run, where most stand first; nothing where they run several. Two statements."""
    some = select(instance.c.id, instance.c.process_version_id).where(*conditions(wanted)).limit(_SAMPLE).subquery("some")
    versions = select(process_version.c.process_key, process_version.c.deployment_id, process_version.c.path)
    found = tx.execute(versions.join(some, some.c.process_version_id == process_version.c.id).distinct()).all()
    if len({row.process_key for row in found}) != 1:
        return []
    latest = max(found, key=lambda row: row.deployment_id)
    names = list_names(runtime, tx, [(latest.deployment_id, latest.path)])[(latest.deployment_id, latest.path)]
    waits = [
        select(table.c.element_id, table.c.instance_id).join(some, some.c.id == table.c.instance_id).where(*which)
        for table, which in (
            (user_task, (user_task.c.state == "open",)), (subscription, ()), (work, ()), (incident, (incident.c.state == "open",)),
            (timer, (timer.c.kind == "event", timer.c.fired.is_(False))),
        )
    ]  # fmt: skip
    all_waits = waits[0].union(*waits[1:]).subquery()
    counted: Sequence[Any] = tx.execute(select(all_waits.c.element_id, func.count()).group_by(all_waits.c.element_id)).all()
    here = {row[0]: row[1] for row in counted}
    steps = [ChosenStep(id_, name, here.get(id_, 0)) for id_, name in names.items()]
    return sorted(steps, key=lambda step: -step.here)


def messages_of_chosen(tx: Session, wanted: Filter) -> Sequence[AnyRow]:
    """The messages that the instances wait for: name and how many wait (`here`), the most first. One statement."""
    some = select(instance.c.id).where(*conditions(wanted)).limit(_SAMPLE).subquery("some")
    here = func.count(subscription.c.instance_id.distinct()).label("here")
    waiting = select(subscription.c.name, here).join(some, some.c.id == subscription.c.instance_id).where(subscription.c.kind == "message")
    return tx.execute(waiting.group_by(subscription.c.name).order_by(here.desc(), subscription.c.name).limit(_MESSAGES)).all()
