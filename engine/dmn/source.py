"""The XML of a decision model, read with nothing trusted: no DTD, no entities, no network, bounded size."""

from collections.abc import Iterator
from typing import Final

from lxml import etree

from engine.dmn.errors import DmnError
from engine.hardened_xml import hardened_parser
from engine.work import pay

#: The model namespaces of DMN 1.1 to 1.5 (Camunda 7 wrote both of the first); what we read did not change between them.
NAMESPACES: Final = {
    "http://www.omg.org/spec/DMN/20151101/dmn.xsd": "1.1",
    "http://www.omg.org/spec/DMN/20151101/dmn11.xsd": "1.1",
    "http://www.omg.org/spec/DMN/20180521/MODEL/": "1.2",
    "https://www.omg.org/spec/DMN/20191111/MODEL/": "1.3",
    "https://www.omg.org/spec/DMN/20211108/MODEL/": "1.4",
    "https://www.omg.org/spec/DMN/20230324/MODEL/": "1.5",
}
MAX_BYTES: Final = 4_000_000
#: As in every file of a bundle: what could not be deployed is not tried either.
MAX_ELEMENTS: Final = 20_000
#: What reading an element costs, in steps.
_ELEMENT_STEPS: Final = 20

Element = etree._Element  # noqa: SLF001  # lxml publishes the type of its elements under this name only


def read_definitions(xml: bytes) -> Element:
    """The `definitions` element; raises DmnError for anything but a plain DMN 1.1 to 1.5 document of bearable size."""
    if len(xml) > MAX_BYTES:
        raise DmnError(f"The decision model has {len(xml)} bytes; {MAX_BYTES} are allowed.", next_step="Split it into several models.")
    if b"<!DOCTYPE" in xml:
        raise _has_doctype()
    root = _parsed(xml)
    if root.getroottree().docinfo.internalDTD is not None:  # one that hid behind another encoding
        raise _has_doctype()
    namespace = etree.QName(root).namespace
    if etree.QName(root).localname != "definitions" or namespace not in NAMESPACES:
        raise DmnError(
            f"This is no DMN 1.1 to 1.5 model: its root is {root.tag}.",
            next_step="Export the model as DMN 1.3 from the modeler.",
        )
    elements = sum(1 for _ in root.iter())
    pay(_ELEMENT_STEPS * elements)
    if elements > MAX_ELEMENTS:
        raise DmnError(f"The decision model has more than {MAX_ELEMENTS} elements.", next_step="Split it into several.")
    return root


def _parsed(xml: bytes) -> Element:
    try:
        return etree.fromstring(xml, hardened_parser(remove_comments=True, remove_pis=True))
    except (etree.XMLSyntaxError, ValueError) as error:
        raise DmnError(f"The decision model is not well-formed XML: {error}", next_step="Export it again from the modeler.") from None


def _has_doctype() -> DmnError:
    return DmnError("The decision model declares a DOCTYPE.", next_step="Remove the DOCTYPE; DMN needs none.")


def local_name(element: Element) -> str:
    """The element's name without its namespace."""
    return etree.QName(element).localname


def kids(element: Element, name: str) -> Iterator[Element]:
    """The children of this name, in the element's own namespace."""
    return element.iterchildren(f"{{{etree.QName(element).namespace}}}{name}")


def kid(element: Element, name: str) -> Element | None:
    """The first child of this name."""
    return next(kids(element, name), None)


def text_of(element: Element | None) -> str:
    """What the element's `text` child holds, stripped; empty where there is none."""
    inner = None if element is None else kid(element, "text")
    return "".join(str(part) for part in inner.itertext()).strip() if inner is not None else ""


def name_of(element: Element) -> str:
    """The name in an element or in its `variable`, with single spaces, as FEEL reads names."""
    variable = kid(element, "variable")
    found = (variable.get("name") if variable is not None else None) or element.get("name") or ""
    return " ".join(found.split())


def id_of(element: Element) -> str:
    """The id of the element, or of the nearest one around it that has one."""
    while element.get("id") is None:
        parent = element.getparent()
        if parent is None:
            return ""
        element = parent
    return element.get("id") or ""


def reference_of(element: Element) -> tuple[str, str]:
    """The namespace (empty where it is this model's) and the id that an `href` points to."""
    namespace, _, found = (element.get("href") or "").rpartition("#")
    return namespace, found


def referenced_id(element: Element) -> str:
    """The id that an `href` points to."""
    return reference_of(element)[1]


def foreign(element: Element, name: str) -> str:
    """An attribute of another vocabulary, whatever its namespace; empty without it."""
    return next((str(value) for key, value in element.attrib.items() if str(key).endswith(f"}}{name}")), "")
