"""Alerts: a cause of incidents has appeared, or has grown tenfold. Whom they go to is kept by operators."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import delete, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from api.notices.addresses import is_web
from api.notices.mails import to_address
from api.notices.model import AlertTarget
from engine.problems import Conflict, Invalid, NotFound
from engine.runtime.state import effects
from engine.runtime.state.effects import Effect
from engine.runtime.state.runtime import Runtime
from engine.store.locks import Advisory, advisory
from handlers.changes import Author, note

MAIL: Final = "mail"
WEBHOOK: Final = "webhook"
_ADDRESS: Final = re.compile(r"[^@\s<>,;]+@[^@\s<>,;]+\.[^@\s<>,;]+")
_LONGEST: Final = 500


@dataclass(frozen=True, slots=True)
class Target:
    """Whom alerts go to."""

    id: int
    kind: str
    address: str
    made_by: str
    made_at: datetime


def list_targets(tx: Session) -> list[Target]:
    """Everybody, in the order in which they were added."""
    columns = [getattr(AlertTarget, name) for name in Target.__dataclass_fields__]
    return [Target(*row) for row in tx.execute(select(*columns).order_by(AlertTarget.id))]


def add_target(tx: Session, kind: str, address: str, by: Author) -> int:
    """Let alerts go to a mail address or a webhook; answers its number. Raises Invalid, Conflict."""
    given = address.strip()
    right = _ADDRESS.fullmatch(given) if kind == MAIL else is_web(given) if kind == WEBHOOK else None
    if not right or len(given) > _LONGEST:
        said = "is no mail address" if kind == MAIL else "must begin with https:// or http://"
        raise Invalid(f"{given[:80]!r} {said}.", code="alert_target", next_step="Correct the address.", errors={"address": [said]})
    statement = insert(AlertTarget).values(kind=kind, address=given, made_by=by.name).on_conflict_do_nothing()
    number: int | None = tx.scalar(statement.returning(AlertTarget.id))
    if number is None:
        raise Conflict(f"Alerts go to {given} already.", code="alert_target_exists", next_step="Nothing is left to do.")
    note(tx, by, "add_alert_target", f"alert_target:{number}", {"kind": kind, "address": given})
    return number


def remove_target(tx: Session, number: int, by: Author) -> None:
    """Send nothing there any more. Raises NotFound."""
    address = tx.scalar(delete(AlertTarget).where(AlertTarget.id == number).returning(AlertTarget.address))
    if address is None:
        raise NotFound(f"There is no such target of alerts: {number}.", code="alert_target_unknown", next_step="Load the list again.")
    note(tx, by, "remove_alert_target", f"alert_target:{number}", {"address": address})


def alert(_runtime: Runtime, tx: Session) -> int:
    """Tell of every cause that has appeared or grown since it was told of last; answers how many causes."""
    advisory(tx, Advisory.NOTICES)
    tx.execute(_FORGET)
    grown = tx.execute(_GROWN).all()
    targets = list_targets(tx) if grown else []
    effects.record(tx, *(effect for row in grown for effect in _told(row, targets)))
    return len(grown)


def _told(row: Any, targets: Sequence[Target]) -> list[Effect]:
    key = f"alert:{row.fingerprint}:{int(row.since.timestamp())}:{row.level}"
    path = f"/operations/incidents#cause-{row.fingerprint}"
    subject = f"{row.count} times: {row.message}" if row.level > 1 else f"New cause of incidents: {row.message}"
    lines = [row.message, f"{row.count} open, the first since {row.first:%Y-%m-%d %H:%M} UTC, at {row.handler or row.element_id}."]
    lines += [f"{row.owner} is at it{f': {row.note}' if row.note else '.'}"] if row.owner else ["Nobody has acknowledged it."]
    data = {"event": "incident_cause", "fingerprint": row.fingerprint, "message": row.message, "open": row.count, "level": row.level}
    data |= {"first_opened_at": row.first, "handler": row.handler, "owner": row.owner, "path": path}
    return [
        to_address(f"{key}:{each.id}", each.address, subject, "\n".join(lines), path)
        if each.kind == MAIL
        else Effect(f"{key}:{each.id}", WEBHOOK, each.address, data)
        for each in targets
    ]


_FORGET = text("""
DELETE FROM alerted_cause WHERE NOT EXISTS (
  SELECT FROM incident WHERE incident.fingerprint = alerted_cause.fingerprint AND state = 'open')
""")
# A level is the power of ten that the number of open incidents has reached: 1, 10, 100 …
_GROWN = text("""
WITH cause AS (
  SELECT fingerprint, count(*) AS count, (10 ^ floor(log(count(*))))::int AS level, min(opened_at) AS first,
    (array_agg(left(message, 200) ORDER BY id DESC))[1] AS message, max(handler) AS handler, max(element_id) AS element_id,
    max(owner) AS owner, max(note) AS note
  FROM incident WHERE state = 'open' GROUP BY fingerprint
), told AS (
  INSERT INTO alerted_cause (fingerprint, level)
  SELECT fingerprint, level FROM cause ORDER BY fingerprint
  ON CONFLICT (fingerprint) DO UPDATE SET level = excluded.level WHERE alerted_cause.level < excluded.level
  RETURNING fingerprint, since
)
SELECT cause.*, told.since FROM cause JOIN told USING (fingerprint) ORDER BY cause.first, fingerprint
""")
