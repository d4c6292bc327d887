"""The steps of a redistribution of supply that a diagram may name."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy.orm import Session

from engine.service_tasks import ServiceTasks, TaskContext
from handlers.promising import redistribution
from handlers.promising.promise import Group
from handlers.promising.redistributing import read_strategies
from handlers.promising.sourcing import Case, read_answers

tasks = ServiceTasks()


@dataclass(frozen=True, slots=True)
class WhichItems:
    """Which items; without any, those that most orders wait for."""

    skus: list[str] | None = None


@dataclass(frozen=True, slots=True)
class Contested:
    """Items for which orders wait that could have what others are promised, and what the decisions are to be asked of their lines."""

    skus: list[str]
    strategy_cases: list[dict[str, Any]]
    sourcing_cases: list[dict[str, str]]


@dataclass(frozen=True, slots=True)
class Propose:
    """The items, and what the decisions answered to each case, in their order."""

    skus: list[str]
    strategy_cases: list[dict[str, Any]]
    strategies: list[Any]
    sourcing_cases: list[dict[str, str]]
    sources: list[Any]


@dataclass(frozen=True, slots=True)
class Proposal:
    """What the run would do: who gains and who loses, line by line. `fails`: somebody who is to win does not get all in time."""

    plan: str
    lines: list[dict[str, Any]]
    changes: bool
    fails: bool


@dataclass(frozen=True, slots=True)
class CarryOut(Propose):
    """The plan that somebody has agreed to, with all that it was made of."""

    plan: str


@dataclass(frozen=True, slots=True)
class Redistributed:
    """The groups nobody is to work at any more, and those to be fulfilled from stock."""

    withdrawn_groups: list[dict[str, str]]
    stock_groups: list[dict[str, str]]


@tasks.register("promising.list_contested_supply")
def list_contested_supply(given: WhichItems, tx: Session) -> Contested:
    """List items for which orders wait that could have what others are promised, and what is to be decided about them."""
    skus = redistribution.contested_items(tx, given.skus)
    strategies, places = redistribution.cases(tx, skus) if skus else ([], [])
    return Contested(skus, redistribution.as_cases(strategies), [asdict(case) for case in places])


@tasks.register("promising.propose_redistribution")
def propose_redistribution(given: Propose, tx: Session, context: TaskContext) -> Proposal:
    """Work out who would gain and who would lose; nothing is changed."""
    found = redistribution.propose(tx, given.skus, _asked(given), context.now)
    return Proposal(found.plan, list(found.lines), found.changes, found.fails)


@tasks.register("promising.redistribute_supply", errors=("STALE", "FAILS"))
def redistribute_supply(given: CarryOut, tx: Session, context: TaskContext) -> Redistributed:
    """Take up promises and give them to others as it was agreed, whole or not at all; the first promise of a line stays on record.

    Refused STALE when orders or supply have changed since the plan was shown.
    Refused FAILS when somebody who is to win does not get all in time.
    """
    done = redistribution.carry_out(tx, given.skus, _asked(given), given.plan, context.now)
    return Redistributed(_named(done.withdrawn), _named(done.groups))


def _asked(given: Propose | CarryOut) -> redistribution.Asked:
    cases = [Case(**case) for case in given.sourcing_cases]
    return redistribution.Asked(
        strategies=read_strategies(given.strategy_cases, given.strategies), sourcing=read_answers(given.sources, cases)
    )


def _named(groups: Sequence[Group]) -> list[dict[str, str]]:
    return [{"group_no": group.group_no, "order_no": group.order_no} for group in groups]
