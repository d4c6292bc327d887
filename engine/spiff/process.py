"""From normalised BPMN to a process that runs, with a catalogue of its elements."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from typing import Any

from lxml import etree
from SpiffWorkflow.bpmn.parser.ValidationException import ValidationException

from engine.dmn import Decision
from engine.problems import Invalid, Problem
from engine.spiff.elements import BPMN, Element, properties_of, read_elements
from engine.spiff.expressions import FeelEngine
from engine.spiff.nodes.compensation import refuse_unknown
from engine.spiff.nodes.gateways import ComplexGateway
from engine.spiff.nodes.scopes import ScopeTask
from engine.spiff.parser import Model, Parser, without_reserved_ids
from engine.spiff.process_spec import ProcessSpec
from engine.spiff.refusals import refuse_attributes

#: Elements whose message comes from elsewhere.
_CATCHES = frozenset({"startEvent", "intermediateCatchEvent", "receiveTask", "boundaryEvent"})


@dataclass(frozen=True, slots=True)
class NormalisedFile:
    """A BPMN document that has been through the normaliser. `tree` is its `definitions` element."""

    path: str
    tree: etree._Element


@dataclass(frozen=True, eq=False)
class CompiledProcess:
    """A process that can be started. Immutable, shared by all its instances."""

    key: str
    name: str
    #: Every flow node by id, with those of subprocesses and called processes.
    elements: Mapping[str, Element]
    #: Where it may begin, in document order; their `event` says by what.
    start_events: tuple[Element, ...]
    spec: ProcessSpec
    scopes: Mapping[str, ProcessSpec]
    #: Our own settings of the process as a whole.
    properties: Mapping[str, str] = field(default_factory=dict)
    #: The decisions of its deployment, by id.
    decisions: Mapping[str, Decision] = field(default_factory=dict)
    script_engine: FeelEngine = field(default_factory=FeelEngine)
    #: Whether something in it waits for a condition.
    has_conditions: bool = False

    @property
    def message_names(self) -> frozenset[str]:
        """The messages it begins with or waits for."""
        return frozenset(event.name for element in self._catching() for event in element.events if event.kind == "message")

    @property
    def decision_kinds(self) -> frozenset[str]:
        """The kinds of decisions that have an amount and so may be limited."""
        return frozenset(filter(None, (element.properties.get("decisionKind") for element in self.elements.values())))

    def catching(self, name: str) -> tuple[Element, ...]:
        """The elements that a message begins or that wait for it."""
        return tuple(each for each in self._catching() if any((event.kind, event.name) == ("message", name) for event in each.events))

    def brought(self, element_id: str, payload: Mapping[str, Any]) -> Mapping[str, Any]:
        """What an instance begins with whose start event a message or signal has reached: its payload, in the event's result variable."""
        element = self.elements[element_id]
        heard = any(event.kind in {"message", "signal"} for event in element.events)
        return {element.result_variable: payload} if heard and element.result_variable else payload

    def _catching(self) -> Iterator[Element]:
        for element in self.elements.values():
            if element.type in _CATCHES and any(event.kind == "message" for event in element.events):
                yield element


def compile_process(
    definitions: Sequence[NormalisedFile],
    process_key: str,
    decisions: Mapping[str, Decision] | None = None,
    *,
    time_zone: tzinfo = UTC,
) -> CompiledProcess:
    """Compile a process and all it calls. `time_zone` is that of dates and times without one.

    Raises Invalid with the element's id when something cannot run.
    """
    processes = {str(node.get("id")): node for file in definitions for node in file.tree.iter(f"{BPMN}process")}
    if process_key not in processes:
        raise Invalid(
            f"There is no process {process_key!r}.",
            code="process_unknown",
            next_step=f"Choose one of: {', '.join(sorted(processes)) or 'none'}.",
        )
    elements = {key: read_elements(node) for key, node in processes.items()}
    parser = Parser(Model(elements, decisions or {}, time_zone))
    try:
        specs = _parse(parser, definitions, process_key)
    except ValidationException as error:
        raise _as_invalid(error, process_key) from error
    except RecursionError:
        raise Invalid(
            "The longest path of the process has too many elements (about 480 are possible).",
            code="process_too_long",
            next_step="Move a part of it into a subprocess or a called process.",
        ) from None
    return _compiled(process_key, specs, properties_of(processes[process_key]), decisions or {})


