"""Interest and fees of late payment: charged with a reminder, once, as a receivable of their own that is paid, disputed or waived.

What is charged and at which rate the decisions `late-charge` and `base-rate` say. An invoice is charged from the day after its due date,
or after the last day it was charged for; each of its days once. Such charges are compensation, no supply: there is no VAT on them.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import Row, RowMapping, text
from sqlalchemy.orm import Session

from engine.problems import Conflict, Invalid, NotFound
from engine.store.clock import business_today
from engine.store.locks import Lock, take
from handlers.documents.addressee import addressee
from handlers.documents.numbers import next_number
from handlers.documents.pdf import print_pdf
from handlers.documents.seller import seller
from handlers.documents.store import save_document
from handlers.ledger import posting
from handlers.ledger.accounts import DUNNING_INCOME, RECEIVABLES
from handlers.ledger.books import rate_on
from handlers.ledger.open_items import NewOpenItem, add_open_item, lock_open_items, reduce_open_items
from handlers.parties.master_data import default_address, find_customer
from handlers.parties.policy import chosen
from handlers.receivables.late_interest import Claim, Days, Part, RateFrom, interest_days
from handlers.receivables.late_model import LateCharge, LateChargeDays
from handlers.receivables.letters import LateNote, late_note
from handlers.rowsets import insert_rows
from handlers.values import round_currency, total

ZERO = Decimal(0)
#: The event by which a charge is posted.
POSTED = "late_charge.posted"
_WAIVED = "late_charge.waived"
_TEMPLATE = Path(__file__).parent / "late_charge.typ"


@dataclass(frozen=True, slots=True)
class LateFacts:
    """What the decision on late charges looks at; `of_late_charge` where what is late is such a charge itself."""

    of_late_charge: bool
    country: str
    currency: str
    customer_class: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LateTerms:
    """What a reminder charges: a fee in the invoice's currency, interest by `rates`, from a least amount on, and by which law."""

    level: int
    fee: Decimal
    minimum: Decimal
    rates: Sequence[RateFrom]
    basis: str


@dataclass(frozen=True, slots=True)
class Charged:
    """A late charge, and its amounts in `currency`."""

    charge_no: str
    fee: Decimal
    interest: Decimal
    currency: str
    document_id: int | None = None


@dataclass(frozen=True, slots=True)
class Waived:
    """What was let go of a charge, and whether it is settled by that."""

    charge_no: str
    amount: Decimal
    currency: str


def late_facts(tx: Session, invoice_no: str) -> LateFacts:
    """What the decision on late charges looks at. Raises NotFound."""
    row = tx.execute(_FACTS, {"invoice_no": invoice_no}).one_or_none()
    if row is None:
        raise NotFound(f"There is no receivable {invoice_no}.", code="receivable_unknown", next_step="Check the number of the invoice.")
    return LateFacts(row.of_late_charge, row.country, row.currency, row.customer_class)


def charge(tx: Session, invoice_no: str, terms: LateTerms, now: datetime) -> Charged | None:
    """Charge a late invoice at the level of a reminder, up to the day of `now`; again: the same charge and nothing more.

    Nothing is charged of what was paid meanwhile, or reminded of at this level without a charge. Interest below the least amount is left
    for a later reminder. Raises Invalid for terms that cannot be.
    """
    _check(terms)
    item = lock_open_items(tx, "AR", [invoice_no]).get(invoice_no)
    known = find_charge(tx, invoice_no, terms.level)
    if known is not None or item is None or item["open_amount"] == 0 or terms.level <= item["dunning_level"]:
        return known
    days = _days(tx, item, terms, now.date())
    fee, interest = round_currency(terms.fee, item["currency"]), total(each.interest for each in days)
    if not interest or interest < terms.minimum:
        days, interest = [], ZERO
    if not fee + interest:
        return None
    return _write(tx, item, terms, (fee, days), now)


def find_charge(tx: Session, invoice_no: str, level: int) -> Charged | None:
    """What the reminder of a level charged."""
    row = tx.execute(_OF_LEVEL, {"invoice_no": invoice_no, "level": level}).one_or_none()
    return Charged(*row) if row is not None else None


