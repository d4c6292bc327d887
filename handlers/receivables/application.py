"""Applies receipts to invoices: journals, open items and what is left of each receipt, all at once."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import RowMapping, text
from sqlalchemy.orm import Session

from engine.problems import Invalid
from handlers.ledger import posting
from handlers.ledger.accounts import (
    EARNED_DISCOUNT,
    FX_GAIN,
    FX_LOSS,
    OTHER_INCOME,
    OUTPUT_VAT,
    RECEIVABLES,
    SMALL_BALANCE_WRITE_OFF,
    UNAPPLIED_CASH,
    UNEARNED_DISCOUNT,
)
from handlers.ledger.books import books_currency
from handlers.ledger.open_items import reduce_open_items
from handlers.receivables.model import Application
from handlers.receivables.rules import ACTIONS, Owed, Split, split
from handlers.receivables.statements import find_statement
from handlers.rowsets import as_json, insert_rows
from handlers.values import round_currency

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Applied:
    """What a statement settled, and which receipts still need a person."""

    settled: tuple[str, ...]
    unmatched: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Use:
    """A proposal with what is decided about it."""

    row: RowMapping
    action: str
    parts: Split
    sequence: int


def apply_receipts(tx: Session, statement_no: str, decisions: Mapping[tuple[str, str], str]) -> Applied:
    """Apply what was proposed for a statement: exact matches, and the others as decided by (receipt, invoice).

    Amounts are read anew under lock, so that a variable of a process cannot pay an invoice. A statement is applied once; after that the
    same answer is given. Raises NotFound, Invalid for a decision that is missing or unknown.
    """
    if find_statement(tx, statement_no).applied_at is None:
        tx.execute(_LOCK_ITEMS, {"statement_no": statement_no})
        rows = tx.execute(_PROPOSED, {"statement_no": statement_no}).mappings().all()
        uses = _decide(rows, decisions)
        if uses:
            write_uses(tx, uses)
        tx.execute(_APPLIED, {"statement_no": statement_no})
    settled = tx.execute(_SETTLED, {"statement_no": statement_no}).scalars().all()
    unmatched = tx.execute(_UNMATCHED, {"statement_no": statement_no}).scalars().all()
    return Applied(tuple(settled), tuple(unmatched))


def _decide(rows: Sequence[RowMapping], decisions: Mapping[tuple[str, str], str]) -> list[Use]:
    """Go through the proposals in order; what one takes is gone for the next."""
    left: dict[str, Decimal] = {row["invoice_no"]: row["open_amount"] for row in rows}
    uses = []
    for row in rows:
        key = (row["receipt_no"], row["invoice_no"])
        if left[row["invoice_no"]] <= 0:
            continue
        exact = not row["difference"] or row["amount"] == left[row["invoice_no"]]
        action = "APPLY" if exact else decisions.get(key, "")
        if action not in ACTIONS:
            raise Invalid(
                f"For receipt {key[0]} and invoice {key[1]} the decision says {action or 'nothing'!r}.",
                code="residual_decision",
                next_step=f"Let the decision table answer one of {', '.join(sorted(ACTIONS))} for every case, then retry.",
            )
        owed = Owed(left[row["invoice_no"]], row["original"], row["tax_amount"], row["discount_amount"], row["currency"])
        parts = split(action, row["amount"], owed)
        left[row["invoice_no"]] -= parts.settles
        uses.append(Use(row, action, parts, row["sequence"]))
    return uses


def write_uses(tx: Session, uses: Sequence[Use]) -> None:
    """Post the applications, take them off the open items, and keep what is left of the receipts."""
    books = books_currency(tx)
    booked = [use for use in uses if use.parts.settles or use.parts.income]
    journals = posting.post_many(tx, [_entry(use, books) for use in booked])
    taken: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for use in booked:
        taken[use.row["invoice_no"]] += use.parts.settles
    reduce_open_items(tx, "AR", taken)
    insert_rows(tx, Application, [_application(use, journal) for use, journal in zip(booked, journals, strict=True)])
    rests: dict[str, list[Decimal]] = defaultdict(lambda: [ZERO, ZERO])
    for use in uses:
        rests[use.row["receipt_no"]][0] += use.parts.on_account
        rests[use.row["receipt_no"]][1] += use.parts.income
    given = [{"receipt_no": number, "on_account": rest, "income": income} for number, (rest, income) in rests.items()]
    tx.execute(_KEEP_REST, {"rows": as_json(given)})


def _application(use: Use, journal_id: int) -> dict[str, Any]:
    return {
        "receipt_no": use.row["receipt_no"],
        "invoice_no": use.row["invoice_no"],
        "sequence": use.sequence,
        "cash": use.parts.cash,
        "discount": use.parts.discount,
        "discount_tax": use.parts.discount_tax,
        "written_off": use.parts.written_off,
        "action": use.action,
        "journal_id": journal_id,
    }


def _entry(use: Use, books: str) -> posting.Entry:
    row, parts = use.row, use.parts
    lines = posting.merged(
        [
            posting.debit(UNAPPLIED_CASH, parts.cash + parts.income, party_no=row["payer_no"], reference=row["receipt_no"]),
            posting.debit(
                UNEARNED_DISCOUNT if use.action == "UNEARNED_DISCOUNT" else EARNED_DISCOUNT, parts.discount, reference=row["invoice_no"]
            ),
            posting.debit(OUTPUT_VAT, parts.discount_tax, reference=row["invoice_no"]),
            posting.debit(SMALL_BALANCE_WRITE_OFF, parts.written_off, reference=row["invoice_no"]),
            posting.credit(RECEIVABLES, parts.settles, party_no=row["party_no"], reference=row["invoice_no"]),
            posting.credit(OTHER_INCOME, parts.income, reference=row["receipt_no"]),
        ]
    )
    if row["currency"] != books:
        lines = _with_exchange_difference(lines, row["receipt_rate"], row["invoice_rate"], books)
    return posting.Entry(
        event_type="receipt.applied",
        source_id=f"{row['receipt_no']}:{row['invoice_no']}",
        sequence=use.sequence,
        currency=row["currency"],
        lines=lines,
        gl_date=row["received_on"],
        fx_rate=row["invoice_rate"],
        narration=f"Receipt {row['receipt_no']} applied to {row['invoice_no']} ({use.action})",
    )


def _with_exchange_difference(
    lines: Sequence[posting.Line], receipt_rate: Decimal, invoice_rate: Decimal, books: str
) -> list[posting.Line]:
    """Cash leaves at the rate of the receipt, the rest at the rate of the invoice; what is between them was gained or lost."""
    valued = []
    for line in lines:
        rate = receipt_rate if line.account in {UNAPPLIED_CASH, OTHER_INCOME} else invoice_rate
        accounted = round_currency((line.debit - line.credit) * rate, books)
        valued.append(posting.Line(line.account, line.debit, line.credit, line.party_no, line.reference, accounted))
    gain = sum((line.accounted or ZERO for line in valued), ZERO)
    if gain:
        valued.append(posting.Line(FX_GAIN if gain > 0 else FX_LOSS, accounted=-gain))
    return valued


#: Items are locked in one stable order before anything else, so that two statements never wait for one another in a circle.
_LOCK_ITEMS = text("""
SELECT item.id FROM open_item AS item
WHERE item.kind = 'AR' AND item.document_no IN (
  SELECT proposal.invoice_no FROM receipt_proposal AS proposal JOIN receipt USING (receipt_no) WHERE receipt.statement_no = :statement_no)
