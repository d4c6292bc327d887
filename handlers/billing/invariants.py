"""What is always true of invoices."""

from handlers.invariants import Invariant
from handlers.values import decimals_sql

_DECIMALS = decimals_sql("sales_order.currency")
#: The worth of each order by category and rate of tax; carriage goes with the goods of the highest value.
_TAXED = """
  SELECT goods.order_no, goods.category, goods.rate_pct, goods.worth + CASE WHEN goods.place = 1 THEN sold.freight ELSE 0 END AS taxable
  FROM (
    SELECT order_no, tax_category AS category, tax_rate_pct AS rate_pct, sum(line_net - header_discount) AS worth,
      row_number() OVER (PARTITION BY order_no ORDER BY sum(line_net - header_discount) DESC, tax_category DESC, tax_rate_pct DESC) AS place
    FROM order_line GROUP BY order_no, tax_category, tax_rate_pct
  ) AS goods JOIN sales_order AS sold USING (order_no)
"""

INVARIANTS = (
    Invariant(
        "INV-03",
        "The tax on posted invoices, less what discounts and allowances gave back, is what the output tax account says in each currency.",
        """
        SELECT coalesce(owed.currency, booked.currency) AS currency, coalesce(owed.tax, 0) AS invoices, coalesce(booked.amount, 0) AS ledger
        FROM (
          SELECT currency, sum(tax) AS tax FROM (
            SELECT currency, CASE kind WHEN 'CM' THEN -tax_total ELSE tax_total END AS tax FROM invoice WHERE posted_at IS NOT NULL
            UNION ALL
            SELECT receipt.currency, -application.discount_tax FROM application JOIN receipt USING (receipt_no)
            WHERE application.unapplied_at IS NULL
            UNION ALL
            SELECT currency, -tax_amount FROM adjustment
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
        WHERE kind = 'INV' AND NOT cancelled AND charge_code IN ('ITEM', 'FREIGHT')
        GROUP BY order_no, shipment_line_id, charge_code, kind HAVING count(*) > 1
        """,
    ),
    Invariant(
        "INV-09",
        "The invoices of every order line add up to the worth of what they charge, to the cent.",
        f"""
        SELECT sold.order_no, sold.line_no, charged.qty, charged.amount,
          round((sold.line_net - sold.header_discount) * charged.qty / sold.qty_ordered, {_DECIMALS}) AS worth
        FROM order_line AS sold JOIN (
          SELECT order_line_id, sum(qty) AS qty, sum(amount) AS amount FROM invoice_line
          WHERE charge_code = 'ITEM' AND kind = 'INV' AND NOT cancelled GROUP BY order_line_id
        ) AS charged ON charged.order_line_id = sold.id
        JOIN sales_order ON sales_order.order_no = sold.order_no
        WHERE charged.amount <> round((sold.line_net - sold.header_discount) * charged.qty / sold.qty_ordered, {_DECIMALS})
        """,
    ),
    Invariant(
        "INV-09",
        "Every invoice is the sum of its lines and taxes.",
        """
        SELECT invoice.invoice_no, invoice.net_total, invoice.freight_total, invoice.tax_total, lines.net, lines.freight, groups.tax
        FROM invoice LEFT JOIN (
          SELECT invoice_no, coalesce(sum(amount) FILTER (WHERE charge_code <> 'FREIGHT'), 0) AS net,
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
          coalesce(charged.qty, 0) AS on_invoices, coalesce(charged.credited, 0) AS on_credit_memos
        FROM fulfil_line AS line LEFT JOIN (
          SELECT fulfil_line_id, sum(line.qty) FILTER (WHERE line.kind = 'INV') AS qty,
            sum(line.qty) FILTER (WHERE line.kind = 'CM' AND invoice.posted_at IS NOT NULL) AS credited
          FROM invoice_line AS line JOIN invoice USING (invoice_no)
          WHERE line.charge_code = 'ITEM' AND NOT line.cancelled GROUP BY fulfil_line_id
        ) AS charged ON charged.fulfil_line_id = line.id
        WHERE line.qty_returned > line.qty_shipped OR line.qty_credited > line.qty_invoiced OR line.qty_invoiced <> coalesce(charged.qty, 0)
          OR line.qty_credited <> coalesce(charged.credited, 0)
        """,
    ),
    Invariant(
        "INV-19",
        "Numbers of invoices, credit memos and debit notes have no gap: each series counts exactly the papers there are.",
        """
        SELECT series.series, series.last_value, papers.count, papers.last
        FROM number_series AS series CROSS JOIN LATERAL (
          SELECT count(*) AS count, coalesce(max(split_part(invoice_no, '-', 2)::bigint), 0) AS last
          FROM invoice WHERE invoice_no LIKE series.series || '-%'
        ) AS papers
        WHERE series.series IN ('INV', 'CM', 'DM') AND (series.last_value <> papers.count OR series.last_value <> papers.last)
        """,
    ),
    Invariant(
        "INV-25",
        "The gross of an order is what its invoices come to and what is not invoiced yet: goods, carriage, and tax by rate.",
        f"""
        WITH taxed AS ({_TAXED}), tax AS (
          SELECT taxed.order_no, sum(taxed.taxable) AS worth, sum(round(taxed.taxable * taxed.rate_pct / 100, {_DECIMALS})) AS tax
          FROM taxed JOIN sales_order USING (order_no) GROUP BY taxed.order_no
        ), invoiced AS (
          SELECT order_no, sum(gross) AS gross FROM (
            SELECT order_no, gross_total AS gross FROM invoice
            WHERE kind = 'INV' AND cancelled_at IS NULL AND billing_policy <> 'CONSOLIDATED'
            UNION ALL
            SELECT line.order_no, line.amount FROM invoice_line AS line JOIN invoice USING (invoice_no)
            WHERE line.kind = 'INV' AND invoice.cancelled_at IS NULL AND invoice.billing_policy = 'CONSOLIDATED'
            UNION ALL
            SELECT taken.order_no, taken.tax FROM invoice_tax AS taken JOIN invoice USING (invoice_no)
            WHERE invoice.kind = 'INV' AND invoice.cancelled_at IS NULL AND invoice.billing_policy = 'CONSOLIDATED'
          ) AS each GROUP BY order_no
        ), charged AS (
          SELECT order_no, sum(amount) AS amount FROM (
            SELECT order_no, amount FROM invoice_line WHERE kind = 'INV' AND NOT cancelled
            UNION ALL
            SELECT taken.order_no, taken.tax FROM invoice_tax AS taken JOIN invoice USING (invoice_no)
            WHERE invoice.kind = 'INV' AND invoice.cancelled_at IS NULL
          ) AS each GROUP BY order_no
        ), rest AS (
          SELECT tax.order_no, tax.worth, tax.tax, coalesce(invoiced.gross, 0) AS invoiced,
            tax.worth + tax.tax - coalesce(charged.amount, 0) AS not_invoiced
          FROM tax LEFT JOIN invoiced USING (order_no) LEFT JOIN charged USING (order_no)
        )
        SELECT sales_order.order_no, sales_order.gross_total, tax.invoiced, tax.not_invoiced
        FROM sales_order JOIN rest AS tax USING (order_no)
        WHERE sales_order.state = 'SUBMITTED' AND (
          sales_order.gross_total <> tax.invoiced + tax.not_invoiced
          OR sales_order.net_total + sales_order.freight <> tax.worth OR sales_order.tax_total <> tax.tax)
        """,
    ),
    Invariant(
        "INV-25",
        "Every line of an order comes to its quantity at its price.",
        f"""
        SELECT line.order_no, line.line_no, line.qty_ordered, line.unit_net, line.line_net
        FROM order_line AS line JOIN sales_order USING (order_no)
        WHERE sales_order.state = 'SUBMITTED' AND line.line_net <> round(line.unit_net * line.qty_ordered, {_DECIMALS})
          AND (line.qty_cancelled < line.qty_ordered OR line.line_net <> 0)  -- a change takes a line off with its worth
        """,
    ),
    Invariant(
        "INV-27",
        "Revenue, carriage, allowances and fees in the ledger are what each posted invoice charges and what is given back of it.",
        """
        SELECT coalesce(billed.invoice_no, booked.reference) AS invoice_no, billed.net, billed.freight, billed.allowed, billed.fee,
          booked.revenue, booked.carriage, booked.allowances, booked.fees
        FROM (
          SELECT invoice_no, sum(net) AS net, sum(freight) AS freight, sum(allowed) AS allowed, sum(fee) AS fee FROM (
            SELECT paper.invoice_no, CASE paper.kind WHEN 'CM' THEN 0 ELSE kept.net END AS net,
              CASE paper.kind WHEN 'CM' THEN 0 ELSE paper.freight_total END AS freight,
              CASE paper.kind WHEN 'CM' THEN kept.net + kept.fee ELSE 0 END AS allowed, kept.fee
            FROM invoice AS paper CROSS JOIN LATERAL (
              SELECT coalesce(sum(restocking_fee), 0) AS fee,
                coalesce(sum(amount) FILTER (WHERE charge_code IN ('ITEM', 'PRICE')), 0) AS net
              FROM invoice_line AS line WHERE line.invoice_no = paper.invoice_no) AS kept
            WHERE paper.posted_at IS NOT NULL
            UNION ALL
            SELECT invoice_no, 0, 0, amount - tax_amount, 0 FROM adjustment
            WHERE kind = 'CREDIT' AND NOT EXISTS (SELECT FROM late_charge WHERE charge_no = adjustment.invoice_no)
          ) AS each GROUP BY invoice_no
        ) AS billed
        FULL JOIN (
          SELECT line.reference, coalesce(sum(line.credit - line.debit) FILTER (WHERE line.account = '4000'), 0) AS revenue,
            coalesce(sum(line.credit - line.debit) FILTER (WHERE line.account = '4100'), 0) AS carriage,
            coalesce(sum(line.debit - line.credit) FILTER (WHERE line.account = '4050'), 0) AS allowances,
            coalesce(sum(line.credit - line.debit) FILTER (WHERE line.account = '4200'), 0) AS fees
          FROM journal_line AS line JOIN journal ON journal.id = line.journal_id
          WHERE line.account IN ('4000', '4050', '4100', '4200') AND journal.event_type NOT LIKE 'journal.manual%' GROUP BY line.reference
        ) AS booked ON booked.reference = billed.invoice_no
        WHERE (coalesce(billed.net, 0), coalesce(billed.freight, 0), coalesce(billed.allowed, 0), coalesce(billed.fee, 0))
          <> (coalesce(booked.revenue, 0), coalesce(booked.carriage, 0), coalesce(booked.allowances, 0), coalesce(booked.fees, 0))
        """,
    ),
    Invariant(
        "INV-27",
        "Discounts and small differences in the ledger are what receipts were applied with, for each invoice.",
        """
        SELECT coalesce(given.invoice_no, booked.reference) AS invoice_no, given.earned, given.unearned, given.written_off,
          booked.earned AS earned_in_ledger, booked.unearned AS unearned_in_ledger, booked.written_off AS written_off_in_ledger
        FROM (
          SELECT invoice_no, sum(discount) FILTER (WHERE action <> 'UNEARNED_DISCOUNT') AS earned,
            sum(discount) FILTER (WHERE action = 'UNEARNED_DISCOUNT') AS unearned, sum(written_off) AS written_off
          FROM application WHERE unapplied_at IS NULL GROUP BY invoice_no
        ) AS given
        FULL JOIN (
          SELECT line.reference, sum(line.debit - line.credit) FILTER (WHERE line.account = '4900') AS earned,
            sum(line.debit - line.credit) FILTER (WHERE line.account = '4910') AS unearned,
            sum(line.debit - line.credit) FILTER (WHERE line.account = '6300') AS written_off
          FROM journal_line AS line JOIN journal ON journal.id = line.journal_id
          WHERE line.account IN ('4900', '4910', '6300') AND journal.event_type NOT LIKE 'journal.manual%' GROUP BY line.reference
        ) AS booked ON booked.reference = given.invoice_no
        WHERE (coalesce(given.earned, 0), coalesce(given.unearned, 0), coalesce(given.written_off, 0))
          <> (coalesce(booked.earned, 0), coalesce(booked.unearned, 0), coalesce(booked.written_off, 0))
        """,
    ),
    Invariant(
        "INV-27",
        "The cost of sales in the ledger is the recognised cost of what each posted invoice charges, less what each return brought.",
        """
        SELECT coalesce(charged.invoice_no, booked.reference) AS invoice_no, charged.cost, booked.cost AS ledger
        FROM (
          SELECT rma_no AS invoice_no, -sum(value) AS cost FROM return_line GROUP BY rma_no
          UNION ALL
          SELECT line.invoice_no, sum(packed.cogs) AS cost FROM invoice_line AS line JOIN invoice USING (invoice_no)
          JOIN shipment_line AS packed ON packed.id = line.shipment_line_id
          WHERE invoice.posted_at IS NOT NULL AND line.kind = 'INV' AND NOT line.cancelled GROUP BY line.invoice_no
        ) AS charged
        FULL JOIN (
          SELECT line.reference, sum(line.accounted) AS cost
          FROM journal_line AS line JOIN journal ON journal.id = line.journal_id
          WHERE line.account = '5000' AND journal.event_type NOT LIKE 'journal.manual%'
            AND journal.event_type NOT LIKE 'supplier_credit.%' GROUP BY line.reference
        ) AS booked ON booked.reference = charged.invoice_no
        WHERE coalesce(charged.cost, 0) <> coalesce(booked.cost, 0)
        """,
    ),
    Invariant(
        "INV-43",
        "What stands as billed in advance is what each posted invoice in advance charges and nothing has used or given back.",
        """
        SELECT coalesce(billed.advance_no, booked.reference) AS invoice_no, billed.amount, booked.amount AS ledger
        FROM (
          SELECT advance_no, sum(amount) AS amount FROM (
            SELECT line.invoice_no AS advance_no, line.amount FROM invoice_line AS line JOIN invoice USING (invoice_no)
            WHERE line.charge_code = 'ADVANCE' AND line.kind = 'INV' AND invoice.posted_at IS NOT NULL
            UNION ALL
            SELECT line.advance_no, line.amount FROM invoice_line AS line JOIN invoice USING (invoice_no)
            WHERE line.charge_code = 'ADVANCE_USED' AND invoice.posted_at IS NOT NULL
            UNION ALL
            SELECT memo.credits_invoice_no, -line.amount FROM invoice_line AS line JOIN invoice AS memo USING (invoice_no)
            WHERE line.charge_code = 'ADVANCE' AND line.kind = 'CM' AND memo.posted_at IS NOT NULL
          ) AS each GROUP BY advance_no
        ) AS billed
        FULL JOIN (
          SELECT line.reference, sum(line.credit - line.debit) AS amount
          FROM journal_line AS line JOIN journal ON journal.id = line.journal_id
          WHERE line.account IN ('2300', '2400') AND journal.event_type IN ('invoice.posted', 'credit_memo.posted') GROUP BY line.reference
        ) AS booked ON booked.reference = billed.advance_no
        WHERE coalesce(billed.amount, 0) <> coalesce(booked.amount, 0) OR billed.amount < 0
        """,
    ),
    Invariant(
        "INV-43",
        "An invoice in advance that is used up has nothing left in the books either.",
        """
        SELECT line.reference AS invoice_no, sum(line.credit - line.debit) AS amount, -sum(line.accounted) AS in_books
        FROM journal_line AS line JOIN invoice AS advance ON advance.invoice_no = line.reference
        WHERE line.account IN ('2300', '2400') GROUP BY line.reference
        HAVING sum(line.credit - line.debit) = 0 AND sum(line.accounted) <> 0
        """,
    ),
    Invariant(
        "INV-28",
        "The tax of an invoice is on its lines of that order, category and rate, less than the smallest coin from its exact share.",
        f"""
        SELECT invoice_no, taken.order_no, category, rate_pct, taken.taxable, lines.amount AS on_lines, taken.tax
        FROM invoice_tax AS taken
        FULL JOIN (
          SELECT invoice_no, order_no, tax_category AS category, tax_rate_pct AS rate_pct, sum(amount) AS amount FROM invoice_line
          GROUP BY invoice_no, order_no, tax_category, tax_rate_pct
        ) AS lines USING (invoice_no, order_no, category, rate_pct)
        JOIN invoice USING (invoice_no)
        WHERE taken.taxable IS DISTINCT FROM lines.amount
          OR abs(taken.tax - taken.taxable * taken.rate_pct / 100) >= power(10::numeric, -({decimals_sql("invoice.currency")}))
        """,
    ),
    Invariant(
        "INV-28",
        "What the invoices of an order take as tax at a rate is the tax on all they charge at it.",
        f"""
        SELECT sales_order.order_no, taken.category, taken.rate_pct, sum(taken.taxable) AS taxable, sum(taken.tax) AS tax
        FROM invoice_tax AS taken JOIN invoice USING (invoice_no) JOIN sales_order ON sales_order.order_no = taken.order_no
        WHERE invoice.kind = 'INV' AND invoice.cancelled_at IS NULL
        GROUP BY sales_order.order_no, sales_order.currency, taken.category, taken.rate_pct
        HAVING sum(taken.tax) <> round(sum(taken.taxable) * taken.rate_pct / 100, {_DECIMALS})
        """,
    ),
    Invariant(
        "INV-28",
        "Every line of an invoice is taxed as the line of the order it charges.",
        """
        SELECT charged.invoice_no, charged.line_no, charged.tax_category, charged.tax_rate_pct, sold.tax_category AS ordered_category,
          sold.tax_rate_pct AS ordered_rate_pct
        FROM invoice_line AS charged JOIN order_line AS sold ON sold.id = charged.order_line_id
        WHERE (charged.tax_category, charged.tax_rate_pct) <> (sold.tax_category, sold.tax_rate_pct)
        """,
    ),
)
