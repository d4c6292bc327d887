"""What others tell us: believed by its signature, kept as it came, once by its id, and noted with what became of it."""

import hmac
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.orm import Session
from standardwebhooks import Webhook

from engine.lexical import read_count
from engine.problems import Conflict, Invalid, NotFound, Problem
from engine.runtime.state import effects
from engine.runtime.state.effects import Effect
from engine.store import json_text
from engine.store.locks import Lock, take
from engine.store.unit_of_work import savepoint
from handlers.changes import Author, note
from handlers.sealing import KeyMissing, Ring

#: How far a message's time may be from ours.
TOLERANCE: Final = timedelta(minutes=5)
_LONGEST_ID: Final = 200
_LONGEST_STAMP: Final = 11
_BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)


class NotSigned(Exception):
    """A message that is not believed: the sentence says which part of it is wrong."""


@dataclass(frozen=True, slots=True)
class Source:
    """Whom a message is from, as the interpreter needs it."""

    name: str
    kinds: Sequence[str]
    customer_no: str | None
    messages: Sequence[str]
    owner: str

    @property
    def actor(self) -> str:
        """How the log names it."""
        return f"webhook {self.name}"


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of a message: the number of what it made or is about, and where that is."""

    reference: str
    location: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a message. `duplicate`: it had come before, and this was its outcome."""

    id: int
    type: str
    state: str
    reference: str
    location: str
    problem: Mapping[str, Any]
    duplicate: bool = False


class NotUnderstood(Exception):
    """A kind of message that nobody here understands, or that its source may not send."""


#: Does what a message asks: given its source, id, type and data. Raises Problem, NotUnderstood.
Interpreter = Callable[[Session, Source, str, str, Any], Taken]


def verified(raw: bytes, headers: Mapping[str, str], keys: Sequence[str], now: datetime) -> str:
    """The id of a message that one of the secrets signed, by its very bytes. Raises NotSigned."""
    message_id, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not 0 < len(message_id) <= _LONGEST_ID or not message_id.isprintable():
        raise NotSigned("webhook-id is missing, or longer than 200 characters.")
    seconds = read_count(stamp) if len(stamp) <= _LONGEST_STAMP else None
    if seconds is None:
        raise NotSigned("webhook-timestamp is no number of seconds since 1970.")
    at = _BEGINNING + timedelta(seconds=seconds)
    if abs(now - at) > TOLERANCE:
        raise NotSigned(f"webhook-timestamp is more than 5 minutes {'ago' if at < now else 'ahead'}: sign it anew when it is sent.")
    given = [part for part in headers.get("webhook-signature", "").split(" ") if part.startswith("v1,")]
    if not given:
        raise NotSigned("webhook-signature has no signature of version v1.")
    try:
        body = raw.decode()
    except UnicodeDecodeError:
        raise NotSigned("The body is no UTF-8.") from None
    wanted = [Webhook(key).sign(message_id, at, body) for key in keys if key]
    if not any(hmac.compare_digest(one.encode(), another.encode()) for one in wanted for another in given):
        raise NotSigned("webhook-signature fits neither the body nor a secret that counts.")
    return message_id


def source_of(tx: Session, ring: Ring, name: str, raw: bytes, headers: Mapping[str, str]) -> tuple[Source, str]:
    """Whom a message is from, and its id. Raises NotSigned, also where there is no such source, or our key to its secret is gone."""
    row = tx.execute(_SOURCE, {"name": name}).one_or_none()
    if row is None:
        raise NotSigned("Nobody of this name may send webhooks now.")
    try:
        keys = [ring.open(row.secret), ring.open(row.previous_secret)]
    except KeyMissing:
        raise NotSigned("What would prove it cannot be read here: tell whoever keeps this house that its key is missing.") from None
    message_id = verified(raw, headers, keys, datetime.now(UTC))
    return Source(row.name, row.kinds, row.customer_no, row.messages, row.owner), message_id


def receive(tx: Session, source: Source, message_id: str, raw: bytes, interpret: Interpreter) -> Outcome:
    """Keep a message and do what it asks; what comes twice is done once. Raises Conflict when the id was used for another body."""
    digest = sha256(raw).hexdigest()
    given = {"source": source.name, "message_id": message_id, "sha256": digest, "raw": raw}
    number = tx.execute(_KEEP, given).scalar_one_or_none()
    if number is None:
        return _known(tx, source, message_id, digest)
    return _done(tx, number, source, (message_id, raw), interpret)


def try_again(tx: Session, number: int, interpret: Interpreter, by: Author) -> Outcome:
    """Do what a kept message asks, now that what was missing may be there. Raises NotFound, Conflict when it waits for nobody."""
    row = _waiting(tx, number)
    note(tx, by, "try_again", f"webhook_received:{number}", {"was": row.state})
    source = Source(row.name, row.kinds, row.customer_no, row.messages, row.owner)
    return _done(tx, number, source, (row.message_id, bytes(row.raw)), interpret)