def _parse(parser: Parser, definitions: Sequence[NormalisedFile], process_key: str) -> dict[str, ProcessSpec]:
    for file in definitions:
        parser.add_bpmn_xml(without_reserved_ids(file.tree), file.path)
    specs: dict[str, ProcessSpec] = {}
    wanted = [process_key]
    while wanted:
        name = wanted.pop()
        if name not in specs:
            _refuse_unknown(parser, name)
            specs[name] = parser.get_spec(name)
            wanted += [node.spec for node in _nodes(specs[name]) if isinstance(node, ScopeTask)]
    return specs


def _refuse_unknown(parser: Parser, name: str) -> None:
    found = parser.get_process_parser(name)
    if found is None:
        raise Invalid(
            f"The process {name!r}, which is called, is not in the deployment.",
            code="process_unknown",
            next_step=f"Add it, or call one of: {', '.join(sorted(parser.get_process_ids()))}.",
            element_id=name,
        )
    refuse_attributes(found.node)


def _nodes(spec: ProcessSpec) -> list[Any]:
    return list(spec.task_specs.values())


def _compiled(
    process_key: str, specs: dict[str, ProcessSpec], properties: Mapping[str, str], decisions: Mapping[str, Decision]
) -> CompiledProcess:
    elements: dict[str, Element] = {}
    for key, spec in specs.items():
        for node in _nodes(spec):
            if node.element is not None:
                elements.setdefault(node.element.id, node.whole or node.element)
        _refuse_loose(spec)
        if not spec.start_events:
            raise Invalid(f"{key} has no start event.", code="no_start", next_step="Draw one.", element_id=key)
    refuse_unknown(specs.values())
    top = specs[process_key]
    called = {node.spec for spec in specs.values() for node in _nodes(spec) if isinstance(node, ScopeTask)}
    return CompiledProcess(
        key=process_key,
        name=top.description,
        elements=elements,
        start_events=tuple(start.element for start in top.start_events),
        spec=top,
        scopes={key: spec for key, spec in specs.items() if key in called},
        properties=properties,
        decisions=decisions,
        has_conditions=any(event.kind == "conditional" for element in elements.values() for event in element.events),
    )


def _refuse_loose(spec: ProcessSpec) -> None:
    joining = next((node for node in _nodes(spec) if isinstance(node, ComplexGateway) and len(node.origins) > 1), None)
    if joining is not None:
        raise Invalid(
            f"The complex gateway {joining.label} joins flows, which does not run.",
            code="unsupported",
            next_step="Join by an inclusive gateway, or by a parallel one.",
            element_id=joining.element.id,
        )
    ways = [node for node in _nodes(spec) if node.element and node.told and not node.element.for_compensation and not node.repeated]
    loose = next((node for node in ways if not node.leads_on), None)
    if loose is not None:
        raise Invalid(
            f"{loose.label} leads nowhere.",
            code="no_way_on",
            next_step="Draw a flow to what follows, or to an end event.",
            element_id=loose.element.id,
        )


def _as_invalid(error: ValidationException, process_key: str) -> Problem:
    """The problem behind SpiffWorkflow's exception: our own if one of our nodes refused, else its words."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, Problem):
            return cause
        cause = cause.__cause__ or cause.__context__
    if "RecursionError" in str(error):
        return Invalid(
            "The longest path of the process has too many elements (about 480 are possible).",
            code="process_too_long",
            next_step="Move a part of it into a subprocess or a called process.",
        )
    element_id = getattr(error, "tag", None) and getattr(error, "id", None)
    return Invalid(
        f"The process {process_key} cannot run: {error}",
        code="model_refused",
        next_step="Correct the diagram at this element.",
        element_id=element_id,
    )
