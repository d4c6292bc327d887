"""What a decision table says when none, one or several of its rules match (DMN 1.5, section 8.2.8)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Final

from engine.dmn.errors import DecisionViolation
from engine.feel.library.aggregates import maximum, minimum, summed
from engine.feel.limits import Run
from engine.feel.operators import equal


class HitPolicy(StrEnum):
    """How many rules may match, and which of them speak."""

    #: One rule at most may match.
    UNIQUE = "UNIQUE"
    #: Several may match, all with the same outputs.
    ANY = "ANY"
    #: The matching rule whose outputs stand first in the lists of output values.
    PRIORITY = "PRIORITY"
    #: The first matching rule of the table.
    FIRST = "FIRST"
    #: All matching rules, as they stand in the table.
    RULE_ORDER = "RULE ORDER"
    #: All matching rules, by the lists of output values.
    OUTPUT_ORDER = "OUTPUT ORDER"
    #: All matching rules, in no order that counts; or an aggregate of them.
    COLLECT = "COLLECT"


LISTING: Final = frozenset({HitPolicy.RULE_ORDER, HitPolicy.OUTPUT_ORDER, HitPolicy.COLLECT})
RANKED: Final = frozenset({HitPolicy.PRIORITY, HitPolicy.OUTPUT_ORDER})


def _count(values: list[object]) -> object:
    return Decimal(len(values))


AGGREGATIONS: Final[dict[str, Callable[[list[object]], object]]] = {
    "SUM": summed,
    "MIN": minimum,
    "MAX": maximum,
    "COUNT": _count,
}


@dataclass(frozen=True, slots=True)
class Hit:
    """A rule that matched: its row (from 1), its id and its outputs in the order of the columns."""

    index: int
    rule_id: str
    outputs: tuple[object, ...]


def require_unique(hits: Sequence[Hit], table_id: str) -> None:
    """Raise DecisionViolation, naming the rules, when more than one matched."""
    if len(hits) > 1:
        raise DecisionViolation(
            f"{_rules(hits)} match, but the hit policy UNIQUE allows one.",
            element_id=table_id,
            next_step="Make the conditions of these rules exclude one another, or choose another hit policy.",
        )


def require_agreement(hits: Sequence[Hit], table_id: str, run: Run) -> None:
    """Raise DecisionViolation, naming the rules, when two of them give different outputs."""
    unlike = [hit for hit in hits if equal(list(hit.outputs), list(hits[0].outputs), run) is not True]
    if unlike:
        raise DecisionViolation(
            f"{_rules([hits[0], *unlike])} match with different outputs, but the hit policy ANY asks for the same.",
            element_id=table_id,
            next_step="Give these rules the same outputs, or choose another hit policy.",
        )


def _rules(hits: Sequence[Hit]) -> str:
    numbers = [f"{hit.index} ({hit.rule_id})" if hit.rule_id else str(hit.index) for hit in hits[:10]]
    return f"Rules {', '.join(numbers[:-1])} and {numbers[-1]}"


def ranked(hits: Sequence[Hit], priorities: Sequence[list[object]]) -> list[Hit]:
    """The hits by the place of their outputs in each column's list of values, first column first; unlisted ones come last."""

    def rank(hit: Hit) -> list[int]:
        return [order.index(output) if output in order else len(order) for output, order in zip(hit.outputs, priorities, strict=True)]

    return sorted(hits, key=rank)
