"""Reports of what is owed: ageing of receivables and payables, their items, and what the bank will hold."""

from handlers.ledger.movements import MOVEMENTS
from handlers.reporting.report import Column, Report


def items(kind: str, item: str = "item") -> str:
    """The beginning of a statement: a table `item` holds what was open on each document on the day `as_of`, as the control account has it.

    What is open now is taken, and what was posted after the day is taken off again; only what moved since is read. A document that was
    posted after the day was not open on it. Of instalments each is a row of its own: money paid what was due first.
    """
    control, sign = ("1200", "") if kind == "AR" else ("2000", "-")
    return f"""
    moved_{item} AS (
      SELECT line.party_no, line.reference AS document_no, {sign}sum(line.debit - line.credit) AS amount,
        {sign}sum(line.accounted) AS in_books
      FROM journal JOIN journal_line AS line ON line.journal_id = journal.id
      WHERE journal.gl_date > CAST(:as_of AS date) AND line.account = '{control}' GROUP BY 1, 2
    ),
    whole_{item} AS (
      SELECT open.id, open.party_no, open.document_no, open.document_date, open.due_date, open.currency, open.disputed, open.dunning_level,
        open.original, open.open_amount - coalesce(moved.amount, 0) AS open_amount,
        open.open_in_books - coalesce(moved.in_books, 0) AS in_books
      FROM open_item AS open LEFT JOIN moved_{item} AS moved USING (party_no, document_no)
      WHERE open.id IN (
        SELECT id FROM open_item WHERE kind = '{kind}' AND open_amount > 0
        UNION SELECT id FROM open_item JOIN moved_{item} USING (party_no, document_no) WHERE kind = '{kind}')
        AND (open.open_amount <> coalesce(moved.amount, 0) OR open.open_in_books <> coalesce(moved.in_books, 0))
    ),
    {item} AS (
      SELECT whole.party_no, whole.document_no, whole.document_date, coalesce(part.due_date, whole.due_date) AS due_date, whole.currency,
        whole.disputed, whole.dunning_level, coalesce(part.amount, whole.original) AS original,
        coalesce(least(part.amount, whole.open_amount - part.later), whole.open_amount) AS open_amount,
        CASE WHEN part.later IS NULL OR whole.open_amount = 0 THEN whole.in_books
          ELSE round(whole.in_books * least(part.later + part.amount, whole.open_amount) / whole.open_amount, 2)
            - round(whole.in_books * part.later / whole.open_amount, 2) END AS in_books,
        CAST(:as_of AS date) - coalesce(part.due_date, whole.due_date) AS late
      FROM whole_{item} AS whole LEFT JOIN open_item_part AS part ON part.item_id = whole.id AND whole.open_amount > 0
      WHERE part.later IS NULL OR part.later < whole.open_amount
    )
    """


BUCKETS = (
    ("not_due", "Not due", "late <= 0"),
    ("days_30", "1-30 days", "late BETWEEN 1 AND 30"),
    ("days_60", "31-60 days", "late BETWEEN 31 AND 60"),
    ("days_90", "61-90 days", "late BETWEEN 61 AND 90"),
    ("older", "Over 90 days", "late > 90"),
)
_SUMS = ", ".join(f"coalesce(sum(in_books) FILTER (WHERE {where}), 0) AS {name}" for name, _, where in BUCKETS)
_NAMES = ", ".join(f"coalesce(by_party.{name}, 0) AS {name}" for name, _, _ in BUCKETS)
_BUCKET = "CASE " + " ".join(f"WHEN {where} THEN '{label}'" for _, label, where in BUCKETS) + " END"


def _columns(link: str) -> tuple[Column, ...]:
    sums = (Column(name, label, "money", total=True) for name, label, _ in BUCKETS)
    return (Column("party_no", "Number", link=link), Column("name", "Name"), *sums)


