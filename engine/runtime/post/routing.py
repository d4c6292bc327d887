"""Finds who a message or signal is for: waiting instances first, else processes that it starts."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain, combinations
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.store import json_text

# One receiver per instance: the place that has waited longest. Instances in id order, so that two senders lock them in the same order.
_RECEIVERS = (
    "SELECT DISTINCT ON (s.instance_id) s.instance_id, s.id AS task_id FROM subscription s WHERE s.kind = 'message' AND s.name = :name "
    "AND {fits} ORDER BY s.instance_id, s.created_at, s.id"
)
# `<@` cannot use an index, so the few keys of an ordinary message are spelt out as all the correlations that fit it.
_RECEIVERS_BY_INDEX = text(_RECEIVERS.format(fits="s.correlation = ANY(CAST(:subsets AS jsonb[]))"))
_RECEIVERS_BY_SCAN = text(_RECEIVERS.format(fits="s.correlation <@ CAST(:correlation AS jsonb)"))
_MOST_KEYS = 5
_SIGNALLED = text("SELECT DISTINCT instance_id FROM subscription WHERE kind = 'signal' AND name = :name ORDER BY instance_id")
_STARTERS = text(
    "SELECT e.process_version_id, v.process_key, e.element_id, business_now() AS now FROM start_event e JOIN process_version v "
    "ON v.id = e.process_version_id WHERE e.kind = :kind AND e.name = :name AND v.latest AND NOT v.retired ORDER BY v.process_key"
)


@dataclass(frozen=True, slots=True)
class Receiver:
    """A waiting place."""

    instance_id: UUID
    task_id: UUID


def receivers(tx: Session, name: str, correlation: Mapping[str, Any]) -> list[Receiver]:
    """The instances that wait for a message whose correlation contains all of theirs."""
    asked: dict[str, Any] = {"name": name}
    if len(correlation) > _MOST_KEYS:
        statement, asked["correlation"] = _RECEIVERS_BY_SCAN, json_text.encode(correlation).decode()
    else:
        statement, asked["subsets"] = _RECEIVERS_BY_INDEX, _subsets(correlation)
    return [Receiver(row.instance_id, row.task_id) for row in tx.execute(statement, asked)]


def _subsets(correlation: Mapping[str, Any]) -> list[str]:
    items = list(correlation.items())
    chosen = chain.from_iterable(combinations(items, size) for size in range(len(items) + 1))
    return [json_text.encode(dict(each)).decode() for each in chosen]


def signalled(tx: Session, name: str) -> list[UUID]:
    """The instances that wait for a signal."""
    return list(tx.execute(_SIGNALLED, {"name": name}).scalars())


def starters(tx: Session, kind: str, name: str) -> list[Any]:
    """The start events of the latest process versions that a message or signal begins: process_version_id, process_key, element_id, now."""
    return list(tx.execute(_STARTERS, {"kind": kind, "name": name}))
