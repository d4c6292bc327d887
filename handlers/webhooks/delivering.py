"""How messages leave: one at a time to each address, those about one thing in their order, each attempt in no transaction.

A process that dies between sending and noting leaves a message of which nobody knows whether it came: it is sent again under its id.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Lock as Mutex
from time import monotonic
from typing import Any, Final

import structlog
from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.runtime.state import audit, effects
from engine.runtime.state.effects import Effect
from engine.runtime.state.runtime import Runtime
from engine.store.locks import Lock, take
from engine.store.unit_of_work import savepoint
from handlers.calling import Answer, Network, NotCalled, Patience, Request, call
from handlers.sealing import KeyMissing, Ring
from handlers.webhooks.bodies import NothingToSay, body_of
from handlers.webhooks.rules import Verdict, judge
from handlers.webhooks.signing import signed

_log = structlog.get_logger(__name__)
#: Seconds between two looks for what is due.
EVERY: Final = 1.0
_PATIENCE: Final = Patience(seconds=15.0, most_bytes=4_096)
#: Until then nobody else takes what one is sending: longer than an attempt may take.
_AT_IT: Final = timedelta(seconds=60)
#: One address is served so long, then the next has its turn.
_TURN_SECONDS: Final = 5.0
_AT_ONCE: Final = 4
_SHOWN_ANSWER: Final = 500
#: What came through is kept so long for who looks.
KEPT: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Sending:
    """How messages are sent: what opens secrets, which parts of our own network may be called, when an address is left alone."""

    ring: Ring
    inside: Sequence[Network] = ()
    give_up: timedelta = timedelta(days=5)
    call: Callable[[Request, Patience, Sequence[Network]], Answer] = call


@dataclass(slots=True)
class Sender:
    """Sends in threads of its own, so that a slow address keeps nobody else waiting."""

    how: Sending
    _pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="webhook"))
    _served: set[int] = field(default_factory=set)
    _mutex: Mutex = field(default_factory=Mutex)

    def __call__(self, runtime: Runtime) -> int:
        """One round: addresses with something due that are not being served; answers how many."""
        with runtime.database.transaction() as tx:
            due = set(tx.execute(_ADDRESSES_DUE).scalars())
        with self._mutex:
            fresh = due - self._served
            self._served |= fresh
        for number in sorted(fresh):
            self._pool.submit(self._serve, runtime, number)
        return len(fresh)

    def stop(self) -> None:
        """Finish what was begun, and begin nothing more."""
        self._pool.shutdown(wait=True)

    def _serve(self, runtime: Runtime, number: int) -> None:
        try:
            serve(runtime, self.how, number)
        except Exception:  # noqa: BLE001  # logged; what is left to do lies in the table
            _log.exception("webhook_round_failed", subscription=number)
        finally:
            with self._mutex:
                self._served.discard(number)


def send_due(runtime: Runtime, how: Sending) -> int:
    """Send all that is due, in this thread; answers how many attempts were made."""
    with runtime.database.transaction() as tx:
        due = tx.execute(_ADDRESSES_DUE).scalars().all()
    return sum(serve(runtime, how, number) for number in due)


def serve(runtime: Runtime, how: Sending, number: int) -> int:
    """Send what is due to one address for a while; answers how many attempts were made."""
    until, attempts = monotonic() + _TURN_SECONDS, 0
    while monotonic() < until:
        with runtime.database.transaction() as tx:
            row = _take(tx, number)
        if row is None:
            break
        if row.body is not None:
            _attempt(runtime, how, row)
        attempts += 1
    return attempts


def _take(tx: Session, number: int) -> Any:
    """The next message of an address, ours for a minute; one that cannot be written is given up. None when nothing is due."""
    key = tx.execute(_NEXT, {"number": number}).scalar_one_or_none()
    if key is None or not take(tx, Lock.WEBHOOK_DELIVERY, [key], skip_locked=True):
        return None
    row = tx.execute(_TAKE, {"id": key, "at_it": _AT_IT}).one_or_none()
    if row is None or row.body is not None:
        return row
    try:
        with savepoint(tx):
            body = body_of(tx, row)
    except NothingToSay as error:
        tx.execute(_UNWRITABLE, {"id": key, "why": str(error)})
        return row
    return tx.execute(_KEEP_BODY, {"id": key, "body": body}).one()


def _attempt(runtime: Runtime, how: Sending, row: Any) -> None:
    with runtime.database.transaction() as tx:
        to = tx.execute(_ADDRESS, {"number": row.subscription_id}).one()
    status, said, wish = None, "", ""
    try:
        headers = _headers(how.ring, row, to)
        answer = how.call(Request("POST", to.address, headers, row.body.encode()), _PATIENCE, how.inside)
        status, said, wish = answer.status, answer.body.decode(errors="replace"), answer.headers.get("retry-after", "")
    except (NotCalled, KeyMissing) as error:
        said = str(error)
    verdict = judge(status, row.attempts, wish)
    with runtime.database.transaction() as tx:
        _note(tx, how, row, verdict, {"status": status, "answer": (verdict.why or said).replace("\0", "")[:_SHOWN_ANSWER]})


def _headers(ring: Ring, row: Any, to: Any) -> dict[str, str]:
    keys = [to.secret, *([to.previous_secret] if to.previous_counts else [])]
    signature = signed(f"msg_{row.id}", datetime.now(UTC), row.body, [ring.open(key) for key in keys if key])
    return {"Content-Type": "application/json", "User-Agent": "Ordercraft-Webhooks/1", **signature}


def _note(tx: Session, how: Sending, row: Any, verdict: Verdict, said: dict[str, Any]) -> None:
    """Keep what became of an attempt; where the address failed too long, or is gone, it is left alone and its owner told."""
    take(tx, Lock.WEBHOOK_SUBSCRIPTION, [row.subscription_id])
    given = {"id": row.id, "pause": verdict.pause, **said}
    if verdict.delivered:
        tx.execute(_DELIVERED, given)
        tx.execute(_WELL, {"number": row.subscription_id})
        return
    tx.execute(_FAILED if verdict.pause is None else _AGAIN, given)
    found = tx.execute(_FAILING, {"number": row.subscription_id, "give_up": how.give_up}).one_or_none()
    if found is None:
        return
    if verdict.gone or found.too_long:
        _stop(tx, found, verdict.why or f"Nothing came through since {found.failing_since:%Y-%m-%d %H:%M} UTC.")
    elif verdict.pause is None:
        _tell(
            tx, found, f"given-up:{datetime.now(UTC):%Y-%m-%d}", f"A message to {found.label} was given up after {row.attempts} attempts."
        )


def _stop(tx: Session, to: Any, why: str) -> None:
    tx.execute(_STOP, {"number": to.id, "why": why})
    audit.record(tx, audit.Entry("system", "stop", f"webhook:{to.id}", why, {"owner": to.owner}))
    _tell(tx, to, f"stopped:{to.failing_since.isoformat()}", f"Nothing is sent to {to.label} any more. {why} What happens is collected.")


def _tell(tx: Session, to: Any, key: str, said: str) -> None:
    """Its owner is told by mail; whoever looks at the page sees it."""
    payload = {"person": to.owner, "subject": f"Webhook {to.label} fails", "text": said, "language": "en"}
    path = f"/operations/webhooks/{to.id}"
    effects.record(tx, Effect(f"webhook:{to.id}:{key}", "notice", to.owner, {**payload, "path": path}))


def tell_audit_head(tx: Session) -> int:
    """Once a day the latest row of the audit log, for whoever keeps it outside; answers to how many. A chore of the clock."""
    return len(tx.execute(_AUDIT_HEAD).all())


def forget_old(tx: Session) -> int:
    """Forget what came through, or was let go, long ago; answers how many."""
    return len(tx.execute(_FORGET, {"kept": KEPT}).all())


_DUE = "subscription_id = subscription.id AND delivery.state = 'pending' AND due_at <= now()"
_ADDRESSES_DUE = text(f"""
SELECT id FROM webhook_subscription AS subscription
WHERE state = 'active' AND EXISTS (SELECT FROM webhook_delivery AS delivery WHERE {_DUE}) ORDER BY id
""")
# What waits for its pause holds back what came later about the same thing, and nothing else.
_NEXT = text("""
SELECT delivery.id FROM webhook_delivery AS delivery JOIN webhook_subscription AS subscription ON subscription.id = delivery.subscription_id
WHERE subscription_id = :number AND subscription.state = 'active' AND delivery.state = 'pending' AND due_at <= now()
  AND NOT EXISTS (SELECT FROM webhook_delivery AS earlier WHERE earlier.subscription_id = :number AND earlier.subject = delivery.subject
    AND earlier.state = 'pending' AND earlier.id < delivery.id)
