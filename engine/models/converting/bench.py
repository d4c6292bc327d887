"""The tree that is converted, and its books: nothing of another tool leaves it without a note of what it became."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from lxml import etree

from engine.models.converting.report import Fate, Note
from engine.models.trees import child, tag_of
from engine.models.vocabularies import CAMUNDA_WORDS, ZEEBE_WORDS, Entry, Vocabulary
from engine.models.vocabularies import Fate as WordFate
from engine.models.vocabulary import BPMN, SPIFF

ZEEBE: Final = ZEEBE_WORDS.namespaces
CAMUNDA: Final = CAMUNDA_WORDS.namespaces
_BY_NAMESPACE: Final = {namespace: each for each in (ZEEBE_WORDS, CAMUNDA_WORDS) for namespace in each.namespaces}
_LONGEST_SHOWN: Final = 80


@dataclass(slots=True)
class Bench:
    """One diagram under conversion. `files` are forms that were drawn for it, by path."""

    root: etree._Element
    notes: list[Note] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    #: How settings that were rewritten on the way stood in the file.
    originals: dict[etree._Element, str] = field(default_factory=dict)

    def elements(self, *tags: str) -> Iterator[etree._Element]:
        """The elements of BPMN with these names, as they are now."""
        yield from list(self.root.iter(*(f"{{{BPMN}}}{tag}" for tag in tags)))

    def note(self, element: etree._Element, what: str, became: str, fate: Fate = Fate.TRANSLATED) -> None:
        """Write into the books."""
        owner = _owner(element)
        self.notes.append(Note(fate, owner.get("id") or tag_of(owner), owner.get("name", "").strip(), what, became))

    def take(self, element: etree._Element, name: str, became: str, fate: Fate = Fate.TRANSLATED) -> None:
        """Take an attribute of Camunda's out."""
        for space in CAMUNDA + ZEEBE:
            value = element.get(f"{{{space}}}{name}")
            if value is not None:
                del element.attrib[f"{{{space}}}{name}"]
                self.note(element, f'{_prefix(space)}:{name}="{str(value)[:_LONGEST_SHOWN]}"', became, fate)

    def remove(self, item: etree._Element, became: str, fate: Fate = Fate.TRANSLATED) -> None:
        """Take an element of Camunda's out, with all that stands in it, and what held nothing else."""
        for each in item.iter(etree.Element):
            vocabulary = _BY_NAMESPACE.get(etree.QName(each).namespace or "")
            entry = None if vocabulary is None else vocabulary.element(etree.QName(each).localname)
            if entry is None or not entry.holds:
                self.note(item, self.originals.get(each) or shown(each), became, fate)
        parent = item.getparent()
        while parent is not None:
            _cut(item)
            if len(parent) or not _is_empty_place(parent):
                break
            item, parent = parent, parent.getparent()

    def set(self, element: etree._Element, name: str, value: str) -> bool:
        """Add a setting of ours; False where it is said already."""
        properties = ours(element, "properties")
        if properties is None:
            properties = etree.SubElement(extensions(element), f"{{{SPIFF}}}properties")
        if any(item.get("name") == name for item in properties):
            return False
        etree.SubElement(properties, f"{{{SPIFF}}}property", name=name, value=value)
        return True

    def operator(self, element: etree._Element, name: str) -> etree._Element:
        """Let a step call a service task or topic; answers the operator."""
        return etree.SubElement(extensions(element), f"{{{SPIFF}}}serviceTaskOperator", id=name)

    def declare(self, element: etree._Element, variable: str) -> str:
        """Declare a list that a step runs over, at its process, and answer the id of the declaration."""
        process = next(each for each in element.iterancestors(f"{{{BPMN}}}process"))
        for item in process.iterfind(f"{{{BPMN}}}property"):
            if variable in {item.get("name"), item.get("id")}:
                return item.get("id", variable)
        taken = {each.get("id") for each in self.root.iter(f"{{{BPMN}}}*")}
        identity = variable if variable not in taken else f"{variable}_list"
        place = sum(tag_of(each) in {"documentation", "extensionElements", "property", "ioSpecification"} for each in process)
        process.insert(place, etree.Element(f"{{{BPMN}}}property", id=identity, name=variable))
        return identity

    def leftovers(self) -> Iterator[Note]:
        """What of another tool still stands in the tree, each with what its table says."""
        for element in self.root.iter(etree.Element):
            name = etree.QName(element)
            vocabulary = _BY_NAMESPACE.get(name.namespace or "")
            if vocabulary is not None:
                entry = vocabulary.element(name.localname)
                if entry is None or not entry.holds:
                    yield _left(element, self.originals.get(element) or shown(element), entry)
            for key, value in element.attrib.items() if name.namespace == BPMN else ():
                attribute = etree.QName(str(key))
                of = _BY_NAMESPACE.get(attribute.namespace or "")
                if of is not None:
                    what = f'{of.prefix}:{attribute.localname}="{str(value)[:_LONGEST_SHOWN]}"'
                    yield _left(element, what, of.attribute(name.localname, attribute.localname))


