"""What the operator sees: instances, why they stand where they stand, and incidents by cause."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Date, cast, func, literal, or_, select, union_all
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import Session

from engine.problems import NotFound, refuse_unknown
from engine.runtime.state.chosen import Filter, conditions
from engine.store.known import refuse_unknown_in
from engine.store.paging import AnyRow, Asked, Key, Page, counted, read_page
from engine.store.tables import (
    InstanceState,
    audit,
    deployment,
    history,
    incident,
    instance,
    process_version,
    subscription,
    timer,
    user_task,
    work,
)

_HISTORY_SHOWN = 300
__all__ = [
    "BEGUN",
    "Filter",
    "InstanceRow",
    "count_states",
    "find_incidents",
    "get_instance",
    "latest_version",
    "list_acts",
    "list_causes",
    "list_history",
    "list_incidents",
    "list_incidents_of",
    "list_instances",
    "list_processes",
    "relatives",
    "trend_of",
]
#: The first begun first; of those that one transaction began, whoever began the others.
BEGUN: Final = (instance.c.started_at, instance.c.started_by_instance_id.is_not(None), instance.c.id)


@dataclass(frozen=True, slots=True)
class InstanceRow:
    """An instance as a list shows it. `waits_for` says in words what it waits for first, `waits_at` at which steps it hears or counts."""

    id: UUID
    process_key: str
    business_key: str | None
    state: str
    started_at: datetime
    started_by: str | None
    updated_at: datetime
    ended_at: datetime | None
    end_reason: str | None
    process_name: str
    process_version: int
    deployment_id: int
    path: str
    waits_for: str | None
    waits_at: list[str] | None
    #: A service task that failed and is tried again: its `attempt`, the `policy` of the model, and when it is `due`; None where none is.
    retrying: dict[str, Any] | None


def list_instances(tx: Session, wanted: Filter, asked: Asked, *, count: bool = True) -> Page[InstanceRow]:
    """One page of instances, the latest change first, each with what it waits for. Raises Invalid for a filter that is not understood."""
    refuse_unknown_in(tx, process_version.c.process_key, wanted.process, "process", "process")
    statement = select(
        *(
            instance.c[name]
            for name in ("id", "process_key", "business_key", "state", "started_at", "started_by", "updated_at", "ended_at", "end_reason")
        ),
        process_version.c.name.label("process_name"),
        process_version.c.version.label("process_version"),
        process_version.c.deployment_id,
        process_version.c.path,
        _waits_for().label("waits_for"),
        _waits_at().label("waits_at"),
        _retrying().label("retrying"),
    ).select_from(instance.join(process_version, process_version.c.id == instance.c.process_version_id))
    for condition in conditions(wanted):
        statement = statement.where(condition)
    keys = (Key(instance.c.updated_at, descending=True), Key(instance.c.id, descending=True))
    return read_page(tx, statement, keys, asked, count=count).typed(InstanceRow)


def count_states(tx: Session) -> dict[str, int]:
    """How many instances are in each state that is not an end, each counted up to MOST. One statement."""
    under_way = [state for state in InstanceState if not state.ended]
    counts = (counted(select(instance.c.id).where(instance.c.state == state)).label(state) for state in under_way)
    row = tx.execute(select(*counts)).one()
    return {state: many for state, many in zip(under_way, row, strict=True) if many}


def list_processes(tx: Session) -> list[AnyRow]:
    """Every deployed process with its name, for the filter."""
    return list(
        tx.execute(
            select(process_version.c.process_key, process_version.c.name).where(process_version.c.latest).order_by(process_version.c.name)
        ).all()
    )


def get_instance(tx: Session, instance_id: UUID) -> AnyRow:
    """One instance with its process. Raises NotFound."""
    found = tx.execute(
        select(
            *(column for column in instance.c if column.name not in {"blob", "blob_format"}),
            process_version.c.name.label("process_name"),
            process_version.c.version.label("process_version"),
            process_version.c.latest,
            process_version.c.deployment_id,
            process_version.c.path,
            deployment.c.name.label("bundle"),
            deployment.c.version.label("bundle_version"),
        )
        .select_from(instance.join(process_version, process_version.c.id == instance.c.process_version_id).join(deployment))
        .where(instance.c.id == instance_id)
    ).one_or_none()
    if found is None:
        raise NotFound(
            f"There is no instance {instance_id}.",
            code="instance_unknown",
            next_step="Search by business key in the list of instances.",
        )
    return found


def latest_version(tx: Session, instance_id: UUID) -> tuple[int, int]:
    """The process version an instance runs on, and the latest of its process. Raises NotFound."""
    shown = get_instance(tx, instance_id)
    latest = select(process_version.c.id).where(process_version.c.process_key == shown.process_key, process_version.c.latest)
    return shown.process_version_id, tx.execute(latest).scalar_one()


def relatives(tx: Session, shown: AnyRow) -> list[AnyRow]:
    """The instances that began this one, were begun by it, or carry the same order number. One statement."""
    related = or_(instance.c.started_by_instance_id == shown.id, instance.c.id == shown.started_by_instance_id)
    if order_no := shown.variables.get("order_no"):
        related = or_(related, instance.c.variables.contains({"order_no": order_no}))
    return list(
        tx.execute(
            select(
                instance.c.id,
                instance.c.business_key,
                instance.c.state,
                instance.c.started_at,
                process_version.c.name.label("process_name"),
            )
            .select_from(instance.join(process_version, process_version.c.id == instance.c.process_version_id))
            .where(related, instance.c.id != shown.id)
            .order_by(*BEGUN)
            .limit(50)
        ).all()
    )


def list_history(tx: Session, instance_id: UUID) -> list[AnyRow]:
    """What was executed, the latest first."""
    return list(
        tx.execute(select(history).where(history.c.instance_id == instance_id).order_by(history.c.id.desc()).limit(_HISTORY_SHOWN)).all()
    )


def list_incidents_of(tx: Session, instance_id: UUID) -> list[AnyRow]:
    """The incidents of an instance, the open ones first."""
    return list(
        tx.execute(
            select(incident).where(incident.c.instance_id == instance_id).order_by(incident.c.state, incident.c.id.desc()).limit(50)
        ).all()
    )


def list_acts(tx: Session, instance_id: UUID) -> list[AnyRow]:
    """What operators did to an instance and its incidents, from the audit log."""
    of_incidents = select(func.concat("incident:", incident.c.id)).where(incident.c.instance_id == instance_id)
    return list(
        tx.execute(
            select(audit.c.at, audit.c.actor, audit.c.action, audit.c.reason)
            .where(or_(audit.c.target == f"instance:{instance_id}", audit.c.target.in_(of_incidents)))
            .order_by(audit.c.id.desc())
            .limit(50)
        ).all()
    )


def list_causes(tx: Session, limit: int = 100) -> list[AnyRow]:
    """Open incidents grouped by cause, the most frequent first; each group with its latest message and what to do."""
    latest = aggregate_order_by(incident.c.id, incident.c.id.desc())
    groups = (
        select(
            incident.c.fingerprint,
            func.count().label("open"),
            func.count(func.distinct(incident.c.instance_id)).label("instances"),
            func.count(incident.c.acknowledged_at).label("acknowledged"),
            func.min(incident.c.opened_at).label("first_at"),
            func.max(incident.c.opened_at).label("last_at"),
            func.array_agg(latest)[1].label("latest_id"),
            func.string_agg(func.distinct(incident.c.owner), ", ").label("owners"),
        )
        .where(incident.c.state == "open")
        .group_by(incident.c.fingerprint)
        .order_by(func.count().desc(), func.max(incident.c.opened_at).desc())
        .limit(limit)
        .subquery()
    )
    detail = ("message", "kind", "handler", "element_id", "next_step", "note")
    return list(
        tx.execute(
            select(groups, *(incident.c[name] for name in detail), process_version.c.name.label("process_name"))
            .select_from(
                groups.join(incident, incident.c.id == groups.c.latest_id)
                .join(instance, instance.c.id == incident.c.instance_id)
                .join(process_version, process_version.c.id == instance.c.process_version_id)
            )
            .order_by(groups.c.open.desc(), groups.c.last_at.desc())
        ).all()
    )


def find_incidents(tx: Session, words: str, most: int) -> list[AnyRow]:
    """Open incidents whose message has these words, the latest first."""
    statement = (
        select(incident.c.instance_id, incident.c.message, instance.c.business_key, process_version.c.name.label("process_name"))
        .select_from(_with_process(incident))
        .where(incident.c.state == "open", incident.c.message.icontains(words, autoescape=True))
    )
    return list(tx.execute(statement.order_by(incident.c.id.desc()).limit(most)).all())


def trend_of(tx: Session, fingerprints: Sequence[str], days: int = 7) -> dict[str, list[int]]:
    """How many incidents of each cause were opened on each of the last days, today last, whatever became of them. One statement."""
    ago = (func.business_today() - cast(incident.c.opened_at, Date)).label("ago")
    rows = tx.execute(
        select(incident.c.fingerprint, ago, func.count().label("many"))
        .where(incident.c.fingerprint.in_(fingerprints), incident.c.opened_at >= func.business_today() - (days - 1))
        .group_by(incident.c.fingerprint, ago)
    ).all()
    trend = {fingerprint: [0] * days for fingerprint in fingerprints}
    for row in rows:
        if 0 <= row.ago < days:
            trend[row.fingerprint][days - 1 - row.ago] = row.many
    return trend


def list_incidents(tx: Session, asked: Asked, *, state: str = "open", fingerprint: str = "", count: bool = False) -> Page[AnyRow]:
    """Incidents of a state, or of one cause, the latest first; without their tracebacks. Raises Invalid for no such state."""
    refuse_unknown(state, ("open", "resolved"), "state of incidents", "state")
    statement = (
        select(
            *(column for column in incident.c if column.name != "traceback"),
            instance.c.business_key,
            instance.c.variables["order_no"].astext.label("order_no"),
            process_version.c.name.label("process_name"),
        )
        .select_from(_with_process(incident))
        .where(incident.c.state == state)
    )
    if fingerprint:
        refuse_unknown_in(tx, incident.c.fingerprint, fingerprint, "cause of incidents", "fingerprint")
        statement = statement.where(incident.c.fingerprint == fingerprint)
    return read_page(tx, statement, (Key(incident.c.id, descending=True),), asked, count=count)


def _with_process(table: Any) -> Any:
    return table.join(instance, instance.c.id == table.c.instance_id).join(
        process_version, process_version.c.id == instance.c.process_version_id
    )


def _waits_for() -> ColumnElement[Any]:
    """The first thing an instance waits for, in the order a reader would ask: a failure, a person, an answer."""

    def first(table: Any, column: ColumnElement[Any], *conditions: ColumnElement[bool]) -> ColumnElement[Any]:
        return select(column).where(table.c.instance_id == instance.c.id, *conditions).limit(1).correlate(instance).scalar_subquery()

    return func.coalesce(
        first(incident, incident.c.message, incident.c.state == "open"),
        first(user_task, user_task.c.title, user_task.c.state == "open"),
        first(work, func.concat("answer of ", work.c.handler)),
    )


def _retrying() -> ColumnElement[Any]:
    """The service task that is tried again next."""
    told = func.jsonb_build_object("attempt", work.c.attempt + 1, "policy", work.c.retry, "due", timer.c.due_at)
    waits = work.join(timer, (timer.c.id == work.c.id) & (timer.c.kind == "retry") & timer.c.fired.is_(False))
    of_instance = select(told).select_from(waits).where(work.c.instance_id == instance.c.id, work.c.attempt > 0)
    return of_instance.order_by(timer.c.due_at).limit(1).correlate(instance).scalar_subquery()


def _waits_at() -> ColumnElement[Any]:
    """The steps at which a message or a time is awaited: what is sent first, then what happens by itself."""
    sent = select(subscription.c.element_id, literal(0).label("rank")).where(subscription.c.instance_id == instance.c.id)
    due = select(timer.c.element_id, literal(1)).where(timer.c.instance_id == instance.c.id, timer.c.fired.is_(False))
    both = union_all(sent.correlate(instance), due.correlate(instance)).subquery().lateral()
    return select(func.array_agg(aggregate_order_by(both.c.element_id, both.c.rank, both.c.element_id))).scalar_subquery()
