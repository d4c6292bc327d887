"""A decision that somebody tries out: what it says, what every rule said to the inputs, and why the silent ones were."""

from dataclasses import dataclass, field
from typing import Final, Literal

from engine.dmn.errors import DmnError
from engine.dmn.records import DecisionDiagnostic, MatchedRule

#: Evaluations of tables that are told of in one trial; a function that is called in a loop evaluates its table each time.
MAX_TABLES: Final = 50

Verdict = Literal["matched", "refused", "not asked"]


@dataclass(frozen=True, slots=True)
class TriedInput:
    """An input column and the value it had."""

    element_id: str
    label: str
    value: object


@dataclass(frozen=True, slots=True)
class RefusingCell:
    """The first cell of a rule that said no: which, to which column, what it asks for and what it was shown."""

    element_id: str
    label: str
    test: str
    value: object


@dataclass(frozen=True, slots=True)
class TriedRule:
    """What a rule said. With the hit policy FIRST the rules below the one that matched are not asked."""

    rule_id: str
    index: int
    verdict: Verdict
    cell: RefusingCell | None = None


@dataclass(slots=True)
class TriedTable:
    """One evaluation of a table; where it was broken off, the rules up to there."""

    decision_id: str
    element_id: str
    inputs: tuple[TriedInput, ...]
    rules: list[TriedRule] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class WantedInput:
    """A variable that a decision reads; `type` is FEEL's name of it, empty where any will do, `options` the values it may have."""

    name: str
    type: str
    options: tuple[object, ...] = ()


@dataclass(frozen=True, slots=True)
class Trial:
    """The value, or the problem that stopped the decision; the rules that spoke; what gave null; and each table that was asked."""

    value: object
    problem: DmnError | None
    matched: tuple[MatchedRule, ...]
    diagnostics: tuple[DecisionDiagnostic, ...]
    tables: tuple[TriedTable, ...]
