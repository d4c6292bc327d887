"""Advances everything that is runnable now, in this process: for tests, demos, scenarios, and a single machine without a queue."""

from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.runtime.advance.advance import advance
from engine.runtime.post import timers
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
    while advanced < limit:
        with runtime.database.transaction() as tx:
            timers.tick(runtime, tx)
            found = runnable(tx, min(limit - advanced, runtime.limits.batch), besides=failed)
        if not found:
            break
        for instance_id in found:
            advance(runtime, instance_id)
        advanced += len(found)
        failed += _stuck(runtime, found)
    effects.deliver(runtime)
    return advanced


def _stuck(runtime: Runtime, ids: list[UUID]) -> list[UUID]:
    """Those whose last claim saved nothing: they are not tried again in this round."""
    statement = text("SELECT id FROM instance WHERE id = ANY(:ids) AND last_error IS NOT NULL AND strikes > 0")
    with runtime.database.transaction() as tx:
        return list(tx.execute(statement, {"ids": ids}).scalars())


# Also those that have ended while somebody noted something for them: it is given back.
_RUNNABLE = text(f"""
SELECT id FROM (
  SELECT id, rung_at AS since FROM instance
  WHERE wake > done AND lease_until < now() AND state NOT IN ('suspended', 'completed', 'cancelled') AND {GOES_ON}
  UNION ALL
  SELECT inbox.instance_id, inbox.noted_at FROM inbox JOIN instance ON instance.id = inbox.instance_id
  WHERE NOT inbox.tried AND instance.lease_until < now() AND instance.state <> 'suspended' AND {GOES_ON}
) AS found WHERE id <> ALL(:done) GROUP BY id ORDER BY min(since) NULLS FIRST, id LIMIT :most
""")
