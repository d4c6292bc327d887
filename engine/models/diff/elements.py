"""A diagram taken apart for comparison: its elements by id, each with its settings as names and texts. Nothing of the layout is in them."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from lxml import etree

from engine.hardened_xml import hardened_parser
from engine.models.bundle import MAX_FILE_BYTES
from engine.models.camunda import translate
from engine.models.reading.drawing import STEP_KINDS, setting_words
from engine.models.vocabulary import BPMN, BPMNDI, FLOW_NODES, SPIFF

DC: Final = "http://www.omg.org/spec/DD/20100524/DC"
DI: Final = "http://www.omg.org/spec/DD/20100524/DI"
#: Elements that people see or name; all others are told as settings of the one around them.
_WHATS: Final[Mapping[str, str]] = {
    **STEP_KINDS,
    "process": "Process", "sequenceFlow": "Flow", "lane": "Lane", "participant": "Pool", "messageFlow": "Message flow",
    "message": "Message", "error": "Error", "signal": "Signal", "escalation": "Escalation", "dataObjectReference": "Data object",
    "dataStoreReference": "Data store", "textAnnotation": "Note", "association": "Association",
    "group": "Group", "property": "Variable", "collaboration": "Collaboration",
    "complexGateway": "Complex gateway", "adHocSubProcess": "Ad-hoc sub-process",
}  # fmt: skip
#: What follows from other elements, or from the drawing, and is told there.
_DERIVED: Final = frozenset({"incoming", "outgoing", "flowNodeRef", "laneSet", "childLaneSet"})
#: Attributes that name another element.
_REFERENCES: Final = frozenset(
    {
        "sourceRef", "targetRef", "default", "attachedToRef", "processRef", "eventDefinitionRef",
        "loopDataInputRef", "loopDataOutputRef", "dataObjectRef", "dataStoreRef",
    }
)  # fmt: skip
#: Attributes that name what has no shape: another name there is another thing to wait for.
_BY_NAME: Final = frozenset({"messageRef", "errorRef", "signalRef", "escalationRef"})
#: How people call what stands in the file under another name.
_SAID: Final[Mapping[str, str]] = {
    "name": "name", "sourceRef": "from", "targetRef": "to", "default": "otherwise", "attachedToRef": "on", "messageRef": "message",
    "errorRef": "error", "signalRef": "signal", "escalationRef": "escalation", "calledElement": "called process", "errorCode": "code",
    "conditionExpression": "condition", "timeDuration": "after", "timeDate": "at", "timeCycle": "every", "isExecutable": "executable",
    "cancelActivity": "ends what it sits on", "calledDecisionId": "decision", "isSequential": "one after the other",
    "loopDataInputRef": "for each of", "completionCondition": "until", "loopCondition": "repeats while", "scriptFormat": "language",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Value:
    """What a setting is: as it is compared, and as it is shown (the name of an element for its id)."""

    raw: str
    shown: str = field(compare=False)


@dataclass(slots=True)
class Taken:
    """An element: its tag, what it is called, what it lies in, and its settings as they are compared."""

    id: str
    tag: str
    name: str
    process: str
    #: The name of the subprocess and of the lane it lies in.
    inside: str = ""
    lane: str = ""
    settings: dict[str, Value] = field(default_factory=dict)

    @property
    def what(self) -> str:
        """Its kind, as people say it."""
        return _WHATS.get(self.tag, self.tag)

    @property
    def is_step(self) -> bool:
        """Whether a token may stand on it."""
        return self.tag in FLOW_NODES


@dataclass(frozen=True, slots=True)
class TakenDiagram:
    """A diagram: its elements by id, and where each is drawn."""

    elements: dict[str, Taken]
    places: dict[str, str]


def take_apart(content: bytes) -> TakenDiagram | None:
    """The elements of a diagram, sound or not; None for what is no BPMN file."""
    root = _root(content)
    if root is None:
        return None
    names = {element.get("id", ""): " ".join((element.get("name") or "").split()) or element.get("id", "") for element in _identified(root)}
    lanes = {
        (ref.text or "").strip(): names.get(lane.get("id", ""), "")
        for lane in root.iter(f"{{{BPMN}}}lane")
        for ref in lane.iterchildren(f"{{{BPMN}}}flowNodeRef")
    }
    taken: dict[str, Taken] = {}
    for element in _identified(root):
        if _tag(element) in _WHATS:
            found = _taken(element, names)
            found.lane = lanes.get(found.id, "")
            taken.setdefault(found.id, found)
    return TakenDiagram(taken, dict(_places(root)))


def _root(content: bytes) -> etree._Element | None:
    if len(content) > MAX_FILE_BYTES or b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        return None
    try:
        root = etree.fromstring(content, hardened_parser(encoding="utf-8", remove_comments=True, remove_pis=True))
    except (etree.XMLSyntaxError, ValueError):
        return None
    if root.tag != f"{{{BPMN}}}definitions":
        return None
    translate(root)
    return root


def _identified(root: etree._Element) -> Iterator[etree._Element]:
    return (element for element in root.iter(f"{{{BPMN}}}*") if element.get("id"))


def _tag(element: etree._Element) -> str:
    return etree.QName(element).localname if isinstance(element.tag, str) else ""


#: The name of a setting and what it is.
_Pair = tuple[str, Value]


def _taken(element: etree._Element, names: Mapping[str, str]) -> Taken:
    identity, process, inside = element.get("id", ""), "", ""
    for above in element.iterancestors(f"{{{BPMN}}}*"):
        if _tag(above) == "process":
            process = above.get("id", "")
        elif not inside and "ubProcess" in _tag(above):
            inside = names.get(above.get("id", ""), "")
    settings = dict(_numbered(_settings(element, names, "")))
    name = names.get(identity, identity)
    if name == identity and _tag(element) == "sequenceFlow":
        name = f"{names.get(element.get('sourceRef', ''), '?')} to {names.get(element.get('targetRef', ''), '?')}"
    if _tag(element) == "textAnnotation":
        name = settings["text"].raw[:60] if "text" in settings else name
    return Taken(identity, _tag(element), name, process or (identity if _tag(element) == "process" else ""), inside, settings=settings)


def _numbered(pairs: Iterator[_Pair]) -> Iterator[_Pair]:
    """Names that come several times get a number, so that each is compared with its like."""
    seen: Counter[str] = Counter()
    for name, value in pairs:
        seen[name] += 1
        yield (name if seen[name] == 1 else f"{name} ({seen[name]})"), value


def _settings(element: etree._Element, names: Mapping[str, str], prefix: str) -> Iterator[_Pair]:
    """Attributes, and everything inside that is no element of its own, as names with their values."""
    for name, value in element.attrib.items():
        plain = etree.QName(str(name)).localname
        if not (plain == "id" and not _is_of_spiff(element)) and not (prefix and plain == "type"):
            told = names.get(str(value), str(value)) if plain in _BY_NAME else str(value)
            yield prefix + _SAID.get(plain, plain), _value(told, names if plain in _REFERENCES else {})
    for item in element:
        tag = _tag(item)
        own = bool(item.get("id")) and tag in _WHATS and not _is_of_spiff(item)
        if not tag or own or tag in _DERIVED:
            continue
        yield from _setting(item, tag, names, prefix)


def _value(text: str, names: Mapping[str, str]) -> Value:
    return Value(text, names.get(text, text))


def _setting(item: etree._Element, tag: str, names: Mapping[str, str], prefix: str) -> Iterator[_Pair]:
    if tag == "extensionElements":
        yield from _settings(item, names, prefix)
    elif _is_of_spiff(item):
        yield from _extension(item, tag, names, prefix)
    elif tag.endswith("EventDefinition"):
        yield f"{prefix}event", _value(tag.removesuffix("EventDefinition"), {})
        yield from _settings(item, names, prefix)
    elif tag.endswith("LoopCharacteristics"):
        yield f"{prefix}repeats", _value("for each of several" if tag.startswith("multi") else "while a condition holds", {})
        yield from _settings(item, names, prefix)
    else:
        yield from _plain(item, tag, names, prefix)


def _extension(item: etree._Element, tag: str, names: Mapping[str, str], prefix: str) -> Iterator[_Pair]:
    """Our own settings, by the names that the properties panel has for them."""
    if tag in {"properties", "parameters"}:
        yield from _settings(item, names, prefix)
    elif tag == "property":
        yield prefix + setting_words(item.get("name", "")), _value(item.get("value", ""), {})
    elif tag == "parameter":
        yield f"{prefix}parameter {item.get('id', '')}", _value(item.get("value", ""), {})
    elif tag == "serviceTaskOperator":
        yield f"{prefix}service task", _value(item.get("id", ""), {})
        if item.get("resultVariable"):
            yield f"{prefix}result", _value(item.get("resultVariable", ""), {})
        for inner in item:
            if _tag(inner):
                yield from _setting(inner, _tag(inner), names, prefix)
    else:
        yield from _plain(item, tag, names, prefix)


def _plain(item: etree._Element, tag: str, names: Mapping[str, str], prefix: str) -> Iterator[_Pair]:
    said, text = prefix + _SAID.get(tag, tag), " ".join((item.text or "").split())
    if text:
        yield said, _value(text, names if tag in _REFERENCES else {})
    elif not len(item) and not item.attrib:
        yield said, _value("yes", {})
    yield from _settings(item, names, f"{said} ")


def _is_of_spiff(element: etree._Element) -> bool:
    return etree.QName(element).namespace == SPIFF


def _places(root: etree._Element) -> Iterator[tuple[str, str]]:
    """Where shapes and lines are drawn, as one text for each element."""
    for shape in root.iter(f"{{{BPMNDI}}}BPMNShape"):
        bounds = shape.find(f"{{{DC}}}Bounds")
        if bounds is not None:
            yield shape.get("bpmnElement", ""), " ".join(bounds.get(side, "") for side in ("x", "y", "width", "height"))
    for edge in root.iter(f"{{{BPMNDI}}}BPMNEdge"):
        points = edge.iterchildren(f"{{{DI}}}waypoint")
        yield edge.get("bpmnElement", ""), " ".join(f"{point.get('x')},{point.get('y')}" for point in points)
