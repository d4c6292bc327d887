"""Who wants to be told of what: added, changed, paused, given a new secret, removed. Each is told to the audit log, without secrets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import insert, text, update
from sqlalchemy.orm import Session

from engine.problems import Conflict, Invalid, NotFound
from engine.store.locks import Lock, take
from handlers.calling import Network, check_url
from handlers.changes import Author, note
from handlers.sealing import Ring
from handlers.webhooks.catalogue import PING, chosen
from handlers.webhooks.model import WebhookSubscription
from handlers.webhooks.signing import new_secret

#: For how long the secret before signs too.
BOTH_COUNT: Final = timedelta(hours=24)
_LONGEST_LABEL: Final = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionDraft:
    """An address and what it wants to be told: types of the catalogue, `order.*` for all that begin so, `*` for everything."""

    label: str
    address: str
    events: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Made:
    """A subscription's number and the secret that is shown this once."""

    number: int
    secret: str


def add(tx: Session, draft: SubscriptionDraft, inside: Sequence[Network], ring: Ring, by: Author) -> Made:
    """Let an address be told from now on. Raises Invalid by field."""
    values = _checked(draft, inside)
    secret = new_secret()
    row = {**values, "secret": ring.seal(secret), "owner": by.name, "made_by": by.name}
    number = tx.execute(insert(WebhookSubscription).values(row).returning(WebhookSubscription.id)).scalar_one()
    note(tx, by, "add", _target(number), _told(values))
    return Made(number, secret)


def change(tx: Session, number: int, draft: SubscriptionDraft, inside: Sequence[Network], by: Author) -> None:
    """Tell another address, or of other events; what waits goes to the new one. Raises NotFound, Invalid by field."""
    before = _held(tx, number)
    values = _checked(draft, inside)
    different = {name: {"from": before[name], "to": value} for name, value in _told(values).items() if before[name] != value}
    if different:
        _write(tx, number, values)
        note(tx, by, "change", _target(number), different)


def rotate(tx: Session, number: int, ring: Ring, by: Author) -> Made:
    """Make a new secret; for a day the one before signs too, so that nothing is refused meanwhile. Raises NotFound."""
    before = _held(tx, number)
    secret = new_secret()
    until = tx.execute(_UNTIL, {"both": BOTH_COUNT}).scalar_one()
    now = tx.execute(_NOW).scalar_one()
    _write(tx, number, {"secret": ring.seal(secret), "secret_made_at": now, "previous_secret": before["secret"], "previous_until": until})
    note(tx, by, "rotate_secret", _target(number), {"both_until": until})
    return Made(number, secret)


def pause(tx: Session, number: int, by: Author) -> None:
    """Send nothing there until it is resumed; what happens is collected. Raises NotFound, Conflict."""
    before = _held(tx, number)
    if before["state"] != "active":
        raise Conflict(f"Subscription {number} is {before['state']}.", code="webhook_state", next_step="Load it again.")
    _write(tx, number, {"state": "paused", "state_reason": by.reason or f"{by.name} paused it."})
    note(tx, by, "pause", _target(number), {})


def resume(tx: Session, number: int, by: Author) -> None:
    """Send again, what was collected first. Raises NotFound, Conflict."""
    before = _held(tx, number)
    if before["state"] == "active":
        raise Conflict(f"Subscription {number} is active.", code="webhook_state", next_step="Nothing is left to do.")
    _write(tx, number, {"state": "active", "state_reason": "", "failing_since": None})
    tx.execute(_DUE_NOW, {"number": number})
    note(tx, by, "resume", _target(number), {"was": before["state"]})


def remove(tx: Session, number: int, by: Author) -> int:
    """Tell it nothing any more; what was not sent yet is let go, and the log says how many. Raises NotFound."""
    _held(tx, number)
    dropped = len(tx.execute(_DROP_ALL, {"number": number}).all())
    _write(tx, number, {"state": "removed", "sources": [], "secret": "", "previous_secret": "", "state_reason": f"{by.name} removed it."})
    note(tx, by, "remove", _target(number), {"let_go": dropped})
    return dropped


def ping(tx: Session, number: int, by: Author) -> int:
    """Send a test; answers the message's number. Raises NotFound, Conflict when nothing is sent there."""
    if _held(tx, number)["state"] != "active":
        raise Conflict(f"Nothing is sent to subscription {number} now.", code="webhook_state", next_step="Resume it first.")
    given = {"number": number, "source": PING, "by": by.name}
    sent: int = tx.execute(_PING, given).scalar_one()
    note(tx, by, "ping", _target(number), {"delivery": sent})
    return sent


