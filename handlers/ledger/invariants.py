"""What is always true of the books."""

from handlers.invariants import Invariant
from handlers.ledger.events import ACCOUNTS_OF, REVERSED

_PAIRS = ", ".join(f"('{event}', '{account}')" for event, allowed in ACCOUNTS_OF.items() for account in sorted(allowed))

INVARIANTS = (
    Invariant(
        "INV-01",
        "Every journal balances, in the currency it was entered in and in that of the books.",
        """
        SELECT journal.id, journal.event_type, journal.source_id, sum(line.debit) AS debits, sum(line.credit) AS credits,
          sum(line.accounted) AS accounted
        FROM journal LEFT JOIN journal_line AS line ON line.journal_id = journal.id
        GROUP BY journal.id, journal.event_type, journal.source_id
        HAVING count(line.line_no) = 0 OR sum(line.debit) <> sum(line.credit) OR sum(line.accounted) <> 0
        """,
    ),
    Invariant(
        "INV-02",
        "The trial balance of every month adds up to zero.",
        """
        SELECT date_trunc('month', journal.gl_date)::date AS month, sum(line.accounted) AS off
        FROM journal JOIN journal_line AS line ON line.journal_id = journal.id GROUP BY 1 HAVING sum(line.accounted) <> 0
        """,
    ),
    Invariant(
        "INV-03",
        "What customers owe on open items is what the receivables account says, for each of them and each currency.",
        """
        SELECT coalesce(items.party_no, booked.party_no) AS party_no, coalesce(items.currency, booked.currency) AS currency,
          coalesce(items.open_amount, 0) AS open_items, coalesce(booked.amount, 0) AS ledger
        FROM (SELECT party_no, currency, sum(open_amount) AS open_amount FROM open_item WHERE kind = 'AR' GROUP BY 1, 2) AS items
        FULL JOIN (
          SELECT line.party_no, journal.currency, sum(line.debit - line.credit) AS amount
          FROM journal_line AS line JOIN journal ON journal.id = line.journal_id WHERE line.account = '1200' GROUP BY 1, 2
        ) AS booked USING (party_no, currency)
        WHERE coalesce(items.open_amount, 0) <> coalesce(booked.amount, 0)
        """,
    ),
    Invariant(
        "INV-03",
        "What we owe suppliers on open items is what the payables account says, for each of them and each currency.",
        """
        SELECT coalesce(items.party_no, booked.party_no) AS party_no, coalesce(items.currency, booked.currency) AS currency,
          coalesce(items.open_amount, 0) AS open_items, coalesce(booked.amount, 0) AS ledger
        FROM (SELECT party_no, currency, sum(open_amount) AS open_amount FROM open_item WHERE kind = 'AP' GROUP BY 1, 2) AS items
        FULL JOIN (
          SELECT line.party_no, journal.currency, sum(line.credit - line.debit) AS amount
          FROM journal_line AS line JOIN journal ON journal.id = line.journal_id WHERE line.account = '2000' GROUP BY 1, 2
        ) AS booked USING (party_no, currency)
        WHERE coalesce(items.open_amount, 0) <> coalesce(booked.amount, 0)
        """,
    ),
    Invariant(
        "INV-03",
        "The value of the stock is what the inventory account says.",
        """
        SELECT stock.value, booked.value AS ledger
        FROM (SELECT coalesce(sum(value), 0) AS value FROM stock_balance) AS stock,
          (SELECT coalesce(sum(accounted), 0) AS value FROM journal_line WHERE account = '1400') AS booked
        WHERE stock.value <> booked.value
        """,
    ),
    Invariant(
        "INV-03",
        "Open items add up to their control account in the currency of the books too, and a closed one is worth nothing there.",
        """
        SELECT coalesce(items.kind, booked.kind) AS kind, coalesce(items.party_no, booked.party_no) AS party_no,
          coalesce(items.in_books, 0) AS open_items, coalesce(booked.amount, 0) AS ledger
        FROM (SELECT kind, party_no, sum(open_in_books) AS in_books FROM open_item GROUP BY 1, 2) AS items
        FULL JOIN (
          SELECT CASE account WHEN '1200' THEN 'AR' ELSE 'AP' END AS kind, party_no,
            sum(CASE account WHEN '1200' THEN accounted ELSE -accounted END) AS amount
          FROM journal_line WHERE account IN ('1200', '2000') GROUP BY account, party_no
        ) AS booked USING (kind, party_no)
        WHERE coalesce(items.in_books, 0) <> coalesce(booked.amount, 0)
        UNION ALL SELECT kind, party_no, open_in_books, 0 FROM open_item WHERE open_amount = 0 AND open_in_books <> 0
        """,
    ),
    Invariant(
        "INV-11",
        "Nothing is owed below zero or above the document, and a closed item owes nothing.",
        """
        SELECT kind, party_no, document_no, original, open_amount, closed_at FROM open_item
        WHERE open_amount < 0 OR open_amount > original OR (closed_at IS NOT NULL AND open_amount <> 0)
        """,
    ),
    Invariant(
        "INV-18",
        "No journal was posted into a period after it was closed.",
        """
        SELECT journal.id, journal.gl_date, journal.posted_at, period.closed_at
        FROM journal JOIN ledger_period AS period ON journal.gl_date BETWEEN period.starts_on AND period.ends_on
        WHERE journal.posted_at > period.closed_at
        """,
    ),
    Invariant(
        "INV-23",
        "No event is posted twice.",
        """
        SELECT event_type, source_id, sequence, count(*) AS times FROM journal
        GROUP BY event_type, source_id, sequence HAVING count(*) > 1
        """,
    ),
    Invariant(
        "INV-29",
        "Every journal is on the accounts of its event, and on no other.",
        f"""
        SELECT journal.id, journal.event_type, journal.source_id, line.line_no, line.account
        FROM journal JOIN journal_line AS line ON line.journal_id = journal.id
        WHERE regexp_replace(journal.event_type, '{REVERSED}$', '') IN ({", ".join(map(repr, ACCOUNTS_OF))})
          AND (regexp_replace(journal.event_type, '{REVERSED}$', ''), line.account) NOT IN ({_PAIRS})
        """,
    ),
    Invariant(
        "INV-11",
        "The instalments of an item come to it, and it is due with the first of them that is open.",
        """
        SELECT item.document_no, item.original, item.due_date, sum(part.amount) AS parts, min(part.due_date) FILTER (
          WHERE part.later < item.open_amount) AS first_open
        FROM open_item AS item JOIN open_item_part AS part ON part.item_id = item.id
        GROUP BY item.id
        HAVING item.original <> sum(part.amount)
          OR item.due_date <> min(part.due_date) FILTER (WHERE part.later < item.open_amount)
        """,
    ),
)
