"""What takes a second person in collections: to write off or waive more than a limit, and whatever one's own statement writes off."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.runtime.state.guarded_acts import GuardedAct, Wanting, Weighed, threshold
from engine.runtime.state.runtime import Runtime
from handlers.changes import Author, note
from handlers.identifiers import Number, Prose
from handlers.ledger.books import books_currency, rate_on
from handlers.receivables import commands
from handlers.receivables.manual_application import HandApplication
from handlers.values import round_currency

ZERO = Decimal(0)
#: What keeps money that is not ours, or gives some away: what may become of the difference between a receipt and an invoice.
_GIVES_AWAY = {"WRITE_OFF": "write off", "UNEARNED_DISCOUNT": "grant as a discount", "EARNED_DISCOUNT": "take as the agreed discount"}


@dataclass(frozen=True, slots=True)
class _Rests:
    currency: str
    rest: Decimal
    open_amount: Decimal
    discount_amount: Decimal
    received_on: date
    taken_in_by: str | None

    def given_away(self, action: str) -> Decimal:
        """What an action would write off, grant as a discount, or keep as income."""
        if action not in _GIVES_AWAY:
            return ZERO
        difference = self.open_amount - self.rest
        return abs(difference) if action == "WRITE_OFF" else max(ZERO, min(difference, self.discount_amount))


def _weigh(runtime: Runtime, tx: Session, given: HandApplication, by: Wanting) -> Weighed:
    row = tx.execute(_RESTS, {"receipt_no": given.receipt_no, "invoice_no": given.invoice_no}).one_or_none()
    away = ZERO if row is None else _Rests(*row).given_away(given.action)
    does = f"Apply {given.receipt_no} to {given.invoice_no}"
    if row is None or not away:  # where there is no such receipt or invoice, the verb says so
        return Weighed(f"receipt:{given.receipt_no}", does)
    rests = _Rests(*row)
    return Weighed(
        f"receipt:{given.receipt_no}",
        f"{does} and {_GIVES_AWAY[given.action]} {round_currency(away, rests.currency):,f} {rests.currency}",
        {"open_amount": {"from": rests.open_amount, "to": ZERO}, "rest": {"from": rests.rest, "to": ZERO}},
        {"open_amount": rests.open_amount, "rest": rests.rest},
        _why_two(runtime, tx, rests, away, by),
        tuple(filter(None, [rests.taken_in_by])),
        (f"invoice:{given.invoice_no}",),
    )


def _why_two(runtime: Runtime, tx: Session, rests: _Rests, away: Decimal, by: Wanting) -> str:
    if rests.taken_in_by == by.name:
        return f"{by.name} took in the statement that the receipt stands on."
    books = books_currency(tx)
    in_books = round_currency(away * rate_on(tx, rests.currency, rests.received_on), books)
    most = Decimal(threshold(runtime, tx, "second_person.write_off"))
    return f"It is {in_books:,f} {books}; above {most.normalize():,f} it takes two." if in_books > most else ""


def _apply(runtime: Runtime, tx: Session, given: HandApplication, by: Wanting) -> Any:
    return commands.apply(runtime, tx, given, by.name)


_RESTS = text("""
SELECT receipt.currency, receipt.amount - receipt.on_account - receipt.written_off - coalesce(used.cash, 0) AS rest, item.open_amount,
  item.discount_amount, receipt.received_on, statement.taken_in_by
FROM receipt JOIN bank_statement AS statement USING (statement_no)
JOIN open_item AS item ON item.kind = 'AR' AND item.document_no = :invoice_no
LEFT JOIN LATERAL (
  SELECT sum(cash) AS cash FROM application WHERE application.receipt_no = receipt.receipt_no AND unapplied_at IS NULL
) AS used ON true
WHERE receipt.receipt_no = :receipt_no AND receipt.reversed_at IS NULL
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """A late charge of which all that is open is let go, and why."""

    charge_no: Number
    reason: Prose


def _weigh_waiver(runtime: Runtime, tx: Session, given: Waiver, _by: Wanting) -> Weighed:
    row = tx.execute(_CHARGE, {"charge_no": given.charge_no}).one_or_none()
    does = f"Waive late charge {given.charge_no}"
    if row is None or not row.open_amount:  # where there is no such charge, or nothing is open, the verb says so
        return Weighed(f"late_charge:{given.charge_no}", does)
    books = books_currency(tx)
    in_books = round_currency(row.open_in_books, books)
    most = Decimal(threshold(runtime, tx, "second_person.late_charge"))
    return Weighed(
        f"late_charge:{given.charge_no}",
        f"{does} of {round_currency(row.open_amount, row.currency):,f} {row.currency}",
        {"open_amount": {"from": row.open_amount, "to": ZERO}},
        {"open_amount": row.open_amount},
        f"It is {in_books:,f} {books}; above {most.normalize():,f} it takes two." if in_books > most else "",
        (),
        (f"invoice:{row.invoice_no}",),
    )


def _waive(runtime: Runtime, tx: Session, given: Waiver, by: Wanting) -> Any:
    waived = commands.waive_late_charge(runtime, tx, given.charge_no, given.reason, by.name)
    note(tx, Author(by.name, by.reason), "waive", f"late_charge:{waived.charge_no}", {"amount": waived.amount, "reason": given.reason})
    return waived


_CHARGE = text("""
SELECT charge.invoice_no, item.open_amount, item.open_in_books, item.currency
FROM late_charge AS charge JOIN open_item AS item ON item.kind = 'AR' AND item.document_no = charge.charge_no
WHERE charge.charge_no = :charge_no
""")
ACTS = (
    GuardedAct("receipt.apply", "Write-off", HandApplication, ("finance", "treasury"), _weigh, _apply),
    GuardedAct("late_charge.waive", "Waiver of a late charge", Waiver, ("finance", "treasury"), _weigh_waiver, _waive),
)
