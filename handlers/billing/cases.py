"""The case of an invoice: what is charged, what is still owed, what was paid, and how often we reminded."""

from handlers.case_lists import CaseList
from handlers.cases import CaseKind, Part, Shown
from handlers.parties.cases import WITH_CUSTOMER

_LINES = Part(
    "Lines",
    (
        Shown("what", "What", under="description"),
        Shown("qty", "Quantity", "quantity", "uom"),
        Shown("unit_price", "Unit price", "money", "currency"),
        Shown("tax_rate_pct", "Tax", "percent"),
        Shown("amount", "Net", "money", "currency"),
    ),
    """
    SELECT coalesce(nullif(line.sku, ''), line.charge_code) AS what, line.description, line.qty, line.uom, line.unit_price,
      line.tax_rate_pct, line.amount, billed.currency
    FROM invoice_line AS line JOIN invoice AS billed ON billed.invoice_no = line.invoice_no
    WHERE line.invoice_no = :number ORDER BY line.line_no
    """,
)
_INSTALMENTS = Part(
    "Instalments",
    (
        Shown("due_date", "Due", "day", odd="late"),
        Shown("amount", "Amount", "money", "currency"),
        Shown("open_amount", "Open", "money", "currency", odd="late"),
    ),
    """
    SELECT part.due_date, part.amount, greatest(0, least(part.amount, item.open_amount - part.later)) AS open_amount, item.currency,
      item.open_amount > part.later AND part.due_date < business_today() AS late
    FROM open_item_part AS part JOIN open_item AS item ON item.id = part.item_id
    WHERE item.kind = 'AR' AND item.document_no = :number ORDER BY part.part_no
    """,
)
_PAID = Part(
    "Paid",
    (
        Shown("receipt_no", "Receipt", "receipt"),
        Shown("received_on", "Received", "day"),
        Shown("action", "How", "code"),
        Shown("applied_by", "By"),
        Shown("cash", "Cash", "money", "currency"),
        Shown("discount", "Discount", "money", "currency"),
        Shown("written_off", "Written off", "money", "currency"),
    ),
    """
    SELECT paid.receipt_no, money.received_on, paid.action, paid.applied_by, paid.cash, nullif(paid.discount, 0) AS discount,
      nullif(paid.written_off, 0) AS written_off, money.currency
    FROM application AS paid JOIN receipt AS money ON money.receipt_no = paid.receipt_no
    WHERE paid.invoice_no = :number AND paid.unapplied_at IS NULL ORDER BY paid.applied_at
    """,
)
_ADJUSTED = Part(
    "Credited and charged",
    (
        Shown("number", "Paper or request"),
        Shown("what", "What"),
        Shown("reason", "Why"),
        Shown("asked_by", "Asked by"),
        Shown("amount", "Gross", "money", "currency"),
        Shown("state", "State", "code"),
    ),
    """
    SELECT coalesce(paper.invoice_no, asked.adjustment_no, paper.rma_no) AS number,
      CASE coalesce(paper.kind, asked.kind) WHEN 'CM' THEN 'Credit memo' ELSE 'Debit note' END AS what,
      coalesce(asked.reason, paper.credit_reason) AS reason, coalesce(asked.requested_by, '') AS asked_by, paper.gross_total AS amount,
      billed.currency, CASE WHEN asked.refused_at IS NOT NULL THEN 'REFUSED' WHEN paper.posted_at IS NOT NULL THEN 'POSTED'
        ELSE 'ASKED_FOR' END AS state
    FROM billing_adjustment AS asked FULL JOIN invoice AS paper ON paper.adjustment_no = asked.adjustment_no
    JOIN invoice AS billed ON billed.invoice_no = coalesce(asked.invoice_no, paper.credits_invoice_no)
    WHERE coalesce(asked.invoice_no, paper.credits_invoice_no) = :number ORDER BY coalesce(asked.created_at, paper.created_at)
    """,
)
_REMINDED = Part(
    "Reminders",
    (
        Shown("level", "Level", "quantity"),
        Shown("sent_at", "Sent", "moment"),
        Shown("days_overdue", "Overdue by", "days"),
        Shown("open_amount", "Open then", "money", "currency"),
        Shown("hold_orders", "Put orders on hold", "flag", odd="hold_orders"),
        Shown("charge_no", "Late charge", "late-charge"),
        Shown("charged", "Charged", "money", "currency"),
    ),
    """
    SELECT reminded.level, reminded.sent_at, reminded.days_overdue, reminded.open_amount, reminded.hold_orders, billed.currency,
      charge.charge_no, charge.fee + charge.interest AS charged
    FROM reminder AS reminded JOIN invoice AS billed ON billed.invoice_no = reminded.invoice_no
    LEFT JOIN late_charge AS charge ON charge.invoice_no = reminded.invoice_no AND charge.level = reminded.level
    WHERE reminded.invoice_no = :number ORDER BY reminded.level
    """,
)

