"""Questions to an XML element."""

from lxml import etree

from engine.models.vocabulary import BPMN


def tag_of(element: etree._Element) -> str:
    """The local name of a BPMN element; empty for any other namespace, comments and processing instructions."""
    if not isinstance(element.tag, str):
        return ""
    name = etree.QName(element)
    return name.localname if name.namespace == BPMN else ""


def child(element: etree._Element, name: str) -> etree._Element | None:
    """The first BPMN child of this name."""
    return element.find(f"{{{BPMN}}}{name}")


def text_of(element: etree._Element | None) -> str:
    """Its own text, without the space around it. The reader has joined what comments or documentation had split."""
    return "" if element is None else (element.text or "").strip()


def line_of(element: etree._Element) -> int | None:
    """The line of the file where it begins."""
    line = element.sourceline
    return line if isinstance(line, int) else None
