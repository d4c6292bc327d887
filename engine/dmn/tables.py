"""Decision tables: read from XML, and decided (DMN 1.5, section 8)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from engine.dmn.errors import DecisionViolation, DmnError
from engine.dmn.hit_policies import (
    AGGREGATIONS,
    LISTING,
    RANKED,
    Hit,
    HitPolicy,
    ranked,
    require_agreement,
    require_unique,
)
from engine.dmn.index import RuleIndex, index_of
from engine.dmn.items import ItemType, Types, constants_of, fitted, passes
from engine.dmn.records import MatchedRule
from engine.dmn.session import Scope
from engine.dmn.source import Element, foreign, id_of, kid, kids, text_of
from engine.dmn.texts import Text, Workshop
from engine.dmn.trial import MAX_TABLES, RefusingCell, TriedInput, TriedRule, TriedTable
from engine.feel.text import scalar_text

#: How cells of Camunda's tables name the tested value, unless the column says otherwise (`camunda:inputVariable`).
CELL_INPUT: Final = "cellInput"
#: Kinds of values that can be added; what is of no kind may be one.
_ADDED: Final = frozenset({"", "number", "days and time duration", "years and months duration"})


@dataclass(frozen=True, slots=True)
class Input:
    """An input column."""

    element_id: str
    label: str
    text: Text
    type: ItemType
    allowed: Text | None
    allowed_text: str
    #: Names besides `?` under which its cells read the value: those of Camunda's tables.
    aliases: tuple[str, ...] = ()

    @property
    def options(self) -> tuple[object, ...]:
        """The values it may have, where they are listed."""
        return constants_of(self.allowed_text) or constants_of(self.type.allowed_text)

    def tested(self, scope: Scope) -> Scope:
        """The scope in which its cells are asked; raises DecisionViolation when the value is not among the input values."""
        value = self.value(scope)
        return scope.with_values({"?": value, **dict.fromkeys(self.aliases, value)})

    def value(self, scope: Scope) -> object:
        """The value to be tested; raises DecisionViolation when it is not among the input values."""
        value = fitted(self.type, self.text.value(scope), scope, self.element_id)
        if value is not None and self.allowed is not None and not passes(self.allowed, value, scope):
            raise DecisionViolation(
                f"The input {self.label} is {scalar_text(value)}; allowed are {self.allowed_text}.",
                element_id=self.element_id,
                next_step="Correct the value, or add it to the input values of the table.",
            )
        return value


@dataclass(frozen=True, slots=True)
class Output:
    """An output column; `order` holds its output values where they are constants, the first with the highest priority."""

    element_id: str
    name: str
    type: ItemType
    allowed: Text | None
    allowed_text: str
    order: list[object]
    default: Text | None

    def checked(self, value: object, scope: Scope) -> object:
        """The value as the column's type; raises DecisionViolation when it is not among the output values."""
        value = fitted(self.type, value, scope, self.element_id)
        if value is not None and self.allowed is not None and not passes(self.allowed, value, scope):
            raise DecisionViolation(
                f"The output {self.name or 'of the table'} is {scalar_text(value)}; allowed are {self.allowed_text}.",
                element_id=self.element_id,
                next_step="Correct the rule, or add the value to the output values of the table.",
            )
        return value


@dataclass(frozen=True, slots=True)
class Rule:
    """A row; a test that is None lets everything pass, an output that is None is null."""

    element_id: str
    index: int
    tests: tuple[Text | None, ...]
    outputs: tuple[Text | None, ...]

    def matches(self, scopes: list[Scope]) -> bool:
        """Whether every cell passes; `scopes` hold each column's value as `?`. Stops at the first that does not."""
        return all(test is None or test.passes(scope) for test, scope in zip(self.tests, scopes, strict=True))

    def refusing(self, scopes: list[Scope]) -> int | None:
        """The place of the first cell that does not pass; None when the rule matches."""
        return next((place for place, test in enumerate(self.tests) if test is not None and not test.passes(scopes[place])), None)


