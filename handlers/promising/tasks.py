"""The steps of promising that a diagram may name."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from engine.runtime.state.effects import EffectLedger
from engine.runtime.state.runtime import Runtime
from engine.service_tasks import ServiceTasks, TaskContext
from handlers.identifiers import day
from handlers.orders.fulfilment_groups import handed_to_nobody
from handlers.promising import backorders, commands, inquiry, overdue, production_requests, promise, redistribution_tasks
from handlers.promising.ranking import read_ranks
from handlers.promising.sourcing import Case, read_answers

tasks = ServiceTasks()
tasks.include(redistribution_tasks.tasks)


@dataclass(frozen=True, slots=True)
class QuoteNumber:
    """Which quote."""

    quote_no: str


@dataclass(frozen=True, slots=True)
class OrderNumber:
    """Which order."""

    order_no: str


@dataclass(frozen=True, slots=True)
class PromiseLines:
    """Which order, and what the sourcing decision answered to each of its cases, in their order."""

    order_no: str
    rules: list[Any]


@dataclass(frozen=True, slots=True)
class Availability:
    """When everything could leave (None: not known), whether everything can, and the lines that cannot at once."""

    promised_ship: date | None
    complete: bool
    short_lines: list[int]


@dataclass(frozen=True, slots=True)
class SourcingCases:
    """The cases to ask the sourcing decision for."""

    cases: list[dict[str, str]]


@dataclass(frozen=True, slots=True)
class WhichBackorders:
    """Which backorders: of one order, of some items, or (both empty) all."""

    order_no: str | None = None
    skus: list[str] | None = None


@dataclass(frozen=True, slots=True)
class Backorders:
    """Whether any order waits for supply or to be handed over, and the cases to ask the decisions on rank and on sourcing for."""

    any_waiting: bool
    rank_cases: list[dict[str, Any]]
    sourcing_cases: list[dict[str, str]]


@dataclass(frozen=True, slots=True)
class PromiseBackorders:
    """Which backorders, and what the decisions answered to each of their cases, in their order."""

    rank_cases: list[dict[str, Any]]
    ranks: list[Any]
    sourcing_cases: list[dict[str, str]]
    sources: list[Any]
    order_no: str | None = None
    skus: list[str] | None = None


@dataclass(frozen=True, slots=True)
class PromisedBackorders:
    """The groups to be fulfilled from stock and by suppliers, of how many `orders`; `more`: others could be promised in another round.

    With those that were just promised go those of an earlier run that was ended by hand before it had handed them over.
    """

    stock_groups: list[dict[str, str]]
    dropship_groups: list[dict[str, str]]
    orders: int
    more: bool


@dataclass(frozen=True, slots=True)
class AnnounceDates:
    """The groups whose customers are to be told."""

    group_nos: list[str]


@dataclass(frozen=True, slots=True)
class Announced:
    """How many customers' orders were announced."""

    orders: int


@dataclass(frozen=True, slots=True)
class Promise:
    """The groups to be fulfilled from stock and by suppliers, and what is still open."""

    stock_groups: list[dict[str, str]]
    dropship_groups: list[dict[str, str]]
    backordered_lines: int
    complete: bool
    promised_arrival: date | None


@tasks.register("promising.check_availability")
def check_availability(given: QuoteNumber, tx: Session, context: TaskContext) -> Availability:
    """Ask when a quote could be delivered; never reserves."""
    found = inquiry.availability_of_quote(tx, given.quote_no, context.now)
    return Availability(promised_ship=found.ship, complete=found.complete, short_lines=list(found.short_lines))


@tasks.register("promising.list_backorders")
def list_backorders(given: WhichBackorders, tx: Session) -> Backorders:
    """List what the decisions are to be asked about the orders that wait for supply and are not on hold."""
    ranks, sources = backorders.cases(tx, _wanted(given))
    return Backorders(bool(ranks) or bool(handed_to_nobody(tx)), [asdict(case) for case in ranks], [asdict(case) for case in sources])