ORDER BY delivery.id LIMIT 1
""")
_TAKE = text("""
UPDATE webhook_delivery SET attempts = attempts + 1, first_sent_at = coalesce(first_sent_at, now()), last_sent_at = now(),
  due_at = now() + CAST(:at_it AS interval)
WHERE id = :id AND state = 'pending' AND due_at <= now() RETURNING *
""")
_KEEP_BODY = text("UPDATE webhook_delivery SET body = :body WHERE id = :id RETURNING *")
_UNWRITABLE = text("UPDATE webhook_delivery SET state = 'failed', answer = :why WHERE id = :id")
_ADDRESS = text("""
SELECT address, secret, previous_secret, coalesce(previous_until > now(), false) AS previous_counts
FROM webhook_subscription WHERE id = :number
""")
_DELIVERED = text(
    "UPDATE webhook_delivery SET state = 'delivered', status = :status, answer = :answer WHERE id = :id AND state = 'pending'"
)
_AGAIN = text("""
UPDATE webhook_delivery SET status = :status, answer = :answer, due_at = now() + CAST(:pause AS interval)
WHERE id = :id AND state = 'pending'
""")
_FAILED = text("UPDATE webhook_delivery SET state = 'failed', status = :status, answer = :answer WHERE id = :id AND state = 'pending'")
_WELL = text("UPDATE webhook_subscription SET failing_since = NULL WHERE id = :number AND failing_since IS NOT NULL")
_FAILING = text("""
UPDATE webhook_subscription SET failing_since = coalesce(failing_since, now()) WHERE id = :number AND state = 'active'
RETURNING id, label, owner, failing_since, failing_since < now() - CAST(:give_up AS interval) AS too_long
""")
_STOP = text("UPDATE webhook_subscription SET state = 'stopped', state_reason = :why WHERE id = :number AND state = 'active'")
_AUDIT_HEAD = text("""
WITH head AS (SELECT id, hash, at FROM audit ORDER BY id DESC LIMIT 1), told AS (
  UPDATE webhook_subscription SET audit_head_on = CAST(business_now() AS date)
  WHERE state <> 'removed' AND 'audit:head' = ANY(sources) AND audit_head_on IS DISTINCT FROM CAST(business_now() AS date)
    AND EXISTS (SELECT FROM head)
  RETURNING id
)
INSERT INTO webhook_delivery (subscription_id, source, subject, detail)
SELECT told.id, 'audit:head', 'audit', jsonb_build_object('audit_id', head.id, 'hash', head.hash, 'at', head.at,
  'rows', (SELECT count(*) FROM audit WHERE audit.id <= head.id))
FROM told CROSS JOIN head ORDER BY told.id RETURNING id
""")
_FORGET = text("""
DELETE FROM webhook_delivery WHERE state IN ('delivered', 'dropped') AND last_sent_at < now() - CAST(:kept AS interval) RETURNING id
""")
