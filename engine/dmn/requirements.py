"""The requirements graph: decisions, input data and business knowledge models, held together and evaluated (DMN 1.5, section 6)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, TypeVar

from engine.dmn.errors import DmnError
from engine.dmn.items import ItemType, fitted
from engine.dmn.session import Logic, Scope, Session
from engine.dmn.tables import Input
from engine.feel import Function
from engine.feel.calling import WrongCall
from engine.feel.limits import Run
from engine.feel.values import bring_in

N = TypeVar("N")

#: Longest chain of decisions that require one another.
MAX_CHAIN: Final = 30


@dataclass(frozen=True, slots=True)
class Requirements:
    """Keys of what a decision or business knowledge model needs."""

    inputs: tuple[str, ...]
    decisions: tuple[str, ...]
    knowledge: tuple[str, ...]
    #: The name of the import through which something of another model is needed, by its key.
    imports: Mapping[str, str] = field(default_factory=dict)

    def __iter__(self) -> Iterator[str]:
        return iter((*self.inputs, *self.decisions, *self.knowledge))

    def place(self, values: dict[str, object], key: str, name: str, value: object) -> None:
        """Put what is required where texts read it: under its name, or as an entry of the import's."""
        within = self.imports.get(key)
        if within is None:
            values[name] = value
            return
        others = values.get(within)
        values[within] = {**(others if isinstance(others, dict) else {}), name: value}


@dataclass(frozen=True, slots=True)
class InputNode:
    """A piece of input data: its variable and type, and the import that brought it in."""

    element_id: str
    name: str
    type: ItemType
    imported_as: str = ""

    @property
    def names(self) -> frozenset[str]:
        """The names under which texts may read it."""
        return frozenset({self.name})

    def given(self, inputs: Mapping[str, object]) -> tuple[bool, object]:
        """Whether the host gave it, by its name or within that of the import, and the value."""
        if self.name in inputs:
            return True, inputs[self.name]
        within = inputs.get(self.imported_as)
        return (True, within[self.name]) if isinstance(within, Mapping) and self.name in within else (False, None)


@dataclass(frozen=True, slots=True)
class LogicNode:
    """A decision or a business knowledge model: what it needs and how it is computed."""

    element_id: str
    name: str
    type: ItemType
    requires: Requirements
    logic: Logic
    #: Variables its texts certainly read, and those they read or may read.
    reads: frozenset[str]
    may_read: frozenset[str]
    #: Names it defines itself: context entries and parameters.
    local_names: frozenset[str]
    #: The input columns of its tables.
    columns: tuple[Input, ...]
    #: Functions it calls that are not FEEL's own, each with the element whose text does, and that text.
    calls: tuple[tuple[str, str, str], ...] = ()
    #: Calls in its texts that can give nothing, each with the element whose text does.
    misused: tuple[tuple[str, WrongCall], ...] = ()
    #: Other names under which it is handed on: Camunda 8 hands on under the id, Camunda 7 under those of the table's outputs.
    other_names: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()

    @property
    def names(self) -> frozenset[str]:
        """The names under which texts may read it."""
        return frozenset((self.name, *self.other_names, *self.outputs))

    def handed_on(self, value: object) -> dict[str, object]:
        """The value under its other names; several outputs each by itself, and a list of rows as a list of each."""
        parts = {name: _part(value, name) if len(self.outputs) > 1 else value for name in self.outputs}
        return {**parts, **dict.fromkeys(self.other_names, value)}


def _part(value: object, name: str) -> object:
    if isinstance(value, list):
        return [_part(row, name) for row in value]
    return value.get(name) if isinstance(value, dict) else None


@dataclass(frozen=True, slots=True)
class ServiceNode:
    """A decision service: some decisions of the model as one function, of input data and of decisions that are made elsewhere."""

    element_id: str
    name: str
    type: ItemType
    inputs: tuple[str, ...]
    input_decisions: tuple[str, ...]
    outputs: tuple[str, ...]

    @property
    def names(self) -> frozenset[str]:
        """The names under which texts may call it."""
        return frozenset({self.name})


