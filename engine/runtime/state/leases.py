"""Leases: who is at work on an instance. One conditional update takes it, every save checks it, the clock renews it."""

from dataclasses import dataclass, field
from datetime import timedelta
from secrets import randbits
from threading import Lock as ThreadLock
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.runtime.state.suspensions import GOES_ON
from engine.store.locks import Lock, present, take, takes_itself

_PROCESS_BITS = 31
#: Tokens that say of which process they are; those of releases before were of version 4.
_OWN_VERSION = 8

_RELEASE = text("UPDATE instance SET lease_owner = NULL, lease_until = 'epoch' WHERE id = :id AND lease_owner = :token")


class LostLease(Exception):
    """Another worker has taken the instance over: whatever this one has in hand is dropped."""


def _new_process() -> int:
    return randbits(_PROCESS_BITS)


@dataclass(slots=True)
class Leases:
    """The tokens this process holds and the instance each is for, for the clock to renew. Each token says of which process it is."""

    process: int = field(default_factory=_new_process)
    _held: dict[UUID, UUID] = field(default_factory=dict)
    _lock: ThreadLock = field(default_factory=ThreadLock)

    def take(self, instance_id: UUID) -> UUID:
        """A new token, renewed until it is dropped."""
        token = _token_of(self.process)
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


def process_of(token: UUID) -> int | None:
    """The process that a token is of; None for one of a release that did not say."""
    return token.int >> (128 - _PROCESS_BITS) if token.version == _OWN_VERSION else None


def _token_of(process: int) -> UUID:
    """A UUID of version 8 (RFC 9562, 5.8): the process, then chance."""
    made = process << (128 - _PROCESS_BITS) | randbits(128 - _PROCESS_BITS)
    made = made & ~(0xF << 76) | (_OWN_VERSION << 76)
    return UUID(int=made & ~(0x3 << 62) | (0x2 << 62))


@dataclass(slots=True)
class Rescue:
    """Gives back what dead processes hold. A process is taken for dead when it was missing twice, some seconds apart."""

    #: Seconds: a process that only lost its connection has it again by then.
    patience: float = 3.0
    _missing_since: dict[UUID, float] = field(default_factory=dict)

    def round(self, tx: Session, own: int, now: float) -> list[UUID]:
        """The instances that are free again; the caller rings for them."""
        held = {row.lease_owner: row.id for row in tx.execute(_AT_WORK)}
        alive = present(tx) | {own} if held else set()
        dead = {token for token in held if process_of(token) not in {None, *alive}}
        self._missing_since = {token: self._missing_since.get(token, now) for token in dead}
        given_up = [token for token, since in self._missing_since.items() if now - since >= self.patience]
        if not given_up:
            return []
        free = take(tx, Lock.INSTANCE, [held[token] for token in given_up], skip_locked=True)
        return list(tx.execute(_FREE, {"ids": free, "tokens": given_up}).scalars())


def give_back_overdue(tx: Session) -> list[UUID]:
    """The instances whose holder lives and has not renewed in time: it froze, or is cut off. Whatever it still wants to save is refused.

    A row that it still locks is left for the next round: the database ends a transaction that asks nothing for as long as a lease.
    """
    overdue = tx.execute(_OVERDUE).scalars().all()
    free = take(tx, Lock.INSTANCE, overdue, skip_locked=True) if overdue else []
    return list(tx.execute(_FREE_OVERDUE, {"ids": free}).scalars()) if free else []


def claim(tx: Session, instance_id: UUID, token: UUID, ttl: timedelta) -> int | None:
    """Take a runnable instance that nobody holds. Answers how often it was taken without progress, or None when it cannot be had."""
    asked = {"id": instance_id, "token": token, "ttl": ttl}
    takes_itself(tx, Lock.INSTANCE, instance_id)
    strikes: int | None = tx.execute(_CLAIM, asked).scalar()
    if strikes is None:
        # A bell that rings while another worker saves has waited for it, and has not seen what was noted meanwhile: it looks again.
        strikes = tx.execute(_CLAIM, asked).scalar()
    return strikes


def release(tx: Session, instance_id: UUID, token: UUID) -> None:
    """Give it back; no harm when it is held by another."""
    tx.execute(_RELEASE, {"id": instance_id, "token": token})


# By the indexes of what is runnable: whoever is at work has something to do.
_AT_WORK = text("""
SELECT id, lease_owner FROM instance WHERE wake > done AND lease_until > now() AND lease_owner IS NOT NULL
UNION
SELECT i.id, i.lease_owner FROM inbox JOIN instance i ON i.id = inbox.instance_id
WHERE NOT inbox.tried AND i.lease_until > now() AND i.lease_owner IS NOT NULL
""")
_OVERDUE = text("""
SELECT id FROM instance WHERE wake > done AND lease_until < now() AND lease_owner IS NOT NULL
UNION
SELECT i.id FROM inbox JOIN instance i ON i.id = inbox.instance_id
WHERE NOT inbox.tried AND i.lease_until < now() AND i.lease_owner IS NOT NULL
""")
_FREE_OVERDUE = text("""
UPDATE instance SET lease_owner = NULL, lease_until = 'epoch', rung_at = now()
WHERE id = ANY(:ids) AND lease_until < now() AND lease_owner IS NOT NULL RETURNING id
""")
_FREE = text("""
UPDATE instance SET lease_owner = NULL, lease_until = 'epoch', rung_at = now()
WHERE id = ANY(:ids) AND lease_owner = ANY(:tokens) RETURNING id
""")
_CLAIM = text(f"""
UPDATE instance SET lease_owner = :token, lease_until = now() + CAST(:ttl AS interval), strikes = strikes + 1
WHERE id = :id AND lease_until < now() AND state NOT IN ('suspended', 'completed', 'cancelled')
  AND {GOES_ON}
  AND (wake > done OR EXISTS (SELECT FROM inbox WHERE inbox.instance_id = :id AND NOT inbox.tried)) RETURNING strikes
""")
# Found by their ids, for no index knows the owners.
_RENEW = text("""
UPDATE instance SET lease_until = now() + CAST(:ttl AS interval) WHERE id = ANY(:ids) AND lease_owner = ANY(:tokens)
""")
