"""Messages that nobody hears: after a while, or when their time is over, they become a task of the lane that would have heard them.

What its sender lets live shorter than that while is news for who waits now: what it tells stands in the books, where who comes later
reads it.
The process that makes it a task begins with the message `message.unheard`; it ends by `message.heard` when a receiver comes after all.
"""

from datetime import timedelta
from typing import Any

from sqlalchemy import RowMapping, text
from sqlalchemy.orm import Session

from engine.problems import Conflict, Invalid
from engine.runtime.post.delivery import note_message
from engine.runtime.post.mailbox import Message
from engine.runtime.state.directory import Directory
from engine.runtime.state.runtime import Runtime
from engine.spiff.nodes.tasks import slug
from engine.spiff.process import CompiledProcess
from engine.store.locks import Lock, take

#: Who gets a message that no deployed diagram knows.
_NOBODY = "operator"


def tell(runtime: Runtime, tx: Session) -> int:
    """Hand every message that waited long enough to a person; answers how many. By the clock."""
    due = tx.execute(_UNHEARD, {"grace": runtime.limits.message_unheard, "most": runtime.limits.batch}).scalars().all()
    locked = take(tx, Lock.MESSAGE, due, skip_locked=True)
    for row in tx.execute(_MARK, {"ids": locked, "grace": runtime.limits.message_unheard}).mappings().all():
        _hand_to_a_person(runtime, tx, row, "")
    return len(locked)


def give_back(runtime: Runtime, tx: Session, message_no: int, reason: str) -> None:
    """Hand a message to a person whose receiver could not take what it says."""
    take(tx, Lock.MESSAGE, [message_no])
    for row in tx.execute(_NOT_TAKEN, {"id": message_no}).mappings().all():
        _hand_to_a_person(runtime, tx, row, reason)


def _hand_to_a_person(runtime: Runtime, tx: Session, row: RowMapping, reason: str) -> None:
    payload = {
        "message_no": row["id"],
        "name": row["name"],
        "about": row["business_key"] or ", ".join(str(value) for value in row["correlation"].values()),
        "correlation": row["correlation"],
        "content": row["payload"],
        "sent_at": row["sent_at"].isoformat(),
        "sent_by": row["sent_by"],
        "lane": owner_of(runtime, tx, row["name"]),
        "refusal": reason,
    }
    note_message(runtime, tx, Message("message.unheard", payload=payload, business_key=f"message-{row['id']}"))


def note_heard(runtime: Runtime, tx: Session, message_no: int) -> None:
    """A message that a person was told of has found its receiver: the task about it goes."""
    note_message(runtime, tx, Message("message.heard", {"message_no": message_no}, time_to_live=timedelta(0)))


def owner_of(runtime: Runtime, tx: Session, name: str) -> str:
    """The group whose task a message of this name becomes: the lane that catches it where people work in it, else the process's owner."""
    for version_id in tx.execute(_LATEST).scalars():
        process = runtime.models.process(tx, version_id)
        lanes = [slug(element.lane) for element in process.catching(name) if element.lane]
        for group in lanes:
            if _is_group(runtime, tx, group):
                return group
        if process.catching(name):
            return owner_of_process(runtime, tx, process)
    return _NOBODY


def owner_of_process(runtime: Runtime, tx: Session, process: CompiledProcess) -> str:
    """The group that its diagram names as `owner`; the operators where it names none that exists."""
    group = process.properties.get("owner", "")
    return group if group and _is_group(runtime, tx, group) else _NOBODY


def _is_group(runtime: Runtime, tx: Session, name: str) -> bool:
    directory: Any = runtime.ports.get(Directory)
    return directory is None or name in directory.known(tx, [name], [])


def known(runtime: Runtime, tx: Session) -> set[str]:
    """The names of all messages that a deployed process begins with or waits for."""
    return {name for version_id in tx.execute(_LATEST).scalars() for name in runtime.models.process(tx, version_id).message_names}


def waits(tx: Session, message_no: int) -> bool:
    """Whether a message waits for a receiver or a person; it is held, so that one that comes now finds who is asked."""
    take(tx, Lock.MESSAGE, [message_no])
    return tx.execute(_WAITS, {"id": message_no}).first() is not None


def keep_longer(tx: Session, message_no: int, days: int) -> None:
    """Let a message wait on for its receiver. Raises Conflict when it waits no more, Invalid for less than a day."""
    if days < 1:
        raise Invalid(
            "A message waits at least a day.",
            code="message_days",
            next_step="Give a number of days from 1.",
            errors={"days": ["must be at least 1"]},
        )
    _change(tx, message_no, _KEEP, {"days": days})


def discard(tx: Session, message_no: int) -> None:
    """Give a message up: what it said was dealt with by hand. Raises Conflict when it waits no more."""
    _change(tx, message_no, _DISCARD, {})


def _change(tx: Session, message_no: int, statement: Any, values: dict[str, Any]) -> None:
    take(tx, Lock.MESSAGE, [message_no])
    if tx.execute(statement, {"id": message_no, **values}).first() is None:
        raise Conflict(f"Message {message_no} has found a receiver.", code="message_heard", next_step="Nothing is left to do.")


_LATEST = text("SELECT id FROM process_version WHERE latest AND NOT retired ORDER BY process_key")
# One that has expired is told until somebody deals with it: an operator may have cancelled the process that asked.
_DUE = """
(message.state = 'expired' OR message.state = 'buffered' AND message.unheard_at IS NULL
  AND message.sent_at < business_now() - CAST(:grace AS interval)
  AND message.expires_at - message.sent_at >= CAST(:grace AS interval))
AND NOT EXISTS (
  SELECT FROM instance WHERE instance.business_key = 'message-' || message.id AND instance.state NOT IN ('completed', 'cancelled'))
"""
_UNHEARD = text(f"""
SELECT id FROM message WHERE name <> 'message.unheard' AND {_DUE} ORDER BY id LIMIT :most
""")
_TOLD = "RETURNING id, name, correlation, payload, business_key, sent_at, sent_by"
_MARK = text(f"UPDATE message SET unheard_at = business_now() WHERE id = ANY(:ids) AND {_DUE} {_TOLD}")
_NOT_TAKEN = text(f"UPDATE message SET state = 'expired', delivered_to = NULL, unheard_at = business_now() WHERE id = :id {_TOLD}")
_WAITS = text("SELECT FROM message WHERE id = :id AND state IN ('buffered', 'expired')")
_KEEP = text("""
UPDATE message SET state = 'buffered', expires_at = business_now() + make_interval(days => :days)
WHERE id = :id AND state IN ('buffered', 'expired') RETURNING id
""")
_DISCARD = text("UPDATE message SET state = 'discarded' WHERE id = :id AND state IN ('buffered', 'expired') RETURNING id")
