"""The steps that take in what customers say their payments are for."""

from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy.orm import Session

from engine.problems import Problem
from engine.service_tasks import ServiceTasks
from engine.store.unit_of_work import savepoint
from handlers.edi import transactions
from handlers.receivables import remittance

tasks = ServiceTasks()


@dataclass(frozen=True, slots=True)
class OfTransaction:
    """Which transaction of an interchange."""

    transaction_id: int


@dataclass(frozen=True, slots=True)
class RemittanceKept:
    """Whether a remittance advice names only invoices that are there; `remark` says what a person has to look at."""

    is_clear: bool
    reference: str
    amount: Decimal
    currency: str
    remark: str


@tasks.register("receivables.keep_remittance")
def keep_remittance(given: OfTransaction, tx: Session) -> RemittanceKept:
    """Keep what an 820 or REMADV says a payment is for; what cannot be read is answered with the reason."""
    try:
        with savepoint(tx):
            kept = remittance.keep(tx, given.transaction_id)
    except Problem as problem:
        told = {"code": problem.code, "detail": problem.detail, "next_step": problem.next_step}
        transactions.failed(tx, given.transaction_id, told)
        transactions.settled(tx, given.transaction_id, refused=True)
        return RemittanceKept(is_clear=False, reference="", amount=Decimal(0), currency="", remark=f"{problem.detail} {problem.next_step}")
    unknown = ", ".join(kept.unknown[:20])
    remark = f"It names invoices that are none of the customer's: {unknown}." if unknown else ""
    advice = kept.advice
    return RemittanceKept(not unknown, advice.reference, advice.amount, advice.currency, remark)
