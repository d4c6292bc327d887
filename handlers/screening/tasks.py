"""The steps of screening that a diagram may name."""

from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy.orm import Session

from engine.service_tasks import ServiceTasks, TaskContext
from handlers.screening import screen

tasks = ServiceTasks()


@dataclass(frozen=True, slots=True)
class OrderNumber:
    """Which order."""

    order_no: str


@dataclass(frozen=True, slots=True)
class EveryOrder:
    """All open orders."""


@dataclass(frozen=True, slots=True)
class Screened:
    """The orders that are on hold now for somebody on a list, with the hold; `more` says that others are still to be screened."""

    suspicions: list[dict[str, Any]]
    more: bool = False


@dataclass(frozen=True, slots=True)
class Matches:
    """What of an order nobody has decided."""

    matches: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Decide:
    """Which matches somebody has looked at, whether it is them (`true_match`, else `false_match`), and why."""

    order_no: str
    hit_ids: list[int]
    action: str
    reason: str


@dataclass(frozen=True, slots=True)
class Decided:
    """How many pairs of party and entry were decided."""

    pairs: int


@tasks.register("screening.screen_order")
def screen_order(given: OrderNumber, tx: Session) -> Screened:
    """Look whether a party of an order is on a list of denied parties; if it may be, the order is put on hold."""
    return Screened([asdict(each) for each in screen.screen_orders(tx, [given.order_no])])


@tasks.register("screening.screen_open_orders")
def screen_open_orders(_given: EveryOrder, tx: Session) -> Screened:
    """Screen again the open orders whose parties or lists have changed since they were screened."""
    found, more = screen.screen_open_orders(tx)
    return Screened([asdict(each) for each in found], more)


@tasks.register("screening.list_matches")
def list_matches(given: OrderNumber, tx: Session) -> Matches:
    """List what of an order may be somebody on a list and is not decided."""
    return Matches([asdict(each) for each in screen.open_matches(tx, given.order_no)])


@tasks.register("screening.decide")
def decide(given: Decide, tx: Session, context: TaskContext) -> Decided:
    """Keep what was decided of some matches; it holds for the pair of party and entry until either changes."""
    ruling = (given.action == "true_match", given.reason)
    return Decided(screen.decide(tx, given.order_no, given.hit_ids, ruling, context.actor or "system"))
