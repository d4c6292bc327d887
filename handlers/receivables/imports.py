"""What customers owe when the books are opened, by file: each item is in the books, and is collected on by its own process."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.runtime.verbs import messages
from engine.runtime.verbs.messages import Message
from engine.store.clock import business_today
from handlers.bulk import Column, Kind, Refers, Row, Verdict, Work, known_names, name_rows, read_values, unknown
from handlers.identifiers import Amount, Currency, Day, Number, Quantity
from handlers.ledger import posting
from handlers.ledger.accounts import OPENING_BALANCE_EQUITY, RECEIVABLES
from handlers.ledger.books import rates_on
from handlers.ledger.open_items import NewOpenItem, add_open_items, take_back_open_items
from handlers.parties.model import Customer
from handlers.values import round_currency

_EVENT = "receivable.opening"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenReceivable:
    """What a customer still owes on one document of another system."""

    document_no: Number
    customer_no: Number
    document_date: Day
    due_date: Day
    amount: Quantity
    currency: Currency
    tax_amount: Amount = Decimal(0)


@dataclass(frozen=True, kw_only=True)
class OpenItemKind(Kind):
    """Open items: each document once; what is paid later comes by bank statement."""

    def judge(self, tx: Session, rows: Sequence[Row], *, writing: bool) -> None:  # noqa: ARG002  # documents are new: nothing is there to lock
        """Look up customers, rates, and documents that are on file: four statements."""
        for row in rows:
            read_values(self, row)
        sound = name_rows(self, rows)
        for name in ("customer_no", "document_date", "due_date", "amount", "currency"):
            for row in sound:
                if name not in row.given:
                    row.refuse(name, "is missing; fill the cell")
        sound = [row for row in sound if not row.errors]
        known = known_names(tx, Refers("customer_no", Customer, "customer_no", "customer"), {row.given["customer_no"] for row in sound})
        rates = rates_on(tx, {row.given["currency"] for row in sound}, business_today(tx))
        kept = {each["document_no"]: each for each in tx.execute(_ON_FILE, {"numbers": [row.key for row in sound]}).mappings()}
        for row in sound:
            draft = OpenReceivable(**row.given)
            row.after = asdict(draft)
            _check(row, draft, known, rates)
            if not row.errors:
                _compare(row, draft, kept.get(draft.document_no))

    def write(self, tx: Session, rows: Sequence[Row], work: Work) -> None:
        """A journal and an open item for each, in a constant number of statements; then each one's process is begun."""
        rates = rates_on(tx, {row.after["currency"] for row in rows}, business_today(tx))
        drafts = [OpenReceivable(**row.after) for row in rows]
        posting.post_many(
            tx,
            [
                posting.Entry(
                    event_type=_EVENT,
                    source_id=f"{work.reference}:{each.document_no}",
                    currency=each.currency,
                    lines=[
                        posting.debit(RECEIVABLES, each.amount, party_no=each.customer_no, reference=each.document_no),
                        posting.credit(OPENING_BALANCE_EQUITY, each.amount, reference=each.document_no),
                    ],
                    narration=f"Open item {each.document_no}",
                )
                for each in drafts
            ],
        )
        add_open_items(tx, "AR", [_opened(each, rates[each.currency]) for each in drafts])
        for each in drafts:
            payload = {"invoice_no": each.document_no, "order_no": ""}
            posted = Message("invoice.posted", payload, payload, business_key=each.document_no, actor=work.actor)
            messages.note(work.runtime, tx, posted)

    def undo(self, tx: Session, rows: Sequence[Row], work: Work) -> list[str]:
        """Mirror the journals, and let each process hear that nothing is owed, where nobody has done anything with an item."""
        numbers = [row.after["document_no"] for row in rows]
        used = take_back_open_items(tx, "AR", numbers)
        if used:
            return [f"{number} was paid, disputed or reminded of." for number in used]
        found = tx.execute(_JOURNALS, {"event": _EVENT, "sources": [f"{work.reference}:{number}" for number in numbers]}).scalars().all()
        posting.reverse_many(tx, [posting.Reversal(number) for number in found])
        for number in numbers:
            messages.note(work.runtime, tx, Message("receivable.settled", {"invoice_no": number}, {"invoice_no": number}, actor=work.actor))
        return []


def _check(row: Row, draft: OpenReceivable, known: set[str], rates: dict[str, Decimal]) -> None:
    if draft.customer_no not in known:
        row.refuse("customer_no", unknown("customer", draft.customer_no))
    if draft.due_date < draft.document_date:
        row.refuse("due_date", f"is before {draft.document_date}, the day of the document")
    if draft.amount != round_currency(draft.amount, draft.currency):
        row.refuse("amount", f"is {draft.amount}; write whole cents")
    if draft.tax_amount > draft.amount:
        row.refuse("tax_amount", "is more than the amount")
    if draft.currency not in rates:
        row.refuse("currency", f"has no exchange rate on file; file one of {draft.currency} first")


def _compare(row: Row, draft: OpenReceivable, kept: object) -> None:
    found = dict(kept) if kept is not None else None  # type: ignore[call-overload]
    if found is None or not found["original"]:
        row.verdict = Verdict.ADD
    elif (found["party_no"], found["original"], found["currency"]) == (draft.customer_no, draft.amount, draft.currency):
        row.verdict = Verdict.SAME
    else:
        row.refuse("document_no", f"is on file with {found['original']:.2f} {found['currency']} of {found['party_no']}")


def _opened(draft: OpenReceivable, rate: Decimal) -> NewOpenItem:
    return NewOpenItem(
        kind="AR",
        party_no=draft.customer_no,
        document_no=draft.document_no,
        document_date=draft.document_date,
        due_date=draft.due_date,
        amount=draft.amount,
        currency=draft.currency,
        tax_amount=draft.tax_amount,
        fx_rate=rate,
    )


_ON_FILE = text("SELECT document_no, party_no, original, currency FROM open_item WHERE kind = 'AR' AND document_no = ANY(:numbers)")
_JOURNALS = text("SELECT id FROM journal WHERE event_type = :event AND source_id = ANY(:sources) ORDER BY id")

KINDS = (
    OpenItemKind(
        code="open-items",
        title="Open items of customers",
        about="What customers owe on documents of another system. Each is collected on like an invoice of ours.",
        role="collect",
        place=80,
        draft=OpenReceivable,
        key=("document_no",),
        columns=(
            Column("document_no", "Number of the invoice, as the customer will name it when paying", "RE-2026-0815"),
            Column("customer_no", "Who owes it", "C-1001"),
            Column("document_date", "Day of the invoice", "2026-10-05"),
            Column("due_date", "Day until which it is to be paid", "2026-11-04"),
            Column("amount", "What is still open of it, tax included", "1188.00"),
            Column("currency", "Currency by ISO 4217", "EUR"),
            Column("tax_amount", "The tax in it", "198.00"),
        ),
    ),
)
