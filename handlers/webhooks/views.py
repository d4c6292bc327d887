"""What pages and programs see of webhooks: the subscriptions, and what was sent to each."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from engine.problems import NotFound
from engine.store.paging import Asked, Key, Page, read_page
from handlers.webhooks.catalogue import BY_SOURCE
from handlers.webhooks.model import WebhookDelivery, WebhookReceived, WebhookSubscription


@dataclass(frozen=True, slots=True)
class SubscriptionShown:
    """A subscription without its secrets. `waiting` and `given_up` count messages; `both_until`: until then the secret before signs too."""

    id: int
    label: str
    address: str
    events: list[str]
    state: str
    state_reason: str
    owner: str
    failing_since: datetime | None
    secret_made_at: datetime
    both_until: datetime | None
    made_by: str
    made_at: datetime
    waiting: int
    given_up: int
    last_delivered_at: datetime | None


@dataclass(frozen=True, slots=True)
class DeliveryShown:
    """A message and what became of it."""

    id: int
    type: str
    subject: str
    state: str
    attempts: int
    status: int | None
    answer: str
    occurred_at: datetime
    last_sent_at: datetime | None
    due_at: datetime
    body: str | None

    @property
    def message_id(self) -> str:
        """What it is called in its header, on every attempt."""
        return f"msg_{self.id}"


@dataclass(frozen=True, slots=True)
class SourceShown:
    """Who may tell us things, without its secrets. `waiting` counts messages that a person has to deal with."""

    name: str
    label: str
    kinds: list[str]
    customer_no: str | None
    messages: list[str]
    state: str
    owner: str
    has_secret: bool
    waiting: int
    last_received_at: datetime | None


@dataclass(frozen=True, slots=True)
class ReceivedShown:
    """A message that came, and what became of it."""

    id: int
    source_name: str
    message_id: str
    type: str
    state: str
    reference: str
    location: str
    problem: dict[str, Any]
    received_at: datetime


def list_sources(tx: Session) -> list[SourceShown]:
    """Everybody who may tell us things, by name."""
    return [SourceShown(**row) for row in tx.execute(_SOURCES).mappings()]


def list_received(tx: Session, state: str, asked: Asked, *, count: bool = False) -> Page[ReceivedShown]:
    """What came by webhook, the latest first; `waiting` is what a person has to deal with."""
    row = WebhookReceived
    columns: list[Any] = [getattr(row, name) for name in ReceivedShown.__dataclass_fields__]
    wanted: Any = select(*columns)
    states = ["rejected", "unknown"] if state == "waiting" else [state] if state else []
    wanted = wanted.where(row.state.in_(states)) if states else wanted
    return read_page(tx, wanted, [Key(row.id, descending=True)], asked, count=count).typed(ReceivedShown)


def list_subscriptions(tx: Session) -> list[SubscriptionShown]:
    """Everybody who is told something, in the order in which they were added."""
    return [SubscriptionShown(**row) for row in tx.execute(_ALL, {"number": None}).mappings()]


def show_subscription(tx: Session, number: int) -> SubscriptionShown:
    """One of them. Raises NotFound."""
    found = tx.execute(_ALL, {"number": number}).mappings().one_or_none()
    if found is None:
        raise NotFound(f"There is no webhook {number}.", code="webhook_unknown", next_step="Look at the list of webhooks.")
    return SubscriptionShown(**found)


def list_deliveries(tx: Session, number: int, state: str, asked: Asked, *, count: bool = False) -> Page[DeliveryShown]:
    """What was sent to a subscription or will be, the latest first. Raises NotFound."""
    if not tx.scalar(select(func.count()).select_from(WebhookSubscription).where(WebhookSubscription.id == number)):
        raise NotFound(f"There is no webhook {number}.", code="webhook_unknown", next_step="Look at the list of webhooks.")
    row = WebhookDelivery
    wanted: Any = select(
        row.id, row.source, row.subject, row.state, row.attempts, row.status, row.answer, row.occurred_at, row.last_sent_at, row.due_at,
        row.body,
    ).where(row.subscription_id == number)  # fmt: skip
    wanted = wanted.where(row.state == state) if state else wanted
    return read_page(tx, wanted, [Key(row.id, descending=True)], asked, count=count).typed(_shown)


def _shown(*, source: str, **values: object) -> DeliveryShown:
    return DeliveryShown(type=BY_SOURCE[source].name if source in BY_SOURCE else source, **values)  # type: ignore[arg-type]  # a row's columns


_SOURCES = text("""
SELECT name, label, kinds, customer_no, messages, state, owner, secret <> '' AS has_secret,
  (SELECT count(*) FROM webhook_received AS one WHERE one.source_name = source.name AND one.state IN ('rejected', 'unknown')) AS waiting,
  (SELECT received_at FROM webhook_received AS one WHERE one.source_name = source.name ORDER BY one.id DESC LIMIT 1) AS last_received_at
FROM webhook_source AS source WHERE state <> 'removed' ORDER BY name
""")
_ALL = text("""
SELECT subscription.id, label, address, events, state, state_reason, owner, failing_since, secret_made_at,
  CASE WHEN previous_until > now() THEN previous_until END AS both_until, made_by, made_at,
  sent.waiting, sent.given_up, sent.last_delivered_at
FROM webhook_subscription AS subscription
CROSS JOIN LATERAL (
  SELECT (SELECT count(*) FROM webhook_delivery AS one WHERE one.subscription_id = subscription.id AND one.state = 'pending') AS waiting,
    (SELECT count(*) FROM webhook_delivery AS one WHERE one.subscription_id = subscription.id AND one.state = 'failed') AS given_up,
    (SELECT max(last_sent_at) FROM (SELECT last_sent_at FROM webhook_delivery AS one WHERE one.subscription_id = subscription.id
      AND one.state = 'delivered' ORDER BY one.id DESC LIMIT 20) AS latest) AS last_delivered_at
) AS sent
WHERE subscription.state <> 'removed' AND (CAST(:number AS bigint) IS NULL OR subscription.id = :number)
ORDER BY subscription.id
""")
