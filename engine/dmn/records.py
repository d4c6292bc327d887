"""What an evaluation tells of how it came about."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MatchedRule:
    """A rule that matched; `index` is the number of its row, counted from 1 as the table shows it."""

    decision_id: str
    rule_id: str
    index: int


@dataclass(frozen=True, slots=True)
class DecisionDiagnostic:
    """Something that gave null, and why."""

    decision_id: str
    element_id: str
    text: str
    reason: str


@dataclass(frozen=True, slots=True)
class DecisionResult:
    """The value of a decision, the rules that led to it (of required decisions too), and what gave null on the way."""

    value: object
    matched: tuple[MatchedRule, ...]
    diagnostics: tuple[DecisionDiagnostic, ...]
