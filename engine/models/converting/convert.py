"""A diagram of Camunda as ours: the bytes in, the bytes out, and what became of each setting."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any, Final

from lxml import etree

from engine.hardened_xml import hardened_parser
from engine.models.converting import camunda7, camunda8
from engine.models.converting.bench import CAMUNDA, ZEEBE, Bench
from engine.models.converting.inputs import declare_inputs
from engine.models.converting.report import Note
from engine.models.reader import read_diagram
from engine.models.trees import tag_of
from engine.models.vocabulary import FLOW_NODES, SPIFF
from engine.problems import Invalid

_FOREIGN: Final = (*ZEEBE, *CAMUNDA)
#: What keeps a diagram from being deployed, not from being worked on.
_MENDED_LATER: Final = frozenset({"bad-id", "duplicate-id"})


@dataclass(frozen=True, slots=True)
class Converted:
    """A converted diagram, the forms that were drawn for it, by path beside it, and the report. Without notes `content` is as it was."""

    content: bytes
    files: Mapping[str, bytes]
    notes: tuple[Note, ...]


def is_foreign(content: bytes) -> bool:
    """Whether a file speaks of Camunda at all, at a glance."""
    return any(namespace.encode() in content for namespace in _FOREIGN)


def convert(path: str, content: bytes) -> Converted:
    """Convert a diagram of Camunda 7 or 8. What has no counterpart stays as it is and is named.

    Raises Invalid, with what is wrong, for bytes that are no diagram at all.
    """
    content = _as_utf8(content)
    reading = read_diagram(path, content)
    found = next(iter(reading.findings), None)
    if reading.root is None and found is not None and found.rule not in _MENDED_LATER:
        raise Invalid(f"{path} cannot be converted: {found.message}", code="diagram_unreadable", next_step=found.next_step)
    for relative in CAMUNDA[1:]:  # the engines it came from and that came from it, whose words mean the same
        for quote in "\"'":
            content = content.replace(f"{quote}{relative}{quote}".encode(), f"{quote}{CAMUNDA[0]}{quote}".encode())
    root = etree.fromstring(content, hardened_parser(encoding="utf-8"))
    bench = Bench(_with_our_prefix(root))
    _give_ids(bench)
    camunda8.convert(bench)
    camunda7.convert(bench)
    camunda8.drop_needless(bench)
    if bench.notes:
        declare_inputs(bench)
    notes = (*bench.notes, *bench.leftovers())
    if not bench.notes:
        return Converted(content, {}, notes)
    made = etree.tostring(bench.root.getroottree(), encoding="UTF-8", xml_declaration=True)
    return Converted(made + b"\n", dict(bench.files), notes)


def _as_utf8(content: bytes) -> bytes:
    """The same file in UTF-8, where it says that it is written otherwise; as it is, where nothing can be made of it."""
    try:
        content.decode()
    except UnicodeDecodeError:
        try:
            root = etree.fromstring(content, hardened_parser())
        except etree.XMLSyntaxError:
            return content
        doctype = root.getroottree().docinfo.doctype  # type: ignore[union-attr]  # lxml-stubs does not know the property
        return content if doctype else bytes(etree.tostring(root, encoding="UTF-8", xml_declaration=True))
    return content


def _give_ids(bench: Bench) -> None:
    """An id for each step and flow that has none: nothing refers to it, and here each is found by its id."""
    taken = {element.get("id") for element in bench.root.iter(etree.Element)}
    for element in bench.elements(*sorted(FLOW_NODES), "sequenceFlow"):
        if not element.get("id"):
            number = next(number for number in count(1) if f"{tag_of(element)}_{number}" not in taken)
            element.set("id", f"{tag_of(element)}_{number}")
            taken.add(element.get("id"))
            bench.note(element, f"a {tag_of(element)} without an id", f"It is called {element.get('id')}.")


def _with_our_prefix(root: etree._Element) -> etree._Element:
    """The same tree, whose outermost element declares our prefix: else each extension would declare it anew."""
    if SPIFF in root.nsmap.values():
        return root
    prefixes: Any = {**root.nsmap, "spiffworkflow": SPIFF}
    made = etree.Element(root.tag, {str(key): str(value) for key, value in root.attrib.items()}, nsmap=prefixes)
    made.text, made.tail = root.text, root.tail
    made.extend(list(root))
    return made
