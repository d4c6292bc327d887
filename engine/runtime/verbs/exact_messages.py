"""A message for exactly one instance, which must be there: how callers ask who are told when nobody waits, and keep nothing for later.

Whoever names the instance, by its id or its business key, need not give the keys that its wait asks for. A key that the wait does not ask
for must be a variable of the instance with this value.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.problems import Invalid
from engine.runtime.post.mailbox import Message
from engine.runtime.post.routing import Receiver, receivers, starters
from engine.runtime.state.runtime import Runtime
from engine.runtime.verbs.messages import publish_by_hand
from engine.spiff.plain import key_mapping

#: Instances that one message may reach in this way, and of how many it is looked whether they fit.
_MOST: Final = 1_000


@dataclass(frozen=True, slots=True)
class Asked:
    """A message, and whom it is for: one instance by its id, the one with the message's business key, or whoever fits its correlation."""

    message: Message
    actor: str
    instance_id: UUID | None = None
    #: Several instances may take it.
    every: bool = False


@dataclass(frozen=True, slots=True)
class Reached:
    """An instance that took the message, or that `began` with it."""

    instance_id: UUID
    began: bool


def correlate(runtime: Runtime, tx: Session, asked: Asked) -> list[Reached]:
    """Deliver it at once, or begin a process with it. Raises Invalid, and keeps nothing, where nobody waits or several do."""
    message = asked.message
    found = _waiting(tx, asked)
    begins = [] if found or asked.instance_id else starters(tx, "message", message.name)
    if len(found) > 1 and not asked.every:
        raise _mismatch(message, "several instances wait for it", "Name one by its id or business key, or send it to all.")
    if len(begins) > 1 and not asked.every:
        raise _mismatch(message, "several processes begin with it", "Start one of them by its key, or send it to all.")
    made = publish_by_hand(runtime, tx, message, asked.actor, found) if found or begins else None
    if made is None or made.state == "buffered":  # or whoever waited went on in this moment
        raise _mismatch(message, "nobody waits for it, and no process begins with it", "Send it when an instance waits for it.")
    return [Reached(each.instance_id, began=False) for each in found] or [Reached(UUID(str(made.instance_id)), began=True)]


def _waiting(tx: Session, asked: Asked) -> list[Receiver]:
    """Who waits and is meant."""
    message, named = asked.message, asked.instance_id is not None or asked.message.business_key is not None
    ids = [asked.instance_id] if asked.instance_id else None
    if not named:
        ids = [each.instance_id for each in receivers(tx, message.name, message.correlation)[:_MOST]]
    rows = tx.execute(_WAITS, {"name": message.name, "ids": ids, "business_key": message.business_key, "most": _MOST}).all()
    fitting = [row for row in rows if _agrees(message.correlation, row)]
    return [Receiver(row.instance_id, row.task_id) for row in {row.instance_id: row for row in reversed(fitting)}.values()][::-1]


def _agrees(keys: Mapping[str, Any], row: Any) -> bool:
    return all(
        row.correlation[name] == value if name in row.correlation else _is(row.variables.get(name), value) for name, value in keys.items()
    )


def _is(variable: Any, key: Any) -> bool:
    try:
        return key_mapping({"key": variable}, "a variable") == {"key": key}
    except Invalid:  # a list or a context is no key
        return False


def _mismatch(message: Message, why: str, next_step: str) -> Invalid:
    return Invalid(f"The message {message.name!r} correlates with no single receiver: {why}.", code="message_mismatch", next_step=next_step)


_WAITS = text("""
SELECT s.instance_id, s.id AS task_id, s.correlation, i.variables FROM subscription s JOIN instance i ON i.id = s.instance_id
WHERE s.kind = 'message' AND s.name = :name AND (CAST(:ids AS uuid[]) IS NULL OR i.id = ANY(CAST(:ids AS uuid[])))
  AND (CAST(:business_key AS text) IS NULL OR i.business_key = :business_key)
ORDER BY s.instance_id, s.created_at, s.id LIMIT :most
""")