@dataclass(slots=True)
class Graph:
    """All nodes of a model by key: their id, with the namespace before it where they are imported."""

    inputs: dict[str, InputNode] = field(default_factory=dict)
    decisions: dict[str, LogicNode] = field(default_factory=dict)
    knowledge: dict[str, LogicNode] = field(default_factory=dict)
    services: dict[str, ServiceNode] = field(default_factory=dict)

    def value(self, node: LogicNode, session: Session) -> object:
        """The value of a decision; made once in a session. Raises DmnError for a requirement that does not exist."""
        if node.element_id not in session.values:
            scope = Scope(self._variables(node, session), session, node.element_id)
            session.values[node.element_id] = fitted(node.type, node.logic(scope), scope, node.element_id)
        return session.values[node.element_id]

    def _variables(self, node: LogicNode, session: Session) -> Mapping[str, object]:
        """What the host gave, over it what the decision requires; a name of its own goes before any other one of a decision."""
        values: dict[str, object] = dict(session.inputs)
        decisions = [(wanted, _existing(self.decisions, wanted, node)) for wanted in node.requires.decisions]
        for wanted, decision in decisions:
            if wanted not in node.requires.imports:
                values |= decision.handed_on(self.value(decision, session))
        for wanted in node.requires.inputs:
            found = _existing(self.inputs, wanted, node)
            node.requires.place(values, wanted, found.name, self._input(found, session))
        for wanted, decision in decisions:
            node.requires.place(values, wanted, decision.name, self.value(decision, session))
        self._add_functions(values, node, session)
        return values

    def _input(self, node: InputNode, session: Session) -> object:
        if node.element_id not in session.values:
            scope = Scope(session.inputs, session, node.element_id)
            was_given, value = node.given(session.inputs)
            if not was_given:
                scope.report(node.element_id, node.name, "this input was not given")
            session.values[node.element_id] = fitted(node.type, bring_in(session.run, value), scope, node.element_id)
        return session.values[node.element_id]

    def _add_functions(self, values: dict[str, object], node: LogicNode, session: Session) -> None:
        for wanted in node.requires.knowledge:
            if wanted in self.services:
                service = self.services[wanted]
                node.requires.place(values, wanted, service.name, self.service(service, session))
            else:
                model = _existing(self.knowledge, wanted, node)
                node.requires.place(values, wanted, model.name, self._function(model, session))

    def _function(self, model: LogicNode, session: Session) -> object:
        if model.element_id not in session.values:
            values: dict[str, object] = {}
            self._add_functions(values, model, session)
            session.values[model.element_id] = model.logic(Scope(values, session, model.element_id))
        return session.values[model.element_id]

    def service(self, node: ServiceNode, session: Session) -> Function:
        """A decision service as a function: first its input data, then its input decisions (DMN 1.5, section 10.4)."""
        inputs = [_existing(self.inputs, key, node) for key in node.inputs]
        decisions = [_existing(self.decisions, key, node) for key in node.input_decisions]
        names = (*(each.name for each in inputs), *(each.name for each in decisions))

        def call(run: Run, arguments: Sequence[object]) -> object:
            if len(arguments) != len(names):
                return None
            run.enter()
            result = self.serve(node, session, dict(zip(names, arguments, strict=True)))
            run.leave()
            return result

        return Function(call, names, node.name)

    def serve(self, node: ServiceNode, session: Session, given: Mapping[str, object]) -> object:
        """What a decision service answers: the value of its output decision, or a context of several."""
        inner = replace(session, inputs=given, values={})
        for key in node.input_decisions:
            decision = _existing(self.decisions, key, node)
            scope = Scope(given, inner, node.element_id)
            value = bring_in(inner.run, given.get(decision.name))
            inner.values[decision.element_id] = fitted(decision.type, value, scope, decision.element_id)
        outputs = [_existing(self.decisions, key, node) for key in node.outputs]
        values = {decision.name: self.value(decision, inner) for decision in outputs}
        result = next(iter(values.values())) if len(values) == 1 else values
        return fitted(node.type, result, Scope(given, inner, node.element_id), node.element_id)


def _existing(nodes: Mapping[str, N], wanted: str, node: LogicNode | ServiceNode) -> N:
    if wanted in nodes:
        return nodes[wanted]
    raise DmnError(
        f"{node.name} requires {wanted}, which is not in the model.",
        element_id=node.element_id,
        next_step="Remove the requirement, or add what is missing.",
    )


def refuse_circles(graph: Graph) -> None:
    """Raise DmnError at a node that requires itself, directly or not, or at the head of too long a chain.

    A decision service requires its output decisions; a knowledge model may call itself, within the limits of an evaluation.
    """
    nodes: dict[str, tuple[str, tuple[str, ...]]] = {
        key: (node.name, tuple(node.requires)) for part in (graph.decisions, graph.knowledge) for key, node in part.items()
    }
    nodes |= {key: (node.name, node.outputs) for key, node in graph.services.items()}
    depths: dict[str, int] = {}
    for start in nodes:
        _measure(start, nodes, depths, ())


def _measure(key: str, nodes: Mapping[str, tuple[str, tuple[str, ...]]], depths: dict[str, int], above: tuple[str, ...]) -> int:
    if key not in nodes:
        return 0
    name, wanted = nodes[key]
    if key in above or len(above) > MAX_CHAIN:
        chain = " → ".join(nodes[each][0] for each in (*above[-5:], key))
        reason = "requires itself" if key in above else f"stands in a chain of more than {MAX_CHAIN} decisions"
        raise DmnError(f"{name} {reason}: {chain}.", element_id=key, next_step="Remove one of these requirements.")
    if key not in depths:
        inner = [_measure(each, nodes, depths, (*above, key)) for each in wanted]
        depths[key] = 1 + max(inner, default=0)
    return depths[key]
