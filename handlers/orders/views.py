"""Orders as people and programs are shown them: the list, the figures of the last days, and one order's whole story."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Boolean, ColumnElement, Select, String, TextClause, column, func, literal_column, or_, select, table, text
from sqlalchemy.orm import Session

from engine.problems import Invalid, NotFound
from engine.store.paging import MOST, MOST_IN_A_FILE, AnyRow, Asked, Key, Page, read_page
from engine.store.text_search import contains_words
from handlers.orders.model import OrderLine, SalesOrder
from handlers.parties.model import Customer

STATUSES = (
    "DRAFT",
    "SUBMITTED",
    "PROCESSING",
    "PARTIALLY_SHIPPED",
    "SHIPPED",
    "PARTIALLY_BILLED",
    "CLOSED",
    "CANCELLED",
    "REJECTED",
)
#: Not a status but a flag beside it, by which one filters all the same.
ON_HOLD = "ON_HOLD"


@dataclass(frozen=True, slots=True)
class Filter:
    """Which orders to show, and in which order: a key of SORTS."""

    search: str = ""
    status: str = ""
    sort: str = "newest"


@dataclass(frozen=True, slots=True)
class OrderSummary:
    """An order as a list shows it. Totals are in `currency`; `status` is derived from its quantities, `stopped` says of a failed step."""

    order_no: str
    customer_no: str
    customer_name: str
    customer_po: str
    source: str
    currency: str
    gross_total: Decimal
    net_total: Decimal
    ordered_on: date
    requested_date: date | None
    last_promised: date | None
    lines: int
    on_hold: bool
    status: str
    change_pending: bool
    stopped: bool


def list_orders(tx: Session, wanted: Filter, asked: Asked, *, count: bool = False) -> Page[OrderSummary]:
    """One page of orders. Raises Invalid for a status or an order that there is none of."""
    if wanted.status not in {"", ON_HOLD, *STATUSES}:
        raise Invalid(
            f"There is no order status {wanted.status!r}.", code="status_unknown", next_step=f"Use one of {', '.join(STATUSES)}, {ON_HOLD}."
        )
    if wanted.sort not in SORTS:
        raise Invalid(f"Orders are not sorted by {wanted.sort!r}.", code="sort_unknown", next_step=f"Use one of {', '.join(SORTS)}.")
    found = read_page(tx, _matching(tx, wanted), SORTS[wanted.sort], asked, count=count)
    return found.typed(OrderSummary)


def export_orders(tx: Session, wanted: Filter) -> Sequence[OrderSummary]:
    """Every order of the filter up to MOST_IN_A_FILE, for a file."""
    return list_orders(tx, wanted, Asked(MOST_IN_A_FILE)).rows


def count_by_status(tx: Session, days: int) -> dict[str, int]:
    """How many orders of the last days, of the latest MOST, are in each status, in the order of an order's life."""
    rows = tx.execute(_BY_STATUS, {"days": days, "most": MOST}).all()
    counts = {row[0]: row[1] for row in rows}
    return {status: counts[status] for status in STATUSES if status in counts}


def orders_by_day(tx: Session, days: int) -> list[tuple[date, int]]:
    """How many orders came in on each of the last days, each counted up to MOST, days without any included."""
    return [(day, count) for day, count in tx.execute(_BY_DAY, {"days": days, "most": MOST + 1}).all()]


@dataclass(frozen=True, slots=True)
class Story:
    """All that belongs to one order. Each part is one statement."""

    order: AnyRow
    lines: Sequence[AnyRow]
    holds: Sequence[AnyRow]
    instances: Sequence[AnyRow]
    releasable: Sequence[AnyRow]
    waits: Sequence[AnyRow]
    stops: Sequence[AnyRow]
    decisions: Sequence[AnyRow]
    events: Sequence[AnyRow]
    changes: Sequence[AnyRow]
    shipments: Sequence[AnyRow]
    purchases: Sequence[AnyRow]
    invoices: Sequence[AnyRow]
    receipts: Sequence[AnyRow]
    documents: Sequence[AnyRow]
    journals: Sequence[AnyRow]


def tell(tx: Session, order_no: str) -> Story:
    """The whole story of an order. Raises NotFound."""
    order = tx.execute(_ORDER, {"order_no": order_no}).one_or_none()
    if order is None:
        raise NotFound(f"There is no order {order_no}.", code="order_unknown", next_step="Search by number, customer or purchase order.")

    def part(statement: TextClause) -> Sequence[AnyRow]:
        return tx.execute(statement, {"order_no": order_no}).all()

    return Story(
        order,
        **{name: part(statement) for name, statement in _PARTS.items()},
    )