def let_go(tx: Session, number: int, by: Author) -> None:
    """Nothing is to come of a kept message, for a reason. Raises NotFound, Invalid without a reason, Conflict when it waits for nobody."""
    if not by.reason.strip():
        errors = {"reason": ["is missing"]}
        raise Invalid("To let a message go takes a reason.", code="reason_missing", next_step="Say why; it is kept.", errors=errors)
    _waiting(tx, number)
    tx.execute(_LET_GO, {"id": number})
    note(tx, by, "let_go", f"webhook_received:{number}", {})


def _done(tx: Session, number: int, source: Source, message: tuple[str, bytes], interpret: Interpreter) -> Outcome:
    message_id, raw = message
    kind, state, taken = "", "done", Taken("", "")
    problem: dict[str, Any] = {}
    try:
        kind, data = _read(raw)
        with savepoint(tx):
            taken = interpret(tx, source, message_id, kind, data)
    except NotUnderstood as error:
        state, problem = "unknown", {"code": "type_unknown", "detail": str(error), "next_step": "Let its source send it, or let it go."}
    except Problem as error:
        problem = {"code": error.code, "detail": error.detail, "next_step": error.next_step, "errors": error.errors}
        state = "rejected"
    outcome = Outcome(number, kind, state, taken.reference, taken.location, problem)
    kept = {"id": number, "type": kind[:200], "state": state, "reference": taken.reference, "location": taken.location}
    tx.execute(_NOTE, {**kept, "problem": json_text.encode(problem).decode()})
    if state != "done":
        _tell(tx, source, outcome)
    return outcome


def _read(raw: bytes) -> tuple[str, Any]:
    """The type and the data of a message. Raises Invalid."""
    try:
        message = json.loads(raw, parse_float=str)
    except (ValueError, RecursionError):
        message = None
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        raise Invalid(
            "The message is no JSON object with a type.",
            code="message_unreadable",
            next_step='Send {"type": …, "timestamp": …, "data": {…}}.',
        )
    return message["type"], message.get("data", {})


def _known(tx: Session, source: Source, message_id: str, digest: str) -> Outcome:
    row = tx.execute(_BY_ID, {"source": source.name, "message_id": message_id}).one()
    if row.sha256 != digest:
        raise Conflict(
            f"The id {message_id} was used for another message.", code="key_reused", next_step="Give every message an id of its own."
        )
    return Outcome(row.id, row.type, row.state, row.reference, row.location, row.problem, duplicate=True)


def _waiting(tx: Session, number: int) -> Any:
    if not take(tx, Lock.WEBHOOK_RECEIVED, [number]):
        raise NotFound(f"There is no message {number}.", code="message_unknown", next_step="Load the list again.")
    row = tx.execute(_ONE, {"id": number}).one()
    if row.state not in {"rejected", "unknown"}:
        raise Conflict(f"Message {number} waits for nobody: it is {row.state}.", code="message_settled", next_step="Nothing is left to do.")
    return row


def _tell(tx: Session, source: Source, outcome: Outcome) -> None:
    """The owner of the source is told; the page shows it until somebody has dealt with it."""
    said = f"{outcome.problem['detail']} {outcome.problem['next_step']}"
    payload = {"person": source.owner, "subject": f"A webhook of {source.name} waits for you", "text": said, "language": "en"}
    effects.record(
        tx, Effect(f"webhook-received:{outcome.id}", "notice", source.owner, {**payload, "path": "/operations/webhooks/received"})
    )


_SOURCE = text("""
SELECT name, kinds, customer_no, messages, owner, secret,
  CASE WHEN previous_until > now() THEN previous_secret ELSE '' END AS previous_secret
FROM webhook_source WHERE name = :name AND state = 'active' AND secret <> ''
""")
# Kept under a state that a kill would leave to a person; the same transaction says what became of it.
_KEEP = text("""
INSERT INTO webhook_received (source_name, message_id, sha256, raw, state) VALUES (:source, :message_id, :sha256, :raw, 'unknown')
ON CONFLICT (source_name, message_id) DO NOTHING RETURNING id
""")
_NOTE = text("""
UPDATE webhook_received SET type = :type, state = :state, reference = :reference, location = :location, problem = CAST(:problem AS jsonb)
WHERE id = :id
""")
_BY_ID = text("""
SELECT id, type, state, reference, location, problem, sha256 FROM webhook_received WHERE source_name = :source AND message_id = :message_id
""")
_ONE = text("""
SELECT kept.id, kept.message_id, kept.raw, kept.state, source.name, source.kinds, source.customer_no, source.messages, source.owner
FROM webhook_received AS kept JOIN webhook_source AS source ON source.name = kept.source_name WHERE kept.id = :id
""")
_LET_GO = text("UPDATE webhook_received SET state = 'dropped' WHERE id = :id")
