"""The diagram as a table: every step of the process in reading order, with where an instance stands. Equal to what is painted."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from lxml import etree
from sqlalchemy import func, literal, select, tuple_, union_all
from sqlalchemy.orm import Session

from engine.hardened_xml import hardened_parser
from engine.models.reading.drawing import STEP_KINDS, lanes_of, places_of
from engine.models.vocabulary import BPMN
from engine.runtime.state.runtime import Runtime
from engine.store.tables import deployment_file, history, incident, instance, process_version, subscription, timer, user_task, work

#: A gateway without a name only joins paths: no reader would miss it.
#: Of so many diagrams the names are kept in memory.
_MOST_KEPT = 2_000
_GATEWAYS = {"Either-or", "Parallel", "Any of", "First of"}


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the process and what has happened at it."""

    id: str
    name: str
    kind: str
    lane: str
    state: str
    count: int
    last_at: datetime | None


def list_steps(tx: Session, instance_id: UUID, model: bytes) -> list[Step]:
    """Every step of a diagram and what an instance has done there, left to right as drawn. One statement."""
    marks = list_marks(tx, instance_id)
    return [
        Step(id_, name or id_, kind, lane, *marks.get(id_, ("", 0, None)))
        for id_, name, kind, lane in (_elements(model) if model else ())
        if name or kind not in _GATEWAYS
    ]


def model_file(tx: Session, deployment_id: int, path: str) -> bytes:
    """A file of a deployment; nothing where it has none of this name. One statement."""
    files = deployment_file.c
    return bytes(tx.scalar(select(files.content).where(files.deployment_id == deployment_id, files.path == path)) or b"")


#: The file of a deployment that holds a process.
Model = tuple[int, str]


def list_names(runtime: Runtime, tx: Session, models: Iterable[Model]) -> dict[Model, Mapping[str, str]]:
    """The names of the named steps of some models, by element id. One statement, for those that were not read before.

    What is deployed never changes, so it is read once: a list of instances would read fifty diagrams for each of its pages.
    """
    wanted, kept, files = set(models), runtime.models.step_names, deployment_file.c
    if missing := sorted(wanted - kept.keys()):
        while len(kept) + len(missing) > _MOST_KEPT and kept:
            kept.pop(next(iter(kept)), None)
        found = select(files.deployment_id, files.path, files.content).where(tuple_(files.deployment_id, files.path).in_(missing))
        read = {(row.deployment_id, row.path): {id_: name for id_, name, *_ in _elements(row.content) if name} for row in tx.execute(found)}
        kept.update(read)
        return {model: kept.get(model, read.get(model, {})) for model in wanted}
    return {model: kept.get(model, {}) for model in wanted}


def list_names_of(runtime: Runtime, tx: Session, instance_ids: Collection[UUID]) -> dict[UUID, Mapping[str, str]]:
    """The names of the steps of some instances' diagrams, by instance. Two statements."""
    columns = instance.c.id, process_version.c.deployment_id, process_version.c.path
    joined = instance.join(process_version, process_version.c.id == instance.c.process_version_id)
    rows = tx.execute(select(*columns).select_from(joined).where(instance.c.id.in_(instance_ids))).all()
    names = list_names(runtime, tx, {(row.deployment_id, row.path) for row in rows})
    return {row.id: names.get((row.deployment_id, row.path), {}) for row in rows}


def list_marks(tx: Session, instance_id: UUID) -> dict[str, tuple[str, int, datetime | None]]:
    """State, how often passed, and latest time by element: the worst of failed, active, completed. One statement."""
    # Of an activity done in several turns, history has a row for each turn and one for the whole, which says how many there were.
    turns = func.coalesce(history.c.detail["turns"].astext, "0")

    def of(table: Any, state: int, at: Any, *conditions: Any) -> Any:
        return select(table.c.element_id, literal(state).label("state"), at.label("at")).where(
            table.c.instance_id == instance_id, *conditions
        )

    everything = union_all(
        of(history, 1, history.c.ended_at, history.c.outcome.in_(("completed", "skipped")), turns == "0"),
        of(user_task, 2, user_task.c.created_at, user_task.c.state == "open"),
        of(timer, 2, timer.c.due_at, timer.c.fired.is_(False)),
        of(subscription, 2, func.business_now()),
        of(work, 2, func.business_now()),
        of(incident, 3, incident.c.opened_at, incident.c.state == "open"),
    ).subquery()
    rows = tx.execute(
        select(
            everything.c.element_id,
            func.max(everything.c.state),
            func.count().filter(everything.c.state == 1),
            func.max(everything.c.at).filter(everything.c.state != 2),  # noqa: PLR2004  # a wait has no time of its own
        ).group_by(everything.c.element_id)
    ).all()
    return {id_: (("", "completed", "active", "failed")[state], count, at) for id_, state, count, at in rows}


def _elements(model: bytes) -> Iterator[tuple[str, str, str, str]]:
    """Id, name, kind and lane of every step, by its place on the canvas."""
    root = etree.fromstring(model, hardened_parser(remove_comments=True, remove_pis=True))
    lanes, places = lanes_of(root), places_of(root)
    steps = [
        (str(element.get("id")), str(element.get("name") or ""), kind)
        for tag, kind in STEP_KINDS.items()
        for element in root.iter(f"{{{BPMN}}}{tag}")
    ]
    for id_, name, kind in sorted(steps, key=lambda step: places.get(step[0], (0.0, 0.0))):
        yield id_, name, kind, lanes.get(id_, "")