_STATUS = table("order_status", column("order_no", String), column("status", String), column("on_hold", Boolean))
_PROMISE = (
    select(func.count().label("lines"), func.max(OrderLine.promised_arrival).label("last_promised"))
    .where(OrderLine.order_no == SalesOrder.order_no)
    .correlate(SalesOrder)
    .lateral("promise")
)
_STOPPED: ColumnElement[bool] = literal_column(
    """EXISTS (
      SELECT FROM (
        SELECT sales_order.order_no AS key
        UNION ALL SELECT fulfil_group.group_no FROM fulfil_group WHERE fulfil_group.order_no = sales_order.order_no
      ) AS carried
      JOIN instance ON instance.business_key = carried.key JOIN incident ON incident.instance_id = instance.id AND incident.state = 'open'
    )""",
    Boolean,
)
_NUMBER = Key(SalesOrder.order_no)
#: Of more customers who are called so, the orders of the others are not found: whoever wants them asks more closely.
_CUSTOMERS = 1_000
SORTS: Mapping[str, Sequence[Key]] = {
    "newest": (Key(SalesOrder.created_at, descending=True), Key(SalesOrder.order_no, descending=True)),
    "oldest": (Key(SalesOrder.created_at), _NUMBER),
    "number": (_NUMBER,),
    "customer": (Key(Customer.name), _NUMBER),
    "total": (Key(SalesOrder.gross_total, descending=True), _NUMBER),
    "promise": (Key(_PROMISE.c.last_promised, nullable=True), _NUMBER),
}


def _matching(tx: Session, wanted: Filter) -> Select[Any]:
    orders = SalesOrder
    named = ("order_no", "customer_no", "customer_po", "source", "currency", "gross_total", "net_total", "ordered_on", "requested_date")
    statement = (
        select(
            *(getattr(orders, name) for name in named),
            orders.change_pending,
            Customer.name.label("customer_name"),
            _PROMISE.c.lines,
            _PROMISE.c.last_promised,
            _STATUS.c.on_hold,
            _STATUS.c.status,
            _STOPPED.label("stopped"),
        )
        .select_from(orders)
        .join(Customer, Customer.customer_no == orders.customer_no)
        .join(_STATUS, _STATUS.c.order_no == orders.order_no)
        .join(_PROMISE, text("true"))
    )
    if wanted.search:
        statement = statement.where(_is_about(tx, wanted.search))
    if wanted.status:
        statement = statement.where(_STATUS.c.on_hold if wanted.status == ON_HOLD else _STATUS.c.status == wanted.status)
    return statement


def _is_about(tx: Session, typed: str) -> ColumnElement[bool]:
    """Orders whose number begins so, whose customer's number begins so or name has it, or whose purchase order has it: each by an index."""
    called = or_(Customer.customer_no.istartswith(typed, autoescape=True), Customer.name.icontains(typed, autoescape=True))
    theirs = tx.scalars(select(Customer.customer_no).where(called).limit(_CUSTOMERS)).all()
    begins = func.lower(SalesOrder.order_no).startswith(typed.lower(), autoescape=True)
    return or_(begins, contains_words(SalesOrder.customer_po, typed), SalesOrder.customer_no.in_(theirs))


_BY_STATUS = text("""
SELECT derived.status, count(*)
FROM (SELECT order_no FROM sales_order WHERE created_at > business_now() - make_interval(days => :days)
      ORDER BY created_at DESC LIMIT :most) AS latest
JOIN order_status derived ON derived.order_no = latest.order_no GROUP BY derived.status
""")
_BY_DAY = text("""
SELECT CAST(day AS date), came.orders
FROM generate_series(business_today() - (:days - 1), business_today(), '1 day') AS day
CROSS JOIN LATERAL (
  SELECT count(*) AS orders
  FROM (SELECT FROM sales_order WHERE created_at >= day AND created_at < day + interval '1 day' LIMIT :most) AS those
) AS came
ORDER BY day
""")
_ORDER = text("""
  SELECT o.*, customer.name AS customer_name, customer.customer_class, promise.last_promised, derived.on_hold, derived.status
  FROM sales_order o
  JOIN customer ON customer.customer_no = o.customer_no
  JOIN order_status derived ON derived.order_no = o.order_no
  CROSS JOIN LATERAL (SELECT max(promised_arrival) AS last_promised FROM order_line WHERE order_line.order_no = o.order_no) promise
  WHERE o.order_no = CAST(:order_no AS text)
""")

