"""Orders in two levels: what was sold (order_line) and what one place ships on one day (fulfil_line)."""

from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, UniqueConstraint, literal_column, text
from sqlalchemy.orm import Mapped, mapped_column

from engine.store.base import Base
from handlers.columns import (
    Amount,
    Counter,
    Flag,
    JsonList,
    JsonObject,
    Key,
    Label,
    Moment,
    Percent,
    Quantity,
    Reference,
    SerialId,
    Written,
)


class SalesOrder(Base):
    """An order. `state` holds only what cannot be derived: DRAFT, SUBMITTED or REJECTED; the rest is in the view `order_status`."""

    __tablename__ = "sales_order"
    __table_args__ = (
        CheckConstraint("state IN ('DRAFT', 'SUBMITTED', 'REJECTED')", name="state"),
        UniqueConstraint("source", "source_ref"),
        Index("sales_order_customer_ix", "customer_no", "ordered_on"),
        Index("sales_order_customer_po_ix", "customer_no", text("folded(customer_po)")),
        Index("sales_order_created_ix", "created_at", "order_no"),
        Index("sales_order_begins_ix", literal_column("lower(order_no)").label("begins"), postgresql_ops={"begins": "text_pattern_ops"}),
        Index("sales_order_po_words_ix", text("trigrams(customer_po)"), postgresql_using="gin"),
        Index("sales_order_total_ix", text("gross_total DESC"), "order_no"),
        Index("sales_order_state_ix", "state", "created_at"),
        Index("sales_order_split_ix", "split_of", postgresql_where=text("split_of <> ''")),
    )

    order_no: Mapped[Key]
    source: Mapped[str]
    #: The key under which the source knows it; the same key never makes a second order.
    source_ref: Mapped[str | None]
    #: The fingerprint of what makes two orders under one reference the same; empty in an order of an earlier version.
    content_hash: Mapped[Label]
    order_type: Mapped[str] = mapped_column(server_default=text("'STANDARD'"))
    channel: Mapped[Label]
    version_no: Mapped[int] = mapped_column(server_default=text("0"))
    state: Mapped[str] = mapped_column(server_default=text("'DRAFT'"))
    state_reason: Mapped[Label]
    change_pending: Mapped[Flag]
    customer_no: Mapped[str] = mapped_column(ForeignKey("customer.customer_no"))
    customer_po: Mapped[Label]
    requester: Mapped[Label]
    #: Of orders that one document made for several places: the number of the first, in each of them.
    split_of: Mapped[Label]
    #: Addresses as they were ordered: name, street, city, postal_code, region, country, gln.
    bill_to: Mapped[JsonObject]
    ship_to: Mapped[JsonObject]
    currency: Mapped[str]
    price_list: Mapped[Label]
    fx_rate_type: Mapped[str] = mapped_column(server_default=text("'DAILY'"))
    net_days: Mapped[int]
    discount_pct: Mapped[Percent]
    discount_days: Mapped[int] = mapped_column(server_default=text("0"))
    incoterm: Mapped[str]
    ship_complete: Mapped[Flag]
    ordered_on: Mapped[date]
    requested_date: Mapped[date | None]
    #: What the customer says the order comes to, where the customer says so.
    stated_total: Mapped[Amount | None]
    header_discount: Mapped[Counter]
    freight: Mapped[Counter]
    list_total: Mapped[Counter]
    net_total: Mapped[Counter]
    tax_total: Mapped[Counter]
    gross_total: Mapped[Counter]
    #: Per rate: category, rate_pct, taxable, tax.
    taxes: Mapped[JsonList]
    price_frozen: Mapped[Flag]
    credit_status: Mapped[Label]
    credit_checked_at: Mapped[Moment | None]
    created_at: Mapped[Written]
    submitted_at: Mapped[Moment | None]


