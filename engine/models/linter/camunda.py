"""Rules of what Camunda Modeler wrote and nothing reads: named one by one, for there it would have run.

What becomes of each word, and what to do instead, is in `engine.models.vocabularies`.
"""

from collections.abc import Iterator
from typing import Final

from lxml import etree

from engine.models.bundle import Severity
from engine.models.diagram import Diagram
from engine.models.linter.ruling import Broken, Known, rule
from engine.models.linter.words import executable_elements, owner_of
from engine.models.trees import line_of, tag_of
from engine.models.vocabularies import CAMUNDA_WORDS, ZEEBE_WORDS, Fate, Vocabulary

#: How Camunda 7 says what runs behind a step, an event or a decision; here that is a service task.
_IMPLEMENTATIONS: Final = frozenset({"type", "topic", "class", "delegateExpression", "expression"})
_SERVICE_TASK: Final = "Draw a service task instead, whose topic names what runs."
_NEXT_STEP: Final = "Remove it, or say it by a setting of our modeler."
#: By which a thing is told apart from others of its kind.
_TELLING: Final = ("name", "key", "event", "eventType", "class", "target", "type")


@rule("camunda")
def what_camunda_wrote_is_read(known: Known) -> Iterator[Broken]:
    """Java classes, listeners, expressions: what Camunda 7 would run and we do not is no part of a process that is deployed."""
    yield from _left(known, CAMUNDA_WORDS)


@rule("zeebe")
def what_camunda_8_wrote_is_read(known: Known) -> Iterator[Broken]:
    """What Camunda 8 would run and we do not is no part of a process that is deployed."""
    yield from _left(known, ZEEBE_WORDS)


def _left(known: Known, vocabulary: Vocabulary) -> Iterator[Broken]:
    for diagram, element in executable_elements(known):
        if not tag_of(element):
            continue
        for key, value in element.attrib.items():
            name = etree.QName(str(key))
            if name.namespace in vocabulary.namespaces and not (name.localname == "type" and _has(element, "topic", vocabulary)):
                yield from _broken(diagram, element, vocabulary, f"@{name.localname}", f"={str(value)[:60]!r}")
        for item in element.iterchildren(etree.Element):
            if etree.QName(item).namespace in vocabulary.namespaces:
                yield from _extension(diagram, element, vocabulary, item)


def _extension(diagram: Diagram, holder: etree._Element, vocabulary: Vocabulary, item: etree._Element) -> Iterator[Broken]:
    """One extension, or each of the things it holds."""
    name, step = etree.QName(item).localname, holder.getparent()
    if name == "inputOutput" and step is not None and _has(step, "topic", vocabulary):
        return  # what is given to a topic that is not read: one finding says enough
    entry = vocabulary.element(name)
    for inner in item if entry is not None and entry.holds else [item]:
        told = next((inner.get(each, "") for each in _TELLING if inner.get(each)), "")
        yield from _broken(diagram, holder, vocabulary, etree.QName(inner).localname, f" {told[:60]!r}" if told else "")


def _broken(diagram: Diagram, element: etree._Element, vocabulary: Vocabulary, name: str, told: str) -> Iterator[Broken]:
    """What is left of a word after its translation; `name` begins with `@` where it is an attribute."""
    plain = name.removeprefix("@")
    entry = vocabulary.attribute(tag_of(element), plain) if name != plain else vocabulary.element(plain)
    if entry is not None and entry.fate is Fate.DRAWN and not entry.told:
        return
    owner = owner_of(element)
    elsewhere = vocabulary is CAMUNDA_WORDS and plain in _IMPLEMENTATIONS and tag_of(element) != "serviceTask"
    next_step = _SERVICE_TASK if elsewhere else _NEXT_STEP if entry is None else entry.otherwise or entry.note
    message = f"Nothing here reads {vocabulary.prefix}:{plain}{told} of {owner.get('name') or owner.get('id')}."
    severity: Severity | None = "info" if entry is not None and entry.told else None
    yield Broken(diagram.path, owner.get("id"), line_of(element), message, next_step, severity)


def _has(element: etree._Element, name: str, vocabulary: Vocabulary) -> bool:
    return any(element.get(f"{{{space}}}{name}") is not None for space in vocabulary.namespaces)