AR_AGEING = Report(
    key="ar-ageing",
    title="Receivables by age",
    says="What each customer owed on the day, by how late it was, in the currency of the books at the rate of each document. Cash that "
    "was not applied by then is a column of its own, negative: what a customer really owes is the total.",
    sql=f"""
    WITH {MOVEMENTS}, {items("AR")},
    by_party AS (SELECT party_no, {_SUMS}, sum(in_books) AS owed FROM item GROUP BY party_no),
    cash AS (
      SELECT party_no, sum(debits - credits) AS unapplied FROM movement WHERE account = '1290' GROUP BY party_no
      HAVING sum(debits - credits) <> 0
    )
    SELECT coalesce(by_party.party_no, cash.party_no) AS party_no,
      coalesce(customer.name, CASE coalesce(by_party.party_no, cash.party_no) WHEN '' THEN 'Not identified yet' ELSE '' END) AS name,
      {_NAMES},
      coalesce(cash.unapplied, 0) AS unapplied, coalesce(by_party.owed, 0) + coalesce(cash.unapplied, 0) AS total
    FROM by_party FULL JOIN cash ON cash.party_no = by_party.party_no
    LEFT JOIN customer ON customer.customer_no = coalesce(by_party.party_no, cash.party_no)
    """,
    columns=(
        *_columns("/reports/ar-items?party={party_no}&as_of={as_of}"),
        Column("unapplied", "Not applied", "money", total=True),
        Column("total", "Total", "money", total=True),
    ),
    order=("party_no",),
    section="Receivables and payables",
)
AP_AGEING = Report(
    key="ap-ageing",
    title="Payables by age",
    says="What we owed each supplier on the day, by how late it was, in the currency of the books at the rate of each document.",
    sql=f"""
    WITH {items("AP")}, by_party AS (SELECT party_no, {_SUMS}, sum(in_books) AS owed FROM item GROUP BY party_no)
    SELECT by_party.party_no, coalesce(supplier.name, '') AS name,
      {_NAMES}, by_party.owed AS total
    FROM by_party LEFT JOIN supplier ON supplier.supplier_no = by_party.party_no
    """,
    columns=(*_columns("/reports/ap-items?party={party_no}&as_of={as_of}"), Column("total", "Total", "money", total=True)),
    order=("party_no",),
    section="Receivables and payables",
)


def _items_report(kind: str, title: str, document: str) -> Report:
    return Report(
        key=f"{kind.lower()}-items",
        title=title,
        says="Each document that was open on the day, of one party or of all, with what was open on it.",
        sql=f"""
        WITH {items(kind)}
        SELECT due_date, document_no, party_no, document_date, late, {_BUCKET} AS bucket, currency, original, open_amount, in_books,
          dunning_level::bigint AS dunning_level, CASE WHEN disputed THEN 'yes' ELSE '' END AS disputed
        FROM item WHERE :party IN ('', party_no) AND :bucket IN ('', {_BUCKET})
        """,
        columns=(
            Column("due_date", "Due", "day"),
            Column("document_no", "Document", link=document),
            Column("party_no", "Party"),
            Column("document_date", "Of", "day"),
            Column("late", "Days late", "count"),
            Column("bucket", "Age"),
            Column("currency", "Currency"),
            Column("original", "Original", "own"),
            Column("open_amount", "Open", "own"),
            Column("in_books", "In the books", "money", total=True),
            Column("dunning_level", "Reminders", "count"),
            Column("disputed", "Disputed"),
        ),
        order=("due_date", "document_no", "party_no"),
        takes=("party", "bucket"),
        section="Receivables and payables",
    )


AR_ITEMS = _items_report("AR", "Open receivables", "/finance/invoices/{document_no}")
AP_ITEMS = _items_report("AP", "Open payables", "")

