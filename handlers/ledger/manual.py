"""Journals that a person writes by hand (accruals, corrections, what no business event posts) and a second person agrees to."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Text, cast, func, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from engine.problems import Conflict, Forbidden, Invalid, NotFound
from engine.store.clock import business_today
from engine.store.locks import Lock, take
from engine.store.unit_of_work import savepoint
from handlers.identifiers import Amount, Currency, Day, Line, Number, Prose, canonical, prose
from handlers.ledger import accounts, posting
from handlers.ledger.books import rate_on
from handlers.ledger.model import ManualEntry
from handlers.ledger.rules import check_entry
from handlers.values import decimals_of, round_currency

EVENT = "journal.manual"
MOST_LINES = 200
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
    """A journal by hand. The same `reference` is written once, and refused with other content; `gl_date` None is today."""

    reference: Number
    currency: Currency
    lines: Sequence[ManualLine]
    narration: Prose
    gl_date: Day | None = None


def write(tx: Session, given: ManualJournal, author: str) -> bool:
    """Keep a journal until a second person agrees; False when the very same was written before.

    Raises Invalid for what could not be posted (an account, the amounts, a closed day, a missing rate), Conflict for a taken reference.
    """
    draft = canonical(given)
    gl_date = draft.gl_date or business_today(tx)
    check(tx, draft, gl_date)
    row = {
        "reference": draft.reference,
        "currency": draft.currency,
        "gl_date": gl_date,
        "narration": draft.narration,
        "lines": _rows(draft.lines),
        "authors": [author],
    }
    if tx.execute(insert(ManualEntry).values(row).on_conflict_do_nothing().returning(ManualEntry.reference)).first():
        return True
    known = find(tx, draft.reference)
    same = (known.currency, known.narration, known.lines) == (draft.currency, draft.narration, row["lines"])
    if not same or (draft.gl_date is not None and draft.gl_date != known.gl_date):
        raise Conflict(
            f"{draft.reference} was written before with other content.",
            code="journal_differs",
            next_step="Look at the first one, or give this one another reference.",
        )
    return False


def find(tx: Session, reference: str, *, lock: bool = False) -> ManualEntry:
    """One entry as it is now, locked until the transaction ends when asked. Raises NotFound."""
    if lock:
        take(tx, Lock.MANUAL_ENTRY, [reference])
    found = tx.get(ManualEntry, reference, populate_existing=True)
    if found is None:
        raise NotFound(
            f"There is no manual entry {reference}.", code="manual_entry_unknown", next_step="Check the reference in the list of entries."
        )
    return found


def objection(tx: Session, reference: str) -> str:
    """Why an entry cannot be posted as it stands, in words; empty when it can. Raises NotFound."""
    entry = find(tx, reference)
    try:
        with savepoint(tx):
            check(tx, _draft(entry), entry.gl_date)
    except Invalid as problem:
        return problem.detail
    return ""


def revise(tx: Session, given: ManualJournal, author: str) -> None:
    """Replace what an entry says; whoever corrected it may not agree to it either. Raises NotFound, Conflict when it is closed."""
    _open(tx, given.reference)
    values = {
        "gl_date": given.gl_date,
        "narration": prose(given.narration, "narration"),
        "lines": _rows(given.lines),
        "authors": ManualEntry.authors.op("||")(func.to_jsonb(cast(author, Text))),
    }
    tx.execute(update(ManualEntry).where(ManualEntry.reference == given.reference).values(values))


def withdraw(tx: Session, reference: str) -> None:
    """Give an entry up. Again: nothing happens. Raises NotFound, Conflict when it is posted."""
    if find(tx, reference).state != "WITHDRAWN":
        _open(tx, reference)
        _set(tx, reference, state="WITHDRAWN", closed_at=func.business_now())


def post(tx: Session, reference: str, approver: str) -> int:
    """Post an entry that a second person has agreed to, and answer its journal; again: the same one.

    Raises Invalid for what cannot be posted, Forbidden for one of its authors, NotFound, Conflict when it was withdrawn.
    """
    entry = find(tx, reference, lock=True)
    if entry.journal_id is not None:
        return entry.journal_id
    _open(tx, reference)
    if approver in entry.authors:
        raise Forbidden(
            f"{approver} wrote {reference} and cannot agree to it: a second person must.",
            code="four_eyes",
            next_step="Let another candidate of the task decide it.",
        )
    draft = _draft(entry)
    check(tx, draft, entry.gl_date)
    journal_id = posting.post(tx, _entry(draft, entry.gl_date))
    _set(tx, reference, state="POSTED", approved_by=approver, journal_id=journal_id, closed_at=func.business_now())
    return journal_id


def check(tx: Session, draft: ManualJournal, gl_date: date) -> None:
    """Refuse what cannot be posted on its day as it stands. Raises Invalid with the errors by field."""
    if not 1 <= len(draft.lines) <= MOST_LINES:
        raise Invalid(
            f"A journal by hand has between 1 and {MOST_LINES} lines.",
            code="journal_lines",
            next_step="Enter its lines, or split it.",
            errors={"lines": [f"must be between 1 and {MOST_LINES}"]},
        )
    _check_accounts(draft.lines)
    _check_amounts(draft)
    check_entry(_entry(draft, gl_date))
    if posting.is_closed(tx, gl_date):
        raise Invalid(
            f"{gl_date} lies in a period that is closed.",
            code="period_closed",
            next_step="Give a day that is open, or have the period opened again.",
            errors={"gl_date": ["lies in a closed period"]},
        )
    rate_on(tx, draft.currency, gl_date)


def _check_accounts(lines: Sequence[ManualLine]) -> None:
    wrong = {place: kind for place, line in enumerate(lines) if (kind := _kind_of(line.account))}
    if not wrong:
        return
    named = {kind: ", ".join(sorted({lines[place].account for place in wrong if wrong[place] == kind})) for kind in wrong.values()}
    held = "control" in named
    raise Invalid(
        " ".join(f"Account {numbers} {_WRONG[kind]}." for kind, numbers in sorted(named.items())),
        code="journal_control_account" if held else "account_unknown",
        next_step="Book what happened where it belongs (an invoice, a receipt, stock), or choose another account."
        if held
        else "Choose an account of the chart.",
        errors={f"lines.{place}.account": [_WRONG[kind]] for place, kind in wrong.items()},
    )


_WRONG = {"control": "is kept by the business itself and cannot be booked by hand", "unknown": "is not in the chart"}


def _kind_of(account: str) -> str:
    return "control" if account in CONTROL_ACCOUNTS else "" if account in accounts.NUMBERS else "unknown"


def _check_amounts(draft: ManualJournal) -> None:
    """Each line is one side, in whole units of the currency, and both sides come to the same."""
    errors: dict[str, list[str]] = {}
    places = decimals_of(draft.currency)
    for place, line in enumerate(draft.lines):
        if bool(line.debit) == bool(line.credit):
            errors[f"lines.{place}.debit"] = ["or a credit must be given, not both"]
        elif round_currency(line.debit + line.credit, draft.currency) != line.debit + line.credit:
            errors[f"lines.{place}.{'debit' if line.debit else 'credit'}"] = [f"must have at most {places} decimals"]
    if errors:
        raise Invalid("Some amounts are not right.", code="journal_amount", next_step="Correct the marked lines.", errors=errors)
    debits, credits_ = sum((line.debit for line in draft.lines), ZERO), sum((line.credit for line in draft.lines), ZERO)
    if debits != credits_:
        raise Invalid(
            f"It does not balance: debits {debits:f} and credits {credits_:f} {draft.currency}.",
            code="journal_unbalanced",
            next_step="Correct the amounts so that debits equal credits; nothing was posted.",
            errors={"lines": [f"do not balance by {debits - credits_:f}"]},
        )


def _open(tx: Session, reference: str) -> None:
    entry = find(tx, reference, lock=True)
    if entry.state != "WRITTEN":
        raise Conflict(
            f"{reference} is {entry.state.lower()}.",
            code="manual_entry_closed",
            next_step="Write another entry, under a reference of its own.",
        )


def _set(tx: Session, reference: str, **values: Any) -> None:
    tx.execute(update(ManualEntry).where(ManualEntry.reference == reference).values(**values))


def _rows(lines: Sequence[ManualLine]) -> list[dict[str, str]]:
    return [
        {"account": line.account, "debit": f"{line.debit:f}", "credit": f"{line.credit:f}", "reference": line.reference} for line in lines
    ]


def _draft(entry: ManualEntry) -> ManualJournal:
    lines = [
        ManualLine(account=row["account"], debit=Decimal(row["debit"]), credit=Decimal(row["credit"]), reference=row["reference"])
        for row in entry.lines
    ]
    return ManualJournal(reference=entry.reference, currency=entry.currency, lines=lines, narration=entry.narration, gl_date=entry.gl_date)


def _entry(draft: ManualJournal, gl_date: date) -> posting.Entry:
    return posting.Entry(
        event_type=EVENT,
        source_id=draft.reference,
        currency=draft.currency,
        lines=[posting.Line(line.account, line.debit, line.credit, None, line.reference or draft.reference) for line in draft.lines],
        gl_date=gl_date,
        narration=draft.narration,
    )
