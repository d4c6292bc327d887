"""Reports of the general ledger: trial balance, the sheet of an account, control totals, tax by rate."""

from handlers.ledger.movements import MOVEMENTS
from handlers.reporting.report import Column, Report

_JOURNAL = "/finance/journals?source={source_id}"

TRIAL_BALANCE = Report(
    key="trial-balance",
    title="Trial balance",
    says="Every account that was posted to, with all its debits and credits until the day, in the currency of the books. The balances add "
    "up to zero. What closing a month accrued or revalued is in it on the month's last day, and out of it on the next.",
    sql=f"""
    WITH {MOVEMENTS}
    SELECT account.number AS account, account.name, initcap(account.kind) AS kind, sum(debits) AS debits, sum(credits) AS credits,
      sum(debits - credits) AS balance
    FROM movement JOIN account ON account.number = movement.account GROUP BY account.number, account.name, account.kind
    """,
    columns=(
        Column("account", "Account", link="/reports/account?account={account}&as_of={as_of}"),
        Column("name", "Name"),
        Column("kind", "Kind"),
        Column("debits", "Debits", "money", total=True),
        Column("credits", "Credits", "money", total=True),
        Column("balance", "Balance", "money", total=True),
    ),
    order=("account",),
)
ACCOUNT = Report(
    key="account",
    title="Account sheet",
    says="Every line on one account in the days asked for, as it was posted: entered in the journal's currency, and as it is accounted.",
    sql="""
    SELECT journal.gl_date, journal.id AS journal_id, line.line_no, journal.event_type, journal.source_id,
      coalesce(line.party_no, '') AS party_no, coalesce(line.reference, '') AS reference, journal.narration, journal.currency,
      line.debit, line.credit, line.accounted
    FROM journal JOIN journal_line AS line ON line.journal_id = journal.id
    WHERE journal.gl_date BETWEEN :since AND :as_of AND line.account = :account
    """,
    columns=(
        Column("gl_date", "Day", "day"),
        Column("journal_id", "Journal", "count", link=_JOURNAL),
        Column("line_no", "Line", "count"),
        Column("event_type", "Event"),
        Column("source_id", "Source"),
        Column("party_no", "Party"),
        Column("reference", "Reference"),
        Column("narration", "Narration"),
        Column("currency", "Currency"),
        Column("debit", "Debit", "own"),
        Column("credit", "Credit", "own"),
        Column("accounted", "Accounted", "money", total=True),
    ),
    order=("gl_date", "journal_id", "line_no"),
    takes=("since", "account"),
)
CONTROL_TOTALS = Report(
    key="control-totals",
    title="Control totals",
    says="What the items, the stock, the shipments and the bank say, beside what their account says, now. Bank accounts are compared in "
    "their own currency with the closing balance of their latest statement; a difference there is what has been posted since.",
    sql="""
    WITH booked AS (SELECT account, sum(accounted) AS amount FROM journal_line
      WHERE account IN ('1200', '1400', '1500', '2000') GROUP BY account)
    SELECT place, what, account, currency, items, ledger, items - ledger AS difference FROM (
      SELECT 1 AS place, 'Open receivables' AS what, '1200' AS account, (SELECT currency FROM ledger_book) AS currency,
        (SELECT coalesce(sum(open_in_books), 0) FROM open_item WHERE kind = 'AR' AND open_amount > 0) AS items,
        coalesce((SELECT amount FROM booked WHERE account = '1200'), 0) AS ledger
      UNION ALL SELECT 2, 'Open payables', '2000', (SELECT currency FROM ledger_book),
        (SELECT coalesce(sum(open_in_books), 0) FROM open_item WHERE kind = 'AP' AND open_amount > 0),
        -coalesce((SELECT amount FROM booked WHERE account = '2000'), 0)
      UNION ALL SELECT 3, 'Stock', '1400', (SELECT currency FROM ledger_book),
        (SELECT coalesce(sum(value), 0) FROM stock_balance), coalesce((SELECT amount FROM booked WHERE account = '1400'), 0)
      UNION ALL SELECT 4, 'Cost of what was shipped and not billed', '1500', (SELECT currency FROM ledger_book),
        (SELECT coalesce(sum(cost - cogs), 0) FROM shipment_line JOIN shipment USING (shipment_no) WHERE shipped_at IS NOT NULL),
        coalesce((SELECT amount FROM booked WHERE account = '1500'), 0)
      UNION ALL SELECT 5, 'Bank ' || house.iban, house.ledger_account, house.currency,
        coalesce((SELECT closing FROM bank_statement AS statement WHERE statement.account = house.iban
          AND statement.currency = house.currency AND statement.read_at IS NOT NULL
          ORDER BY statement.closed_on DESC, statement.statement_no DESC LIMIT 1), 0),
        coalesce((SELECT sum(line.debit - line.credit) FROM journal_line AS line JOIN journal ON journal.id = line.journal_id
          WHERE line.account = house.ledger_account AND journal.currency = house.currency), 0)
      FROM house_bank_account AS house
    ) AS total
    """,
    columns=(
        Column("place", "No.", "count"),
        Column("what", "What"),
        Column("account", "Account", link="/reports/account?account={account}&as_of={as_of}"),
        Column("currency", "Currency"),
        Column("items", "Items say", "own"),
        Column("ledger", "Account says", "own"),
        Column("difference", "Difference", "own"),
    ),
    order=("place", "what", "currency"),
)
#: Each paper with tax that was posted in the days asked for, by side, category and rate; tax is positive when we owe or deduct it.
_TAXED = """
SELECT 'Output' AS side, tax.category, tax.rate_pct AS rate, invoice.invoice_no AS document_no, invoice.customer_no AS party_no,
  journal.gl_date,
  CASE invoice.kind WHEN 'CM' THEN -1 ELSE 1 END * round(tax.taxable * journal.fx_rate, 2) AS taxable,
  CASE invoice.kind WHEN 'CM' THEN -1 ELSE 1 END * round(tax.tax * journal.fx_rate, 2) AS tax
FROM journal JOIN invoice ON invoice.journal_id = journal.id JOIN invoice_tax AS tax USING (invoice_no)
WHERE journal.gl_date BETWEEN :since AND :as_of
UNION ALL
SELECT 'Input', 'S', line.tax_rate_pct, bill.supplier_invoice_no, bill.supplier_no, journal.gl_date,
  round(sum(line.amount) * journal.fx_rate, 2), round(sum(line.amount) * line.tax_rate_pct / 100 * journal.fx_rate, 2)
FROM journal JOIN supplier_invoice AS bill ON bill.journal_id = journal.id
JOIN supplier_invoice_line AS line USING (supplier_invoice_no)
WHERE journal.gl_date BETWEEN :since AND :as_of
GROUP BY line.tax_rate_pct, bill.supplier_invoice_no, bill.supplier_no, journal.gl_date, journal.fx_rate
"""
TAX = Report(
    key="tax",
    title="Tax by rate",
    says="Tax on invoices, credit memos and suppliers' bills that were posted in the days asked for, by category and rate. What else was "
    "posted on the tax accounts (discounts taken, freight of suppliers, rounding) is a row of its own: each side adds up to its account.",
    sql=f"""
    WITH taxed AS ({_TAXED}),
    booked AS (
      SELECT CASE line.account WHEN '2200' THEN 'Output' ELSE 'Input' END AS side,
        sum(CASE line.account WHEN '2200' THEN -line.accounted ELSE line.accounted END) AS tax
      FROM journal JOIN journal_line AS line ON line.journal_id = journal.id
      WHERE journal.gl_date BETWEEN :since AND :as_of AND line.account IN ('1250', '2200') GROUP BY 1
    )
    SELECT side, category, rate, count(DISTINCT document_no) AS documents, sum(taxable) AS taxable, sum(tax) AS tax,
      side || '|' || category || '|' || trim_scale(rate) AS bucket FROM taxed GROUP BY side, category, rate
    UNION ALL
    SELECT side, 'other', 0, 0, 0, booked.tax - coalesce((SELECT sum(tax) FROM taxed WHERE taxed.side = booked.side), 0), side || '|other|0'
    FROM booked WHERE booked.tax <> coalesce((SELECT sum(tax) FROM taxed WHERE taxed.side = booked.side), 0)
    """,
    columns=(
        Column("side", "Side", link="/reports/tax-documents?bucket={bucket}&since={since}&as_of={as_of}"),
        Column("category", "Category"),
        Column("rate", "Rate %", "number"),
        Column("documents", "Papers", "count"),
        Column("taxable", "Taxable", "money"),
        Column("tax", "Tax", "money"),
        Column("bucket", ""),
    ),
    order=("side", "category", "rate"),
    takes=("since",),
)
TAX_DOCUMENTS = Report(
    key="tax-documents",
    title="Papers with tax",
    says="The papers that one row of the tax report counts.",
    sql=f"""
    SELECT gl_date, document_no, party_no, category, rate, taxable, tax FROM ({_TAXED}) AS taxed
    WHERE side || '|' || category || '|' || trim_scale(rate) = :bucket
    """,
    columns=(
        Column("gl_date", "Day", "day"),
        Column("document_no", "Paper"),
        Column("party_no", "Party"),
        Column("category", "Category"),
        Column("rate", "Rate %", "number"),
        Column("taxable", "Taxable", "money", total=True),
        Column("tax", "Tax", "money", total=True),
    ),
    order=("gl_date", "document_no", "category", "rate"),
    takes=("since", "bucket"),
    listed=False,
)
REPORTS = (TRIAL_BALANCE, ACCOUNT, CONTROL_TOTALS, TAX, TAX_DOCUMENTS)
