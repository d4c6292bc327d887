"""Does batches: one instance a transaction under the batch's lock, so that it is steered between two instances and a kill loses none.

What is tried again is followed to its end: an item has passed when its incidents are resolved, and has failed again when they are open and
nothing is under way any more. Any number of workers may call this; each batch has one at a time.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

import structlog
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from engine.problems import Conflict, Problem
from engine.runtime.operate import correlate, incidents, migrate, operations, take_over, token_moves
from engine.runtime.state.runtime import Runtime
from engine.runtime.state.tokens import tokens_of
from engine.store.locks import Lock, take
from engine.store.tables import incident
from engine.store.unit_of_work import Collision, savepoint

_log = structlog.get_logger(__name__)
#: Ids of the incidents that are tried again, where the outcome comes later; None where it is known.
Act = Callable[[Runtime, Session, Any], list[int] | None]


def work(runtime: Runtime) -> int:
    """One round: go on with every running batch, and look what became of what is under way. Answers how many instances were acted on."""
    with runtime.database.transaction() as tx:
        open_ids = list(tx.execute(_OPEN).scalars())
    return sum(_round(runtime, batch_id) for batch_id in open_ids)


def _round(runtime: Runtime, batch_id: int) -> int:
    runtime.database.run(lambda tx: _look(tx, batch_id))
    for done in range(runtime.limits.batch):
        if not runtime.database.run(lambda tx: _step(runtime, tx, batch_id)):
            return done
    return runtime.limits.batch


def _look(tx: Session, batch_id: int) -> None:
    """What became of what is under way."""
    if take(tx, Lock.BATCH, [batch_id], skip_locked=True):
        tx.execute(_FOLLOW, {"id": batch_id, "number": None})


def _step(runtime: Runtime, tx: Session, batch_id: int) -> bool:
    """Act on the next instance; answers whether there may be another one to act on now."""
    if not take(tx, Lock.BATCH, [batch_id], skip_locked=True):
        return False  # another worker is at it
    row = tx.execute(_BATCH, {"id": batch_id}).one()
    if row.state != "running" or (row.stop_after is not None and not _may_fail(tx, row)):
        return False
    item = tx.execute(_NEXT, {"id": batch_id}).one_or_none()
    if item is None:
        tx.execute(_END, {"id": batch_id})
        return False
    _act(runtime, tx, item)
    return True


def _may_fail(tx: Session, row: Any) -> bool:
    """Whether another one may be tried; enough failures pause the batch. As many are under way at once as may still fail."""
    tx.execute(_FOLLOW, {"id": row.id, "number": None})
    now = tx.execute(_COUNTS, {"id": row.id}).one()
    failed = now.failed - row.forgiven
    if failed >= row.stop_after:
        tx.execute(_PAUSE, {"id": row.id, "why": f"{failed} failed, and it was to stop then."})
    return bool(failed + now.running < row.stop_after)


def _act(runtime: Runtime, tx: Session, item: Any) -> None:
    state, detail, next_step, tried = "passed", None, None, None
    try:
        with savepoint(tx):
            tried = _ACTS[item.verb](runtime, tx, item)
    except (Collision, DBAPIError):
        raise  # the whole transaction is done anew
    except Problem as problem:
        state, detail, next_step = "failed", problem.detail, problem.next_step
    except Exception as error:  # noqa: BLE001  # one that breaks keeps no other from going on
        _log.exception("batch_item_failed", batch=item.batch_id, instance=str(item.instance_id))
        state, detail, next_step = "failed", f"It broke: {type(error).__name__}.", _REPORT
    if tried is not None:
        state = "running"
    values = {"state": state, "detail": detail, "next_step": next_step, "incidents": tried or []}
    tx.execute(_DONE, {"batch_id": item.batch_id, "number": item.number, **values})
    if tried is not None:
        tx.execute(_FOLLOW, {"id": item.batch_id, "number": item.number})  # what ran through at once has passed already


def _retry(runtime: Runtime, tx: Session, item: Any) -> list[int]:
    wanted = item.arguments.get("incident_id")
    of_cause = item.chosen_by.get("fingerprint")
    statement = select(incident.c.id).where(incident.c.instance_id == item.instance_id, incident.c.state == "open")
    if wanted:
        statement = statement.where(incident.c.id == wanted)
    elif of_cause:
        statement = statement.where(incident.c.fingerprint == of_cause)
    found = list(tx.scalars(statement.order_by(incident.c.id)))
    if not found:
        raise Conflict(
            "Nothing of it has failed any more.", code="nothing_failed", next_step="Nothing is left to do; look at the instance."
        )
    for each in found:
        if incidents.get(runtime, tx, each).state == "open":  # the one before may have taken it along
            incidents.retry(runtime, tx, each, item.started_by, item.arguments.get("variables"))
    return found


def _suspend(runtime: Runtime, tx: Session, item: Any) -> None:
    operations.suspend(runtime, tx, item.instance_id, item.started_by, item.reason)


def _resume(runtime: Runtime, tx: Session, item: Any) -> None:
    operations.resume(runtime, tx, item.instance_id, item.started_by, item.reason)


def _cancel(runtime: Runtime, tx: Session, item: Any) -> None:
    operations.cancel(runtime, tx, item.instance_id, item.started_by, item.reason)


def _migrate(runtime: Runtime, tx: Session, item: Any) -> None:
    told = item.arguments
    plan = migrate.Migration(told["version_id"], item.started_by, item.reason, told.get("plan") or {}, told.get("variables") or {})
    take_over.take_one(runtime, tx, item.instance_id, plan)


def _move(runtime: Runtime, tx: Session, item: Any) -> None:
    there, to = item.arguments["element_id"], item.arguments["to"]
    tokens = {token["task_id"] for token in tokens_of(tx, item.instance_id) if token["element_id"] == there}
    if not tokens:
        raise Conflict(f"It does not stand at {there} any more.", code="not_there", next_step="Look at the instance; it may have gone on.")
    for task_id in sorted(tokens):
        step = token_moves.Step(item.instance_id, task_id, item.started_by, item.reason, item.arguments.get("variables") or {})
        token_moves.move(runtime, tx, step, to)


def _message(runtime: Runtime, tx: Session, item: Any) -> None:
    name = item.arguments["name"]
    place = tx.scalar(_AWAITS, {"id": item.instance_id, "name": name})
    if place is None:
        raise Conflict(f"It waits for no message {name}.", code="not_waiting", next_step="Look at the instance; it may have gone on.")
    payload = item.arguments.get("payload") or {}
    correlate.correlate(runtime, tx, correlate.Correlation(item.instance_id, place, item.started_by, item.reason, payload))


def _data(runtime: Runtime, tx: Session, item: Any) -> None:
    change = token_moves.DataChange(item.instance_id, item.started_by, item.reason, item.arguments["variables"])
    token_moves.change_data(runtime, tx, change)


_ACTS: Final[Mapping[str, Act]] = {
    "retry": _retry,
    "suspend": _suspend,
    "resume": _resume,
    "cancel": _cancel,
    "migrate": _migrate,
    "move": _move,
    "message": _message,
    "data": _data,
}
#: The place that has waited longest, where several wait for the same.
_AWAITS = text("SELECT id FROM subscription WHERE instance_id = :id AND kind = 'message' AND name = :name ORDER BY created_at, id LIMIT 1")
_REPORT = "Nothing of it was changed. Look at the workers' logs, and report it."
_OPEN = text("""
SELECT id FROM batch WHERE state = 'running'
UNION SELECT batch_id FROM batch_item WHERE state = 'running'
ORDER BY id
""")
_BATCH = text("SELECT id, state, stop_after, forgiven FROM batch WHERE id = :id")
_COUNTS = text("""
SELECT count(*) FILTER (WHERE state = 'failed') AS failed, count(*) FILTER (WHERE state = 'running') AS running
FROM batch_item WHERE batch_id = :id AND state IN ('failed', 'running')
""")
_NEXT = text("""
SELECT item.batch_id, item.number, item.instance_id, batch.verb, batch.reason, batch.started_by, batch.chosen_by, batch.arguments
FROM batch_item AS item JOIN batch ON batch.id = item.batch_id
WHERE item.batch_id = :id AND item.state = 'pending' ORDER BY item.number LIMIT 1
""")
_DONE = text("""
UPDATE batch_item SET state = :state, detail = :detail, next_step = :next_step, incidents = CAST(:incidents AS bigint[]),
  begun_at = business_now(), ended_at = CASE WHEN :state = 'running' THEN NULL ELSE business_now() END
