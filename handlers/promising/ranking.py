"""Which backorder is served first, by what the decision says of its case. Pure.

A promise that was made is kept: WIN is served before all others, GAIN in the order of its priority, and neither takes from a promise.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from engine.problems import Invalid

STRATEGIES = ("WIN", "GAIN")


@dataclass(frozen=True, slots=True, kw_only=True)
class RankCase:
    """Orders that the ranking treats alike. `is_late`: the day on which they were wanted is past."""

    customer_class: str
    is_late: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Rank:
    """How a case is served: its strategy, and within it the lower priority number first."""

    strategy: str
    priority: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """An order with backordered lines; `wanted` is the earliest day one of them should arrive (None: as soon as can be)."""

    order_no: str
    customer_class: str
    wanted: date | None
    ordered_on: date

    def rank_case(self, today: date) -> RankCase:
        """The case it belongs to on a day."""
        return RankCase(customer_class=self.customer_class, is_late=self.wanted is not None and self.wanted < today)


def read_ranks(cases: Sequence[Mapping[str, Any]], answers: Sequence[Any]) -> dict[RankCase, Rank]:
    """What was answered to each case, by position. Raises Invalid for a case without an answer, or an answer nobody can read."""
    asked = [RankCase(customer_class=str(case["customer_class"]), is_late=bool(case["is_late"])) for case in cases]
    return {case: _rank(case, answers[number] if number < len(answers) else None) for number, case in enumerate(asked)}


def served_first(waiting: Sequence[Waiting], ranks: Mapping[RankCase, Rank], today: date) -> list[Waiting]:
    """The waiting orders in the order in which they are served: strategy, priority, wanted day, day of the order, number."""

    def place(order: Waiting) -> tuple[int, int, date, date, str]:
        rank = ranks[order.rank_case(today)]
        return STRATEGIES.index(rank.strategy), rank.priority, order.wanted or date.max, order.ordered_on, order.order_no

    return sorted(waiting, key=place)


def _rank(case: RankCase, answer: Any) -> Rank:
    if not isinstance(answer, Mapping) or answer.get("strategy") not in STRATEGIES or answer.get("priority") is None:
        day = "late" if case.is_late else "not late"
        raise Invalid(
            f"The ranking of backorders has no answer for customer class {case.customer_class}, {day}: {answer!r}.",
            code="no_rank",
            next_step=f"Let the decision answer a priority and one of {', '.join(STRATEGIES)} for this case, then retry.",
        )
    return Rank(strategy=str(answer["strategy"]), priority=int(answer["priority"]))
