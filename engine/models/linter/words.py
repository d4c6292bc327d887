"""Rules of the words that a model uses: each one runs, is drawn only, or is refused by name (`engine.models.vocabularies`)."""

from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree

from engine.models.bundle import Severity
from engine.models.diagram import Diagram
from engine.models.linter.ruling import Broken, Known, rule, with_article
from engine.models.trees import line_of, tag_of
from engine.models.vocabularies import BPMN_WORDS, BY_NAMESPACE, SPIFF_WORDS, Entry, Fate, Vocabulary
from engine.models.vocabulary import BPMN, EVENT_DEFINITIONS, EVENTS

#: What a word of another tool's is told that its table does not have.
_NEXT_STEP = "Remove it, or say it by a setting of our modeler."
#: Of the drawing itself: shapes, colours, and what editors remember of a file.
_OF_THE_CANVAS = ("http://www.omg.org/spec/", "http://bpmn.io/schema/", "http://camunda.org/schema/modeler/", "http://www.w3.org/")


@dataclass(frozen=True, slots=True)
class Word:
    """One element or attribute of a model, with what its vocabulary says of it."""

    diagram: Diagram
    #: The element it is, or that has it.
    element: etree._Element
    name: str
    value: str | None
    entry: Entry | None

    @property
    def owner(self) -> etree._Element:
        """The element that people know: itself or the nearest around it that has an id."""
        return owner_of(self.element)

    def broken(self, message: str, next_step: str, severity: Severity | None = None) -> Broken:
        """A finding at its owner."""
        return Broken(self.diagram.path, self.owner.get("id"), line_of(self.element), message, next_step, severity)


def owner_of(element: etree._Element) -> etree._Element:
    """The nearest element of BPMN with an id, from here outwards."""
    return next((each for each in (element, *element.iterancestors()) if tag_of(each) and each.get("id")), element)


@rule("not-supported")
def elements_are_supported(known: Known) -> Iterator[Broken]:
    """Elements that the engine would run wrongly, or not at all."""
    for word in _standard_words(known):
        if word.value is None and (word.entry is None or word.entry.fate is Fate.REFUSED):
            yield word.broken(
                f"{with_article(word.name)} is not supported{_where(word)}.", _NEXT_STEP if word.entry is None else word.entry.note
            )


@rule("attribute-not-supported")
def attributes_are_supported(known: Known) -> Iterator[Broken]:
    """Attributes that would be ignored though they change the meaning."""
    for word in _standard_words(known):
        if word.value is not None and (word.entry is None or word.entry.fate is Fate.REFUSED):
            yield word.broken(
                f"{word.name}={word.value[:40]!r} is not supported{_where(word)}.", _NEXT_STEP if word.entry is None else word.entry.note
            )


@rule("drawn-only", "info")
def what_is_drawn_only_is_said(known: Known) -> Iterator[Broken]:
    """What elsewhere might change what happens, and here is for readers of the diagram."""
    for word in _standard_words(known):
        if word.entry is not None and word.entry.told:
            what = f"The {word.name}" if word.value is None else f"{word.name}={word.value[:40]!r}"
            yield word.broken(f"{what} is drawn only{_where(word)}.", word.entry.note)


@rule("unknown-extension")
def extensions_are_known(known: Known) -> Iterator[Broken]:
    """Our own namespace, where nothing reads it: written by another tool, or on an element that has no use for it."""
    for word in _foreign_words(known, SPIFF_WORDS):
        entry, step = word.entry, _step(word.element)
        if entry is not None and entry.fate is Fate.RUNS and entry.on and tag_of(step) not in entry.on:
            message = f"Nothing reads <{word.name}> of {owner_of(step).get('id')}, a {tag_of(step)}."
            yield word.broken(message, f"It is read on a {' or '.join(entry.on)} only.")
        elif entry is None or entry.told or entry.fate is Fate.REFUSED:
            next_step = "Say it by the settings in spiffworkflow:properties." if entry is None else entry.note
            yield word.broken(
                f"Nothing reads <{word.name}> of {word.owner.get('id')}.", next_step, "info" if entry and entry.told else None
            )


