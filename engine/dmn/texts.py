"""FEEL texts inside a model: compiled when the model is read; an error becomes a finding, and a refusal when it is used."""

from dataclasses import dataclass, field
from decimal import DecimalException
from typing import Final, Literal

from engine.dmn.errors import DmnError
from engine.dmn.session import Scope
from engine.dmn.source import Element, id_of, local_name, text_of
from engine.feel import Expression, FeelLimitExceeded, FeelSyntaxError, compile_expression, compile_unary_tests

Severity = Literal["error", "warning"]
#: How models name FEEL as the language of an expression; nothing at all means FEEL too.
_FEEL: Final = ("", "feel")


@dataclass(frozen=True, slots=True)
class DmnFinding:
    """Something wrong with a model, for the linter: where, what, and how bad."""

    element_id: str
    message: str
    severity: Severity


@dataclass(frozen=True, slots=True)
class Text:
    """A compiled text; where it does not compile, `expression` is None and `error` says why."""

    element_id: str
    expression: Expression | None
    error: str = ""

    @property
    def text(self) -> str:
        """What was written; empty where it does not compile."""
        return "" if self.expression is None else self.expression.text

    def value(self, scope: Scope) -> object:
        """The value in a scope; null is explained in the diagnostics. Raises DmnError for a text that did not compile."""
        expression, value = self._evaluated(scope)
        if value is None:
            scope.explain(self.element_id, expression)
        return value

    def passes(self, scope: Scope) -> bool:
        """Whether unary tests hold for the variable `?`; where that cannot be told, it is explained, also of what was given null."""
        expression, value = self._evaluated(scope)
        if value is None and (expression.variables or scope.values.get("?") is not None):
            scope.explain(self.element_id, expression)
        return value is True

    def _evaluated(self, scope: Scope) -> tuple[Expression, object]:
        if self.expression is None:
            raise DmnError(self.error, element_id=self.element_id, next_step="Correct the expression and deploy again.")
        try:
            return self.expression, self.expression.evaluate_within(scope.session.run, scope.values)
        except DecimalException:  # a NaN in the host's own data
            return self.expression, None
        except FeelLimitExceeded as error:
            error.element_id = error.element_id or self.element_id
            raise


@dataclass(slots=True)
class Workshop:
    """What reading a model needs everywhere: the declared names, and a place for findings."""

    names: frozenset[str]
    findings: list[DmnFinding] = field(default_factory=list)
    #: All that compiled so far, so that a decision's texts can be told from the others.
    compiled: list[Expression] = field(default_factory=list)

    def find(self, element: Element, message: str, severity: Severity = "error") -> None:
        """Note a finding."""
        self.findings.append(DmnFinding(id_of(element), message, severity))

    def expression(self, element: Element) -> Text:
        """Compile the `text` of an element as an expression."""
        return self._compiled(element, tests=False)

    def tests(self, element: Element) -> Text | None:
        """Compile the `text` of an element as unary tests; None for an empty text or `-`, which let everything pass."""
        return None if text_of(element) in ("", "-") else self._compiled(element, tests=True)

    def _compiled(self, element: Element, *, tests: bool) -> Text:
        language = (element.get("expressionLanguage") or "").rstrip("/").lower()
        if not language.endswith(_FEEL[1]) and language not in _FEEL:
            return self._broken(element, f"The language of this expression is {language}; only FEEL is evaluated.")
        text = text_of(element)
        try:
            compiled = compile_unary_tests(text, self.names) if tests else compile_expression(text, self.names)
        except FeelSyntaxError as error:
            return self._broken(element, f"{local_name(element)}: {error.detail}")
        self.compiled.append(compiled)
        return Text(id_of(element), compiled)

    def _broken(self, element: Element, message: str) -> Text:
        self.find(element, message)
        return Text(id_of(element), None, message)
