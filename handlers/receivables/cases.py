"""The cases of a receipt and of a bank statement: who paid, what they wrote, and which invoices it could be for."""

from handlers.case_lists import CaseList
from handlers.cases import CaseKind, Part, Shown
from handlers.parties.cases import WITH_CUSTOMER
from handlers.receivables.late_cases import LATE_CHARGE, LATE_CHARGES

_SUGGESTED = Part(
    "Which invoices it seems to pay",
    (
        Shown("invoice_no", "Invoice", "invoice"),
        Shown("rule", "Found by", under="why"),
        Shown("score", "Score", "quantity"),
        Shown("due_date", "Due", "day"),
        Shown("open_amount", "Open", "money", "currency"),
        Shown("difference", "Difference", "money", "currency", odd="differs"),
    ),
    """
    SELECT proposed.invoice_no, CASE WHEN proposed.rank = 0 THEN proposed.rule || ', applied' ELSE proposed.rule END AS rule, proposed.why,
      nullif(proposed.score, 0) AS score, owed.due_date, owed.open_amount, owed.currency, nullif(proposed.difference, 0) AS difference,
      proposed.difference <> 0 AS differs
    FROM receipt_proposal AS proposed
    LEFT JOIN open_item AS owed ON owed.kind = 'AR' AND owed.document_no = proposed.invoice_no
    WHERE proposed.receipt_no = :number ORDER BY proposed.rank, abs(proposed.difference), proposed.invoice_no LIMIT 20
    """,
)
_OPEN = Part(
    "Their open invoices",
    (
        Shown("document_no", "Invoice", "invoice"),
        Shown("due_date", "Due", "day", odd="late"),
        Shown("original", "Gross", "money", "currency"),
        Shown("open_amount", "Open", "money", "currency"),
    ),
    """
    SELECT document_no, due_date, due_date < business_today() AS late, original, open_amount, currency FROM open_item
    WHERE kind = 'AR' AND party_no = :customer_no AND open_amount > 0 ORDER BY due_date, document_no LIMIT 20
    """,
)
_APPLIED = Part(
    "Applied to",
    (
        Shown("invoice_no", "Invoice", "invoice"),
        Shown("applied_at", "When", "moment"),
        Shown("action", "How", "code"),
        Shown("applied_by", "By"),
        Shown("cash", "Cash", "money", "currency"),
        Shown("discount", "Discount", "money", "currency"),
        Shown("written_off", "Written off", "money", "currency"),
    ),
    """
    SELECT paid.invoice_no, paid.applied_at, paid.action, paid.applied_by, paid.cash, nullif(paid.discount, 0) AS discount,
      nullif(paid.written_off, 0) AS written_off, money.currency
    FROM application AS paid JOIN receipt AS money ON money.receipt_no = paid.receipt_no
    WHERE paid.receipt_no = :number AND paid.unapplied_at IS NULL ORDER BY paid.applied_at
    """,
)
_ENTRIES = Part(
    "Entries",
    (
        Shown("position", "No.", "quantity"),
        Shown("booked_on", "Booked", "day"),
        Shown("payer_name", "Who", under="payer_iban"),
        Shown("remittance", "Text"),
        Shown("outcome", "Became", "code", odd="waits", under="document_no"),
        Shown("note", "Why"),
        Shown("amount", "Amount", "money", "currency"),
    ),
    """
    SELECT position, booked_on, payer_name, payer_iban, remittance, coalesce(nullif(outcome, ''), 'WAITS') AS outcome,
      outcome = '' AS waits, document_no, note, amount, currency
    FROM bank_line WHERE statement_no = :number ORDER BY outcome <> '', position LIMIT 100
    """,
)
_UNAPPLIED = Part(
    "Receipts with something left",
    (
        Shown("receipt_no", "Receipt", "receipt"),
        Shown("customer_no", "Customer", "customer", under="customer_name"),
        Shown("payer_name", "Paid by", under="remittance"),
        Shown("amount", "Amount", "money", "currency"),
        Shown("rest", "Left", "money", "currency"),
        Shown("suggested", "Perhaps for"),
    ),
    """
    SELECT * FROM (
      SELECT money.receipt_no, money.customer_no, customer.name AS customer_name, entry.payer_name, entry.remittance, money.amount,
        money.currency, money.amount - money.on_account - money.written_off - coalesce((SELECT sum(paid.cash) FROM application AS paid
          WHERE paid.receipt_no = money.receipt_no AND paid.unapplied_at IS NULL), 0) AS rest,
        (SELECT string_agg(proposed.invoice_no, ', ' ORDER BY proposed.invoice_no) FROM receipt_proposal AS proposed
         WHERE proposed.receipt_no = money.receipt_no AND proposed.rank = 1) AS suggested
      FROM receipt AS money JOIN bank_line AS entry ON entry.id = money.bank_line_id
      LEFT JOIN customer ON customer.customer_no = money.customer_no
      WHERE money.statement_no = :number AND money.reversed_at IS NULL
    ) AS received WHERE rest > 0 ORDER BY receipt_no LIMIT 100
    """,
)

