"""Journals that a person writes by hand: accruals, corrections, what no business event posts."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy.orm import Session

from engine.problems import Invalid
from handlers.identifiers import Amount, Currency, Day, Line, Number, Prose, canonical
from handlers.ledger import accounts, posting

EVENT = "journal.manual"
ZERO = Decimal(0)
#: What each of these accounts holds is kept, and compared, elsewhere: on open items, stock, receipts, shipments or bank statements.
CONTROL_ACCOUNTS = accounts.PARTY_ACCOUNTS | {
    *accounts.BANK_ACCOUNTS,
    accounts.UNAPPLIED_CASH,
    accounts.INVENTORY,
    accounts.DROPSHIP_INVENTORY,
    accounts.RECEIVING_INSPECTION,
    accounts.DEFERRED_COGS,
    accounts.GOODS_RECEIVED_NOT_INVOICED,
    accounts.OUTPUT_VAT,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ManualLine:
    """One side of an account; either a debit or a credit."""

    account: Number
    debit: Amount = ZERO
    credit: Amount = ZERO
    reference: Line = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ManualJournal:
    """A journal by hand. The same `reference` is posted once, and refused with other content; `gl_date` None is today."""

    reference: Number
    currency: Currency
    lines: Sequence[ManualLine]
    narration: Prose
    gl_date: Day | None = None


def post_manual(tx: Session, given: ManualJournal) -> int:
    """Post a journal by hand and answer its id. Raises Invalid for a control account or an unbalanced entry, Conflict for a repeat."""
    draft = canonical(given)
    held = sorted({line.account for line in draft.lines} & CONTROL_ACCOUNTS)
    if held:
        raise Invalid(
            f"Account {', '.join(held)} is kept by the business itself and cannot be booked by hand.",
            code="journal_control_account",
            next_step="Book what happened where it belongs (an invoice, a receipt, stock), or choose another account.",
            errors={f"lines.{place}.account": ["is a control account"] for place, line in enumerate(draft.lines) if line.account in held},
        )
    lines = [posting.Line(line.account, line.debit, line.credit, None, line.reference or draft.reference) for line in draft.lines]
    return posting.post(
        tx,
        posting.Entry(
            event_type=EVENT,
            source_id=draft.reference,
            currency=draft.currency,
            lines=lines,
            gl_date=draft.gl_date,
            narration=draft.narration,
        ),
    )
