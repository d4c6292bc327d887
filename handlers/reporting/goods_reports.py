"""Reports of goods whose paper is still to come: received and not invoiced, shipped and not billed."""

from handlers.reporting.report import Column, Report
from handlers.shipments.unbilled import UNBILLED

GRNI = Report(
    key="grni",
    title="Goods received, not invoiced",
    says="What stood on account 2100 on the day, by purchase order or receipt: goods that came and that no supplier had billed. Negative "
    "is billed and not received.",
    sql="""
    SELECT coalesce(booked.reference, '') AS reference, coalesce(purchase_order.supplier_no, '') AS supplier_no, booked.since,
      CAST(:as_of AS date) - booked.since AS age, booked.accrued
    FROM (
      SELECT line.reference, min(journal.gl_date) AS since, -sum(line.accounted) AS accrued
      FROM journal_line AS line JOIN journal ON journal.id = line.journal_id
      WHERE line.account = '2100' AND journal.gl_date <= :as_of GROUP BY line.reference HAVING sum(line.accounted) <> 0
    ) AS booked LEFT JOIN purchase_order ON purchase_order.po_no = booked.reference
    """,
    columns=(
        Column("reference", "Order or receipt", link="/fulfillment/purchase-orders/{reference}"),
        Column("supplier_no", "Supplier"),
        Column("since", "Since", "day"),
        Column("age", "Days", "count"),
        Column("accrued", "Accrued", "money", total=True),
    ),
    order=("reference",),
    section="Goods",
)
_UNBILLED_COLUMNS = (
    Column("shipped_on", "Shipped", "day"),
    Column("shipment_no", "Shipment", link="/fulfillment/shipments/{shipment_no}"),
    Column("shipment_line_id", "Line", "count"),
    Column("order_no", "Order", link="/orders/{order_no}"),
    Column("customer_no", "Customer"),
    Column("sku", "SKU"),
    Column("qty", "Quantity", "number"),
    Column("delivered", "Delivered"),
    Column("currency", "Currency"),
    Column("net", "Net", "own"),
    Column("in_books", "In the books", "money", total=True),
    Column("cost", "Cost", "money", total=True),
)
SHIPPED_NOT_BILLED = Report(
    key="unbilled",
    title="Shipped, not billed",
    says="Lines that had left by the day and were on no posted invoice of that time. What the customer has is accrued when the month is "
    "closed; the cost of the rest stays deferred.",
    sql=f"""
    SELECT shipped_on, shipment_no, shipment_line_id, order_no, customer_no, sku, qty,
      CASE WHEN delivered THEN 'yes' ELSE '' END AS delivered,
      currency, net, in_books, cost FROM ({UNBILLED.replace(":ends_on", ":as_of")}) AS line
    """,
    columns=_UNBILLED_COLUMNS,
    order=("shipped_on", "shipment_no", "shipment_line_id"),
    section="Goods",
)
REPORTS = (GRNI, SHIPPED_NOT_BILLED)
