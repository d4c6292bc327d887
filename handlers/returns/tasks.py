"""The service tasks of returns, as the diagrams name them."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy.orm import Session

from engine.runtime.state.effects import EffectLedger
from engine.service_tasks import ServiceTasks
from handlers.parties.master_data import find_customer
from handlers.returns import goods, requests
from handlers.returns.facts import ReturnFacts, read_facts

tasks = ServiceTasks()


@dataclass(frozen=True, slots=True)
class OfReturn:
    """A return by its number (RMA)."""

    rma_no: str


@dataclass(frozen=True, slots=True)
class AcceptReturn:
    """A return that may come, and what of the worth of its goods is kept back, in percent."""

    rma_no: str
    restocking_fee_pct: Decimal


@dataclass(frozen=True, slots=True)
class RefuseReturn:
    """A return that shall not come, and why."""

    rma_no: str
    reason: str


@dataclass(frozen=True, slots=True)
class CountedGoods:
    """A line of the invoice by its number there, and how much of it came back."""

    line_no: int
    qty: Decimal


@dataclass(frozen=True, slots=True)
class ReceiveReturn:
    """What was counted of a return; a line that is not named did not come."""

    rma_no: str
    lines: Sequence[CountedGoods]


@dataclass(frozen=True, slots=True)
class ReceivedReturn:
    """How much came back in all, and of which lines."""

    qty: Decimal
    lines: list[CountedGoods]


@dataclass(frozen=True, slots=True)
class JudgedGoods:
    """A line that came back, and how much of it can be sold again; the rest is scrapped."""

    line_no: int
    restocked: Decimal


@dataclass(frozen=True, slots=True)
class InspectReturn:
    """What was found of goods that came back."""

    rma_no: str
    lines: Sequence[JudgedGoods]


@tasks.register("returns.read_return")
def read_return(given: OfReturn, tx: Session) -> ReturnFacts:
    """What a return is about: goods, why, how long ago they were delivered, and what they were sold for."""
    return read_facts(tx, given.rma_no)


@tasks.register("returns.accept_return")
def accept_return(given: AcceptReturn, tx: Session, effects: EffectLedger) -> None:
    """Let the goods come back, and tell the customer under which number and where to."""
    found = requests.accept(tx, given.rma_no, given.restocking_fee_pct)
    payload = {
        "rma_no": given.rma_no,
        "invoice_no": found.invoice_no,
        "warehouse_code": found.warehouse_code,
        "restocking_fee_pct": given.restocking_fee_pct,
    }
    effects.record("return_accepted", _to(tx, found.customer_no), payload, once=given.rma_no)


@tasks.register("returns.refuse_return")
def refuse_return(given: RefuseReturn, tx: Session, effects: EffectLedger) -> None:
    """Do not let the goods come back, and tell the customer why."""
    found = requests.refuse(tx, given.rma_no, given.reason)
    payload = {"rma_no": given.rma_no, "invoice_no": found.invoice_no, "reason": given.reason}
    effects.record("return_refused", _to(tx, found.customer_no), payload, once=given.rma_no)


@tasks.register("returns.receive_goods", errors=(goods.COUNT_DIFFERS,), moves_money=True)
def receive_goods(given: ReceiveReturn, tx: Session) -> ReceivedReturn:
    """Book what came back; its cost leaves the cost of sales.

    Refused COUNT_DIFFERS when more is counted than may come back, or a line that is not part of the return.
    """
    qty = goods.receive(tx, given.rma_no, [goods.Counted(line.line_no, line.qty) for line in given.lines])
    came = [CountedGoods(line.line_no, line.qty_received) for line in read_facts(tx, given.rma_no).lines if line.qty_received]
    return ReceivedReturn(qty, came)


@tasks.register("returns.inspect_goods", errors=(goods.COUNT_DIFFERS,), moves_money=True)
def inspect_goods(given: InspectReturn, tx: Session) -> None:
    """Put on stock again what can be sold, and scrap the rest.

    Refused COUNT_DIFFERS when more is to be sold again than came back, or a line is not judged.
    """
    goods.inspect(tx, given.rma_no, [goods.Judged(line.line_no, line.restocked) for line in given.lines])


@tasks.register("returns.close_return")
def close_return(given: OfReturn, tx: Session) -> None:
    """Nothing more is to come of the return."""
    requests.close(tx, given.rma_no)


def _to(tx: Session, customer_no: str) -> str:
    customer = find_customer(tx, customer_no)
    return customer.email or f"customer {customer_no}"
