"""One evaluation of a decision: what it was given, what it has found out, and what it has to report."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from engine.dmn.records import DecisionDiagnostic, MatchedRule
from engine.dmn.trial import TriedTable
from engine.feel import Expression, FeelLimitExceeded
from engine.feel.limits import Limits, Run
from engine.feel.tracing import TESTED_IS_NULL

#: A whole requirements graph may use more than one expression, but not without end.
DECISION_LIMITS = Limits(steps=2_000_000, seconds=5.0)


@dataclass(slots=True)
class Session:
    """The state of one evaluation: each required decision is made once and remembered."""

    inputs: Mapping[str, object]
    run: Run
    values: dict[str, object] = field(default_factory=dict)
    matched: list[MatchedRule] = field(default_factory=list)
    explained: set[str] = field(default_factory=set)
    diagnostics: dict[tuple[str, str, str], DecisionDiagnostic] = field(default_factory=dict)
    #: What each table did, where somebody tries the decision out; None where nobody asks.
    tried: list[TriedTable] | None = None

    def report(self, decision_id: str, element_id: str, text: str, reason: str) -> None:
        """Note once why an element gave null."""
        found = DecisionDiagnostic(decision_id, element_id, text, reason)
        self.diagnostics.setdefault((element_id, text, reason), found)


@dataclass(frozen=True, slots=True)
class Scope:
    """The variables an expression sees, and the decision it belongs to."""

    values: Mapping[str, object]
    session: Session
    decision_id: str

    def with_values(self, more: Mapping[str, object]) -> "Scope":
        """The same scope with more variables."""
        return Scope({**self.values, **more}, self.session, self.decision_id)

    def report(self, element_id: str, text: str, reason: str) -> None:
        """Note why an element gave null."""
        self.session.report(self.decision_id, element_id, text, reason)

    def explain(self, element_id: str, expression: Expression) -> None:
        """Evaluate again, slowly and once for each element, to say why an expression gave null."""
        if element_id in self.session.explained:
            return
        self.session.explained.add(element_id)
        try:
            evaluation = expression.diagnose(self.values, self.session.run.limits, now=self.session.run.moment)
        except FeelLimitExceeded as error:  # watching is slower than evaluating; the null itself stands
            self.report(element_id, expression.text, error.detail)
            return
        for found in evaluation.diagnostics:
            if found.reason == TESTED_IS_NULL:  # told once, by the input
                continue
            self.report(element_id, found.text, found.reason)


#: The meaning of a boxed expression: from a scope to a value.
Logic = Callable[[Scope], object]
