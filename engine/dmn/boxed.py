"""Boxed expressions: everything that may stand in a decision or a business knowledge model (DMN 1.5, section 10.2)."""

from collections.abc import Callable, Sequence
from typing import Final

from engine.dmn.analysis import table_findings
from engine.dmn.errors import DmnError
from engine.dmn.items import ANY, ItemType, Types, fitted
from engine.dmn.iterators import iterator
from engine.dmn.session import Logic, Scope
from engine.dmn.source import Element, id_of, kid, kids, local_name, name_of
from engine.dmn.tables import TableReader
from engine.dmn.texts import Text, Workshop
from engine.feel import Function
from engine.feel.limits import Run

MAX_DEPTH: Final = 40


class LogicReader:
    """Reads boxed expressions; each method makes the logic of one kind."""

    def __init__(self, workshop: Workshop, types: Types) -> None:
        self.workshop = workshop
        self.types = types
        self.tables = TableReader(workshop, types)
        self.depth = 0
        self.kinds: dict[str, Callable[[Element], Logic]] = {
            "literalExpression": self._literal,
            "decisionTable": self._table,
            "context": self._context,
            "invocation": self._invocation,
            "list": self._list,
            "relation": self._relation,
            "functionDefinition": self.function,
            "conditional": self._conditional,
            **dict.fromkeys(("for", "some", "every", "filter"), self._iterator),
        }

    def inside(self, element: Element) -> Element | None:
        """The boxed expression that is a child of `element`."""
        return next((child for child in element.iterchildren() if local_name(child) in self.kinds), None)

    def read(self, element: Element) -> Logic:
        """The logic of one boxed expression, its own `typeRef` applied. Raises DmnError when they nest too deeply."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise DmnError(
                f"Boxed expressions nest deeper than {MAX_DEPTH} levels.",
                element_id=id_of(element),
                next_step="Move an inner part into a decision of its own.",
            )
        logic = self.kinds[local_name(element)](element)
        item_type = self.types.of(element) if local_name(element) != "functionDefinition" else ANY
        self.depth -= 1
        return logic if item_type is ANY else _typed(logic, item_type, id_of(element))

    def required(self, element: Element) -> Logic:
        """The logic inside `element`; where there is none, a finding, and a refusal when it is used."""
        inner = self.inside(element)
        if inner is not None:
            return self.read(inner)
        message = f"There is no expression in this {local_name(element)}, or one that is not supported."
        self.workshop.find(element, message)
        return Text(id_of(element), None, message).value

    def _table(self, element: Element) -> Logic:
        table = self.tables.read(element)
        self.workshop.findings += table_findings(table)
        return table

    def _literal(self, element: Element) -> Logic:
        return self.workshop.expression(element).value

    def _context(self, element: Element) -> Logic:
        entries: list[tuple[str, Logic]] = []
        for entry in kids(element, "contextEntry"):
            with self.workshop.knowing(name for name, _ in entries):
                entries.append((name_of(entry), self._entry(entry)))

        def build(scope: Scope) -> object:
            result: dict[str, object] = {}
            for name, logic in entries:
                value = logic(scope.with_values(result))
                if not name:
                    return value  # the last entry without a name is the result
                result[name] = value
            return result

        return build

    def _entry(self, entry: Element) -> Logic:
        logic = self.required(entry)
        item_type = self.types.of(kid(entry, "variable"))
        return logic if item_type is ANY else _typed(logic, item_type, id_of(entry))

    def _invocation(self, element: Element) -> Logic:
        called = self.required(element)
        arguments: dict[str, Logic] = {}
        for binding in kids(element, "binding"):
            parameter = kid(binding, "parameter")
            name = "" if parameter is None else " ".join((parameter.get("name") or "").split())
            arguments[name] = self.required(binding)
        element_id = id_of(element)

        def invoke(scope: Scope) -> object:
            function = called(scope)
            if not isinstance(function, Function):
                scope.report(element_id, "invocation", "what is called is no function")
                return None
            values = {name: argument(scope) for name, argument in arguments.items()}
            unknown = sorted(set(values) ^ set(function.parameters))
            if unknown and function.call_named is None:
                scope.report(element_id, function.name, f"the arguments do not fit the parameters: {', '.join(unknown)}")
            return function.named(scope.session.run, values)

        return invoke

    def _list(self, element: Element) -> Logic:
        items = [self.read(child) for child in element.iterchildren() if local_name(child) in self.kinds]

        def build(scope: Scope) -> object:
            scope.session.run.grow_list(len(items))
            return [item(scope) for item in items]

        return build

    def _relation(self, element: Element) -> Logic:
        names = [" ".join((column.get("name") or "").split()) for column in kids(element, "column")]
        rows = [[self.read(cell) for cell in row.iterchildren() if local_name(cell) in self.kinds]
                for row in kids(element, "row")]  # fmt: skip
        for place, row in zip(kids(element, "row"), rows, strict=True):
            if len(row) != len(names):
                self.workshop.find(place, f"The row has {len(row)} cells; the relation has {len(names)} columns.")

        def build(scope: Scope) -> object:
            scope.session.run.grow_list(len(rows) * len(names))
            return [dict(zip(names, (cell(scope) for cell in row), strict=False)) for row in rows]

        return build

    def _iterator(self, element: Element) -> Logic:
        return iterator(element, local_name(element), self)

    def _conditional(self, element: Element) -> Logic:
        parts = []
        for name in ("if", "then", "else"):
            part = kid(element, name)
            parts.append(self.required(element if part is None else part))
        condition, yes, no = parts
        return lambda scope: yes(scope) if condition(scope) is True else no(scope)

    def function(self, element: Element, name: str = "function") -> Logic:
        """A function; its body sees the scope in which it is defined."""
        if (element.get("kind") or "FEEL") != "FEEL":
            self.workshop.find(element, f"A function of kind {element.get('kind')} is not evaluated; only FEEL is.")
        parameters = {" ".join((part.get("name") or "").split()): part for part in kids(element, "formalParameter")}
        types = [self.types.of(part) for part in parameters.values()]
        names = tuple(parameters)
        with self.workshop.knowing(names):
            body = self.required(element)
        element_id = id_of(element)

        def define(scope: Scope) -> object:
            def call(run: Run, arguments: Sequence[object]) -> object:
                if len(arguments) != len(names):
                    return None
                pairs = zip(names, types, arguments, strict=True)
                values = {name: fitted(kind, value, scope, element_id) for name, kind, value in pairs}
                run.enter()
                result = body(scope.with_values(values))
                run.leave()
                return result

            return Function(call, names, name)

        return define


def _typed(logic: Logic, item_type: ItemType, element_id: str) -> Logic:
    return lambda scope: fitted(item_type, logic(scope), scope, element_id)
