"""What each kind of event says, field by field: only what everybody in the company may read (`handlers.sight` names what is not).

What the event itself says (who, why, which version) was written with it; what is said of its subject is as it stands when the message is
first sent, and stays so on every further attempt.
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderData:
    """An order."""

    order_no: str
    customer_no: str
    #: The customer's own number of it.
    customer_po: str
    currency: str
    gross_total: Decimal
    version_no: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderReceived(OrderData):
    """An order that came in; `source` is the channel."""

    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderAnswered(OrderData):
    """Our answer to an order: AP accepted, CA accepted with changes, RE rejected; the lines say what is promised for when."""

    response_code: str = ""
    promised: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderHeld(OrderData):
    """A hold was set or taken away."""

    hold_code: str
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderTold(OrderData):
    """Something was done with an order, for a reason."""

    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderChanged(OrderData):
    """A change of an order by its number; `changes` are sentences."""

    change_no: str = ""
    changes: list[Any] = field(default_factory=list)
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditDecided(OrderData):
    """What was decided about the credit of an order."""

    decision: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderStands(OrderData):
    """Where an order stands after its lines moved on."""

    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShipmentData:
    """A shipment on its way; quantities by order line."""

    shipment_no: str
    order_no: str
    customer_no: str
    customer_po: str
    carrier: str
    tracking_no: str
    package_count: int
    shipped_at: datetime | None
    delivered_at: datetime | None
    lines: list[dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceData:
    """An invoice (INV), credit memo (CM) or debit note (DM)."""

    invoice_no: str
    kind: str
    order_no: str
    customer_no: str
    customer_po: str
    currency: str
    net_total: Decimal
    tax_total: Decimal
    gross_total: Decimal
    settled_total: Decimal
    invoice_date: date
    due_date: date
    credits_invoice_no: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentData:
    """Money that came in; `customer_no` is empty until the payer is known. `invoice_no` is there where it was applied."""

    receipt_no: str
    customer_no: str | None
    amount: Decimal
    currency: str
    received_on: date
    invoice_no: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnData:
    """What a customer sends back (RMA)."""

    rma_no: str
    order_no: str
    invoice_no: str
    customer_no: str
    reason: str
    received_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteData:
    """A quote in its latest version."""

    quote_no: str
    version_no: int
    state: str
    customer_no: str
    currency: str
    gross_total: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskData:
    """Something that a person is to decide, or has. The form's data stay in the house."""

    task_id: str
    title: str
    process: str
    business_key: str | None
    candidate_groups: list[str]
    assignee: str | None
    due_at: datetime | None
    completed_by: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentData:
    """A step that failed and waits for somebody; `fingerprint` is the same for the same cause."""

    incident_id: str
    process: str
    business_key: str | None
    element_id: str | None
    kind: str
    fingerprint: str
    next_step: str
    owner: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditHead:
    """The latest row of the audit log: kept outside once a day, it shows later whether the log was rewritten."""

    audit_id: int
    hash: str
    at: datetime
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ping:
    """A test: nothing happened."""

    asked_by: str
