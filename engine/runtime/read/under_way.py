"""The instances under way on one version of a process, and where they stand."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, literal, select, text, union_all
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import Session

from engine.runtime.read.places import ACTIVE, PLACES
from engine.store.paging import Asked, Key, Page, read_page
from engine.store.tables import incident, instance, subscription, timer, user_task, work


@dataclass(frozen=True, slots=True)
class UnderWay:
    """An instance that has not ended, with the elements it stands on."""

    id: UUID
    business_key: str | None
    state: str
    started_at: datetime
    stands_on: list[str] | None


def list_under_way(tx: Session, process_version_id: int, asked: Asked, *, count: bool = False) -> Page[UnderWay]:
    """The instances of a version of a process that have not ended, the oldest first."""
    places = union_all(
        *(
            select(table.c.element_id, literal(rank).label("rank")).where(table.c.instance_id == instance.c.id, open_).correlate(instance)
            for rank, (table, open_) in enumerate(
                (
                    (incident, incident.c.state == "open"),
                    (user_task, user_task.c.state == "open"),
                    (work, literal(value=True)),
                    (subscription, literal(value=True)),
                    (timer, timer.c.fired.is_(False)),
                )
            )
        )
    ).subquery()
    stands_on = select(func.array_agg(aggregate_order_by(places.c.element_id, places.c.rank, places.c.element_id))).scalar_subquery()
    statement = select(*(instance.c[name] for name in ("id", "business_key", "state", "started_at")), stands_on.label("stands_on")).where(
        instance.c.process_version_id == process_version_id, instance.c.state.in_(ACTIVE)
    )
    return read_page(tx, statement, (Key(instance.c.started_at), Key(instance.c.id)), asked, count=count).typed(UnderWay)


def count_standing(tx: Session, process_version_id: int) -> Mapping[str, int]:
    """How many instances of a version of a process stand on each element."""
    return {row.element_id: row.instances for row in tx.execute(_STANDING, {"id": process_version_id})}


_STANDING = text(f"""
SELECT place.element_id, count(DISTINCT i.id) AS instances
FROM instance AS i
JOIN ({PLACES}) AS place ON place.instance_id = i.id
WHERE i.process_version_id = :id AND i.state IN ('running', 'waiting', 'incident', 'suspended')
GROUP BY place.element_id
""")
