"""Who keeps, gains or loses supply when promises of some lines are taken up for others. Pure.

WIN           confirmed fully, in time, or the whole run fails
GAIN          keeps what it has, and may gain
REDISTRIBUTE  may gain or lose, in its turn
FILL          keeps or loses, never gains
LOSE          gives up what others need

Source: backorder processing of SAP's advanced available-to-promise. What each line is, the table `supply-strategy` says.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from hashlib import sha256
from typing import Any

from engine.problems import Invalid
from handlers.promising.rules import Demand, Market, Part, plan_line

ZERO = Decimal(0)
STRATEGIES = ("WIN", "GAIN", "REDISTRIBUTE", "FILL", "LOSE")
#: What is taken up at the beginning of a run, for whoever comes first.
_TAKEN_UP = frozenset({"WIN", "REDISTRIBUTE", "FILL", "LOSE"})
#: What is planned anew, part by part; the others keep a part or lose it.
_PLANNED = frozenset({"WIN", "GAIN", "REDISTRIBUTE"})


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyCase:
    """Lines that the table treats alike. `is_late`: the day on which they were wanted is past."""

    customer_class: str
    item_class: str
    is_late: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Strategy:
    """What a line may gain or lose; within a strategy the lower priority number first."""

    name: str
    priority: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A promise that nobody works at yet: it may be taken up."""

    part_id: int
    place: str
    qty: Decimal
    ship: date
    arrive: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A line of an order: what of it waits, what it is promised and may lose."""

    order_no: str
    line_no: int
    customer_no: str
    strategy: Strategy
    ordered_on: date
    waiting: Decimal
    held: Sequence[Held]
    #: The line as it would be planned; its quantity is what is to be planned.
    demand: Demand
    market: Market


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What becomes of a line: promises that go, parts that come; what waits then. `fails`: a winner does not get all in time."""

    claim: Claim
    gone: tuple[Held, ...]
    parts: tuple[Part, ...]
    waiting: Decimal
    fails: bool = False

    @property
    def changes(self) -> bool:
        """Whether anything is otherwise than before."""
        return bool(self.gone) or any(part.source is not None for part in self.parts)

    @property
    def verdict(self) -> str:
        """Whether the line gains, loses or moves; by what waits, then by the day on which the last of it arrives."""
        if self.fails:
            return "fails"
        before = (self.claim.waiting, max((held.arrive for held in self.claim.held), default=date.min))
        kept = [held.arrive for held in self.claim.held if held not in self.gone]
        after = (self.waiting, max([*kept, *(part.arrive for part in self.parts if part.arrive is not None)], default=date.min))
        return "gains" if after < before else "loses" if after > before else "moves" if self.changes else "keeps"


def read_strategies(cases: Sequence[Mapping[str, Any]], answers: Sequence[Any]) -> dict[StrategyCase, Strategy]:
    """What was answered to each case, by position. Raises Invalid for a case without an answer, or an answer nobody can read."""
    found = {}
    for number, case in enumerate(cases):
        answer = answers[number] if number < len(answers) else None
        key = StrategyCase(customer_class=str(case["customer_class"]), item_class=str(case["item_class"]), is_late=bool(case["is_late"]))
        if not isinstance(answer, Mapping) or answer.get("strategy") not in STRATEGIES or answer.get("priority") is None:
            raise Invalid(
                f"The table of supply strategies has no answer for {key.customer_class}, {key.item_class}: {answer!r}.",
                code="no_strategy",
                next_step=f"Let supply-strategy answer a priority and one of {', '.join(STRATEGIES)} for this case, then retry.",
            )
        found[key] = Strategy(name=str(answer["strategy"]), priority=int(answer["priority"]))
    return found


def redistribute(claims: Iterable[Claim]) -> list[Outcome]:
    """Take up what may be lost, then serve each claim in its turn: strategy, priority, wanted day, day of the order, number."""
    ordered = sorted(claims, key=_turn)
    for claim in ordered:
        if claim.strategy.name in _TAKEN_UP:
            for held in claim.held:
                claim.market.stock[held.place].supply(held.ship, held.qty)
    return [_planned(claim) if claim.strategy.name in _PLANNED else _kept(claim) for claim in ordered]


def fingerprint(outcomes: Sequence[Outcome]) -> str:
    """What two plans have in common that would do the same."""
    written = [
        (each.claim.demand.order_line_id, [held.part_id for held in each.gone], [_written(part) for part in each.parts], str(each.waiting))
        for each in outcomes
        if each.changes or each.fails
    ]
    return sha256(repr(written).encode()).hexdigest()


def _turn(claim: Claim) -> tuple[int, int, date, date, str, int]:
    strategy = claim.strategy
    wanted = claim.demand.wanted or date.max
    return STRATEGIES.index(strategy.name), strategy.priority, wanted, claim.ordered_on, claim.order_no, claim.line_no


def _planned(claim: Claim) -> Outcome:
    keeps = claim.strategy.name not in _TAKEN_UP
    qty = claim.waiting if keeps else claim.waiting + sum((held.qty for held in claim.held), ZERO)
    parts = plan_line(replace(claim.demand, qty=qty), claim.market) if qty > 0 else []
    waiting = sum((part.qty for part in parts if part.source is None), ZERO)
    wanted = claim.demand.wanted
    fails = claim.strategy.name == "WIN" and (waiting > 0 or any(wanted and part.arrive and part.arrive > wanted for part in parts))
    same = not keeps and sorted(map(_of_held, claim.held)) == sorted(_of_part(part) for part in parts if part.source is not None)
    if same:
        return Outcome(claim=claim, gone=(), parts=(), waiting=waiting, fails=fails)
    come = tuple(part for part in parts if part.source is not None)
    return Outcome(claim=claim, gone=() if keeps else tuple(claim.held), parts=come, waiting=waiting, fails=fails)


def _kept(claim: Claim) -> Outcome:
    """Each promise stays that those who came first have left supply for."""
    gone = []
    for held in sorted(claim.held, key=lambda held: (held.ship, held.part_id)):
        projection = claim.market.stock[held.place]
        if projection.free_at(held.ship) >= held.qty:
            projection.demand(held.ship, held.qty)
        else:
            gone.append(held)
    lost = sum((held.qty for held in gone), ZERO)
    return Outcome(claim=claim, gone=tuple(gone), parts=(), waiting=claim.waiting + lost)


def _of_held(held: Held) -> tuple[str, date, Decimal]:
    return held.place, held.ship, held.qty


def _of_part(part: Part) -> tuple[str, date, Decimal]:
    return part.source.source if part.source else "", part.ship or date.max, part.qty


def _written(part: Part) -> str:
    return "/".join(map(str, _of_part(part)))