def waive(tx: Session, charge_no: str, reason: str, by: str) -> Waived:
    """Let go of all that is open of a charge. Raises NotFound, Conflict where nothing is open or it is in dispute."""
    item = lock_open_items(tx, "AR", [charge_no]).get(charge_no)
    row = locked_charge(tx, charge_no)
    if item is None or item["open_amount"] == 0:
        raise Conflict(f"Nothing is open on {charge_no}.", code="late_charge_settled", next_step="Look at what was paid or waived.")
    if item["disputed"]:
        raise Conflict(f"{charge_no} is in dispute.", code="late_charge_disputed", next_step="Decide on its dispute first.")
    amount: Decimal = item["open_amount"]
    taken = reduce_open_items(tx, "AR", {charge_no: amount})[charge_no]
    lines = [
        posting.Line(DUNNING_INCOME, debit=amount, reference=charge_no, accounted=taken.in_books),
        posting.Line(RECEIVABLES, credit=amount, party_no=row.customer_no, reference=charge_no, accounted=-taken.in_books),
    ]
    entry = posting.Entry(_WAIVED, charge_no, row.currency, lines, gl_date=business_today(tx), fx_rate=item["fx_rate"],
                          narration=f"Late charge {charge_no} waived: {reason}"[:200])  # fmt: skip
    given = {"no": charge_no, "amount": amount, "by": by, "reason": reason, "journal": posting.post(tx, entry)}
    tx.execute(_WAIVE, given)
    return Waived(charge_no, amount, row.currency)


def locked_charge(tx: Session, charge_no: str) -> Row[Any]:
    """A charge, whose open item the caller holds. Raises NotFound."""
    row = tx.execute(text("SELECT * FROM late_charge WHERE charge_no = :no"), {"no": charge_no}).one_or_none()
    if row is None:
        raise NotFound(f"There is no late charge {charge_no}.", code="late_charge_unknown", next_step="Look it up among the late charges.")
    return row


def _check(terms: LateTerms) -> None:
    if terms.level < 1 or terms.fee < 0 or terms.minimum < 0:
        raise Invalid(
            f"The decision charges a fee of {terms.fee} from {terms.minimum} on, at level {terms.level}.",
            code="late_charge_terms",
            next_step="Let the table of late charges say a fee and a least amount of zero or more, then retry.",
        )


def _days(tx: Session, item: RowMapping, terms: LateTerms, today: date) -> list[Days]:
    """The days that were not charged yet, up to today."""
    number, one = item["document_no"], timedelta(days=1)
    given = {"id": item["id"], "number": number}
    parts = [Part(row.due_date, row.amount, row.later) for row in tx.execute(_PARTS, given)]
    reduced: dict[date, Decimal] = defaultdict(Decimal)
    for row in tx.execute(_REDUCED, given):
        reduced[row.moved_on] += row.amount
    disputed = [(row.amount, row.since, row.until) for row in tx.execute(_DISPUTED, given)]
    charged_to = tx.execute(_CHARGED_TO, given).scalar()
    first = charged_to or min(part.due_date for part in parts)
    claim = Claim(parts, item["open_amount"], item["currency"], reduced, disputed)
    return interest_days(claim, terms.rates, first + one, today)


def _write(tx: Session, item: RowMapping, terms: LateTerms, amounts: tuple[Decimal, Sequence[Days]], now: datetime) -> Charged:
    fee, days = amounts
    interest = total(each.interest for each in days)
    currency, party = item["currency"], item["party_no"]
    take(tx, Lock.CUSTOMER, [party])  # the reminder that follows raises its level, and numbers are taken last
    number = next_number(tx, "LC")
    paid_within = int(chosen(tx, "reminder.pay_within_days")["reminder.pay_within_days"])
    today, pay_by = now.date(), now.date() + timedelta(days=paid_within)
    rate = rate_on(tx, currency, today)
    kept = {"charge_no": number, "invoice_no": item["document_no"], "level": terms.level, "customer_no": party, "currency": currency,
            "fee": fee, "interest": interest, "basis": terms.basis}  # fmt: skip
    journal_id = posting.post(tx, _entry(kept, today, rate))
    document_id = _print(tx, LateNote(**kept, written_on=today, pay_by=pay_by, days=days), now)
    insert_rows(tx, LateCharge, [kept | {"journal_id": journal_id, "document_id": document_id}])
    insert_rows(tx, LateChargeDays, [_row(number, place, item["document_no"], each) for place, each in enumerate(days, start=1)])
    add_open_item(tx, NewOpenItem("AR", party, number, today, pay_by, fee + interest, currency, fx_rate=rate))
    return Charged(number, fee, interest, currency, document_id)