_ADJUSTED = Part(
    "What was given away",
    (
        Shown("adjustment_no", "Adjustment", "mono"),
        Shown("kind", "As", "code"),
        Shown("made_at", "When", "moment"),
        Shown("amount", "Amount", "money", "currency"),
        Shown("tax_amount", "Of that tax", "money", "currency"),
    ),
    """
    SELECT adjustment_no, kind, made_at, amount, nullif(tax_amount, 0) AS tax_amount, currency FROM adjustment WHERE dispute_no = :number
    """,
)
_DISPUTE = CaseKind(
    kind="dispute",
    noun="Dispute",
    named="SELECT dispute_no AS known_as, dispute_no AS number FROM dispute",
    head="""
    SELECT dispute.dispute_no, customer.name, dispute.customer_no, customer.name AS customer_name, dispute.invoice_no, dispute.receipt_no,
      dispute.amount, dispute.currency, dispute.reason, nullif(dispute.description, '') AS description,
      nullif(dispute.owner_group, '') AS owner, dispute.due_on,
      dispute.resolved_at IS NULL AND dispute.due_on < business_today() AS late, dispute.opened_by, dispute.opened_at,
      nullif(dispute.resolution, '') AS resolution, nullif(dispute.note, '') AS note, dispute.resolved_at,
      (SELECT memo.invoice_no FROM invoice AS memo WHERE memo.adjustment_no = dispute.credit_request) AS credit_memo_no,
      CASE WHEN dispute.resolved_at IS NULL THEN 'OPEN' ELSE dispute.resolution END AS state,
      ARRAY[dispute.dispute_no] AS keys, ARRAY[dispute.dispute_no] AS papers
    FROM dispute JOIN customer ON customer.customer_no = dispute.customer_no WHERE dispute.dispute_no = :number
    """,
    facts=(
        Shown("invoice_no", "Invoice", "invoice"),
        Shown("customer_no", "Customer", "customer", under="customer_name"),
        Shown("amount", "Amount", "money", "currency"),
        Shown("reason", "Reason", "code"),
        Shown("description", "What they say"),
        Shown("owner", "Whose it is"),
        Shown("due_on", "To be decided until", "day", odd="late"),
        Shown("receipt_no", "Paid short by", "receipt"),
        Shown("opened_by", "Opened by"),
        Shown("opened_at", "Opened", "moment"),
        Shown("resolution", "Ended by", "code"),
        Shown("credit_memo_no", "Credit memo", "invoice"),
        Shown("note", "What was found"),
        Shown("resolved_at", "Ended", "moment"),
    ),
    parts=(_ADJUSTED, *WITH_CUSTOMER),
)

