"""FEEL texts inside a model: compiled when the model is read; an error becomes a finding, and a refusal when it is used."""

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import DecimalException
from typing import Final, Literal

from engine.dmn.errors import DmnError
from engine.dmn.session import Scope
from engine.dmn.source import Element, id_of, local_name, text_of
from engine.feel import Expression, FeelLimitExceeded, FeelSyntaxError, compile_expression, compile_unary_tests, syntax
from engine.feel.lexer import KEYWORDS

Severity = Literal["error", "warning"]
#: How models name FEEL as the language of an expression; nothing at all means FEEL too.
_FEEL: Final = re.compile(r"^$|\bfeel\b")


@dataclass(frozen=True, slots=True)
class DmnFinding:
    """Something wrong with a model, for the linter: where, what, and how bad."""

    element_id: str
    message: str
    severity: Severity
    #: What the text of the element should say, where that is certain.
    fix: str | None = None


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

    @property
    def calls(self) -> frozenset[str]:
        """The functions it calls by name that are neither FEEL's own nor made in the text itself."""
        if self.expression is None:
            return frozenset()
        free = self.expression.variables | self.expression.possible_variables
        parts = (part.function for part in syntax.within(self.expression.tree) if isinstance(part, syntax.Call)) if free else ()
        return frozenset(part.name for part in parts if isinstance(part, syntax.Name)) & free

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
    """What reading a model needs everywhere: the names in scope, and a place for findings."""

    #: How the model names its language where a text does not.
    language: str = ""
    #: Names with operators, keywords or spaces that the text at hand may read: whatever else bears a name does not change its grammar.
    names: frozenset[str] = frozenset()
    findings: list[DmnFinding] = field(default_factory=list)
    #: All that compiled so far, so that a decision's texts can be told from the others.
    compiled: list[Text] = field(default_factory=list)

    @contextmanager
    def knowing(self, names: Iterable[str], *, afresh: bool = False) -> Iterator[None]:
        """Read texts that see these names besides those in scope; `afresh`: instead of them."""
        before = self.names
        self.names = (frozenset() if afresh else before).union(name for name in names if not name.isidentifier() or name in KEYWORDS)
        try:
            yield
        finally:
            self.names = before

    def find(self, element: Element, message: str, severity: Severity = "error") -> None:
        """Note a finding."""
        self.findings.append(DmnFinding(id_of(element), message, severity))

    def expression(self, element: Element) -> Text:
        """Compile the `text` of an element as an expression."""
        return self._compiled(element, lambda text: compile_expression(text, self.names))

    def tests(self, element: Element, inputs: Collection[str] = ()) -> Text | None:
        """Compile the `text` of an element as unary tests; None for an empty text or `-`, which let everything pass.

        `inputs` are names that mean the tested value, as `?` does.
        """
        if text_of(element) in ("", "-"):
            return None
        return self._compiled(element, lambda text: compile_unary_tests(text, self.names, inputs))

    def _compiled(self, element: Element, compile_text: Callable[[str], Expression]) -> Text:
        language = element.get("expressionLanguage") or self.language
        if not _FEEL.search(language.lower()):
            return self._broken(element, f"The language of this expression is {language}; only FEEL is evaluated.")
        text = text_of(element)
        try:
            compiled = compile_text(text)
        except FeelSyntaxError as error:
            return self._broken(element, f"{local_name(element)}: {error.detail}")
        text_here = Text(id_of(element), compiled)
        self.compiled.append(text_here)
        return text_here

    def _broken(self, element: Element, message: str) -> Text:
        self.find(element, message)
        return Text(id_of(element), None, message)