WHERE batch_id = :batch_id AND number = :number
""")
_PAUSE = text("UPDATE batch SET state = 'paused', state_reason = :why WHERE id = :id")
_END = text("""
UPDATE batch SET state = 'ended', ended_at = business_now()
WHERE id = :id AND NOT EXISTS (SELECT FROM batch_item WHERE batch_id = :id AND state = 'running')
""")
# Under way: somebody has it or will be rung for it, or the step waits for its next attempt or for a worker outside.
_FOLLOW = text("""
UPDATE batch_item AS item SET state = found.state, detail = found.detail, next_step = found.next_step, ended_at = business_now()
FROM (
  SELECT item.number, CASE WHEN still.id IS NULL AND i.state <> 'cancelled' THEN 'passed' ELSE 'failed' END AS state,
    CASE WHEN i.state = 'cancelled' THEN 'It was cancelled meanwhile.'
         WHEN still.id IS NOT NULL AND i.state = 'suspended' THEN 'It was suspended meanwhile.' ELSE still.message END AS detail,
    CASE WHEN i.state NOT IN ('cancelled', 'suspended') THEN still.next_step END AS next_step
  FROM batch_item AS item JOIN instance AS i ON i.id = item.instance_id
  LEFT JOIN LATERAL (
    SELECT n.id, n.message, n.next_step FROM incident AS n WHERE n.id = ANY(item.incidents) AND n.state = 'open' ORDER BY n.id LIMIT 1
  ) AS still ON true
  WHERE item.batch_id = :id AND item.state = 'running' AND item.number = coalesce(:number, item.number)
    AND (still.id IS NULL OR i.state = 'suspended' OR NOT (
    i.wake > i.done OR i.lease_until >= now()
    OR EXISTS (SELECT FROM inbox WHERE inbox.instance_id = i.id AND NOT inbox.tried)
    OR EXISTS (SELECT FROM work AS w JOIN incident AS n ON n.task_id = w.id WHERE n.id = ANY(item.incidents) AND n.state = 'open')))
) AS found
WHERE item.batch_id = :id AND item.number = found.number
""")
