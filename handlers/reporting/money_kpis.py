"""Key figures of what customers owe and pay, and of what suppliers have not billed."""

from handlers.reporting.due_reports import BUCKETS, items
from handlers.reporting.kpi import MEAN_DAYS, MONEY, SHARE, Kpi
from handlers.reporting.order_kpis import WINDOW

_AGES = " ".join(f"WHEN {where} THEN {place}" for place, (_, _, where) in enumerate(BUCKETS, start=1))
_LABELS = " ".join(f"WHEN {where} THEN '{label}'" for _, label, where in BUCKETS)
_MONEY = ("accounts-receivable", "treasury", "finance", "credit", "executive")
AGEING = Kpi(
    "ageing",
    "Receivables by age",
    "What customers owe today by days past the due date, in the currency of the books. Cash that is not applied is not taken off: see "
    "the report by customer.",
    MONEY,
    _MONEY,
    f"""
    WITH {items("AR")}
    SELECT CASE {_AGES} END AS place, CASE {_LABELS} END AS bucket, document_no AS number, party_no, due_date AS due_on, NULL::date AS
      done_on,
      in_books AS part, NULL::numeric AS whole FROM item
    """,
    "/finance/invoices/{number}",
    in_time=False,
)
#: Six month ends until the day, each with what was owed then: what is owed now less what moved since.
_MONTHS = """
WITH month AS (
  SELECT place, least((date_trunc('month', CAST(:as_of AS date)) - make_interval(months => 5 - place + 1) + interval
    '2 months - 1 day')::date,
    CAST(:as_of AS date)) AS ends_on
  FROM generate_series(0, 5) AS place
),
owed AS (
  SELECT month.place, month.ends_on, (SELECT coalesce(sum(open_in_books), 0) FROM open_item WHERE kind = 'AR' AND open_amount > 0)
    - coalesce((SELECT sum(line.accounted) FROM journal JOIN journal_line AS line ON line.journal_id = journal.id
        WHERE journal.gl_date > month.ends_on AND line.account = '1200'), 0) AS amount
  FROM month
)
"""
_SALES = """
SELECT coalesce(sum(line.accounted), 0) FROM journal JOIN journal_line AS line ON line.journal_id = journal.id
WHERE journal.event_type IN ('invoice.posted', 'credit_memo.posted') AND line.account = '1200' AND journal.gl_date
"""
DSO = Kpi(
    "dso",
    "Days sales outstanding",
    "What was owed at the end of each month, in days of the sales on credit (gross, less credit memos) of the ninety days before it. It "
    "rises when sales fall, "
    "without anybody paying later: see the count-back beside it.",
    MEAN_DAYS,
    _MONEY,
    f"""
    {_MONTHS}
    SELECT place, to_char(ends_on, 'YYYY-MM-DD') AS bucket, to_char(ends_on, 'YYYY-MM') AS number, NULL::text AS party_no, ends_on AS
      due_on,
      NULL::date AS done_on, amount * 90 AS part, nullif(({_SALES} BETWEEN ends_on - 89 AND ends_on), 0) AS whole FROM owed
    """,
    "/reports/ar-items?as_of={bucket}",
)
DSO_COUNT_BACK = Kpi(
    "dso-count-back",
    "Days sales outstanding, counted back",
    "What was owed at the end of each month, peeled off the sales on credit of that month, the one before, and so on: the days whose "
    "sales are not paid. "
    "A month of few sales does not move it by itself. At most twelve months are peeled off.",
    MEAN_DAYS,
    _MONEY,
    f"""
    {_MONTHS},
    back AS (
      SELECT owed.place, owed.ends_on, owed.amount, step, owed.ends_on - step * 30 - 29 AS begins, owed.ends_on - step * 30 AS ends
      FROM owed, generate_series(0, 11) AS step
    ),
    sold AS (SELECT back.*, ({_SALES} BETWEEN back.begins AND back.ends) AS sales FROM back),
    peeled AS (SELECT *, sum(sales) OVER (PARTITION BY place ORDER BY step) - sales AS newer FROM sold)
    SELECT place, to_char(ends_on, 'YYYY-MM-DD') AS bucket, to_char(ends_on, 'YYYY-MM') || '-' || step AS number, NULL::text AS party_no,
      begins AS due_on, ends AS done_on,
      CASE WHEN sales > 0 THEN round(30 * least(1, greatest(0, (amount - newer) / sales)), 1) WHEN amount > newer THEN 30 ELSE 0 END AS
        part,
      CASE step WHEN 0 THEN 1 ELSE 0 END AS whole
    FROM peeled WHERE amount > 0
    """,
)
UNAPPLIED = Kpi(
    "unapplied",
    "Cash that is not applied, by age",
    "Receipts of which something is not applied, at what they stand at in the currency of the books, by how long ago they came.",
    MONEY,
    _MONEY,
    """
    SELECT CASE WHEN age <= 5 THEN 1 WHEN age <= 30 THEN 2 ELSE 3 END AS place,
      CASE WHEN age <= 5 THEN 'Up to 5 days' WHEN age <= 30 THEN '6-30 days' ELSE 'Over 30 days' END AS bucket, receipt_no AS number,
      coalesce(customer_no, '') AS party_no, received_on AS due_on, NULL::date AS done_on, part, NULL::numeric AS whole
    FROM (
      SELECT receipt.receipt_no, receipt.customer_no, receipt.received_on, CAST(:as_of AS date) - receipt.received_on AS age, booked.part
      FROM (
        SELECT reference, -sum(accounted) AS part FROM journal_line WHERE account = '1290' GROUP BY reference HAVING sum(accounted) <> 0
      ) AS booked JOIN receipt ON receipt.receipt_no = booked.reference
    ) AS held
    """,
    "/finance/receipts/{number}",
    in_time=False,
)
DUNNING = Kpi(
    "dunning-recovery",
    "Recovered by reminders, by level",
    "Of the amounts that were reminded of in the last twelve weeks, the share that was settled within fourteen days of the reminder, by "
    "level.",
    SHARE,
    ("accounts-receivable", "finance", "credit"),
    f"""
    SELECT reminder.level AS place, 'Level ' || reminder.level AS bucket, reminder.invoice_no AS number, item.party_no,
      reminder.sent_at::date AS due_on,
      item.closed_at::date AS done_on,
      CASE WHEN item.closed_at <= reminder.sent_at + interval '14 days' THEN reminder.open_amount ELSE 0 END AS part,
        reminder.open_amount AS whole
    FROM reminder LEFT JOIN open_item AS item ON item.kind = 'AR' AND item.document_no = reminder.invoice_no
    WHERE reminder.sent_at >= CAST(:as_of AS date) - 83 AND reminder.sent_at::date {WINDOW}
    """,
    "/finance/invoices/{number}",
    in_time=False,
)
GRNI_AGE = Kpi(
    "grni-age",
    "Received and not invoiced, by age",
    "What stands on goods received, not invoiced, by how long ago the first of it came.",
    MONEY,
    ("accounts-payable", "finance"),
    """
    SELECT CASE WHEN age <= 30 THEN 1 WHEN age <= 60 THEN 2 ELSE 3 END AS place,
      CASE WHEN age <= 30 THEN 'Up to 30 days' WHEN age <= 60 THEN '31-60 days' ELSE 'Over 60 days' END AS bucket, number, NULL::text
        AS party_no,
      since AS due_on, NULL::date AS done_on, part, NULL::numeric AS whole
    FROM (
      SELECT coalesce(line.reference, '') AS number, min(journal.gl_date) AS since, CAST(:as_of AS date) - min(journal.gl_date) AS age,
        -sum(line.accounted) AS part
      FROM journal_line AS line JOIN journal ON journal.id = line.journal_id WHERE line.account = '2100' GROUP BY 1 HAVING
        sum(line.accounted) <> 0
    ) AS accrued
    """,
    in_time=False,
)
KPIS = (AGEING, DSO, DSO_COUNT_BACK, UNAPPLIED, DUNNING, GRNI_AGE)
