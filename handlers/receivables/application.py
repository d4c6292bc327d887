"""Applies receipts to invoices: journals, open items and what is left of each receipt, all at once."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import RowMapping, text
from sqlalchemy.orm import Session

from engine.problems import Invalid
from engine.store import locks
from engine.store.locks import Lock
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
from handlers.ledger.open_items import Taken, lock_open_items, reduce_open_items, share_in_books
from handlers.receivables.disputes import DisputeDraft, open_dispute
from handlers.receivables.model import Application
from handlers.receivables.rules import ACTIONS, Owed, Split, split
from handlers.receivables.statements import lock_statement
from handlers.rowsets import as_json, insert_rows
from handlers.values import round_currency

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Applied:
    """What a statement settled, and which receipts still need a person."""

    settled: tuple[str, ...]
    unmatched: tuple[str, ...]
    #: The disputes that short payments became, each with its invoice.
    disputes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Use:
    """A receipt for an invoice, with what is decided about it. The amounts in the books' currency are those of the two sub-ledgers."""

    row: RowMapping
    action: str
    parts: Split
    sequence: int
    #: What the receivable loses, and what the receipt gives, in the currency of the books.
    settled_in_books: Decimal
    cash_in_books: Decimal


@dataclass(slots=True)
class Rest:
    """What is left of an invoice or of a receipt while one use after the other takes its part."""

    amount: Decimal
    in_books: Decimal
    rate: Decimal

    def take(self, amount: Decimal, books: str) -> Decimal:
        """Take a part, and answer its worth in the books: the last part takes whatever is left there."""
        share = share_in_books(amount, self.amount, self.in_books, self.rate, books)
        self.amount -= amount
        self.in_books -= share
        return share


def apply_receipts(tx: Session, statement_no: str, decisions: Mapping[tuple[str, str], str]) -> Applied:
    """Apply what was proposed for a statement: exact matches, and the others as decided by (receipt, invoice).

    Amounts are read anew under lock: what was used or paid since it was proposed is not applied, and a person looks at the receipt. A
    statement is applied once; after that the same answer is given. Raises NotFound, Invalid for a decision that is missing or unknown.
    """
    if lock_statement(tx, statement_no)["applied_at"] is None:
        given = {"statement_no": statement_no}
        proposed = tx.execute(_PROPOSALS, given).all()
        locks.take(tx, Lock.RECEIPT, [row.receipt_no for row in proposed])
        lock_open_items(tx, "AR", [row.invoice_no for row in proposed])
        uses = _decide(tx.execute(_PROPOSED, given).mappings().all(), decisions, books_currency(tx))
        if uses:
            write_uses(tx, uses)
            open_deductions(tx, uses)
        tx.execute(_APPLIED, given)
    settled = tx.execute(_SETTLED, {"statement_no": statement_no}).scalars().all()
    unmatched = tx.execute(_UNMATCHED, {"statement_no": statement_no}).scalars().all()
    disputes = tx.execute(_DISPUTES, {"statement_no": statement_no}).all()
    return Applied(tuple(settled), tuple(unmatched), tuple((row.dispute_no, row.invoice_no) for row in disputes))


def open_deductions(tx: Session, uses: Sequence[Use], reason: str = "OTHER", description: str = "", by: str = "") -> list[str]:
    """Make a dispute of what each deduction left open; answer their numbers."""
    short = [use for use in uses if use.action == "DEDUCTION" and use.row["open_amount"] > use.parts.settles]
    return [
        open_dispute(
            tx,
            DisputeDraft(
                invoice_no=use.row["invoice_no"],
                reason=reason,
                description=description or f"Receipt {use.row['receipt_no']} paid it short.",
                receipt_no=use.row["receipt_no"],
            ),
            by,
        )
        for use in short
    ]


def _decide(rows: Sequence[RowMapping], decisions: Mapping[tuple[str, str], str], books: str) -> list[Use]:
    """Go through the proposals in order; what one takes is gone for the next."""
    invoices = {row["invoice_no"]: owed_rest(row) for row in rows}
    receipts = {row["receipt_no"]: held_rest(row) for row in rows}
    free = {row["receipt_no"]: row["rest"] for row in rows}
    uses = []
    for row in rows:
        key = (row["receipt_no"], row["invoice_no"])
        invoice = invoices[row["invoice_no"]]
        if invoice.amount != row["amount"] + row["difference"] or free[row["receipt_no"]] < row["amount"]:
            continue  # somebody paid the invoice or used the receipt since: the decision was about something else
        action = decisions.get(key, "") if row["difference"] else "APPLY"
        if action not in ACTIONS:
            raise Invalid(
                f"For receipt {key[0]} and invoice {key[1]} the decision says {action or 'nothing'!r}.",
                code="residual_decision",
                next_step=f"Let the decision table answer one of {', '.join(sorted(ACTIONS))} for every case, then retry.",
            )
        uses.append(use_of(row, action, row["amount"], (invoice, receipts[row["receipt_no"]]), books))
        free[row["receipt_no"]] -= row["amount"]
    return uses


def use_of(row: RowMapping, action: str, amount: Decimal, rests: tuple[Rest, Rest], books: str) -> Use:
    """Use an amount of a receipt on an invoice as the action says, and take it off what is left of both (invoice, receipt)."""
    invoice, receipt = rests
    offered = row["discount_amount"] if invoice.amount == row["original"] else ZERO
    parts = split(action, amount, Owed(invoice.amount, row["original"], row["tax_amount"], offered, row["currency"]))
    settled = invoice.take(parts.settles, books)
    return Use(row, action, parts, row["sequence"], settled, receipt.take(parts.cash + parts.income, books))


