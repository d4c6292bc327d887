"""What other rooms use: a decision model, its decisions, and what is wrong with it."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from types import MappingProxyType

from engine.dmn.errors import DmnError
from engine.dmn.items import Types, constants_of
from engine.dmn.lint import requirement_findings
from engine.dmn.reading import GraphReader
from engine.dmn.records import DecisionResult
from engine.dmn.requirements import Graph, LogicNode, Requirements, ServiceNode
from engine.dmn.session import DECISION_LIMITS, Session
from engine.dmn.source import Element, kids, read_definitions
from engine.dmn.texts import DmnFinding, Workshop
from engine.dmn.trial import Trial, WantedInput
from engine.feel import FeelLimitExceeded
from engine.feel.expression import weigh
from engine.feel.limits import Limits, Run


class Decision:
    """One decision of a model; immutable, safe to share between threads."""

    __slots__ = ("_graph", "_node", "_types", "id", "name")

    def __init__(self, node: LogicNode, graph: Graph, types: Types) -> None:
        self._types = types
        self.id = node.element_id
        self.name = node.name
        self._node = node
        self._graph = graph

    def __repr__(self) -> str:
        return f"Decision({self.id!r}, {self.name!r})"

    @property
    def variables(self) -> frozenset[str]:
        """The variables it wants from its context: input data, its own and those of the decisions it requires.

        Where nothing is declared as input data, the free variables of its expressions.
        """
        return frozenset(_wanted(self._node, self._graph))

    def evaluate(self, context: Mapping[str, object], limits: Limits = DECISION_LIMITS, *, now: datetime | None = None) -> DecisionResult:
        """Make the decision, and those it requires, each once.

        A table with one output gives its value, one with several a context; a value that does not fit its type is null,
        with a diagnostic. Raises DecisionViolation when rules or data break a promise of the model, DmnError when a part of
        the model cannot be evaluated, FeelLimitExceeded when the budget is used up.
        """
        session = _session(context, limits, now, self._types)
        value = self._value(session)
        return DecisionResult(value, tuple(session.matched), tuple(session.diagnostics.values()))

    def try_out(self, context: Mapping[str, object], limits: Limits = DECISION_LIMITS, *, now: datetime | None = None) -> Trial:
        """Make the decision and tell what every rule of every table said; what evaluation would raise of the model is in the answer.

        Raises FeelLimitExceeded when the budget is used up.
        """
        session = _session(context, limits, now, self._types)
        session.tried = []
        value, problem = None, None
        try:
            value = self._value(session)
        except DmnError as refused:
            problem = refused
        return Trial(value, problem, tuple(session.matched), tuple(session.diagnostics.values()), tuple(session.tried))

    @property
    def inputs(self) -> tuple[WantedInput, ...]:
        """The `variables` with their types, as input data or an input column that reads nothing else declares them."""
        declared = _declared(self._node, self._graph)
        return tuple(declared.get(name) or WantedInput(name, "") for name in sorted(self.variables))

    def _value(self, session: Session) -> object:
        try:
            value = self._graph.value(self._node, session)
            weigh(value, session.run)
        except RecursionError:
            raise FeelLimitExceeded("its functions call one another too deeply") from None
        return value


def _session(context: Mapping[str, object], limits: Limits, now: datetime | None, types: Types) -> Session:
    run = Run(limits)
    run.moment = now
    run.types = types
    return Session(context, run)


def _declared(node: LogicNode, graph: Graph) -> dict[str, WantedInput]:
    """What is said of variables by columns, and over it by input data."""
    found: dict[str, WantedInput] = {}
    for key in node.requires.decisions:
        if key in graph.decisions:
            found |= _declared(graph.decisions[key], graph)
    for column in node.columns:
        name = column.text.text
        if column.type.feel_kind or column.options or name not in found:
            found[name] = WantedInput(name, column.type.feel_kind, column.options or found.get(name, WantedInput(name, "")).options)
    for key in node.requires.inputs:
        if key in graph.inputs and (given := graph.inputs[key]).type.feel_kind:
            known = found.get(given.name, WantedInput(given.name, ""))
            found[given.name] = WantedInput(given.name, given.type.feel_kind, constants_of(given.type.allowed_text) or known.options)
    return found


def _wanted(node: LogicNode, graph: Graph) -> Iterator[str]:
    required = {graph.inputs[key].name for key in node.requires.inputs if key in graph.inputs}
    inner = [graph.decisions[key] for key in node.requires.decisions if key in graph.decisions]
    functions = {found.name for key in node.requires.knowledge if (found := graph.knowledge.get(key) or graph.services.get(key))}
    handed_on = frozenset[str]().union(*(each.names for each in inner))
    yield from required
    yield from node.reads - node.local_names - functions - handed_on - set(node.requires.imports.values()) - {"?"}
    for decision in inner:
        yield from _wanted(decision, graph)


class DecisionModel:
    """A model as read from its XML."""

    def __init__(self, name: str, graph: Graph, types: Types, findings: tuple[DmnFinding, ...]) -> None:
        self.name = name
        own = {key: node for key, node in graph.decisions.items() if "#" not in key}
        #: All decisions by id; decision services are found like them, and are made of the inputs they name.
        self.decisions: Mapping[str, Decision] = MappingProxyType({key: Decision(node, graph, types) for key, node in own.items()})
        services = {key: _as_decision(node, graph) for key, node in graph.services.items() if "#" not in key}
        self.services: Mapping[str, Decision] = MappingProxyType({key: Decision(node, graph, types) for key, node in services.items()})
        self._findings = findings

    def __repr__(self) -> str:
        return f"DecisionModel({self.name!r}, {len(self.decisions)} decisions)"

    def find(self, id_or_name: str) -> Decision:
        """The decision or service of this id, or of this name; raises DmnError, listing the names there are, when there is none."""
        found = {**self.services, **self.decisions}
        if id_or_name in found:
            return found[id_or_name]
        wanted = " ".join(id_or_name.split())
        for decision in found.values():
            if decision.name == wanted:
                return decision
        known = ", ".join(decision.name for decision in found.values())
        raise DmnError(f"There is no decision {id_or_name}.", next_step=f"Choose one of: {known or 'none in this model'}.")

    def problems(self) -> list[DmnFinding]:
        """What is wrong with the model: an error is one that evaluation would meet, a warning one it might survive."""
        return list(self._findings)


def _as_decision(service: ServiceNode, graph: Graph) -> LogicNode:
    """A service asked by its name is a decision on what it was given: nothing that it names as an input is made here."""
    names = [graph.inputs[key].name for key in service.inputs if key in graph.inputs]
    names += [graph.decisions[key].name for key in service.input_decisions if key in graph.decisions]
    return LogicNode(
        element_id=service.element_id,
        name=service.name,
        type=service.type,
        requires=Requirements((), (), ()),
        logic=lambda scope: graph.serve(service, scope.session, scope.session.inputs),
        reads=frozenset(names),
        may_read=frozenset(names),
        local_names=frozenset(),
        columns=(),
    )


def load_decisions(xml: bytes, others: Iterable[bytes] = ()) -> DecisionModel:
    """Read a DMN 1.1 to 1.5 model; cells that do not compile are `problems()`, not errors, so that all are told at once.

    `others` are models it may import. Raises DmnError with the element's id for hostile or broken XML, tables without a meaning, circles
    of requirements or of imports.
    """
    definitions = read_definitions(xml)
    workshop = Workshop(definitions.get("expressionLanguage") or "")
    wanted = next(kids(definitions, "import"), None) is not None
    reader = GraphReader(definitions, workshop, _by_namespace(others) if wanted else {})
    graph = reader.read()
    findings = (*workshop.findings, *requirement_findings(graph), *_duplicates(definitions, graph))
    return DecisionModel(definitions.get("name") or "", graph, reader.types, findings)


def _by_namespace(models: Iterable[bytes]) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for content in models:
        try:
            found.setdefault(read_definitions(content).get("namespace") or "", content)
        except DmnError:  # told where it is read for itself
            continue
    return found


def _duplicates(definitions: Element, graph: Graph) -> Iterator[DmnFinding]:
    if not graph.decisions:
        yield DmnFinding(definitions.get("id") or "", "The model has no decision.", "warning")
    nodes = (graph.decisions, graph.knowledge, graph.inputs, graph.services)
    counts = Counter(node.name for part in nodes for key, node in part.items() if "#" not in key)
    for name, count in counts.items():
        if count > 1:
            yield DmnFinding(definitions.get("id") or "", f"{count} elements are called {name}.", "error")
