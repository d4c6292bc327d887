"""Every event there is: its type, where its rows come from, what it says, and an example. Pages, API and AsyncAPI are printed from here.

An event is added by a row of this table, and by a trigger in `telling` where its source is not told yet.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cached_property
from typing import Any, Final

from pydantic import TypeAdapter
from sqlalchemy import TextClause

from engine.problems import Invalid
from handlers.webhooks import data, facts

#: Where the rows come from that no trigger writes.
PING: Final = "webhook:ping"
AUDIT_HEAD: Final = "audit:head"


def _of_subject(subject: str, _detail: Mapping[str, Any]) -> str:
    return subject


def _of_shipment(_subject: str, detail: Mapping[str, Any]) -> str:
    return str(detail.get("shipment_no", ""))


def _of_receipt(subject: str, _detail: Mapping[str, Any]) -> str:
    return subject.partition(":")[0]


@dataclass(frozen=True)
class EventType:
    """One kind of event. `of` finds in a row the key by which `facts` asks for what is said of its subject."""

    name: str
    source: str
    title: str
    example: Any
    facts: TextClause | None = None
    of: Callable[[str, Mapping[str, Any]], str] = _of_subject

    @cached_property
    def adapter(self) -> TypeAdapter[Any]:
        """Reads and writes what the event says."""
        return TypeAdapter(type(self.example))

    @property
    def schema(self) -> dict[str, Any]:
        """JSON Schema of what the event says."""
        return self.adapter.json_schema(mode="serialization")

    def said(self, values: Mapping[str, Any]) -> Any:
        """What the event says, as JSON; only its own fields are taken of what is known."""
        known = {each.name for each in fields(type(self.example))}
        made = self.adapter.validate_python({name: value for name, value in values.items() if name in known})
        return self.adapter.dump_python(made, mode="json")

    @property
    def message(self) -> dict[str, Any]:
        """A whole message, as an example."""
        return envelope(self, "SO-1001" if self.facts is facts.ORDER else "…", _AT, self.adapter.dump_python(self.example, mode="json"))


def envelope(event: EventType, subject: str, at: datetime, said: Any) -> dict[str, Any]:
    """What is sent: the shape that Standard Webhooks proposes, and what it is about."""
    return {"type": event.name, "timestamp": at.astimezone(UTC).isoformat().replace("+00:00", "Z"), "subject": subject, "data": said}


def written(message: Mapping[str, Any]) -> str:
    """A message as it is signed and sent."""
    return json.dumps(message, ensure_ascii=False, separators=(",", ":"))


_AT = datetime(2026, 11, 30, 14, 5, tzinfo=UTC)
_ORDER: dict[str, Any] = {
    "order_no": "SO-1001", "customer_no": "C-1001", "customer_po": "PO-4711", "currency": "EUR", "gross_total": Decimal("1190.00"),
    "version_no": 1,
}  # fmt: skip
_LINES = [{"line_no": 1, "sku": "PUMP-40", "qty": "2"}]
_SHIPMENT = data.ShipmentData(
    shipment_no="SH-1001", order_no="SO-1001", customer_no="C-1001", customer_po="PO-4711", carrier="OWN LABEL", tracking_no="OC123",
    package_count=1, shipped_at=_AT, delivered_at=None, lines=_LINES,
)  # fmt: skip
_INVOICE = data.InvoiceData(
    invoice_no="INV-1001", kind="INV", order_no="SO-1001", customer_no="C-1001", customer_po="PO-4711", currency="EUR",
    net_total=Decimal("1000.00"), tax_total=Decimal("190.00"), gross_total=Decimal("1190.00"), settled_total=Decimal(0),
    invoice_date=date(2026, 11, 30), due_date=date(2026, 12, 30), credits_invoice_no=None,
)  # fmt: skip
_PAYMENT = data.PaymentData(
    receipt_no="RC-1001", customer_no="C-1001", amount=Decimal("1190.00"), currency="EUR", received_on=date(2026, 11, 30)
)
_RETURN = data.ReturnData(
    rma_no="RMA-1001", order_no="SO-1001", invoice_no="INV-1001", customer_no="C-1001", reason="DAMAGED", received_at=_AT
)
_QUOTE = data.QuoteData(quote_no="Q-1001", version_no=1, state="SENT", customer_no="C-1001", currency="EUR", gross_total=Decimal("1190.00"))
_TASK = data.TaskData(
    task_id="6f1c9a52-0c1f-4d0e-9a55-0d4c1c0f7b11", title="Check the credit of SO-1001", process="order-to-promise",
    business_key="SO-1001", candidate_groups=["credit"], assignee=None, due_at=_AT, completed_by=None,
)  # fmt: skip
_INCIDENT = data.IncidentData(
    incident_id="17", process="fulfillment-to-invoice", business_key="FG-1001", element_id="book_carrier", kind="failed",
    fingerprint="3f9a", next_step="Retry once the carrier answers.", owner=None,
)  # fmt: skip
_TOLD = data.OrderTold(**_ORDER, reason="The customer asked for it.")
_CHANGED = data.OrderChanged(**_ORDER, change_no="CH-1001", changes=["PUMP-40: 2 instead of 3"], reason="Fewer are needed.")
_HELD = data.OrderHeld(**_ORDER, hold_code="CREDIT", reason="Over the limit.")
_PROMISED = [{"line_no": 1, "sku": "PUMP-40", "qty": "2", "arrives_on": "2026-12-03"}]
_ANSWERED = data.OrderAnswered(**_ORDER, response_code="AP", promised=_PROMISED)

_ANNOUNCED = data.OrderAnswered(**_ORDER, promised=_PROMISED)


def _order(name: str, kind: str, title: str, example: data.OrderData) -> EventType:
    return EventType(name, f"order_event:{kind}", title, example, facts.ORDER)


EVENTS: Final[tuple[EventType, ...]] = (
    EventType("quote.sent", "quote:sent", "A quote was sent to the customer.", _QUOTE, facts.QUOTE),
    EventType("quote.accepted", "quote:accepted", "A customer ordered by a quote.", _QUOTE, facts.QUOTE),
    EventType("quote.lost", "quote:lost", "A quote was declined.", _QUOTE, facts.QUOTE),
    _order("order.received", "order_received", "An order came in, by any channel.", data.OrderReceived(**_ORDER, source="API")),
    _order("order.accepted", "order_submitted", "An order passed its checks and is ours to fulfil.", data.OrderData(**_ORDER)),
    _order("order.rejected", "order_rejected", "An order was refused for good.", _TOLD),
    _order("order.promised", "order_acknowledged", "The customer has our answer: what comes when.", _ANSWERED),
    _order("order.dates_announced", "dates_announced", "What had to wait has a date now.", _ANNOUNCED),
    _order("order.held", "hold_applied", "A hold stops an order.", _HELD),
    _order("order.released", "hold_released", "A hold was taken away.", _HELD),
    _order("order.credit_decided", "credit_decided", "Its credit was decided.", data.CreditDecided(**_ORDER, decision="APPROVED")),
    _order("order.change_requested", "change_requested", "Somebody wants an order changed.", _CHANGED),
    _order("order.changed", "order_changed", "An order has a new version.", _CHANGED),
    _order("order.change_refused", "change_refused", "A change was refused; the order stays as it was.", _CHANGED),
    _order("order.cancellation_requested", "cancellation_requested", "Somebody wants an order cancelled.", _TOLD),
    _order("order.cancelled", "order_cancelled", "What had not left was cancelled.", _TOLD),
    _order("order.moved_on", "order_rolled_up", "An order's lines moved on.", data.OrderStands(**_ORDER, status="SHIPPED")),
    EventType("shipment.shipped", "order_event:shipped", "Goods left.", _SHIPMENT, facts.SHIPMENT, _of_shipment),
    EventType("shipment.delivered", "order_event:delivered", "Goods arrived.", _SHIPMENT, facts.SHIPMENT, _of_shipment),
    EventType("invoice.posted", "journal:invoice.posted", "An invoice has its number and stands in the books.", _INVOICE, facts.INVOICE),
    EventType("invoice.paid", "invoice:paid", "Nothing is owed on an invoice any more.", _INVOICE, facts.INVOICE),
    EventType("credit_memo.posted", "journal:credit_memo.posted", "A credit memo stands in the books.", _INVOICE, facts.INVOICE),
    EventType("refund.paid", "journal:refund.paid", "A statement shows that a credit memo was paid out.", _INVOICE, facts.INVOICE),
    EventType("payment.received", "journal:receipt.recorded", "Money came in.", _PAYMENT, facts.RECEIPT),
    EventType("payment.applied", "journal:receipt.applied", "Money was applied to an invoice.", _PAYMENT, facts.RECEIPT, _of_receipt),
    EventType("return.accepted", "return:accepted", "A customer may send goods back.", _RETURN, facts.RETURN),
    EventType("return.received", "return:received", "Returned goods came.", _RETURN, facts.RETURN),
    EventType("task.created", "user_task:created", "Somebody is asked to decide.", _TASK, facts.TASK),
    EventType("task.completed", "user_task:completed", "A task was decided.", _TASK, facts.TASK),
    EventType("incident.raised", "incident:raised", "A step failed and waits for somebody.", _INCIDENT, facts.INCIDENT),
    EventType("incident.resolved", "incident:resolved", "What failed has passed.", _INCIDENT, facts.INCIDENT),
    EventType(
        "audit.head", AUDIT_HEAD, "Once a day: the latest row of the audit log, to be kept where nobody here can write.",
        data.AuditHead(audit_id=4711, hash="9f2c…", at=_AT, rows=4711),
    ),
    EventType("webhook.ping", PING, "A test that somebody asked for; every subscription may get it.", data.Ping(asked_by="ada")),
)  # fmt: skip
BY_NAME: Final[Mapping[str, EventType]] = {event.name: event for event in EVENTS}
BY_SOURCE: Final[Mapping[str, EventType]] = {event.source: event for event in EVENTS}


def chosen(names: list[str]) -> list[EventType]:
    """The events of some names, in the order of the catalogue; `order.*` is all that begin so, `*` everything. Raises Invalid by field."""
    wanted, unknown = set(), []
    for name in names:
        begins = name.removesuffix("*")
        found = {each for each in BY_NAME if each.startswith(begins)} if name.endswith("*") else {name} & BY_NAME.keys()
        wanted |= found
        unknown += [] if found else [name[:80]]
    if unknown or not wanted:
        said = [f"has no {name}" for name in unknown] or ["is empty: choose at least one"]
        raise Invalid(
            "These events cannot be subscribed to.",
            code="webhook_events",
            next_step="Choose types from GET /api/v1/webhook-events.",
            errors={"events": said},
        )
    return [event for event in EVENTS if event.name in wanted and event.source != PING]