@dataclass(frozen=True, slots=True)
class Table:
    """A decision table, ready to decide."""

    element_id: str
    policy: HitPolicy
    aggregation: str
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    rules: tuple[Rule, ...]
    index: RuleIndex | None = None

    def __call__(self, scope: Scope) -> object:
        """The decision in a scope. Raises DecisionViolation when the rules or the values break a promise of the table."""
        scopes = [column.tested(scope) for column in self.inputs]
        self._tell(scopes, scope)
        hits = list(self._hits(scopes, scope))
        if not hits:
            return self._default(scope)
        spoken = self._select(hits, scope)
        self._record(spoken, scope)
        return self._result([hit.outputs for hit in spoken], scope)

    def _hits(self, scopes: list[Scope], scope: Scope) -> Iterator[Hit]:
        places = None if self.index is None else self.index.candidates([inner.values["?"] for inner in scopes])
        for rule in self.rules if places is None else [self.rules[place] for place in places]:
            scope.session.run.charge(1)
            if rule.matches(scopes):
                yield Hit(rule.index, rule.element_id, tuple(self._outputs(rule, scope)))
                if self.policy is HitPolicy.FIRST:
                    return

    def _tell(self, scopes: list[Scope], scope: Scope) -> None:
        """Where somebody tries the decision out, note what each rule says; as far as it comes, should a cell not be evaluable."""
        tried = scope.session.tried
        if tried is None or len(tried) >= MAX_TABLES:
            return
        inputs = (TriedInput(column.element_id, column.label, inner.values["?"]) for column, inner in zip(self.inputs, scopes, strict=True))
        told = TriedTable(scope.decision_id, self.element_id, tuple(inputs))
        tried.append(told)
        answered = False
        for rule in self.rules:
            scope.session.run.charge(1)
            told.rules.append(TriedRule(rule.element_id, rule.index, "not asked") if answered else self._verdict(rule, scopes))
            answered = answered or (self.policy is HitPolicy.FIRST and told.rules[-1].verdict == "matched")

    def _verdict(self, rule: Rule, scopes: list[Scope]) -> TriedRule:
        place = rule.refusing(scopes)
        test = None if place is None else rule.tests[place]
        if place is None or test is None:
            return TriedRule(rule.element_id, rule.index, "matched")
        cell = RefusingCell(test.element_id, self.inputs[place].label, test.text, scopes[place].values["?"])
        return TriedRule(rule.element_id, rule.index, "refused", cell)

    def _outputs(self, rule: Rule, scope: Scope) -> Iterator[object]:
        for text, column in zip(rule.outputs, self.outputs, strict=True):
            yield None if text is None else column.checked(text.value(scope), scope)

    def _select(self, hits: list[Hit], scope: Scope) -> list[Hit]:
        """The hits that speak, in the order in which they do."""
        if self.policy is HitPolicy.UNIQUE:
            require_unique(hits, self.element_id)
        if self.policy is HitPolicy.ANY:
            require_agreement(hits, self.element_id, scope.session.run)
        if self.policy in RANKED:
            hits = ranked(hits, [column.order for column in self.outputs])
        return hits if self.policy in LISTING else hits[:1]

    def _record(self, hits: list[Hit], scope: Scope) -> None:
        scope.session.matched += [MatchedRule(scope.decision_id, hit.rule_id, hit.index) for hit in hits]

    def _result(self, rows: list[tuple[object, ...]], scope: Scope) -> object:
        if self.aggregation:
            aggregate = AGGREGATIONS[self.aggregation]
            found = tuple(aggregate(list(column)) for column in zip(*rows, strict=True))
            if None in found:
                scope.report(self.element_id, "decision table", f"the outputs of the matching rules have no {self.aggregation}")
            return self._row(found)
        shaped = [self._row(row) for row in rows]
        return shaped if self.policy in LISTING else shaped[0]

    def _row(self, outputs: tuple[object, ...]) -> object:
        if len(outputs) == 1:
            return outputs[0]
        return {column.name: value for column, value in zip(self.outputs, outputs, strict=True)}

    def _default(self, scope: Scope) -> object:
        """The default outputs; without any, null, an empty list where rules are listed, or 0 where they are counted."""
        if not any(column.default for column in self.outputs):
            if self.aggregation == "COUNT":
                return AGGREGATIONS["COUNT"]([])
            if self.policy in LISTING and not self.aggregation:
                return []
            scope.report(self.element_id, "decision table", "no rule matches and there is no default output")
            return None
        row = self._row(tuple(column.default.value(scope) if column.default else None for column in self.outputs))
        return [row] if self.policy in LISTING and not self.aggregation else row