ORDER BY item.id FOR UPDATE
""")
#: What the application of a receipt to an invoice rests on.
FACTS = """
  receipt.customer_no AS payer_no, receipt.received_on, receipt.currency,
  item.party_no, item.open_amount, item.original, item.tax_amount, item.fx_rate AS invoice_rate, journal.fx_rate AS receipt_rate,
  CASE WHEN item.open_amount = item.original THEN item.discount_amount ELSE 0 END AS discount_amount,
  1 + (SELECT count(*) FROM application AS before
       WHERE before.receipt_no = receipt.receipt_no AND before.invoice_no = item.document_no) AS sequence
"""
_PROPOSED = text(f"""
SELECT proposal.receipt_no, proposal.invoice_no, proposal.amount, proposal.difference, {FACTS}
FROM receipt_proposal AS proposal JOIN receipt ON receipt.receipt_no = proposal.receipt_no
JOIN journal ON journal.id = receipt.journal_id
JOIN open_item AS item ON item.kind = 'AR' AND item.document_no = proposal.invoice_no
WHERE receipt.statement_no = :statement_no AND receipt.reversed_at IS NULL
ORDER BY proposal.receipt_no, proposal.invoice_no FOR UPDATE OF receipt
""")
_KEEP_REST = text("""
UPDATE receipt SET on_account = receipt.on_account + given.on_account, written_off = receipt.written_off + given.income
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS given(receipt_no text, on_account numeric, income numeric)
WHERE receipt.receipt_no = given.receipt_no
""")
_APPLIED = text("""
WITH forgotten AS (
  DELETE FROM receipt_proposal USING receipt
  WHERE receipt.receipt_no = receipt_proposal.receipt_no AND receipt.statement_no = :statement_no
)
UPDATE bank_statement SET applied_at = now() WHERE statement_no = :statement_no
""")
_SETTLED = text("""
SELECT DISTINCT item.document_no FROM application JOIN receipt USING (receipt_no)
JOIN open_item AS item ON item.kind = 'AR' AND item.document_no = application.invoice_no
WHERE receipt.statement_no = :statement_no AND application.unapplied_at IS NULL AND item.open_amount = 0 ORDER BY item.document_no
""")
_UNMATCHED = text("""
SELECT receipt.receipt_no FROM receipt
LEFT JOIN application ON application.receipt_no = receipt.receipt_no AND application.unapplied_at IS NULL
WHERE receipt.statement_no = :statement_no AND receipt.reversed_at IS NULL GROUP BY receipt.receipt_no
HAVING receipt.amount - receipt.on_account - receipt.written_off - coalesce(sum(application.cash), 0) > 0 ORDER BY receipt.receipt_no
""")
