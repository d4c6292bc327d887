"""The requirements graph: decisions, input data and business knowledge models, read and held together (DMN 1.5, section 6)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeVar

from engine.dmn.boxed import LogicReader
from engine.dmn.errors import DmnError
from engine.dmn.items import ANY, ItemType, Types, fitted
from engine.dmn.session import Logic, Scope, Session
from engine.dmn.source import Element, kid, kids, name_of, referenced_id
from engine.dmn.tables import Input
from engine.dmn.texts import Workshop
from engine.feel.values import bring_in

N = TypeVar("N")

#: Longest chain of decisions that require one another.
MAX_CHAIN: Final = 30


@dataclass(frozen=True, slots=True)
class Requirements:
    """Ids of what a decision or business knowledge model needs."""

    inputs: tuple[str, ...]
    decisions: tuple[str, ...]
    knowledge: tuple[str, ...]

    def __iter__(self) -> Iterator[str]:
        return iter((*self.inputs, *self.decisions, *self.knowledge))


@dataclass(frozen=True, slots=True)
class InputNode:
    """A piece of input data: its variable and type."""

    element_id: str
    name: str
    type: ItemType


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


@dataclass(slots=True)
class Graph:
    """All nodes of a model by id."""

    inputs: dict[str, InputNode] = field(default_factory=dict)
    decisions: dict[str, LogicNode] = field(default_factory=dict)
    knowledge: dict[str, LogicNode] = field(default_factory=dict)

    def value(self, node: LogicNode, session: Session) -> object:
        """The value of a decision; made once in a session. Raises DmnError for a requirement that does not exist."""
        if node.element_id not in session.values:
            scope = Scope(self._variables(node, session), session, node.element_id)
            session.values[node.element_id] = fitted(node.type, node.logic(scope), scope, node.element_id)
        return session.values[node.element_id]

    def _variables(self, node: LogicNode, session: Session) -> Mapping[str, object]:
        """What the host gave, over it what the decision requires."""
        values: dict[str, object] = dict(session.inputs)
        for wanted in node.requires.inputs:
            found = _existing(self.inputs, wanted, node)
            values[found.name] = self._input(found, session)
        for wanted in node.requires.decisions:
            decision = _existing(self.decisions, wanted, node)
            values[decision.name] = self.value(decision, session)
        return values | self._functions(node, session)

    def _input(self, node: InputNode, session: Session) -> object:
        if node.element_id not in session.values:
            scope = Scope(session.inputs, session, node.element_id)
            if node.name not in session.inputs:
                scope.report(node.element_id, node.name, "this input was not given")
            raw = bring_in(session.run, session.inputs.get(node.name))
            session.values[node.element_id] = fitted(node.type, raw, scope, node.element_id)
        return session.values[node.element_id]

    def _functions(self, node: LogicNode, session: Session) -> dict[str, object]:
        functions: dict[str, object] = {}
        for wanted in node.requires.knowledge:
            model = _existing(self.knowledge, wanted, node)
            if model.element_id not in session.values:
                scope = Scope(self._functions(model, session), session, model.element_id)
                session.values[model.element_id] = model.logic(scope)
            functions[model.name] = session.values[model.element_id]
        return functions


def _existing(nodes: Mapping[str, N], wanted: str, node: LogicNode) -> N:
    if wanted in nodes:
        return nodes[wanted]
    raise DmnError(
        f"{node.name} requires {wanted}, which is not in the model.",
        element_id=node.element_id,
        next_step="Remove the requirement, or add what is missing.",
    )


class GraphReader:
    """Reads the nodes of a model."""

    def __init__(self, definitions: Element, workshop: Workshop) -> None:
        self.definitions = definitions
        self.workshop = workshop
        self.types = Types(definitions, workshop)
        self.logic = LogicReader(workshop, self.types)

    def read(self) -> Graph:
        """The graph; raises DmnError when nodes require one another in a circle or along too long a chain."""
        graph = Graph()
        for element in kids(self.definitions, "inputData"):
            node_type = self.types.of(kid(element, "variable"))
            graph.inputs[_key(element)] = InputNode(_key(element), name_of(element), node_type)
        for element in kids(self.definitions, "businessKnowledgeModel"):
            graph.knowledge[_key(element)] = self._node(element, is_function=True)
        for element in kids(self.definitions, "decision"):
            graph.decisions[_key(element)] = self._node(element, is_function=False)
        refuse_circles({**graph.decisions, **graph.knowledge})
        return graph

    def _node(self, element: Element, *, is_function: bool) -> LogicNode:
        before, columns_before = len(self.workshop.compiled), len(self.logic.tables.columns)
        if is_function:
            body = kid(element, "encapsulatedLogic")
            logic = self.logic.required(element) if body is None else self.logic.function(body, name_of(element))
        else:
            logic = self.logic.required(element)
        texts = self.workshop.compiled[before:]
        return LogicNode(
            element_id=_key(element),
            name=name_of(element),
            type=ANY if is_function else self.types.of(kid(element, "variable")),
            requires=_requirements(element),
            logic=logic,
            reads=frozenset[str]().union(*(text.variables for text in texts)),
            may_read=frozenset[str]().union(*(text.variables | text.possible_variables for text in texts)),
            local_names=frozenset(_local_names(element)),
            columns=tuple(self.logic.tables.columns[columns_before:]),
        )


def _key(element: Element) -> str:
    return element.get("id") or name_of(element)


def _requirements(element: Element) -> Requirements:
    found: dict[str, list[str]] = {"requiredInput": [], "requiredDecision": [], "requiredKnowledge": []}
    for wrapper in ("informationRequirement", "knowledgeRequirement"):
        for requirement in kids(element, wrapper):
            for kind, ids in found.items():
                ids += [referenced_id(reference) for reference in kids(requirement, kind)]
    return Requirements(*(tuple(ids) for ids in found.values()))


def _local_names(element: Element) -> Iterator[str]:
    for inner in element.iter("{*}contextEntry", "{*}formalParameter", "{*}column"):
        yield name_of(inner)


def refuse_circles(nodes: Mapping[str, LogicNode]) -> None:
    """Raise DmnError at a node that requires itself, directly or not, or at the head of too long a chain."""
    depths: dict[str, int] = {}
    for start in nodes:
        _measure(start, nodes, depths, ())


def _measure(key: str, nodes: Mapping[str, LogicNode], depths: dict[str, int], above: tuple[str, ...]) -> int:
    if key not in nodes:
        return 0
    if key in above or len(above) > MAX_CHAIN:
        chain = " → ".join(nodes[each].name for each in (*above[-5:], key))
        reason = "requires itself" if key in above else f"stands in a chain of more than {MAX_CHAIN} decisions"
        raise DmnError(f"{nodes[key].name} {reason}: {chain}.", element_id=key, next_step="Remove one of these requirements.")
    if key not in depths:
        inner = [_measure(each, nodes, depths, (*above, key)) for each in nodes[key].requires]
        depths[key] = 1 + max(inner, default=0)
    return depths[key]


def named_elements(definitions: Element) -> Iterator[str]:
    """All names a model declares, for reading names with operators in them."""
    for element in definitions.iter("*"):
        found = element.get("name")
        if found:
            yield " ".join(found.split())
