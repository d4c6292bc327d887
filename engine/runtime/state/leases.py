"""Leases: who is at work on an instance. One conditional update takes it, every save checks it, the clock renews it."""

from dataclasses import dataclass, field
from datetime import timedelta
from threading import Lock as ThreadLock
from uuid import UUID, uuid4

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.store.locks import Lock, take

_RELEASE = text("UPDATE instance SET lease_owner = NULL, lease_until = 'epoch' WHERE id = :id AND lease_owner = :token")


class LostLease(Exception):
    """Another worker has taken the instance over: whatever this one has in hand is dropped."""


@dataclass(slots=True)
class Leases:
    """The tokens this process holds and the instance each is for, for the clock to renew."""

    _held: dict[UUID, UUID] = field(default_factory=dict)
    _lock: ThreadLock = field(default_factory=ThreadLock)

    def take(self, instance_id: UUID) -> UUID:
        """A new token, renewed until it is dropped."""
        token = uuid4()
        with self._lock:
            self._held[token] = instance_id
        return token

    def drop(self, token: UUID) -> None:
        """Renew it no longer."""
        with self._lock:
            self._held.pop(token, None)

    def renew(self, tx: Session, ttl: timedelta) -> int:
        """Lengthen every lease this process holds; answers how many."""
        with self._lock:
            held = dict(self._held)
        # A row that is locked is being saved at this moment, which renews it too.
        free = take(tx, Lock.INSTANCE, held.values(), skip_locked=True)
        if free:
            tx.execute(_RENEW, {"ttl": ttl, "tokens": list(held), "ids": free})
        return len(held)


def claim(tx: Session, instance_id: UUID, token: UUID, ttl: timedelta) -> int | None:
    """Take a runnable instance that nobody holds. Answers how often it was taken without progress, or None when it cannot be had."""
    # The row is locked first: a bell that rings while another worker saves waits for it, and then sees whether anything is left to do.
    take(tx, Lock.INSTANCE, [instance_id])
    strikes: int | None = tx.execute(_CLAIM, {"id": instance_id, "token": token, "ttl": ttl}).scalar()
    return strikes


def release(tx: Session, instance_id: UUID, token: UUID) -> None:
    """Give it back; no harm when it is held by another."""
    tx.execute(_RELEASE, {"id": instance_id, "token": token})


_CLAIM = text("""
UPDATE instance SET lease_owner = :token, lease_until = now() + CAST(:ttl AS interval), strikes = strikes + 1
WHERE id = :id AND lease_until < now() AND state NOT IN ('suspended', 'completed', 'cancelled')
  AND (wake > done OR EXISTS (SELECT FROM inbox WHERE inbox.instance_id = :id AND NOT inbox.tried)) RETURNING strikes
""")
# Found by their ids, for no index knows the owners.
_RENEW = text("""
UPDATE instance SET lease_until = now() + CAST(:ttl AS interval) WHERE id = ANY(:ids) AND lease_owner = ANY(:tokens)
""")
