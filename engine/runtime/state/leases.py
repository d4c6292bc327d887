"""Leases: who is at work on an instance. One conditional update takes it, every save checks it, the clock renews it."""

from dataclasses import dataclass, field
from datetime import timedelta
from threading import Lock
from uuid import UUID, uuid4

from sqlalchemy import text
from sqlalchemy.orm import Session

_CLAIM = text(
    "UPDATE instance SET lease_owner = :token, lease_until = now() + :ttl, strikes = strikes + 1 "
    "WHERE id = :id AND wake > done AND lease_until < now() AND state NOT IN ('suspended', 'completed', 'cancelled') RETURNING strikes"
)
# Found by their ids, for no index knows the owners. A row that is locked is being saved at this moment, which renews it too.
_RENEW = text(
    "UPDATE instance SET lease_until = now() + :ttl WHERE id IN "
    "(SELECT id FROM instance WHERE id = ANY(:ids) AND lease_owner = ANY(:tokens) FOR NO KEY UPDATE SKIP LOCKED)"
)
_RELEASE = text("UPDATE instance SET lease_owner = NULL, lease_until = 'epoch' WHERE id = :id AND lease_owner = :token")


class LostLease(Exception):
    """Another worker has taken the instance over: whatever this one has in hand is dropped."""


@dataclass(slots=True)
class Leases:
    """The tokens this process holds and the instance each is for, for the clock to renew."""

    _held: dict[UUID, UUID] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

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
        if held:
            tx.execute(_RENEW, {"ttl": ttl, "tokens": list(held), "ids": list(held.values())})
        return len(held)


def claim(tx: Session, instance_id: UUID, token: UUID, ttl: timedelta) -> int | None:
    """Take a runnable instance that nobody holds. Answers how often it was taken without progress, or None when it cannot be had."""
    strikes: int | None = tx.execute(_CLAIM, {"id": instance_id, "token": token, "ttl": ttl}).scalar()
    return strikes


def release(tx: Session, instance_id: UUID, token: UUID) -> None:
    """Give it back; no harm when it is held by another."""
    tx.execute(_RELEASE, {"id": instance_id, "token": token})
