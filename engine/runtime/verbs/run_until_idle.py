"""Advances everything that is runnable now, in this process: for tests, demos, scenarios, and a single machine without a queue."""

from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.runtime.advance.advance import advance
from engine.runtime.post import schedules, timers
from engine.runtime.state import effects
from engine.runtime.state.runtime import Runtime
from engine.runtime.state.suspensions import GOES_ON


def runnable(tx: Session, most: int, *, besides: list[UUID] | None = None) -> list[UUID]:
    """Instances that nobody is at work on and that have something to do."""
    return list(tx.execute(_RUNNABLE, {"most": most, "done": besides or []}).scalars())


def run_until_idle(runtime: Runtime, limit: int = 10_000) -> int:
    """Advance until nothing is runnable, or `limit` advances were made; answers how many. Timers that are due fire, effects are sent."""
    advanced = 0
    failed: list[UUID] = []
    to_send = True
    while advanced < limit:
        most = min(limit - advanced, runtime.limits.batch)
        with runtime.database.transaction() as tx:
            found, to_send = _look(runtime, tx, most, failed)
        if not found:
            break
        failed += [instance_id for instance_id in found if not advance(runtime, instance_id)]
        advanced += len(found)
    if to_send:
        effects.deliver(runtime)
    return advanced


def _look(runtime: Runtime, tx: Session, most: int, besides: list[UUID]) -> tuple[list[UUID], bool]:
    """What can be advanced now, those left out that gave up before, and whether something is to leave the house."""
    seen = tx.execute(_LOOK, {"most": most, "done": besides}).one()
    if not seen.due:
        return seen.ids, seen.to_send
    timers.tick(runtime, tx)
    return runnable(tx, most, besides=besides), seen.to_send


# Also those that have ended while somebody noted something for them: it is given back.
_FOUND = f"""
SELECT id FROM (
  SELECT id, rung_at AS since FROM instance
  WHERE wake > done AND lease_until < now() AND state NOT IN ('suspended', 'completed', 'cancelled') AND {GOES_ON}
  UNION ALL
  SELECT inbox.instance_id, inbox.noted_at FROM inbox JOIN instance ON instance.id = inbox.instance_id
  WHERE NOT inbox.tried AND instance.lease_until < now() AND instance.state <> 'suspended' AND {GOES_ON}
) AS found WHERE id <> ALL(:done) GROUP BY id ORDER BY min(since) NULLS FIRST, id LIMIT :most
"""
_RUNNABLE = text(_FOUND)
_LOOK = text(f"""
SELECT EXISTS ({timers.DUE}) OR EXISTS ({schedules.DUE}) AS due, EXISTS ({effects.DUE}) AS to_send, ARRAY({_FOUND}) AS ids
""")
