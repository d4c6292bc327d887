"""Terms of payment in instalments: which parts an invoice is paid in, as the decision table `payment-terms` in force says.

An order whose terms were agreed by themselves (other days or another discount than its customer's) keeps those. Instalments carry no
discount for paying early: who pays all of it at once pays what is due later too.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Final

from sqlalchemy.orm import Session

from engine.dmn.errors import DmnError
from engine.problems import Invalid
from engine.runtime.read.decisions import ask_decision
from handlers.billing.rules import Part, TermPart, instalments

_TABLE, _FILE = "payment-terms", "payment-terms.dmn"
_BASES: Final = frozenset({"INVOICE", "DELIVERY", "END_OF_MONTH"})
ONE: Final = 1


def with_instalments(tx: Session, head: Mapping[str, Any], totals: Mapping[str, Any]) -> dict[str, Any]:
    """The totals of an invoice with its parts, where its customer pays in parts. Raises NotFound, Invalid for terms no rule knows."""
    if not head.get("payment_term") or totals["gross_total"] <= 0:
        return dict(totals)
    parts = instalments(
        terms_of(tx, head["payment_term"]), totals["invoice_date"], head["delivery_date"], totals["gross_total"], head["currency"]
    )
    due = {"due_date": parts[0].due_date, "discount_date": None, "discount_amount": Decimal(0)}
    return {**totals, **due, "instalments": [] if len(parts) == ONE else as_kept(parts)}


def terms_of(tx: Session, term: str) -> list[TermPart]:
    """The parts of a term. Raises NotFound while no table is deployed, Invalid for a term or part that cannot be meant."""
    try:
        (said,) = ask_decision(tx, _TABLE, _FILE, [{"term": term}])
    except DmnError:  # a term that the table does not name
        said = []
    parts = [TermPart(*(row[name] for name in TermPart.__slots__)) for row in said or []]
    if not parts or any(part.due_from not in _BASES or part.days < 0 or part.share_pct < 0 or part.amount < 0 for part in parts):
        raise Invalid(
            f"The table payment-terms says nothing that can be meant of the terms {term}.",
            code="payment_terms",
            next_step="Add its parts to the table payment-terms and deploy it, or take the terms off the customer; then retry.",
        )
    return parts


def as_kept(parts: Sequence[Part]) -> list[dict[str, Any]]:
    """Instalments as they are kept with their invoice."""
    return [{"due_date": part.due_date.isoformat(), "amount": str(part.amount)} for part in parts]


def as_read(kept: Sequence[Mapping[str, Any]]) -> list[Part]:
    """Instalments as they were kept."""
    return [Part(date.fromisoformat(each["due_date"]), Decimal(str(each["amount"]))) for each in kept]