@tasks.register("promising.promise_backorders", undo="orders.cancel_order")
def promise_backorders(given: PromiseBackorders, tx: Session, context: TaskContext, runtime: Runtime) -> PromisedBackorders:
    """Promise anew what waits and can be had now, the first in rank before the others."""
    asked = [Case(**case) for case in given.sourcing_cases]
    answered = backorders.Answered(
        ranks=read_ranks(given.rank_cases, given.ranks), asked=frozenset(asked), sourcing=read_answers(given.sources, asked)
    )
    served = backorders.run_round(tx, _wanted(given), answered, context.now)
    commands.tell_production(runtime, tx, served.promised)
    stock, dropped = _split(backorders.to_hand_over(tx, served))
    return PromisedBackorders(stock, dropped, len({each["order_no"] for each in (*stock, *dropped)}), served.more)


@tasks.register("promising.announce_dates")
def announce_dates(given: AnnounceDates, tx: Session, effects: EffectLedger) -> Announced:
    """Tell each customer what of an order comes when, now that it is promised."""
    news = backorders.news_of(tx, given.group_nos)
    for each in news:
        if each.target:
            effects.record(each.channel, each.target, each.payload)
    return Announced(len(news))


@tasks.register("promising.list_sourcing_cases")
def list_sourcing_cases(given: OrderNumber, tx: Session) -> SourcingCases:
    """List what the sourcing decision is to be asked."""
    return SourcingCases([asdict(case) for case in promise.sourcing_cases(tx, given.order_no)])


@tasks.register("promising.promise_lines", undo="orders.cancel_order")
def promise_lines(given: PromiseLines, tx: Session, context: TaskContext, runtime: Runtime) -> Promise:
    """Promise an order's lines from the places the decision names, and reserve what ships soon."""
    promised = promise.promise_lines(tx, given.order_no, given.rules, context.now)
    commands.tell_production(runtime, tx, [promised])
    stock, dropped = _split(promised.groups)
    return Promise(
        stock_groups=stock,
        dropship_groups=dropped,
        backordered_lines=promised.backordered_lines,
        complete=promised.backordered_lines == 0,
        promised_arrival=promised.arrival,
    )


def _wanted(given: WhichBackorders | PromiseBackorders) -> backorders.Wanted:
    return backorders.Wanted(order_no=given.order_no, skus=None if given.skus is None else tuple(given.skus))


def _split(groups: Iterable[promise.Group]) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """The groups from stock and those of suppliers, as the diagrams name them."""
    stock: list[dict[str, str]] = []
    dropped: list[dict[str, str]] = []
    for group in groups:
        named = {"group_no": group.group_no, "order_no": group.order_no}
        if group.kind == "STOCK":
            stock.append(named)
        else:
            dropped.append({**named, "supplier_no": group.supplier_no or ""})
    return stock, dropped


@dataclass(frozen=True, slots=True)
class OverdueSupplies:
    """The supplies to be chased."""

    supplies: list[overdue.OverdueSupply]


@dataclass(frozen=True, slots=True)
class SupplyId:
    """Which expected supply."""

    supply_id: int


@dataclass(frozen=True, slots=True)
class SupplyDay:
    """Which expected supply, and the day it comes in."""

    supply_id: int
    due_date: date


@dataclass(frozen=True, slots=True)
class SupplyMoved:
    """The item, where somebody waits for it."""

    awaited_skus: list[str]


@dataclass(frozen=True, slots=True)
class AllSupplies:
    """All that is expected."""


@tasks.register("promising.list_overdue_supply")
def list_overdue_supply(_given: AllSupplies, tx: Session) -> OverdueSupplies:
    """Expected supply whose day has passed."""
    return OverdueSupplies(overdue.list_overdue(tx))


@tasks.register("promising.read_supply")
def read_supply(given: SupplyId, tx: Session) -> overdue.MissingSupply:
    """What is missing of an expected supply."""
    return overdue.read_missing(tx, given.supply_id)


@tasks.register("promising.redate_supply")
def redate_supply(given: SupplyDay, tx: Session) -> SupplyMoved:
    """Expect a supply on another day."""
    return SupplyMoved(list(overdue.redate(tx, given.supply_id, day(given.due_date, "due_date"))))


@tasks.register("promising.close_supply")
def close_supply(given: SupplyId, tx: Session) -> SupplyMoved:
    """Expect no more of a supply."""
    return SupplyMoved(list(overdue.close(tx, given.supply_id)))


@dataclass(frozen=True, slots=True)
class RequestNumber:
    """Which production request."""

    request_no: str


@tasks.register("promising.read_production_request")
def read_production_request(given: RequestNumber, tx: Session) -> production_requests.Requested:
    """What is to be made for an order, and what of it is still expected."""
    return production_requests.read_request(tx, given.request_no)