class OrderLine(Base):
    """What was sold, at which price, promised for when. `sku` is empty only until an unknown item is repaired."""

    __tablename__ = "order_line"
    __table_args__ = (
        UniqueConstraint("order_no", "line_no"),
        CheckConstraint("qty_ordered > 0", name="qty_ordered"),
        CheckConstraint("0 <= qty_cancelled AND qty_cancelled <= qty_ordered", name="qty_cancelled"),
        CheckConstraint("unit_net >= 0 AND list_price >= 0 AND cost >= 0", name="prices"),
        Index("order_line_sku_ix", "sku"),
        Index("order_line_first_promised_ix", "first_promised"),
        Index("order_line_requested_arrival_ix", "requested_arrival"),
    )

    id: Mapped[SerialId]
    order_no: Mapped[str] = mapped_column(ForeignKey("sales_order.order_no"))
    line_no: Mapped[int]
    #: The number under which the buyer knows the line; empty where it gave none.
    buyer_line_no: Mapped[Label]
    sku: Mapped[str | None] = mapped_column(ForeignKey("item.sku"))
    #: The item as the customer named it.
    item_ref: Mapped[Label]
    description: Mapped[Label]
    item_class: Mapped[Label]
    uom: Mapped[str]
    qty_ordered: Mapped[Quantity]
    qty_cancelled: Mapped[Counter]
    #: The unit price the customer states, where one is stated.
    stated_price: Mapped[Amount | None]
    manual_discount_pct: Mapped[Percent]
    list_price: Mapped[Counter]
    unit_net: Mapped[Counter]
    line_net: Mapped[Counter]
    header_discount: Mapped[Counter]
    #: Every step of the price waterfall: step, source, pct or amount, unit price after it.
    discounts: Mapped[JsonList]
    cost: Mapped[Counter]
    tax_category: Mapped[Label]
    tax_rate_pct: Mapped[Percent]
    weight_kg: Mapped[Counter]
    requested_ship: Mapped[date | None]
    requested_arrival: Mapped[date | None]
    promised_ship: Mapped[date | None]
    promised_arrival: Mapped[date | None]
    #: The first promise ever made; punctuality is measured on it, so it is never overwritten (INV-21).
    first_promised: Mapped[date | None]


class LinePromise(Base):
    """Every promise made for a line, in order; never updated."""

    __tablename__ = "line_promise"
    __table_args__ = (Index("line_promise_order_line_ix", "order_line_id", "id"),)

    id: Mapped[SerialId]
    order_line_id: Mapped[Reference] = mapped_column(ForeignKey("order_line.id"))
    promised_ship: Mapped[date | None]
    promised_arrival: Mapped[date | None]
    promised_at: Mapped[Written]


class FulfilGroup(Base):
    """The fulfilment lines one warehouse ships on one day, or one supplier drop-ships: one process instance."""

    __tablename__ = "fulfil_group"
    __table_args__ = (
        CheckConstraint("kind IN ('STOCK', 'DROP')", name="kind"),
        CheckConstraint("(kind = 'STOCK') = (warehouse_code IS NOT NULL)", name="warehouse"),
        CheckConstraint("(kind = 'DROP') = (supplier_no IS NOT NULL)", name="supplier"),
        Index("fulfil_group_order_ix", "order_no"),
        Index("fulfil_group_ship_date_ix", "warehouse_code", "ship_date"),
        Index("fulfil_group_supplier_ix", "supplier_no"),
    )

    group_no: Mapped[Key]
    order_no: Mapped[str] = mapped_column(ForeignKey("sales_order.order_no"))
    kind: Mapped[str]
    warehouse_code: Mapped[str | None] = mapped_column(ForeignKey("warehouse.code"))
    supplier_no: Mapped[str | None] = mapped_column(ForeignKey("supplier.supplier_no"))
    ship_date: Mapped[date]
    released_at: Mapped[Moment | None]
    cancelled_at: Mapped[Moment | None]
    created_at: Mapped[Written]