def _entry(kept: Mapping[str, Any], today: date, rate: Decimal) -> posting.Entry:
    number, amount = kept["charge_no"], kept["fee"] + kept["interest"]
    return posting.Entry(
        event_type=POSTED,
        source_id=number,
        currency=kept["currency"],
        lines=[
            posting.debit(RECEIVABLES, amount, party_no=kept["customer_no"], reference=number),
            posting.credit(DUNNING_INCOME, amount, reference=number),
        ],
        gl_date=today,
        fx_rate=rate,
        narration=f"Late charge of {kept['invoice_no']}, reminder {kept['level']}",
    )


def _print(tx: Session, note: LateNote, now: datetime) -> int:
    customer = find_customer(tx, note.customer_no)
    to = addressee({"name": customer.name, "country": customer.country}, default_address(tx, note.customer_no, "BILL") or {})
    return save_document(tx, "LATE_CHARGE", note.charge_no, "application/pdf", print_pdf(_TEMPLATE, late_note(note, seller(tx), to), now))


def _row(number: str, place: int, invoice_no: str, days: Days) -> dict[str, Any]:
    kept = {name: getattr(days, name) for name in ("first_day", "last_day", "principal", "rate_pct", "interest")}
    return {"charge_no": number, "position": place, "invoice_no": invoice_no, **kept}


_FACTS = text("""
SELECT charge.charge_no IS NOT NULL AS of_late_charge, customer.country, item.currency, customer.customer_class
FROM open_item AS item JOIN customer ON customer.customer_no = item.party_no
LEFT JOIN late_charge AS charge ON charge.charge_no = item.document_no
WHERE item.kind = 'AR' AND item.document_no = :invoice_no
""")
_OF_LEVEL = text(
    "SELECT charge_no, fee, interest, currency, document_id FROM late_charge WHERE invoice_no = :invoice_no AND level = :level"
)
_PARTS = text("""
SELECT due_date, amount, later FROM open_item_part WHERE item_id = :id
UNION ALL
SELECT due_date, original, 0 FROM open_item WHERE id = :id AND NOT EXISTS (SELECT FROM open_item_part WHERE item_id = :id)
ORDER BY 1
""")
#: What was taken off a receivable after it was opened, and put back, by the day it counts from: money counts from the day the bank had it.
_REDUCED = text("""
SELECT coalesce(receipt.received_on, journal.gl_date) AS moved_on, line.credit - line.debit AS amount
FROM journal_line AS line JOIN journal ON journal.id = line.journal_id
LEFT JOIN application AS paid ON paid.journal_id = journal.id LEFT JOIN receipt ON receipt.receipt_no = paid.receipt_no
WHERE line.reference = :number AND line.account = '1200' AND line.credit <> line.debit
  AND journal.event_type NOT IN ('invoice.posted', 'receivable.opening', 'late_charge.posted', 'receivable.opening.reversed')
""")
_DISPUTED = text("""
SELECT amount, opened_at::date AS since, resolved_at::date AS until FROM dispute WHERE invoice_no = :number
""")
_CHARGED_TO = text("SELECT max(last_day) FROM late_charge_days WHERE invoice_no = :number")
_WAIVE = text("""
UPDATE late_charge SET waived = :amount, waived_at = business_now(), waived_by = :by, waived_because = :reason, waiver_journal_id = :journal
WHERE charge_no = :no
""")
