"""What is always true of invoices."""

from handlers.invariants import Invariant

INVARIANTS = (
    Invariant(
        "INV-03",
        "The tax on posted invoices, less what earned discounts gave back, is what the output tax account says in each currency.",
        """
        SELECT coalesce(owed.currency, booked.currency) AS currency, coalesce(owed.tax, 0) AS invoices, coalesce(booked.amount, 0) AS ledger
        FROM (
          SELECT currency, sum(tax) AS tax FROM (
            SELECT currency, CASE kind WHEN 'CM' THEN -tax_total ELSE tax_total END AS tax FROM invoice WHERE posted_at IS NOT NULL
            UNION ALL
            SELECT receipt.currency, -application.discount_tax FROM application JOIN receipt USING (receipt_no)
            WHERE application.unapplied_at IS NULL
          ) AS each GROUP BY currency
        ) AS owed
        FULL JOIN (
          SELECT journal.currency, sum(line.credit - line.debit) AS amount
          FROM journal_line AS line JOIN journal ON journal.id = line.journal_id WHERE line.account = '2200' GROUP BY 1
        ) AS booked USING (currency)
        WHERE coalesce(owed.tax, 0) <> coalesce(booked.amount, 0)
        """,
    ),
    Invariant(
        "INV-08",
        "No shipment line, and no carriage of an order, is charged twice.",
        """
        SELECT order_no, shipment_line_id, charge_code, kind, count(*) AS times, sum(amount) AS amount FROM invoice_line
        WHERE NOT cancelled GROUP BY order_no, shipment_line_id, charge_code, kind HAVING count(*) > 1
        """,
    ),
    Invariant(
        "INV-09",
        "The invoices of every order line add up to the worth of what they charge, to the cent.",
        """
        SELECT sold.order_no, sold.line_no, charged.qty, charged.amount,
          round((sold.line_net - sold.header_discount) * charged.qty / sold.qty_ordered, 2) AS worth
        FROM order_line AS sold JOIN (
          SELECT order_line_id, sum(qty) AS qty, sum(amount) AS amount FROM invoice_line
          WHERE charge_code = 'ITEM' AND kind = 'INV' AND NOT cancelled GROUP BY order_line_id
        ) AS charged ON charged.order_line_id = sold.id
        JOIN sales_order ON sales_order.order_no = sold.order_no
        WHERE abs(charged.amount - (sold.line_net - sold.header_discount) * charged.qty / sold.qty_ordered)
          > CASE WHEN sales_order.currency IN ('JPY', 'KRW', 'CLP', 'ISK', 'VND') THEN 0.5 ELSE 0.005 END
        """,
    ),
    Invariant(
        "INV-09",
        "Every invoice is the sum of its lines and taxes.",
        """
        SELECT invoice.invoice_no, invoice.net_total, invoice.freight_total, invoice.tax_total, lines.net, lines.freight, groups.tax
        FROM invoice LEFT JOIN (
          SELECT invoice_no, coalesce(sum(amount) FILTER (WHERE charge_code = 'ITEM'), 0) AS net,
            coalesce(sum(amount) FILTER (WHERE charge_code = 'FREIGHT'), 0) AS freight FROM invoice_line GROUP BY invoice_no
        ) AS lines USING (invoice_no)
        LEFT JOIN (SELECT invoice_no, sum(tax) AS tax FROM invoice_tax GROUP BY invoice_no) AS groups USING (invoice_no)
        WHERE (invoice.net_total, invoice.freight_total, invoice.tax_total)
          IS DISTINCT FROM (coalesce(lines.net, 0), coalesce(lines.freight, 0), coalesce(groups.tax, 0))
        """,
    ),
    Invariant(
        "INV-12",
        "No line is returned beyond what was shipped, or credited beyond what was invoiced, and what counts as invoiced is on invoices.",
        """
        SELECT line.id AS fulfil_line_id, line.order_no, line.qty_shipped, line.qty_returned, line.qty_invoiced, line.qty_credited,
          coalesce(charged.qty, 0) AS on_invoices
        FROM fulfil_line AS line LEFT JOIN (
          SELECT fulfil_line_id, sum(qty) AS qty FROM invoice_line
          WHERE charge_code = 'ITEM' AND kind = 'INV' AND NOT cancelled GROUP BY fulfil_line_id
        ) AS charged ON charged.fulfil_line_id = line.id
        WHERE line.qty_returned > line.qty_shipped OR line.qty_credited > line.qty_invoiced OR line.qty_invoiced <> coalesce(charged.qty, 0)
        """,
    ),
    Invariant(
        "INV-19",
        "Invoice numbers have no gap: the series counts exactly the invoices there are.",
        """
        SELECT series.series, series.last_value, invoices.count, invoices.last
        FROM number_series AS series, (
          SELECT count(*) AS count, coalesce(max(substr(invoice_no, 5)::bigint), 0) AS last FROM invoice WHERE invoice_no LIKE 'INV-%'
        ) AS invoices
        WHERE series.series = 'INV' AND (series.last_value <> invoices.count OR series.last_value <> invoices.last)
        """,
    ),
)