class FulfilLine(Base):
    """What one place ships of an order line on one date. A line without a group is a backorder: nothing is promised yet."""

    __tablename__ = "fulfil_line"
    __table_args__ = (
        UniqueConstraint("order_line_id", "seq"),
        CheckConstraint("source_type IN ('STOCK', 'DROP', 'TRANSFER', 'MTO')", name="source_type"),
        CheckConstraint("qty > 0 AND 0 <= qty_cancelled AND qty_cancelled <= qty", name="qty"),
        CheckConstraint("0 <= qty_reserved AND qty_reserved <= qty", name="qty_reserved"),
        CheckConstraint("0 <= qty_shipped AND qty_shipped <= qty - qty_cancelled", name="qty_shipped"),
        CheckConstraint("0 <= qty_picked AND qty_picked <= qty", name="qty_picked"),
        CheckConstraint("0 <= qty_delivered AND qty_delivered <= qty_shipped", name="qty_delivered"),
        CheckConstraint("0 <= qty_invoiced AND qty_invoiced <= qty_shipped", name="qty_invoiced"),
        CheckConstraint("0 <= qty_returned AND qty_returned <= qty_shipped", name="qty_returned"),
        CheckConstraint("0 <= qty_credited AND qty_credited <= qty_invoiced", name="qty_credited"),
        Index("fulfil_line_group_ix", "group_no"),
        Index("fulfil_line_order_ix", "order_no"),
        Index("fulfil_line_backorder_ix", "order_no", postgresql_where=text("group_no IS NULL")),
        Index("fulfil_line_sku_ix", "sku", "warehouse_code", "sched_ship"),
        Index("fulfil_line_open_ix", "sku", "warehouse_code", "sched_ship", postgresql_where=text("qty - qty_cancelled - qty_shipped > 0")),
        Index("fulfil_line_unbilled_ix", "order_no", postgresql_where=text("qty_shipped > qty_invoiced")),
        Index("fulfil_line_warehouse_ix", "warehouse_code"),
        Index("fulfil_line_supplier_ix", "supplier_no"),
        Index("fulfil_line_split_from_ix", "split_from_id"),
    )

    id: Mapped[SerialId]
    order_no: Mapped[str] = mapped_column(ForeignKey("sales_order.order_no"))
    order_line_id: Mapped[Reference] = mapped_column(ForeignKey("order_line.id"))
    seq: Mapped[int]
    group_no: Mapped[str | None] = mapped_column(ForeignKey("fulfil_group.group_no"))
    sku: Mapped[str] = mapped_column(ForeignKey("item.sku"))
    source_type: Mapped[str]
    warehouse_code: Mapped[str | None] = mapped_column(ForeignKey("warehouse.code"))
    supplier_no: Mapped[str | None] = mapped_column(ForeignKey("supplier.supplier_no"))
    qty: Mapped[Quantity]
    qty_cancelled: Mapped[Counter]
    qty_reserved: Mapped[Counter]
    qty_picked: Mapped[Counter]
    qty_shipped: Mapped[Counter]
    qty_delivered: Mapped[Counter]
    qty_invoiced: Mapped[Counter]
    qty_returned: Mapped[Counter]
    qty_credited: Mapped[Counter]
    sched_ship: Mapped[date | None]
    sched_arrive: Mapped[date | None]
    split_from_id: Mapped[Reference | None] = mapped_column(ForeignKey("fulfil_line.id"))
    created_at: Mapped[Written]


class KeptHoldKind(Base):
    """A kind of hold that the company has changed or added; `handlers.orders.rules.HoldKind` says what each column means."""

    __tablename__ = "hold_kind"
    __table_args__ = (
        CheckConstraint("blocks IN ('submit', 'promise', 'release', 'ship', 'invoice')", name="blocks"),
        CheckConstraint("ends_after_days > 0", name="ends_after_days"),
        CheckConstraint("ask_again_days > 0", name="ask_again_days"),
    )

    code: Mapped[Key]
    sentence: Mapped[str]
    blocks: Mapped[str]
    applied_by: Mapped[JsonList]
    release_group: Mapped[str]
    by_another: Mapped[Flag]
    ends_after_days: Mapped[int | None]
    ask_again_days: Mapped[int]
    has_task: Mapped[Flag]
    version_no: Mapped[int] = mapped_column(server_default=text("1"))


class Hold(Base):
    """Something that stops an order for a time; the order keeps its state underneath."""

    __tablename__ = "hold"
    __table_args__ = (
        CheckConstraint("(released_at IS NULL) = (released_by IS NULL)", name="released"),
        CheckConstraint("blocks IN ('submit', 'promise', 'release', 'ship', 'invoice')", name="blocks"),
        Index("hold_order_ix", "order_no"),
        Index("hold_owner_ix", "release_group", "id", postgresql_where=text("released_at IS NULL")),
        Index("hold_released_ix", "released_at"),
        Index(
            "hold_active_ix",
            "order_no",
            "hold_code",
            "line_no",
            unique=True,
            postgresql_where=text("released_at IS NULL"),
            postgresql_nulls_not_distinct=True,
        ),
    )

    id: Mapped[SerialId]
    order_no: Mapped[str] = mapped_column(ForeignKey("sales_order.order_no"))
    line_no: Mapped[int | None]
    hold_code: Mapped[str]
    #: What its kind said when it was put on: which stage it stops, who takes it off, and whether by another than put it on.
    blocks: Mapped[str] = mapped_column(server_default=text("'release'"))
    release_group: Mapped[str] = mapped_column(server_default=text("'order-desk'"))
    by_another: Mapped[Flag]
    reason: Mapped[str]
    applied_at: Mapped[Written]
    applied_by: Mapped[str]
    until: Mapped[Moment | None]
    released_at: Mapped[Moment | None]
    released_by: Mapped[str | None]
    release_reason: Mapped[str | None]


class OrderEvent(Base):
    """What happened to an order, in order; never updated."""

    __tablename__ = "order_event"
    __table_args__ = (Index("order_event_order_ix", "order_no", "id"), Index("order_event_kind_ix", "kind", "at"))

    id: Mapped[SerialId]
    order_no: Mapped[str] = mapped_column(ForeignKey("sales_order.order_no"))
    kind: Mapped[str]
    at: Mapped[Written]
    actor: Mapped[Label]
    line_no: Mapped[int | None]
    detail: Mapped[JsonObject]


