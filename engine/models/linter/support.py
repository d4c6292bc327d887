"""Rules of what is implemented: by an allow-list, so that nothing runs differently from how it is drawn."""

from collections.abc import Iterator
from typing import Final

from lxml import etree

from engine.models.diagram import Node
from engine.models.linter.ruling import Broken, Known, at, at_element, rule, with_article
from engine.models.trees import line_of, tag_of, text_of
from engine.models.vocabularies import BPMN_WORDS, EVENTS_SUPPORTED, Fate
from engine.models.vocabulary import FLOW_NODES, RESERVED_IDS, SPIFF
from engine.spiff.elements import ALONE, SUPPORTED_LISTENERS

_SCRIPT_LANGUAGES: Final = ("", "feel", "text/feel", "application/feel", "http://www.omg.org/spec/feel/20140401")


@rule("event-not-supported")
def events_are_supported(known: Known) -> Iterator[Broken]:
    """Each kind of event with each kind of definition is implemented, or refused; several of one event are each looked at."""
    for _, node in known.nodes(*EVENTS_SUPPORTED):
        allowed = SUPPORTED_LISTENERS if node.listens else EVENTS_SUPPORTED[node.tag]
        several = len(node.kinds) > 1
        for kind in [kind for kind in node.kinds or ("",) if kind not in allowed or (several and kind in ALONE)]:
            yield _not_supported(node, kind, allowed - ALONE if several else allowed)
        if node.tag == "startEvent" and not node.listens:
            yield from _beginnings(node)


def _beginnings(node: Node) -> Iterator[Broken]:
    if len(node.kinds) > 1 and node.element.get("parallelMultiple") == "true":
        message = f"{node.label} begins the process when several things have come, which is not supported."
        yield at(node, message, "Begin by one of them, and wait for the others behind it.")
    if node.kinds.count("timer") > 1:
        yield at(node, f"{node.label} begins the process by two timers, which is not supported.", "Draw a start event for each.")


def _not_supported(node: Node, kind: str, allowed: frozenset[str]) -> Broken:
    entry = BPMN_WORDS.element(f"{kind}EventDefinition")
    instead = entry.note if entry is not None and entry.fate is Fate.REFUSED else ""
    where = " of an event subprocess" if node.listens else ""
    beside = " beside others" if len(node.kinds) > 1 else ""
    what = kind or ("unknown" if node.kinds else "plain")
    better = ", ".join(sorted(item or "plain" for item in allowed))
    return at(
        node, f"{with_article(what)} {node.tag}{where} is not supported{beside} ({node.label}).", f"{instead} Use one of: {better}.".strip()
    )


@rule("task-without-kind", "warning")
def tasks_do_something(known: Known) -> Iterator[Broken]:
    """A task of no kind is passed through."""
    for _, node in known.nodes("task"):
        yield at(node, f"{node.label} does nothing.", "Make it a user, service, script, send, receive or business rule task.")


@rule("reserved-id")
def ids_are_free(known: Known) -> Iterator[Broken]:
    """Ids that the engine uses itself break the process or make a step vanish."""
    for _, node in known.nodes():
        reserved = (".EndJoin", ".BoundaryEventSplit", ".BoundaryEventJoin")
        if node.id in RESERVED_IDS or node.id.endswith(reserved):
            yield at(node, f"The id {node.id!r} is used by the engine itself.", f"Rename it, to {node.tag}_{node.id} for instance.")


@rule("missing-id")
def steps_have_ids(known: Known) -> Iterator[Broken]:
    """A process, step or flow without an id is lost without a word."""
    for scope in known.scopes():
        for element in (scope.element, *scope.element):
            if tag_of(element) in FLOW_NODES | {"process", "sequenceFlow"} and not element.get("id"):
                message = f"The {tag_of(element)} in line {line_of(element)} has no id."
                yield Broken(scope.path, scope.id or None, line_of(element), message, "Export the diagram again from the modeler.")


@rule("id-of-parameter")
def ids_are_not_those_of_parameters(known: Known) -> Iterator[Broken]:
    """Steps are looked up by their id, and parameters of service tasks have ids too."""
    for diagram in known.diagrams:
        taken = {name for node in diagram.nodes for name, _, _ in node.parameters}
        taken |= {node.operator.get("id", "") for node in diagram.nodes if node.operator is not None}
        for node in diagram.nodes:
            if node.id in taken:
                message = f"The step {node.label} has the id of a parameter of a service task."
                yield at(node, message, f"Rename the step, to {node.tag}_{node.id} for instance.")


@rule("python-in-model")
def nothing_is_python(known: Known) -> Iterator[Broken]:
    """Models are data: code is registered as a service task, where it is reviewed and tested."""
    scripts = {f"{{{SPIFF}}}preScript", f"{{{SPIFF}}}postScript"}
    for diagram in known.diagrams:
        for element in diagram.root.iter(etree.Element):
            if element.tag in scripts and text_of(element):
                owner = next((item for item in element.iterancestors() if item.get("id")), element)
                name = etree.QName(element).localname
                message = f"{owner.get('id')} has a {name}, which would be Python."
                yield at_element(diagram.path, owner, message, "Use a script task with a FEEL context, or a service task.")
            language = element.get("scriptFormat") or element.get("language") or element.get("expressionLanguage") or ""
            if tag_of(element) and language.lower() not in _SCRIPT_LANGUAGES and not _is_xpath_default(element, language):
                message = f"{element.get('id') or tag_of(element)} is written in {language[:60]!r}; expressions are FEEL."
                yield at_element(diagram.path, element, message, "Rewrite it in FEEL and remove the language.")


def _is_xpath_default(element: etree._Element, language: str) -> bool:
    """What tools write at the root of every file, though no expression is XPath."""
    return tag_of(element) == "definitions" and language == "http://www.w3.org/1999/XPath"