CASES = (
    CaseKind(
        kind="invoice",
        noun="Invoice",
        named="SELECT invoice_no AS known_as, invoice_no AS number FROM invoice",
        head="""
        SELECT billed.invoice_no, billed.order_no, billed.shipment_no, billed.customer_no, customer.name, customer.name AS customer_name,
          billed.customer_po, billed.currency, billed.invoice_date, billed.due_date, billed.discount_date,
          nullif(billed.discount_amount, 0) AS discount_amount, billed.net_total, nullif(billed.freight_total, 0) AS freight_total,
          billed.tax_total, billed.gross_total, owed.open_amount, owed.disputed, nullif(owed.dunning_level, 0) AS dunning_level,
          owed.dunning_level > 0 AS dunned, owed.open_amount > 0 AND owed.due_date < business_today() AS late,
          CASE WHEN owed.open_amount > 0 AND owed.due_date < business_today() THEN business_today() - owed.due_date END AS days_overdue,
          CASE WHEN billed.kind = 'CM' THEN 'Credit memo' WHEN billed.kind = 'DM' THEN 'Debit note'
            WHEN billed.billing_policy IN ('DEPOSIT', 'ON_ORDER', 'MILESTONE') THEN 'Invoice in advance'
            WHEN billed.billing_policy = 'CONSOLIDATED' THEN 'Consolidated invoice' END AS kind,
          billed.credits_invoice_no, billed.bill_to, billed.posted_at,
          CASE WHEN billed.cancelled_at IS NOT NULL THEN 'CANCELLED' WHEN billed.posted_at IS NULL THEN 'DRAFT'
            WHEN owed.open_amount > 0 AND owed.due_date < business_today() THEN 'OVERDUE' WHEN owed.open_amount > 0 THEN 'OPEN'
            ELSE 'SETTLED' END AS state,
          ARRAY_REMOVE(ARRAY[billed.invoice_no, billed.adjustment_no] || ARRAY(
            SELECT asked.adjustment_no FROM billing_adjustment AS asked WHERE asked.invoice_no = billed.invoice_no), NULL) AS keys,
          ARRAY_REMOVE(ARRAY[billed.invoice_no, billed.shipment_no], NULL) AS papers
        FROM invoice AS billed JOIN customer ON customer.customer_no = billed.customer_no
        LEFT JOIN open_item AS owed ON owed.kind = 'AR' AND owed.document_no = billed.invoice_no AND owed.party_no = billed.customer_no
        WHERE billed.invoice_no = :number
        """,
        facts=(
            Shown("kind", "Kind"),
            Shown("customer_no", "Customer", "customer", under="customer_name"),
            Shown("customer_po", "Their purchase order"),
            Shown("order_no", "Order", "order"),
            Shown("shipment_no", "Shipment", "shipment"),
            Shown("credits_invoice_no", "For invoice", "invoice"),
            Shown("invoice_date", "Date", "day"),
            Shown("due_date", "Due", "day", odd="late"),
            Shown("days_overdue", "Overdue by", "days", odd="late"),
            Shown("net_total", "Net", "money", "currency"),
            Shown("freight_total", "Freight", "money", "currency"),
            Shown("tax_total", "Tax", "money", "currency"),
            Shown("gross_total", "Gross", "money", "currency"),
            Shown("open_amount", "Open", "money", "currency", odd="late"),
            Shown("discount_amount", "Discount for paying early", "money", "currency"),
            Shown("discount_date", "Until", "day"),
            Shown("disputed", "Disputed", "flag", odd="disputed"),
            Shown("dunning_level", "Reminder level", "quantity", odd="dunned"),
            Shown("posted_at", "Posted", "moment"),
            Shown("bill_to", "Bill to", "address"),
        ),
        parts=(_LINES, _INSTALMENTS, _PAID, _ADJUSTED, _REMINDED, *WITH_CUSTOMER),
    ),
)

LISTS = (
    CaseList(
        kind="invoice",
        title="Invoices",
        states=("OPEN", "OVERDUE", "SETTLED", "DRAFT", "CANCELLED"),
        shown=(
            Shown("order_no", "Order", "order"),
            Shown("invoice_date", "Date", "day"),
            Shown("due_date", "Due", "day", odd="late"),
            Shown("gross_total", "Gross", "money", "currency"),
            Shown("open_amount", "Open", "money", "currency", odd="late"),
        ),
        sql="""
        SELECT billed.invoice_no AS number, customer.name, billed.order_no, billed.invoice_date, billed.due_date, billed.currency,
          billed.gross_total, owed.open_amount, owed.open_amount > 0 AND owed.due_date < business_today() AS late,
          CASE WHEN billed.cancelled_at IS NOT NULL THEN 'CANCELLED' WHEN billed.posted_at IS NULL THEN 'DRAFT'
            WHEN owed.open_amount > 0 AND owed.due_date < business_today() THEN 'OVERDUE' WHEN owed.open_amount > 0 THEN 'OPEN'
            ELSE 'SETTLED' END AS state
        FROM invoice AS billed JOIN customer ON customer.customer_no = billed.customer_no
        LEFT JOIN open_item AS owed ON owed.kind = 'AR' AND owed.document_no = billed.invoice_no AND owed.party_no = billed.customer_no
        """,
        empty="An invoice is written when goods leave, and posted at once. It shows here with what is still owed of it.",
    ),
)