@rule("foreign-extension", "info")
def foreign_extensions_are_said(known: Known) -> Iterator[Broken]:
    """What a tool that we do not know wrote into the file is kept, and changes nothing here."""
    for diagram, element in executable_elements(known):
        seen = _first_foreign(element)
        if seen:
            owner = owner_of(element)
            message = f"{', '.join(seen)} of {owner.get('name') or owner.get('id')}: written by a tool that nothing here reads."
            yield Broken(
                diagram.path, owner.get("id"), line_of(element), message, "Say it by a setting of our modeler, if it is to matter."
            )


def _first_foreign(element: etree._Element) -> list[str]:
    """The names that no vocabulary of ours has: attributes of a BPMN element, and what stands in its extensions."""
    if not tag_of(element):
        return []
    inside = element.iterchildren(etree.Element) if tag_of(element) != "definitions" else ()
    names = [etree.QName(str(key)) for key in element.attrib] + [etree.QName(each) for each in inside]
    return [name.localname for name in names if name.namespace and name.namespace not in BY_NAMESPACE and not _of_the_canvas(name)]


def _of_the_canvas(name: etree.QName) -> bool:
    return (name.namespace or "").startswith(_OF_THE_CANVAS)


def executable_elements(known: Known) -> Iterator[tuple[Diagram, etree._Element]]:
    """Every element of the files that something of is deployed, without the pictures beside it and without shapes."""
    for diagram in known.diagrams:
        if any(process.is_executable for process in diagram.processes):
            for root in (diagram.root, *diagram.root.iterchildren(etree.Element)):
                picture = tag_of(root) == "process" and root.get("isExecutable") != "true"
                if root is diagram.root:
                    yield diagram, root
                elif not picture and tag_of(root):
                    yield from ((diagram, element) for element in root.iter(etree.Element))


def _standard_words(known: Known) -> Iterator[Word]:
    """BPMN's elements and attributes.

    Inside of what is refused or drawn nothing more is said, and inside of what is told only what is refused.
    """
    closed: set[etree._Element] = set()
    told: set[etree._Element] = set()
    for diagram, element in executable_elements(known):
        tag, parent = tag_of(element), element.getparent()
        if not tag or parent in closed:
            closed.update([element] if tag else ())
            continue
        entry = BPMN_WORDS.element(tag, "" if parent is None else tag_of(parent))
        if parent in told:
            told.add(element)
            if entry is None or entry.fate is not Fate.REFUSED:
                continue
        if not (tag in EVENT_DEFINITIONS and parent is not None and tag_of(parent) in EVENTS):  # the rule of events speaks of these
            yield Word(diagram, element, tag, None, entry)
        if entry is not None and entry.fate is Fate.RUNS:
            yield from _attributes(diagram, element, tag)
        else:
            (told if entry is not None and entry.told else closed).add(element)


def _attributes(diagram: Diagram, element: etree._Element, tag: str) -> Iterator[Word]:
    for key, value in element.attrib.items():
        name, text = str(key), str(value)
        if name.startswith("{"):
            continue
        entry = BPMN_WORDS.attribute(tag, name)
        if entry is None or text.casefold() not in {each.casefold() for each in entry.harmless}:
            yield Word(diagram, element, name, text, entry)


def _foreign_words(known: Known, vocabulary: Vocabulary) -> Iterator[Word]:
    """A vocabulary's attributes on BPMN elements, and its elements, whatever they stand in."""
    for diagram, element in executable_elements(known):
        name = etree.QName(element)
        if name.namespace == BPMN:
            for key, value in element.attrib.items():
                attribute = etree.QName(str(key))
                if attribute.namespace in vocabulary.namespaces:
                    entry = vocabulary.attribute(name.localname, attribute.localname)
                    yield Word(diagram, element, attribute.localname, str(value), entry)
        elif name.namespace in vocabulary.namespaces:
            yield Word(diagram, element, name.localname, None, vocabulary.element(name.localname))


def _step(element: etree._Element) -> etree._Element:
    """The BPMN element whose extensions it stands in."""
    return next((each for each in element.iterancestors() if tag_of(each) not in {"", "extensionElements"}), element)


def _where(word: Word) -> str:
    owner = word.owner
    return "" if owner is word.element and word.value is None else f" ({owner.get('name') or owner.get('id')})" if owner.get("id") else ""
