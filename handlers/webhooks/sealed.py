"""The secrets of webhooks as they are kept: sealed, and anew by a new key; those of before there was a key are sealed by the clock."""

from collections.abc import Callable
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.store.locks import Lock, take
from handlers.sealing import SEALED, Ring

#: How a secret begins that was kept before there was a key.
_PLAIN: Final = "whsec_"


def reseal(tx: Session, ring: Ring) -> int:
    """Seal every secret with the present key; answers how many. Raises KeyMissing where a key is missing."""
    return _reseal(tx, ring, SEALED) + _reseal(tx, ring, _PLAIN)


def sealer(ring: Ring) -> Callable[[Session], int]:
    """A chore of the clock: seal what was kept before there was a key; answers how many."""
    return lambda tx: _reseal(tx, ring, _PLAIN)


def _reseal(tx: Session, ring: Ring, beginning: str) -> int:
    """Both tables in the order of their locks; a secret is made under the same lock, so that none is overwritten."""
    number = 0
    for lock, chosen, written in _KEPT:
        held = set(tx.scalars(chosen, {"beginning": beginning}))
        take(tx, lock, sorted(held))
        for row in tx.execute(chosen, {"beginning": beginning}).all():
            if row.key not in held:
                continue  # made meanwhile, with the present key
            sealed = {"secret": ring.reseal(row.secret), "previous_secret": ring.reseal(row.previous_secret)}
            tx.execute(written, {"key": row.key, **sealed})
            number += sum(1 for each in sealed.values() if each)
    return number


_CHOSEN = "starts_with(secret, :beginning) OR starts_with(previous_secret, :beginning)"
_SOURCES = text(f"SELECT name AS key, secret, previous_secret FROM webhook_source WHERE {_CHOSEN}")
_SUBSCRIPTIONS = text(f"SELECT id AS key, secret, previous_secret FROM webhook_subscription WHERE {_CHOSEN}")
_KEEP_SOURCE = text("UPDATE webhook_source SET secret = :secret, previous_secret = :previous_secret WHERE name = :key")
_KEEP_SUBSCRIPTION = text("UPDATE webhook_subscription SET secret = :secret, previous_secret = :previous_secret WHERE id = :key")
_KEPT = ((Lock.WEBHOOK_SOURCE, _SOURCES, _KEEP_SOURCE), (Lock.WEBHOOK_SUBSCRIPTION, _SUBSCRIPTIONS, _KEEP_SUBSCRIPTION))