def owed_rest(row: RowMapping) -> Rest:
    """What is open on the invoice of a row of `FACTS`."""
    return Rest(row["open_amount"], row["open_in_books"], row["invoice_rate"])


def held_rest(row: RowMapping) -> Rest:
    """What the receipt of a row of `FACTS` still stands for as unapplied cash, on account or free."""
    return Rest(row["held"], row["held_in_books"], row["receipt_rate"])


def write_uses(tx: Session, uses: Sequence[Use], by: str = "") -> None:
    """Post the applications, take them off the open items, and keep what is left of the receipts; `by` whom, where no rule did."""
    books = books_currency(tx)
    booked = [use for use in uses if use.parts.settles or use.parts.income]
    journals = posting.post_many(tx, [_entry(use, books) for use in booked])
    taken: dict[str, Taken] = defaultdict(lambda: Taken(ZERO, ZERO))
    for use in booked:
        before = taken[use.row["invoice_no"]]
        taken[use.row["invoice_no"]] = Taken(before.amount + use.parts.settles, before.in_books + use.settled_in_books)
    reduce_open_items(tx, "AR", taken)
    insert_rows(tx, Application, [{**_application(use, journal), "applied_by": by} for use, journal in zip(booked, journals, strict=True)])
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
        lines = _with_exchange_difference(lines, use, books)
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


def _with_exchange_difference(lines: Sequence[posting.Line], use: Use, books: str) -> list[posting.Line]:
    """Cash and income leave at the rate of the receipt, the rest at the rate of the invoice; what is between them was gained or lost.

    The cents that rounding leaves when an invoice or a receipt is used up go the same way.
    """
    exact = {UNAPPLIED_CASH: use.cash_in_books, RECEIVABLES: -use.settled_in_books}
    rates = {OTHER_INCOME: use.row["receipt_rate"]}
    valued = [_valued(line, exact.get(line.account), rates.get(line.account, use.row["invoice_rate"]), books) for line in lines]
    gain = sum((line.accounted or ZERO for line in valued), ZERO)
    if gain:
        valued.append(posting.Line(FX_GAIN if gain > 0 else FX_LOSS, accounted=-gain))
    return valued


def _valued(line: posting.Line, exact: Decimal | None, rate: Decimal, books: str) -> posting.Line:
    accounted = round_currency((line.debit - line.credit) * rate, books) if exact is None else exact
    return posting.Line(line.account, line.debit, line.credit, line.party_no, line.reference, accounted)


#: What the application of a receipt to an invoice rests on. `held` is what the receipt still stands for as unapplied cash, `rest` the part
#: of it that is not kept on account.
FACTS = """
  receipt.customer_no AS payer_no, receipt.received_on, receipt.currency,
  item.party_no, item.open_amount, item.open_in_books, item.original, item.tax_amount, item.discount_amount,
  item.fx_rate AS invoice_rate, journal.fx_rate AS receipt_rate,
  receipt.amount - receipt.written_off - used.cash AS held,
  receipt.amount - receipt.written_off - receipt.on_account - used.cash AS rest,
  coalesce((SELECT -sum(line.accounted) FROM journal_line AS line
            WHERE line.reference = receipt.receipt_no AND line.account = '1290'), 0) AS held_in_books,
  1 + (SELECT count(*) FROM application AS before
       WHERE before.receipt_no = receipt.receipt_no AND before.invoice_no = item.document_no) AS sequence
"""
#: What of a receipt is applied.
USED = """
LEFT JOIN LATERAL (
  SELECT coalesce(sum(cash), 0) AS cash FROM application
  WHERE application.receipt_no = receipt.receipt_no AND application.unapplied_at IS NULL) AS used ON true
"""
_PROPOSALS = text("""
SELECT proposal.receipt_no, proposal.invoice_no FROM receipt_proposal AS proposal JOIN receipt USING (receipt_no)
WHERE receipt.statement_no = :statement_no AND proposal.rank = 0
""")
_PROPOSED = text(f"""
SELECT proposal.receipt_no, proposal.invoice_no, proposal.amount, proposal.difference, {FACTS}
FROM receipt_proposal AS proposal JOIN receipt ON receipt.receipt_no = proposal.receipt_no
JOIN journal ON journal.id = receipt.journal_id
JOIN open_item AS item ON item.kind = 'AR' AND item.document_no = proposal.invoice_no
{USED}
WHERE receipt.statement_no = :statement_no AND receipt.reversed_at IS NULL AND proposal.rank = 0
ORDER BY proposal.receipt_no, proposal.invoice_no
""")
_KEEP_REST = text("""
UPDATE receipt SET on_account = receipt.on_account + given.on_account, written_off = receipt.written_off + given.income
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS given(receipt_no text, on_account numeric, income numeric)
WHERE receipt.receipt_no = given.receipt_no
""")
_APPLIED = text("UPDATE bank_statement SET applied_at = business_now() WHERE statement_no = :statement_no")
_DISPUTES = text("""
SELECT dispute_no, invoice_no FROM dispute JOIN receipt USING (receipt_no) WHERE receipt.statement_no = :statement_no ORDER BY dispute_no
""")
_SETTLED = text("""
SELECT DISTINCT item.document_no FROM application JOIN receipt USING (receipt_no)
JOIN open_item AS item ON item.kind = 'AR' AND item.document_no = application.invoice_no
WHERE receipt.statement_no = :statement_no AND application.unapplied_at IS NULL AND item.open_amount = 0 ORDER BY item.document_no
""")
_UNMATCHED = text(f"""
SELECT receipt.receipt_no FROM receipt {USED}
WHERE receipt.statement_no = :statement_no AND receipt.reversed_at IS NULL
  AND receipt.amount - receipt.on_account - receipt.written_off - used.cash > 0
ORDER BY receipt.receipt_no
""")
