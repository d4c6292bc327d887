"""The effect ledger: what is to leave the house. A row is written with the state that caused it and delivered afterwards with a stable key.

A sink answers what the outside said, or raises: the row is tried again later, with the same key. The default sink keeps everything here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final, Protocol
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.problems import NotFound
from engine.service_tasks import TaskContext
from engine.spiff.plain import keepable, plain, within_limit
from engine.store import json_text
from engine.store.locks import Lock, take
from engine.store.rows import insert_rows
from engine.store.tables import effect

if TYPE_CHECKING:  # the runtime's record holds effects, so importing it here at run time would be a circle
    from engine.runtime.state.runtime import Runtime


@dataclass(frozen=True, slots=True)
class Effect:
    """Something that is to leave the house; `key` is the same however often it is recorded or sent."""

    key: str
    kind: str
    target: str
    payload: Mapping[str, Any]
    instance_id: UUID | None = None
    element_id: str | None = None
    business_key: str | None = None


class EffectSink(Protocol):
    """Carries effects outside. Bind one under this type to replace the default."""

    def deliver(self, effect: Effect, attempt: int) -> Mapping[str, Any]:
        """Send it with `effect.key` as idempotency key and answer what the other side said; raise to have it tried again."""


#: The effects that are to be sent now, in SQL.
DUE = "SELECT key FROM effect WHERE state = 'pending' AND due_at <= now()"
#: In an answer: it went nowhere, and why.
_KEPT: Final = "kept"


def kept(effect: Effect, why: str = "") -> Mapping[str, Any]:
    """The answer of a sink that sent an effect nowhere: the ledger says so, and why."""
    return {_KEPT: effect.key, **({"why": why} if why else {})}


class DatabaseSink:
    """The default: the ledger's own row is all there is, so an effect is `kept`, never `sent`. The product shows what it would send."""

    def deliver(self, effect: Effect, attempt: int) -> Mapping[str, Any]:
        """Keep it."""
        return {"sink": "database", **kept(effect), "attempt": attempt}


@dataclass(slots=True)
class EffectLedger:
    """Given to a transactional service task that asks for it by type: effects of one call, kept only when the call succeeds."""

    context: TaskContext
    recorded: list[Effect] = field(default_factory=list)

    def record(self, kind: str, target: str, payload: Mapping[str, Any], *, once: str | None = None) -> str:
        """Note an effect of this task; answers its key, which is the same on every attempt.

        With the number of what it is about as `once` it leaves once for ever, also when another instance or an operator comes to the
        step again.
        """
        key = f"{kind}:{once}" if once else f"{self.context.idempotency_key}:{kind}:{len(self.recorded)}"
        context = self.context
        effect = Effect(key, kind, target, payload, context.instance_id, context.element_id, context.business_key)
        self.recorded.append(effect)
        return key


def record(tx: Session, *effects: Effect) -> None:
    """Write effects to the ledger; one whose key is known already is not written again."""
    insert_rows(tx, effect, [_row(each) for each in effects], on_conflict="(key) DO NOTHING")


def send_again(tx: Session, key: str) -> str:
    """Let one be due at once, whatever became of it before; answers what it was. Raises NotFound."""
    was: str | None = tx.execute(_STATE, {"key": key}).scalar() if take(tx, Lock.EFFECT, [key]) else None
    if was is None:
        raise NotFound(f"There is no effect {key[:100]!r}.", code="effect_unknown", next_step="Look at the list of effects.")
    tx.execute(_AGAIN, {"key": key})
    return was


def deliver(runtime: "Runtime") -> int:
    """Send what is due, each in no transaction and acknowledged before the next is begun; answers how many were sent. By the clock.

    A process that dies leaves one effect of which nobody knows whether it went out; it is sent again under the same key.
    """
    sink: Any = runtime.ports.get(EffectSink) or DatabaseSink()
    with runtime.database.transaction() as tx:
        due = tx.execute(_DUE, {"most": runtime.limits.batch}).scalars().all()
    sent = 0
    for key in due:
        with runtime.database.transaction() as tx:
            mine = take(tx, Lock.EFFECT, [key], skip_locked=True)
            row = tx.execute(_TAKE, {"key": key, "pause": runtime.limits.effect_answer}).one_or_none() if mine else None
        if row is not None:  # else another clock has it
            sent += _send(runtime, sink, row)
    return sent


def _send(runtime: "Runtime", sink: Any, row: Any) -> bool:
    each = Effect(row.key, row.kind, row.target, row.payload, row.instance_id, row.element_id, row.business_key)
    try:  # an answer that cannot be kept is a failure of this effect alone
        answer = plain(sink.deliver(each, row.attempts))
        within_limit(answer)
        told = {"key": row.key, "answer": json_text.encode(answer).decode(), "state": "kept" if _KEPT in answer else "sent"}
        statement = _DELIVERED
    except Exception as error:  # noqa: BLE001  # whatever the outside does, the ledger keeps it and tries again
        pause = min(timedelta(seconds=10) * 2 ** min(row.attempts, 12), runtime.limits.retry_ceiling)
        said = json_text.encode({"error": keepable(f"{type(error).__name__}: {error}")}).decode()
        told = {"key": row.key, "answer": said, "pause": pause, "most": runtime.limits.effect_attempts}
        statement = _FAILED
    with runtime.database.transaction() as tx:
        tx.execute(statement, told)
    return statement is _DELIVERED


def _row(each: Effect) -> dict[str, Any]:
    payload = plain(dict(each.payload))
    return {
        "key": each.key,
        "kind": each.kind,
        "target": each.target,
        "payload": payload,
        "payload_hash": sha256(json_text.encode(payload)).hexdigest(),
        "instance_id": each.instance_id,
        "element_id": each.element_id,
        "business_key": each.business_key,
    }


_DUE = text(f"{DUE} ORDER BY due_at, key LIMIT :most")
# Until `due_at` nobody takes it again, so a sender may be that slow.
_TAKE = text("""
UPDATE effect SET attempts = attempts + 1, first_sent_at = coalesce(first_sent_at, now()), last_sent_at = now(),
  due_at = now() + CAST(:pause AS interval)
WHERE key = :key AND state = 'pending' AND due_at <= now()
RETURNING key, kind, target, payload, instance_id, element_id, business_key, attempts
""")
_DELIVERED = text("UPDATE effect SET state = :state, answer = CAST(:answer AS jsonb) WHERE key = :key AND state = 'pending'")
_FAILED = text("""
UPDATE effect SET answer = CAST(:answer AS jsonb), due_at = now() + CAST(:pause AS interval),
  state = CASE WHEN attempts >= :most THEN 'failed' ELSE state END
WHERE key = :key AND state = 'pending'
""")
_STATE = text("SELECT state FROM effect WHERE key = :key")
_AGAIN = text("UPDATE effect SET state = 'pending', attempts = 0, due_at = now() WHERE key = :key")
