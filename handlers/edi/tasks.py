"""The steps of the process of one transaction that belong to no capability."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from engine.service_tasks import ServiceTasks
from handlers.edi import outgoing, transactions

tasks = ServiceTasks()


@dataclass(frozen=True, slots=True)
class OfTransaction:
    """Which transaction of an interchange."""

    transaction_id: int


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """Which of our papers a partner answered for, and how: `rejected` says that it could not read one."""

    rejected: bool
    papers: str
    status: str


@tasks.register("edi.refuse_transaction")
def refuse_transaction(given: OfTransaction, tx: Session) -> None:
    """Note that a person decided against what came."""
    transactions.settled(tx, given.transaction_id, refused=True)


@tasks.register("edi.note_acknowledgement")
def note_acknowledgement(given: OfTransaction, tx: Session) -> Acknowledged:
    """Write on our papers what a partner's 997, TA1 or CONTRL says of them."""
    noted = outgoing.acknowledged(tx, transactions.read_transaction(tx, given.transaction_id))
    return Acknowledged(rejected=noted.rejected, papers=noted.papers, status=noted.status)
