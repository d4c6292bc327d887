"""From bytes to an XML tree that may be looked at: no DOCTYPE, no entities, no network, and limits on size and depth.

The tree holds each text once and whole, so that whoever reads it (check, normaliser, engine, pages) reads the same: comments and processing
instructions are no part of a text (XML 1.0, 2.5 and 2.6), nor is the documentation that BPMN allows inside an expression.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from lxml import etree

from engine.hardened_xml import hardened_parser
from engine.models.bundle import MAX_FILE_BYTES, Finding
from engine.models.camunda import translate
from engine.models.trees import line_of
from engine.models.vocabulary import BPMN, DMN_PREFIX
from engine.work import pay

#: Elements inside one another; far above what people draw, far below what a recursive function can bear.
MAX_DEPTH: Final = 60
MAX_ELEMENTS: Final = 20_000
#: What checking an element costs the request that asks for it, in steps.
_ELEMENT_STEPS: Final = 300
#: Characters of one attribute or text.
MAX_TEXT: Final = 20_000
_NCNAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.\-]{0,199}")
_TRUTH_VALUES: Final = frozenset(
    {
        "cancelActivity", "cancelRemainingInstances", "instantiate", "isClosed", "isCollection", "isExecutable", "isForCompensation",
        "isImmediate", "isInterrupting", "isSequential", "isUnlimited", "parallelMultiple", "testBefore", "triggeredByEvent",
        "waitForCompletion",
    }
)  # fmt: skip
#: DMN 1.1 and 1.2 are named by http.
_OLD_DMN_PREFIX: Final = "http://www.omg.org/spec/DMN/"
_EXPORT: Final = "Open the diagram in the modeler and export it again."


@dataclass(frozen=True, slots=True)
class Reading:
    """A file as read: its root, or None, and the findings that say why not."""

    path: str
    root: etree._Element | None
    findings: list[Finding] = field(default_factory=list)


def read_diagram(path: str, content: bytes) -> Reading:
    """Read a BPMN file. Never raises: what is wrong with the bytes is in the findings. What Camunda Modeler wrote is read as ours."""
    reading = _read(path, content, language="BPMN 2.0", namespace=BPMN)
    if reading.root is not None:
        translate(reading.root)
    return reading


def read_decisions(path: str, content: bytes) -> Reading:
    """Read a DMN file, with the same caution."""
    return _read(path, content, language="DMN", namespace=(DMN_PREFIX, _OLD_DMN_PREFIX))


def _read(path: str, content: bytes, *, language: str, namespace: str | tuple[str, ...]) -> Reading:
    refusal = _refuse_bytes(path, content)
    if refusal:
        return Reading(path, None, [refusal])
    # lxml takes the encoding from here and not from the declaration, so that what was searched for a DOCTYPE is what is parsed.
    parser = hardened_parser(encoding="utf-8", remove_comments=True, remove_pis=True)
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        return Reading(path, None, [_finding(path, "xml", f"This is not well-formed XML: {error.msg}.", _EXPORT, error.lineno)])
    name = etree.QName(root)
    if name.localname != "definitions" or not (name.namespace or "").startswith(namespace):
        message = f"The file is not {language}: its outermost element is {str(root.tag)[:200]}."
        return Reading(path, None, [_finding(path, "root-element", message, f"Export it as {language} from the modeler.", line_of(root))])
    refusals = list(_limits(path, root))
    if refusals:
        return Reading(path, None, refusals[:1])
    findings = list(_ids(path, root))
    _say_plainly(root)
    return Reading(path, None if findings else root, findings)


def _refuse_bytes(path: str, content: bytes) -> Finding | None:
    if len(content) > MAX_FILE_BYTES:
        message = f"The file has {len(content)} bytes, more than {MAX_FILE_BYTES}."
        return _finding(path, "file-too-large", message, "Split the process, and call the parts by call activities.")
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        message = f"The file is not UTF-8 text (byte {error.start})."
        return _finding(path, "encoding", message, "Save the diagram as UTF-8; is it really a diagram?")
    if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        line = content[: content.find(b"<!")].count(b"\n") + 1
        return _finding(path, "doctype", "The file declares a document type or entities.", "Remove the <!DOCTYPE …> declaration.", line)
    return None


def _limits(path: str, root: etree._Element) -> Iterator[Finding]:
    depth = elements = 0
    for event, element in etree.iterwalk(root, events=("start", "end")):
        depth += 1 if event == "start" else -1
        elements += event == "start"
        if depth > MAX_DEPTH:
            message = f"Elements lie more than {MAX_DEPTH} deep inside one another."
            yield _finding(path, "too-deep", message, "Make subprocesses called processes.", line_of(element))
            return
        if event == "start" and _longest_text(element) > MAX_TEXT:
            message = f"A text in the file is longer than {MAX_TEXT} characters."
            yield _finding(path, "text-too-long", message, "Move long texts out of the diagram.", line_of(element))
            return
    pay(_ELEMENT_STEPS * elements)
    if elements > MAX_ELEMENTS:
        message = f"The file has {elements} elements, more than {MAX_ELEMENTS}."
        yield _finding(path, "too-many-elements", message, "Split the process, and call the parts by call activities.")


def _longest_text(element: etree._Element) -> int:
    return max(len(text) for text in (element.text or "", element.tail or "", *element.attrib.values()))


def _say_plainly(root: etree._Element) -> None:
    """Join the text of each element before what stands inside it, and write truth values one way (XML Schema allows 1 and 0)."""
    for element in root.iter(f"{{{BPMN}}}*"):
        pieces = [element.text, *(child.tail for child in element)]
        if len(element) and any((piece or "").strip() for piece in pieces[1:]):
            element.text = "".join(piece or "" for piece in pieces)
            for child in element:
                child.tail = None
        for name in _TRUTH_VALUES.intersection(element.keys()):
            value = element.get(name, "").strip()
            element.set(name, {"1": "true", "0": "false"}.get(value, value))


def _ids(path: str, root: etree._Element) -> Iterator[Finding]:
    """Ids are used in queries, file names and pages: only plain names, and each once."""
    seen: dict[str, int | None] = {}
    for element in root.iter(etree.Element):
        identity = element.get("id")
        if identity is None or not _is_standard(element):
            continue
        if not _NCNAME.fullmatch(identity):
            message = f"The id {identity[:100]!r} is not a plain name."
            next_step = "Use letters, digits, '_', '-' and '.', beginning with a letter, at most 200 characters."
            yield _finding(path, "bad-id", message, next_step, line_of(element))
        elif identity in seen:
            message = f"The id {identity!r} is used twice in the file, first in line {seen[identity]}."
            yield Finding("duplicate-id", "error", message, "Give one of the two another id.", path, identity, line_of(element))
        seen.setdefault(identity, line_of(element))


def _is_standard(element: etree._Element) -> bool:
    """Extensions of tools use `id` as they like: a parameter's name, a template's number."""
    namespace = etree.QName(element).namespace or ""
    return namespace == BPMN or namespace.startswith(("http://www.omg.org/spec/", DMN_PREFIX))


def _finding(path: str, rule: str, message: str, next_step: str, line: int | None = None) -> Finding:
    return Finding(rule, "error", message, next_step, path, None, line)
