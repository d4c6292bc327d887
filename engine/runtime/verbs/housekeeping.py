"""What the clock does besides the tick: ring again for what was lost, match and expire messages, send effects."""

from time import monotonic

from sqlalchemy import text

from engine.runtime.post import unheard
from engine.runtime.state import effects
from engine.runtime.state.leases import Rescue, give_back_overdue
from engine.runtime.state.runtime import Runtime
from engine.runtime.state.suspensions import GOES_ON
from engine.runtime.verbs import messages
from engine.store.locks import Lock, take


def sweep(runtime: Runtime) -> int:
    """Ring again for what has been left for a while with nobody at work on it; answers how many. Tell of messages that nobody hears."""
    asked = {"grace": runtime.limits.sweep_grace, "most": runtime.limits.batch}
    with runtime.database.transaction() as tx:
        idle = take(tx, Lock.INSTANCE, tx.execute(_LOST, asked).scalars(), skip_locked=True)
        lost = {*tx.execute(_RUNG, {"ids": idle}).scalars(), *tx.execute(_UNSEEN, asked).scalars()}
        if lost:
            runtime.dispatcher.ring(tx, sorted(lost))
    with runtime.database.transaction() as tx:
        messages.match_again(runtime, tx)
    with runtime.database.transaction() as tx:
        unheard.tell(runtime, tx)
    return len(lost)


def rescue(runtime: Runtime, rescue: Rescue) -> int:
    """Give back what processes hold that live no more, or whose lease is over because they froze, and ring for it; answers how many."""
    with runtime.database.transaction() as tx:
        free = [*rescue.round(tx, runtime.leases.process, monotonic()), *give_back_overdue(tx)]
        if free:
            runtime.dispatcher.ring(tx, free)
    return len(free)


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


_LOST = text(f"""
SELECT id FROM instance WHERE wake > done AND lease_until < now() AND rung_at < now() - CAST(:grace AS interval)
  AND state NOT IN ('suspended', 'completed', 'cancelled') AND {GOES_ON}
ORDER BY rung_at LIMIT :most
""")
_RUNG = text("UPDATE instance SET rung_at = now() WHERE id = ANY(:ids) AND wake > done RETURNING id")
_UNSEEN = text(f"""
SELECT DISTINCT inbox.instance_id FROM inbox JOIN instance ON instance.id = inbox.instance_id
WHERE NOT inbox.tried AND inbox.noted_at < now() - CAST(:grace AS interval) AND instance.lease_until < now()
  AND instance.state <> 'suspended' AND {GOES_ON}
LIMIT :most
""")