class TableReader:
    """Reads decision tables, noting what is wrong with them."""

    def __init__(self, workshop: Workshop, types: Types) -> None:
        self.workshop = workshop
        self.types = types
        #: All input columns read so far, so that a decision's can be told from the others.
        self.columns: list[Input] = []

    def read(self, element: Element) -> Table:
        """The table; raises DmnError when its shape makes no sense at all."""
        inputs = tuple(self._input(column) for column in kids(element, "input"))
        self.columns += inputs
        outputs = tuple(self._output(column) for column in kids(element, "output"))
        if not outputs:
            raise DmnError("The decision table has no output.", element_id=id_of(element), next_step="Add an output.")
        policy = self._policy(element)
        rules = tuple(self._rule(row, index, inputs, len(outputs)) for index, row in enumerate(kids(element, "rule"), 1))
        index = index_of([[rule.tests[place] for rule in rules] for place in range(len(inputs))], len(rules))
        table = Table(id_of(element), policy, self._aggregation(element, policy), inputs, outputs, rules, index)
        self._check(element, table)
        return table

    def _policy(self, element: Element) -> HitPolicy:
        written = (element.get("hitPolicy") or "UNIQUE").replace("_", " ").upper()
        if written not in set(HitPolicy):
            raise DmnError(
                f"There is no hit policy {written}.",
                element_id=id_of(element),
                next_step=f"Choose one of {', '.join(HitPolicy)}.",
            )
        return HitPolicy(written)

    def _aggregation(self, element: Element, policy: HitPolicy) -> str:
        written = element.get("aggregation") or ""
        if written and written not in AGGREGATIONS:
            raise DmnError(
                f"There is no aggregation {written}.",
                element_id=id_of(element),
                next_step=f"Choose one of {', '.join(AGGREGATIONS)}.",
            )
        if written and policy is not HitPolicy.COLLECT:
            self.workshop.find(element, f"The aggregation {written} has no effect with the hit policy {policy}.", "warning")
            return ""
        return written

    def _input(self, column: Element) -> Input:
        expression = kid(column, "inputExpression")
        if expression is None:
            raise DmnError("An input column has no expression.", element_id=id_of(column), next_step="Add one.")
        allowed = kid(column, "inputValues")
        return Input(
            id_of(column),
            column.get("label") or text_of(expression),
            self.workshop.expression(expression),
            self.types.of(expression),
            None if allowed is None else self.workshop.tests(allowed),
            text_of(allowed),
            tuple(name for name in (CELL_INPUT, foreign(column, "inputVariable")) if name),
        )

    def _output(self, column: Element) -> Output:
        allowed = kid(column, "outputValues")
        default = kid(column, "defaultOutputEntry")
        return Output(
            id_of(column),
            " ".join((column.get("name") or column.get("label") or "").split()),
            self.types.of(column),
            None if allowed is None else self.workshop.tests(allowed),
            text_of(allowed),
            list(constants_of(text_of(allowed))),
            None if default is None or not text_of(default) else self.workshop.expression(default),
        )

    def _rule(self, row: Element, index: int, inputs: Sequence[Input], width: int) -> Rule:
        cells = list(kids(row, "inputEntry"))
        tests = tuple(self.workshop.tests(cell, column.aliases) for cell, column in zip(cells, inputs, strict=False))
        outputs = tuple(self.workshop.expression(cell) if text_of(cell) else None for cell in kids(row, "outputEntry"))
        if (len(cells), len(outputs)) != (len(inputs), width):
            raise DmnError(
                f"Rule {index} has {len(cells)} inputs and {len(outputs)} outputs; the table has {len(inputs)} and {width}.",
                element_id=id_of(row),
                next_step="Give the rule a cell for each column.",
            )
        return Rule(row.get("id") or "", index, tests, outputs)

    def _check(self, element: Element, table: Table) -> None:
        if table.policy in RANKED and not any(column.order for column in table.outputs):
            self.workshop.find(element, f"The hit policy {table.policy} needs output values, which rank the outputs.")
        if table.aggregation and len(table.outputs) > 1:
            self.workshop.find(element, f"The aggregation {table.aggregation} needs a table with a single output.")
        if table.aggregation == "SUM" and table.outputs and table.outputs[0].type.feel_kind not in _ADDED:
            self.workshop.find(element, f"SUM adds numbers or durations, and the output is of the type {table.outputs[0].type.name}.")
        if len(table.outputs) > 1 and not all(column.name for column in table.outputs):
            self.workshop.find(element, "Every output of a table with several needs a name.")
        if not table.rules:
            self.workshop.find(element, "The table has no rules.", "warning")