#: When what is open is expected to move, in weeks from the day: customers pay as late as they did in the last half year.
_EXPECTED = f"""
{items("AR")},
habit AS (
  SELECT receipt.customer_no AS party_no, greatest(0, round(avg(receipt.received_on - invoice.due_date))::int) AS days
  FROM application JOIN receipt USING (receipt_no) JOIN invoice ON invoice.invoice_no = application.invoice_no
  WHERE application.unapplied_at IS NULL AND receipt.received_on BETWEEN CAST(:as_of AS date) - 180 AND :as_of AND application.cash > 0
  GROUP BY receipt.customer_no
),
"""
_FLOWS = f"""
{_EXPECTED} {items("AP", "bill")},
flow AS (
  SELECT 'in' AS way, document_no, party_no, due_date,
    greatest(due_date + coalesce(habit.days, 0), CAST(:as_of AS date) + 1) AS expected, in_books AS amount
  FROM item LEFT JOIN habit USING (party_no) WHERE NOT disputed
  UNION ALL
  SELECT 'out', document_no, party_no, due_date, greatest(due_date, CAST(:as_of AS date) + 1), -in_books FROM bill
),
placed AS (SELECT *, least((expected - CAST(:as_of AS date) - 1) / 7 + 1, 14) AS week FROM flow)
"""
CASH_FORECAST = Report(
    key="cash-forecast",
    title="Cash-flow forecast",
    says="What the bank holds on the day, and what open invoices and bills will bring and take in the next 13 weeks. A customer is "
    "expected to pay as many days after the due date as in the last half year; what is disputed is left out; bills are paid "
    "when they are due.",
    sql=f"""
    WITH {MOVEMENTS}, {_FLOWS},
    bank AS (SELECT coalesce(sum(debits - credits), 0) AS amount FROM movement
      WHERE account IN (SELECT '1000' UNION SELECT ledger_account FROM house_bank_account)),
    week AS (
      SELECT number AS week, coalesce(sum(amount) FILTER (WHERE way = 'in'), 0) AS incoming,
        coalesce(sum(amount) FILTER (WHERE way = 'out'), 0) AS outgoing, count(way) AS documents
      FROM generate_series(1, 14) AS number LEFT JOIN placed ON placed.week = number GROUP BY number
    )
    SELECT 0::bigint AS week, CAST(:as_of AS date) AS begins, 'On the bank' AS what, 0::bigint AS documents, 0::numeric AS incoming,
      0::numeric AS outgoing, bank.amount AS balance FROM bank
    UNION ALL
    SELECT week, CAST(:as_of AS date) + (week - 1) * 7 + 1, CASE WHEN week = 14 THEN 'Later' ELSE 'Week ' || week END, documents, incoming,
      outgoing, bank.amount + sum(incoming + outgoing) OVER (ORDER BY week) FROM week, bank
    """,
    columns=(
        Column("week", "No.", "count"),
        Column("begins", "From", "day"),
        Column("what", "When", link="/reports/cash-items?bucket={week}&as_of={as_of}"),
        Column("documents", "Documents", "count"),
        Column("incoming", "In", "money", total=True),
        Column("outgoing", "Out", "money", total=True),
        Column("balance", "Balance after it", "money"),
    ),
    order=("week",),
    section="Receivables and payables",
)
CASH_ITEMS = Report(
    key="cash-items",
    title="What a week of the forecast counts",
    says="The documents that are expected to bring or take money in one week of the forecast.",
    sql=f"WITH {_FLOWS} SELECT expected, document_no, way, party_no, due_date, amount FROM placed WHERE week::text = :bucket",
    columns=(
        Column("expected", "Expected", "day"),
        Column("document_no", "Document"),
        Column("way", "Way"),
        Column("party_no", "Party"),
        Column("due_date", "Due", "day"),
        Column("amount", "Amount", "money", total=True),
    ),
    order=("expected", "document_no", "way", "party_no"),
    takes=("bucket",),
    listed=False,
    section="Receivables and payables",
)
REPORTS = (AR_AGEING, AP_AGEING, AR_ITEMS, AP_ITEMS, CASH_FORECAST, CASH_ITEMS)
