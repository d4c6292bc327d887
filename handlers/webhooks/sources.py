"""Who may tell us things by webhook: added and widened by two people, paused, given a secret and removed by one."""

from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import insert, text, update
from sqlalchemy.orm import Session

from engine.problems import Conflict, Invalid, NotFound
from engine.store.locks import Lock, take
from handlers.changes import Author, note
from handlers.sealing import Ring
from handlers.webhooks.model import WebhookSource
from handlers.webhooks.signing import new_secret
from handlers.webhooks.subscriptions import BOTH_COUNT

#: What may be told, with what it does.
KINDS: Final = {
    "order.created": "An order, as POST /api/v1/orders takes it.",
    "order.change_requested": "A change of an order, with its order_no.",
    "order.cancellation_requested": "Cancel what has not left of an order: order_no and reason.",
    "shipment.delivered": "The customer has the goods: shipment_no, delivered_at.",
    "message": "A message to a process: name, correlation, payload.",
}
_LONGEST: Final = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceDraft:
    """Who tells us, what, and about whom: with a customer, only of its orders; `messages` are those of processes that it may send."""

    name: str
    label: str = ""
    kinds: list[str] = field(default_factory=list)
    customer_no: str = ""
    messages: list[str] = field(default_factory=list)


def check(tx: Session, draft: SourceDraft) -> dict[str, Any]:
    """A source as it is kept. Raises Invalid by field."""
    name = draft.name.strip()
    errors: dict[str, list[str]] = {}
    if not name.isascii() or not name.replace("-", "").isalnum() or not 0 < len(name) <= _LONGEST:
        errors["name"] = [f"is made of 1 to {_LONGEST} letters, digits and hyphens"]
    unknown = sorted(set(draft.kinds) - KINDS.keys())
    if unknown or not draft.kinds:
        errors["kinds"] = [f"cannot be {', '.join(unknown)}" if unknown else "are empty: choose at least one"]
    if ("message" in draft.kinds) != bool(draft.messages):
        errors["messages"] = ["name what may be sent: choose the kind message and at least one name, or neither"]
    customer_no = draft.customer_no.strip() or None
    if customer_no is not None and tx.scalar(_CUSTOMER, {"customer_no": customer_no}) is None:
        errors["customer_no"] = ["is no customer"]
    if customer_no is not None and {"message", "shipment.delivered"} & set(draft.kinds):
        errors["customer_no"] = ["cannot be held to one: messages and deliveries name no customer"]
    if errors:
        raise Invalid("The source cannot be kept like this.", code="source_invalid", next_step="Correct the fields named.", errors=errors)
    kinds, messages = [kind for kind in KINDS if kind in draft.kinds], sorted({each.strip() for each in draft.messages if each.strip()})
    return {"name": name, "label": draft.label.strip() or name, "kinds": kinds, "customer_no": customer_no, "messages": messages}


def known(tx: Session, name: str) -> dict[str, Any] | None:
    """A source as it is; None where there is none."""
    found = tx.execute(_ONE, {"name": name}).mappings().one_or_none()
    return dict(found) if found is not None else None


def keep(tx: Session, draft: SourceDraft, by: Author) -> str:
    """Add a source, or let it tell what it says from now on; a new one has no secret yet. Raises Invalid by field."""
    values = check(tx, draft)
    take(tx, Lock.WEBHOOK_SOURCE, [values["name"]])
    before = known(tx, values["name"])
    if before is None:
        tx.execute(insert(WebhookSource).values(**values, owner=by.name, made_by=by.name))
    else:
        tx.execute(update(WebhookSource).where(WebhookSource.name == values["name"]).values(**values, state="active"))
    told = {name: {"from": before[name] if before else None, "to": value} for name, value in values.items() if name != "name"}
    note(tx, by, "change" if before else "add", f"webhook_source:{values['name']}", told)
    return str(values["name"])


def rotate(tx: Session, name: str, ring: Ring, by: Author) -> str:
    """Make its secret, or a new one: for a day the one before counts too. It is shown this once. Raises NotFound."""
    _held(tx, name)
    secret = new_secret()
    tx.execute(_ROTATE, {"name": name, "secret": ring.seal(secret), "both": BOTH_COUNT})
    note(tx, by, "rotate_secret", f"webhook_source:{name}", {})
    return secret


def set_state(tx: Session, name: str, state: str, by: Author) -> None:
    """Believe it again (active), not for a while (paused), or never more (removed: its secrets go). Raises NotFound, Conflict."""
    if _held(tx, name)["state"] == state:
        raise Conflict(f"Source {name} is {state} already.", code="source_state", next_step="Nothing is left to do.")
    gone = {"secret": "", "previous_secret": ""} if state == "removed" else {}
    tx.execute(update(WebhookSource).where(WebhookSource.name == name).values(state=state, **gone))
    note(tx, by, state, f"webhook_source:{name}", {})


def _held(tx: Session, name: str) -> dict[str, Any]:
    take(tx, Lock.WEBHOOK_SOURCE, [name])
    found = known(tx, name)
    if found is None or found["state"] == "removed":
        raise NotFound(f"There is no source {name[:80]!r}.", code="source_unknown", next_step="Look at the list of sources.")
    return found


_CUSTOMER = text("SELECT customer_no FROM customer WHERE customer_no = :customer_no")
_ONE = text("SELECT name, label, kinds, customer_no, messages, state FROM webhook_source WHERE name = :name")
_ROTATE = text("""
UPDATE webhook_source SET previous_secret = secret, previous_until = now() + CAST(:both AS interval), secret = :secret WHERE name = :name
""")