# Every number under which something of the order may be filed.
_NUMBERS = """
  SELECT CAST(:order_no AS text) AS number
  UNION SELECT group_no FROM fulfil_group WHERE order_no = CAST(:order_no AS text)
  UNION SELECT shipment_no FROM shipment WHERE order_no = CAST(:order_no AS text)
  UNION SELECT invoice_no FROM invoice_line WHERE order_no = CAST(:order_no AS text)
  UNION SELECT po_no FROM purchase_order WHERE order_no = CAST(:order_no AS text)
  UNION SELECT asn_no FROM asn JOIN purchase_order USING (po_no) WHERE order_no = CAST(:order_no AS text)
  UNION SELECT supplier_invoice_no FROM supplier_invoice JOIN purchase_order USING (po_no) WHERE order_no = CAST(:order_no AS text)
  UNION SELECT begun_by.business_key FROM instance i JOIN instance begun_by ON begun_by.id = i.started_by_instance_id
        WHERE i.business_key = CAST(:order_no AS text) AND begun_by.business_key IS NOT NULL
"""
_INSTANCES = f"""
  SELECT i.id FROM instance i
  WHERE i.business_key IN ({_NUMBERS}) OR i.variables @> jsonb_build_object('order_no', CAST(:order_no AS text))
"""
_PARTS: Mapping[str, TextClause] = {
    "lines": text("""
      SELECT l.line_no, l.sku, coalesce(nullif(l.description, ''), item.name, l.item_ref) AS description,
             l.uom, l.qty_ordered, l.qty_cancelled, l.unit_net, l.line_net, l.promised_arrival, l.first_promised,
             f.reserved, f.shipped, f.invoiced, f.promised, f.sources
      FROM order_line l LEFT JOIN item ON item.sku = l.sku
      LEFT JOIN LATERAL (
        SELECT sum(qty_reserved) AS reserved, sum(qty_shipped) AS shipped, sum(qty_invoiced) AS invoiced,
               sum(qty - qty_cancelled) FILTER (WHERE group_no IS NOT NULL) AS promised,
               string_agg(DISTINCT coalesce(warehouse_code, supplier_no, 'backorder'), ', ') AS sources
        FROM fulfil_line WHERE fulfil_line.order_line_id = l.id
      ) f ON true
      WHERE l.order_no = CAST(:order_no AS text) ORDER BY l.line_no
    """),
    "changes": text("SELECT * FROM order_change WHERE order_no = CAST(:order_no AS text) ORDER BY created_at DESC, change_no DESC"),
    "holds": text("SELECT * FROM hold WHERE order_no = CAST(:order_no AS text) ORDER BY released_at IS NOT NULL, applied_at DESC"),
    "instances": text(f"""
      SELECT i.id, i.business_key, i.process_key, i.state, i.started_at, i.ended_at, i.end_reason, v.name AS process_name
      FROM instance i JOIN process_version v ON v.id = i.process_version_id
      WHERE i.id IN ({_INSTANCES}) ORDER BY i.started_at, i.started_by_instance_id IS NOT NULL, i.id LIMIT 200
    """),
    "releasable": text("""
      SELECT g.group_no, g.warehouse_code, g.ship_date
      FROM fulfil_group g JOIN instance i ON i.business_key = g.group_no AND i.process_key = 'fulfillment-to-invoice'
      JOIN subscription s ON s.instance_id = i.id AND s.kind = 'message' AND s.name = 'group.released'
      WHERE g.order_no = :order_no ORDER BY g.group_no
    """),
    "waits": text(f"""
      SELECT i.id, i.business_key, v.name AS process_name, v.deployment_id, v.path, w.element_id, w.due_at, w.name
      FROM instance i JOIN process_version v ON v.id = i.process_version_id
      JOIN (
        SELECT instance_id, element_id, due_at, '' AS name FROM timer WHERE kind = 'event' AND NOT fired
        UNION ALL SELECT instance_id, element_id, NULL, name FROM subscription
      ) w ON w.instance_id = i.id
      WHERE i.id IN ({_INSTANCES}) AND i.state = 'waiting'
        AND NOT EXISTS (SELECT 1 FROM user_task t WHERE t.instance_id = i.id AND t.state = 'open')
      ORDER BY i.started_at, i.started_by_instance_id IS NOT NULL, i.id, w.due_at NULLS LAST, w.name LIMIT 200
    """),
    "stops": text(f"""
      WITH of_order AS (
        SELECT i.id, i.business_key, i.state, i.updated_at, i.process_key, i.process_version_id, v.name AS process_name,
               v.deployment_id, v.path
        FROM instance i JOIN process_version v ON v.id = i.process_version_id
        WHERE i.id IN ({_INSTANCES}) AND i.state NOT IN ('completed', 'cancelled')
      )
      SELECT * FROM (
        SELECT 'incident' AS kind, o.id AS instance_id, o.business_key, o.process_name, o.deployment_id, o.path, n.element_id,
               n.message AS why, n.next_step, n.opened_at AS since, CAST(NULL AS timestamptz) AS due_at, n.attempt,
               CAST(NULL AS text) AS retry
        FROM incident n JOIN of_order o ON o.id = n.instance_id WHERE n.state = 'open'
        UNION ALL
        SELECT 'retry', o.id, o.business_key, o.process_name, o.deployment_id, o.path, w.element_id, w.last_error, NULL,
               w.called_at, t.due_at, w.attempt, w.retry
        FROM work w JOIN of_order o ON o.id = w.instance_id LEFT JOIN timer t ON t.id = w.id
        WHERE w.state = 'waiting' AND w.last_error IS NOT NULL
        UNION ALL
        SELECT 'suspended', o.id, o.business_key, o.process_name, o.deployment_id, o.path, NULL, NULL, NULL, o.updated_at, NULL, 0, NULL
        FROM of_order o WHERE o.state = 'suspended'
        UNION ALL
        SELECT 'process suspended', o.id, o.business_key, o.process_name, o.deployment_id, o.path, NULL, s.reason, s.suspended_by,
               s.suspended_at, NULL, 0, NULL
        FROM of_order o JOIN suspension s ON s.level = 'process' AND s.name = o.process_key AND s.version_id IN (0, o.process_version_id)
        UNION ALL
        SELECT 'step suspended', o.id, o.business_key, o.process_name, o.deployment_id, o.path, w.element_id, s.reason, s.suspended_by,
               s.suspended_at, NULL, w.attempt, NULL
        FROM work w JOIN of_order o ON o.id = w.instance_id JOIN suspension s ON s.level = 'service_task' AND s.name = w.handler
      ) stopped ORDER BY kind, since LIMIT 50
    """),
    "decisions": text(f"""
      SELECT t.id, t.instance_id, t.title, t.state, t.assignee, t.candidate_groups, t.due_at, t.created_at,
             t.completed_at, t.completed_by, t.outcome, t.form_data
      FROM user_task t WHERE t.instance_id IN ({_INSTANCES}) AND t.state <> 'cancelled' ORDER BY t.created_at LIMIT 200
    """),
    "events": text(
        "SELECT kind, at, actor, line_no, detail FROM order_event WHERE order_no = CAST(:order_no AS text) ORDER BY id LIMIT 500"
    ),
    "shipments": text("""
      SELECT s.*, (SELECT sum(qty) FROM shipment_line WHERE shipment_line.shipment_no = s.shipment_no) AS qty
      FROM shipment s WHERE s.order_no = CAST(:order_no AS text) ORDER BY s.created_at
    """),
    "purchases": text("""
      SELECT p.*, supplier.name AS supplier_name
      FROM purchase_order p JOIN supplier ON supplier.supplier_no = p.supplier_no
      WHERE p.order_no = CAST(:order_no AS text) ORDER BY p.created_at
    """),
    "invoices": text("""
      SELECT i.*, a.open_amount, a.dunning_level, a.due_date < business_today() AND a.open_amount > 0 AS overdue
      FROM invoice i LEFT JOIN open_item a ON a.kind = 'AR' AND a.document_no = i.invoice_no AND a.party_no = i.customer_no
      WHERE i.invoice_no IN (SELECT invoice_no FROM invoice_line WHERE order_no = CAST(:order_no AS text)) ORDER BY i.created_at
    """),
    "receipts": text("""
      SELECT r.receipt_no, r.received_on, r.currency, r.amount, a.invoice_no, a.cash, a.discount, a.written_off, a.action, a.applied_at,
             a.applied_by
      FROM application a JOIN receipt r ON r.receipt_no = a.receipt_no
      WHERE a.invoice_no IN (SELECT invoice_no FROM invoice_line WHERE order_no = CAST(:order_no AS text)) AND a.unapplied_at IS NULL
      ORDER BY a.applied_at
    """),
    "documents": text(f"""
      SELECT id, kind, number, media_type, created_at, octet_length(content) AS size, findings
      FROM document WHERE number IN ({_NUMBERS}) ORDER BY created_at, id LIMIT 200
    """),
    "journals": text(f"""
      SELECT j.id, j.event_type, j.source_id, j.gl_date, j.currency, j.narration, l.line_no, l.account,
             a.name AS account_name, l.debit, l.credit
      FROM journal j JOIN journal_line l ON l.journal_id = j.id JOIN account a ON a.number = l.account
      WHERE j.id IN (
        SELECT id FROM journal WHERE source_id IN ({_NUMBERS})
        UNION SELECT journal_id FROM journal_line WHERE reference IN ({_NUMBERS})
      )
      ORDER BY j.gl_date, j.id, l.line_no LIMIT 1000
    """),
}