def shown(item: etree._Element) -> str:
    """An element of theirs as a person recognises it in the file."""
    name = etree.QName(item)
    given = [(str(key), str(value)[:_LONGEST_SHOWN]) for key, value in item.attrib.items()]
    attributes = "".join(f' {key}="{value}"' for key, value in given if not key.startswith("{"))
    text = (item.text or "").strip()[:_LONGEST_SHOWN]
    return f"{_prefix(name.namespace)}:{name.localname}{attributes}{f': {text}' if text else ''}"


def ours(element: etree._Element, name: str) -> etree._Element | None:
    """An extension of ours."""
    return element.find(f"{{{BPMN}}}extensionElements/{{{SPIFF}}}{name}")


def theirs(element: etree._Element, name: str) -> etree._Element | None:
    """An extension of Camunda's, 8 or 7."""
    found = (element.find(f"{{{BPMN}}}extensionElements/{{{space}}}{name}") for space in ZEEBE + CAMUNDA)
    return next((each for each in found if each is not None), None)


def attribute(element: etree._Element, name: str) -> str:
    """An attribute of Camunda's; empty where it is not there."""
    return next((value for space in CAMUNDA + ZEEBE if (value := element.get(f"{{{space}}}{name}")) is not None), "").strip()


def extensions(element: etree._Element) -> etree._Element:
    """The place of an element's extensions."""
    found = child(element, "extensionElements")
    if found is None:
        found = etree.Element(f"{{{BPMN}}}extensionElements")
        element.insert(sum(tag_of(item) == "documentation" for item in element), found)
    return found


def _left(element: etree._Element, what: str, entry: Entry | None) -> Note:
    owner = _owner(element)
    named = owner.get("id") or tag_of(owner), owner.get("name", "").strip()
    if entry is not None and entry.fate is WordFate.DRAWN:
        return Note(Fate.NEEDLESS, *named, what, entry.note)
    advice = "Remove it, or say it by a setting of our modeler." if entry is None else entry.otherwise or entry.note
    return Note(Fate.LEFT, *named, what, advice)


def _owner(element: etree._Element) -> etree._Element:
    return next((each for each in (element, *element.iterancestors()) if tag_of(each) and each.get("id")), element)


def _cut(item: etree._Element) -> None:
    """Out of the tree; the text behind it stays."""
    parent, before = item.getparent(), item.getprevious()
    if parent is None:
        return
    tail = (item.tail or "").strip()
    if tail:
        if before is None:
            parent.text = (parent.text or "") + tail
        else:
            before.tail = (before.tail or "") + tail
    parent.remove(item)


def _is_empty_place(element: etree._Element) -> bool:
    """Whether it was nothing but the place of what stood in it."""
    vocabulary = _BY_NAMESPACE.get(etree.QName(element).namespace or "")
    entry = None if vocabulary is None else vocabulary.element(etree.QName(element).localname)
    return tag_of(element) == "extensionElements" or (entry is not None and entry.holds) or etree.QName(element).localname == "formData"


def _prefix(namespace: str | None) -> str:
    vocabulary: Vocabulary | None = _BY_NAMESPACE.get(namespace or "")
    return "" if vocabulary is None else vocabulary.prefix