CASES = (
    _DISPUTE,
    LATE_CHARGE,
    CaseKind(
        kind="receipt",
        noun="Receipt",
        named="SELECT receipt_no AS known_as, receipt_no AS number FROM receipt",
        head="""
        SELECT received.*, CASE WHEN reversed_at IS NOT NULL THEN 'REVERSED' WHEN rest > 0 THEN 'UNAPPLIED' ELSE 'APPLIED' END AS state,
          nullif(rest, 0) AS left_over, rest > 0 AS open
        FROM (
          SELECT money.receipt_no, money.statement_no, money.customer_no, coalesce(customer.name, entry.payer_name) AS name,
            customer.name AS customer_name, money.identified_by, money.amount, money.currency, money.received_on,
            nullif(money.on_account, 0) AS on_account, nullif(money.written_off, 0) AS written_off, money.reversed_at, entry.payer_name,
            entry.payer_iban, entry.remittance, entry.bank_ref, ARRAY[money.receipt_no, money.statement_no] AS keys,
            ARRAY[money.receipt_no] AS papers,
            CASE WHEN money.reversed_at IS NULL THEN money.amount - money.on_account - money.written_off - coalesce((
              SELECT sum(paid.cash) FROM application AS paid
              WHERE paid.receipt_no = money.receipt_no AND paid.unapplied_at IS NULL), 0) ELSE 0 END AS rest
          FROM receipt AS money JOIN bank_line AS entry ON entry.id = money.bank_line_id
          LEFT JOIN customer ON customer.customer_no = money.customer_no
          WHERE money.receipt_no = :number
        ) AS received
        """,
        facts=(
            Shown("payer_name", "Paid by", under="payer_iban"),
            Shown("remittance", "They wrote"),
            Shown("customer_no", "Customer", "customer", under="customer_name"),
            Shown("identified_by", "Recognised by", "code"),
            Shown("received_on", "Received", "day"),
            Shown("amount", "Amount", "money", "currency"),
            Shown("left_over", "Left to apply", "money", "currency", odd="open"),
            Shown("on_account", "On account", "money", "currency"),
            Shown("written_off", "Written off", "money", "currency"),
            Shown("statement_no", "Statement", "statement"),
            Shown("bank_ref", "Bank's reference", "mono"),
        ),
        parts=(_SUGGESTED, _OPEN, _APPLIED, *WITH_CUSTOMER),
    ),
    CaseKind(
        kind="statement",
        noun="Bank statement",
        named="SELECT statement_no AS known_as, statement_no AS number FROM bank_statement",
        head="""
        SELECT statement.statement_no, house.name, CAST(NULL AS text) AS customer_no, statement.account, statement.bank_ref,
          statement.currency, statement.opening, statement.closing, statement.opened_on, statement.closed_on, booked.entries, booked.change,
          statement.opening + booked.change <> statement.closing AS off,
          nullif(statement.closing - statement.opening - booked.change, 0) AS missing, statement.refused_because,
          nullif(array_to_string(ARRAY(SELECT jsonb_array_elements_text(statement.faults)), ' '), '') AS faults, true AS always,
          CASE WHEN statement.refused_at IS NOT NULL THEN 'REFUSED' WHEN statement.applied_at IS NOT NULL THEN 'APPLIED'
            WHEN statement.read_at IS NOT NULL THEN 'READ' ELSE 'RECEIVED' END AS state,
          ARRAY[statement.statement_no] AS keys, ARRAY[statement.statement_no] AS papers
        FROM bank_statement AS statement
        LEFT JOIN house_bank_account AS house ON house.iban = statement.account AND house.currency = statement.currency
        CROSS JOIN LATERAL (
          SELECT count(*) AS entries, coalesce(sum(entry.amount), 0) AS change FROM bank_line AS entry
          WHERE entry.statement_no = statement.statement_no
        ) AS booked
        WHERE statement.statement_no = :number
        """,
        facts=(
            Shown("account", "Account", "mono"),
            Shown("opened_on", "From", "day"),
            Shown("closed_on", "To", "day"),
            Shown("opening", "Opening balance", "money", "currency"),
            Shown("entries", "Entries", "quantity"),
            Shown("change", "They come to", "money", "currency"),
            Shown("closing", "Closing balance", "money", "currency", odd="off"),
            Shown("missing", "Does not add up by", "money", "currency", odd="off"),
            Shown("faults", "What is wrong", odd="always"),
            Shown("refused_because", "Refused because"),
        ),
        parts=(_UNAPPLIED, _ENTRIES),
    ),
)

LISTS = (
    LATE_CHARGES,
    CaseList(
        kind="dispute",
        title="Disputes",
        states=("OPEN", "CREDIT", "CHARGE_BACK", "WRITE_OFF", "PAID"),
        shown=(
            Shown("invoice_no", "Invoice", "invoice"),
            Shown("reason", "Reason", "code"),
            Shown("owner", "Whose it is"),
            Shown("due_on", "Until", "day", odd="late"),
            Shown("amount", "Amount", "money", "currency"),
        ),
        sql="""
        SELECT dispute.dispute_no AS number, customer.name, dispute.invoice_no, dispute.reason, nullif(dispute.owner_group, '') AS owner,
          dispute.due_on, dispute.resolved_at IS NULL AND dispute.due_on < business_today() AS late, dispute.amount, dispute.currency,
          CASE WHEN dispute.resolved_at IS NULL THEN 'OPEN' ELSE dispute.resolution END AS state
        FROM dispute JOIN customer ON customer.customer_no = dispute.customer_no
        """,
        empty="What a customer does not pay is a dispute: opened under Receipts where a payment is short, or by API for an invoice.",
    ),
    CaseList(
        kind="statement",
        title="Bank statements",
        states=("RECEIVED", "READ", "APPLIED", "REFUSED"),
        shown=(
            Shown("opened_on", "From", "day"),
            Shown("closed_on", "To", "day"),
            Shown("opening", "Opening", "money", "currency"),
            Shown("closing", "Closing", "money", "currency"),
            Shown("waits", "Entries that wait", "quantity", odd="waiting"),
        ),
        sql="""
        SELECT statement.statement_no AS number, coalesce(nullif(house.name, ''), statement.account) AS name, statement.opened_on,
          statement.closed_on, statement.currency, statement.opening, statement.closing, nullif(open.waits, 0) AS waits,
          open.waits > 0 AS waiting,
          CASE WHEN statement.refused_at IS NOT NULL THEN 'REFUSED' WHEN statement.applied_at IS NOT NULL THEN 'APPLIED'
            WHEN statement.read_at IS NOT NULL THEN 'READ' ELSE 'RECEIVED' END AS state
        FROM bank_statement AS statement
        LEFT JOIN house_bank_account AS house ON house.iban = statement.account AND house.currency = statement.currency
        CROSS JOIN LATERAL (
          SELECT count(*) AS waits FROM bank_line AS entry
          WHERE entry.statement_no = statement.statement_no AND entry.outcome = '' AND statement.refused_at IS NULL
        ) AS open
        """,
        empty="A bank's statements come as files or by API; each is checked against the one before, and its receipts are matched.",
    ),
)