def replay(tx: Session, number: int, delivery: int, by: Author) -> None:
    """Send one message again under its id, so that who has it knows. Raises NotFound."""
    _held(tx, number)
    found = tx.execute(_REPLAY, {"number": number, "id": delivery}).first()
    if found is None:
        raise NotFound(f"Subscription {number} has no message {delivery}.", code="delivery_unknown", next_step="Load the list again.")
    note(tx, by, "replay", _target(number), {"delivery": delivery})


def replay_failed(tx: Session, number: int, since: Any, by: Author) -> int:
    """Send all again that were given up since a time; answers how many. Raises NotFound."""
    _held(tx, number)
    again = len(tx.execute(_REPLAY_FAILED, {"number": number, "since": since}).all())
    note(tx, by, "replay_failed", _target(number), {"since": since, "messages": again})
    return again


def let_go(tx: Session, number: int, delivery: int, by: Author) -> None:
    """Send a message that was given up no more, for a reason. Raises NotFound, Invalid without a reason."""
    if not by.reason.strip():
        errors = {"reason": ["is missing"]}
        raise Invalid("To let a message go takes a reason.", code="reason_missing", next_step="Say why; it is kept.", errors=errors)
    _held(tx, number)
    if tx.execute(_LET_GO, {"number": number, "id": delivery}).first() is None:
        raise NotFound(f"Message {delivery} does not wait for anybody.", code="delivery_unknown", next_step="Load the list again.")
    note(tx, by, "let_go", _target(number), {"delivery": delivery})


def _held(tx: Session, number: int) -> dict[str, Any]:
    """The subscription, locked. Raises NotFound; what was removed is not there."""
    take(tx, Lock.WEBHOOK_SUBSCRIPTION, [number])
    found = tx.execute(_ONE, {"number": number}).mappings().one_or_none()
    if found is None:
        raise NotFound(f"There is no webhook {number}.", code="webhook_unknown", next_step="Look at the list of webhooks.")
    return dict(found)


def _checked(draft: SubscriptionDraft, inside: Sequence[Network]) -> dict[str, Any]:
    errors: dict[str, list[str]] = {}
    values: dict[str, Any] = {"label": " ".join(draft.label.split())}
    if not 0 < len(values["label"]) <= _LONGEST_LABEL:
        errors["label"] = [f"has 1 to {_LONGEST_LABEL} characters"]
    for name, check in (("address", lambda: check_url(draft.address, inside)), ("events", lambda: chosen(draft.events))):
        try:
            values[name] = check()
        except Invalid as problem:
            errors |= problem.errors
    if errors:
        raise Invalid("The webhook cannot be kept like this.", code="webhook_invalid", next_step="Correct the fields named.", errors=errors)
    return {
        "label": values["label"],
        "address": values["address"],
        "events": [event.name for event in values["events"]],
        "sources": [event.source for event in values["events"]],
    }


def _told(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: values[name] for name in ("label", "address", "events")}


def _write(tx: Session, number: int, values: Mapping[str, Any]) -> None:
    tx.execute(update(WebhookSubscription).where(WebhookSubscription.id == number).values(**values))


def _target(number: int) -> str:
    return f"webhook:{number}"


_ONE = text("SELECT * FROM webhook_subscription WHERE id = :number AND state <> 'removed'")
_NOW = text("SELECT business_now()")
_UNTIL = text("SELECT now() + CAST(:both AS interval)")
_DUE_NOW = text("UPDATE webhook_delivery SET due_at = now() WHERE subscription_id = :number AND state = 'pending'")
_DROP_ALL = text("""
UPDATE webhook_delivery SET state = 'dropped' WHERE subscription_id = :number AND state IN ('pending', 'failed') RETURNING id
""")
_PING = text("""
INSERT INTO webhook_delivery (subscription_id, source, subject, detail)
VALUES (:number, :source, 'ping', jsonb_build_object('asked_by', CAST(:by AS text))) RETURNING id
""")
_REPLAY = text("""
UPDATE webhook_delivery SET state = 'pending', attempts = 0, due_at = now()
WHERE id = :id AND subscription_id = :number AND state <> 'pending' RETURNING id
""")
_REPLAY_FAILED = text("""
UPDATE webhook_delivery SET state = 'pending', attempts = 0, due_at = now()
WHERE subscription_id = :number AND state = 'failed' AND occurred_at >= :since RETURNING id
""")
_LET_GO = text("""
UPDATE webhook_delivery SET state = 'dropped' WHERE id = :id AND subscription_id = :number AND state = 'failed' RETURNING id
""")
