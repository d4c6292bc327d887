"""What the clock does besides the tick: ring again for what was lost, match and expire messages, send effects."""

from sqlalchemy import text

from engine.runtime.state import effects
from engine.runtime.state.runtime import Runtime
from engine.runtime.verbs import messages

_LOST = text(
    "UPDATE instance SET rung_at = now() WHERE id IN (SELECT id FROM instance WHERE wake > done AND lease_until < now() "
    "AND rung_at < now() - CAST(:grace AS interval) AND state NOT IN ('suspended', 'completed', 'cancelled') ORDER BY rung_at LIMIT :most "
    "FOR UPDATE SKIP LOCKED) RETURNING id"
)


def sweep(runtime: Runtime) -> int:
    """Ring again for instances that have been runnable for a while with nobody at work on them; answers how many."""
    with runtime.database.transaction() as tx:
        lost = tx.execute(_LOST, {"grace": runtime.limits.sweep_grace, "most": runtime.limits.batch}).scalars().all()
        if lost:
            runtime.dispatcher.ring(tx, list(lost))
    with runtime.database.transaction() as tx:
        messages.match_again(runtime, tx)
    return len(lost)


def renew(runtime: Runtime) -> int:
    """Lengthen the leases of what this process is at work on."""
    with runtime.database.transaction() as tx:
        return runtime.leases.renew(tx, runtime.limits.lease)


def clean(runtime: Runtime) -> int:
    """Give up messages whose time is over, and find those that crossed with their receiver while no worker was there to sweep."""
    with runtime.database.transaction() as tx:
        messages.match_again(runtime, tx, window=runtime.limits.message_retention)
    with runtime.database.transaction() as tx:
        return messages.expire(runtime, tx)


def send_effects(runtime: Runtime) -> int:
    """Deliver what is due to leave the house."""
    return effects.deliver(runtime)
