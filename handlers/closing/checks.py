"""What is looked at before a month is closed: each check one query, as of the month's last day.

Which of them stops the close is a decision table (`close-check`); what a check counts is said here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import text
from sqlalchemy.orm import Session

from handlers.closing.rules import Month
from handlers.invariants import all_invariants, check
from handlers.ledger.movements import in_books
from handlers.shipments.unbilled import UNBILLED

#: What the books and the subledgers have to agree on: journals balance, and each control account says what its items say.
TOTALS = ("INV-01", "INV-02", "INV-03", "INV-39")


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that may be open: a sentence a person understands, where to look, and a query for how many and how much."""

    code: str
    title: str
    address: str
    sql: str


@dataclass(frozen=True, slots=True)
class Finding:
    """How many a check found, and how much it is about in the currency of the books (zero where it is about no amount)."""

    check: str
    title: str
    count: int
    amount: Decimal
    address: str


def look(tx: Session, month: Month) -> list[Finding]:
    """Every check of a month, those that found nothing too. A constant number of statements."""
    given = {"starts_on": month.starts_on, "ends_on": month.ends_on}
    found = []
    for each in CHECKS:
        row = tx.execute(text(each.sql), given).one()
        found.append(Finding(each.code, each.title, row[0], row[1], each.address))
    return found


def totals_off(tx: Session) -> Finding:
    """Where a control account and its items, or a journal and itself, do not agree."""
    parts = [each for each in all_invariants() if each.id in TOTALS]
    return Finding("totals_off", "Control totals that do not agree", check(tx, parts).violations, Decimal(0), "/reports/control-totals")


def grown(before: Mapping[str, int], now: list[Finding]) -> list[Finding]:
    """What there is more of than somebody saw."""
    return [each for each in now if each.count > before.get(each.check, 0)]


CHECKS = (
    Check(
        "earlier_open",
        "Earlier months with journals that are not closed",
        "/finance/periods",
        """
        SELECT count(DISTINCT date_trunc('month', gl_date)), 0::numeric FROM journal
        WHERE gl_date < :starts_on AND NOT EXISTS (SELECT FROM ledger_period WHERE gl_date BETWEEN starts_on AND ends_on)
        """,
    ),
    Check(
        "manual_journals",
        "Journals by hand that wait for a second person",
        "/finance/journals",
        """
        SELECT count(*), coalesce(sum(one.total), 0) FROM manual_entry
        LEFT JOIN LATERAL (SELECT sum((line ->> 'debit')::numeric) AS total FROM jsonb_array_elements(lines) AS line) AS one ON true
        WHERE state = 'WRITTEN' AND gl_date <= :ends_on
        """,
    ),
    Check(
        "draft_invoices",
        "Invoices and credit memos that are not posted",
        "/finance/invoices",
        f"""
        SELECT count(*), coalesce(sum({in_books("gross_total", "invoice.currency")}), 0) FROM invoice
        WHERE posted_at IS NULL AND cancelled_at IS NULL AND invoice_date <= :ends_on
        """,
    ),
    Check(
        "unbilled",
        "Shipped and not billed, not delivered yet",
        "/reports/unbilled",
        f"SELECT count(*), coalesce(sum(in_books), 0) FROM ({UNBILLED}) AS line WHERE NOT delivered",
    ),
    Check(
        "to_accrue",
        "Delivered and not billed: revenue that will be accrued",
        "/reports/unbilled",
        f"SELECT count(*), coalesce(sum(in_books), 0) FROM ({UNBILLED}) AS line WHERE delivered",
    ),
    Check(
        "unapplied_receipts",
        "Receipts that are not applied",
        "/finance/receipts",
        """
        SELECT count(*), coalesce(sum(one.rest), 0) FROM (
          SELECT line.reference, -sum(line.accounted) AS rest FROM journal_line AS line JOIN journal ON journal.id = line.journal_id
          WHERE line.account = '1290' AND journal.gl_date <= :ends_on GROUP BY line.reference HAVING sum(line.accounted) <> 0
        ) AS one LEFT JOIN receipt ON receipt.receipt_no = one.reference WHERE coalesce(receipt.on_account, 0) = 0
        """,
    ),
    Check(
        "statements",
        "Bank statements that are not worked through",
        "/finance/statements",
        """
        SELECT count(*), 0::numeric FROM bank_statement
        WHERE applied_at IS NULL AND refused_at IS NULL AND closed_on <= :ends_on
        """,
    ),
    Check(
        "unmatched_bills",
        "Suppliers' bills that are not approved",
        "/fulfillment/purchase-orders",
        f"""
        SELECT count(*), coalesce(sum({in_books("gross_total", "supplier_invoice.currency")}), 0) FROM supplier_invoice
        WHERE approved_at IS NULL AND rejected_at IS NULL AND invoice_date <= :ends_on
        """,
    ),
    Check(
        "grni",
        "Goods received and not invoiced, carried over",
        "/reports/grni",
        """
        SELECT count(*), coalesce(sum(one.accrued), 0) FROM (
          SELECT line.reference, -sum(line.accounted) AS accrued FROM journal_line AS line JOIN journal ON journal.id = line.journal_id
          WHERE line.account = '2100' AND journal.gl_date <= :ends_on GROUP BY line.reference HAVING sum(line.accounted) <> 0
        ) AS one
        """,
    ),
    Check(
        "returns",
        "Returned goods that are not inspected",
        "/fulfillment/returns",
        """
        SELECT count(*), 0::numeric FROM return_authorization
        WHERE received_at < (CAST(:ends_on AS date) + 1)::timestamptz AND inspected_at IS NULL AND closed_at IS NULL
        """,
    ),
    Check(
        "rates_missing",
        "Currencies without an exchange rate of the last seven days of the month",
        "/master-data/rates",
        """
        SELECT count(DISTINCT journal.currency), 0::numeric FROM journal
        WHERE journal.gl_date <= :ends_on AND journal.currency <> (SELECT currency FROM ledger_book)
          AND NOT EXISTS (SELECT FROM fx_rate WHERE fx_rate.currency = journal.currency
            AND valid_from BETWEEN CAST(:ends_on AS date) - 6 AND :ends_on)
        """,
    ),
)