class OrderReply(Base):
    """Our commercial answer to an order version: AP accepted, CA accepted with changes, RE rejected. One a version (INV-16)."""

    __tablename__ = "order_reply"
    __table_args__ = (
        CheckConstraint("response_code IN ('AP', 'CA', 'RE')", name="response_code"),
        Index("order_reply_document_ix", "document_id"),
    )

    order_no: Mapped[str] = mapped_column(ForeignKey("sales_order.order_no"), primary_key=True)
    version_no: Mapped[int] = mapped_column(primary_key=True)
    response_code: Mapped[str]
    document_id: Mapped[Reference] = mapped_column(ForeignKey("document.id"))
    sent_at: Mapped[Written]


class OrderChange(Base):
    """A change of an order as it was asked for, what it comes to, and what became of it. Of one order one is pending at a time.

    `asked` is a `handlers.orders.change_rules.Wish`; `deltas` say by kind, line and stage what it comes to, with its cost.
    """

    __tablename__ = "order_change"
    __table_args__ = (
        CheckConstraint("state IN ('RECEIVED', 'ASSESSED', 'APPROVED', 'COMPENSATING', 'APPLIED', 'REFUSED')", name="state"),
        CheckConstraint("(settled_at IS NOT NULL) = (state IN ('APPLIED', 'REFUSED'))", name="settled"),
        Index("order_change_order_ix", "order_no", "created_at"),
        Index("order_change_pending_ix", "order_no", unique=True, postgresql_where=text("settled_at IS NULL")),
        Index("order_change_source_ix", "order_no", "channel", "source_ref", unique=True, postgresql_where=text("source_ref <> ''")),
        Index("order_change_message_ix", "message_id"),
        Index("order_change_document_ix", "document_id"),
    )

    change_no: Mapped[Key]
    order_no: Mapped[str] = mapped_column(ForeignKey("sales_order.order_no"))
    channel: Mapped[str]
    #: The number of the document that asked for it; the same number again is the same change.
    source_ref: Mapped[Label]
    message_id: Mapped[Reference | None] = mapped_column(ForeignKey("inbound_message.id"))
    requested_by: Mapped[str]
    reason: Mapped[Label]
    state: Mapped[str] = mapped_column(server_default=text("'RECEIVED'"))
    #: The version of the order it was asked of, and the one it made.
    base_version: Mapped[int]
    version_no: Mapped[int | None]
    asked: Mapped[JsonObject]
    deltas: Mapped[JsonList]
    #: The cost of change: the sum of the points that the table `change-constraints` gives.
    cost: Mapped[Counter]
    gross_before: Mapped[Amount | None]
    gross_after: Mapped[Amount | None]
    #: What of the order is still to ship after the change, with tax and carriage: what credit is asked for.
    open_gross: Mapped[Amount | None]
    #: Why it was refused, and what to do instead.
    answer: Mapped[Label]
    document_id: Mapped[Reference | None] = mapped_column(ForeignKey("document.id"))
    created_at: Mapped[Written]
    settled_at: Mapped[Moment | None]
    settled_by: Mapped[Label]


class InboundMessage(Base):
    """A message as it came: stored, hashed and keyed before anyone interprets it."""

    __tablename__ = "inbound_message"
    __table_args__ = (
        UniqueConstraint("channel", "sender", "idempotency_key"),
        CheckConstraint(
            "status IN ('RECEIVED', 'ACKED', 'TRANSLATED', 'VALIDATED', 'ACCEPTED', 'REPAIR', 'REJECTED', 'DUPLICATE')", name="status"
        ),
        Index("inbound_message_order_ix", "order_no"),
        Index("inbound_message_status_ix", "status", "received_at"),
        Index("inbound_message_received_ix", "received_at"),
        Index("inbound_message_sha256_ix", "sha256"),
    )

    id: Mapped[SerialId]
    channel: Mapped[str]
    sender: Mapped[str]
    idempotency_key: Mapped[str]
    control_ref: Mapped[Label]
    doc_type: Mapped[Label]
    doc_no: Mapped[Label]
    media_type: Mapped[Label]
    sha256: Mapped[str]
    raw: Mapped[bytes] = mapped_column(LargeBinary)
    received_at: Mapped[Written]
    status: Mapped[str] = mapped_column(server_default=text("'RECEIVED'"))
    ack_status: Mapped[Label]
    errors: Mapped[JsonList]
    order_no: Mapped[str | None] = mapped_column(ForeignKey("sales_order.order_no"))
    order_version: Mapped[int | None]
