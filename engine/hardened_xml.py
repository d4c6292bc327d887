"""XML from outside: no document type, no entities, no network, and limits on size, depth and number of elements."""

from dataclasses import dataclass
from typing import Any

from lxml import etree

from engine.problems import Invalid, TooLarge


@dataclass(frozen=True, slots=True)
class XmlLimits:
    """How large a document may be."""

    max_bytes: int = 10_000_000
    max_elements: int = 500_000
    max_depth: int = 60


def parse_xml(data: bytes, what: str, limits: XmlLimits = XmlLimits()) -> etree._Element:  # frozen
    """Answer the root element. `what` names the document in errors.

    Raises TooLarge beyond a limit, Invalid when the bytes are no XML or declare a document type.
    """
    if len(data) > limits.max_bytes:
        raise TooLarge(
            f"The {what} has {len(data)} bytes, more than {limits.max_bytes}.",
            code="xml_too_large",
            next_step="Split it into smaller files.",
        )
    try:
        root = etree.fromstring(data, hardened_parser(remove_comments=True, remove_pis=True))
    except etree.XMLSyntaxError as error:
        raise Invalid(
            f"The {what} is not well-formed XML: {error.msg} (line {error.lineno}).",
            code="xml_malformed",
            next_step="Send the file as it was exported.",
        ) from None
    # Asked of the parsed document and not of its bytes, so that no encoding hides it.
    doctype: str = root.getroottree().docinfo.doctype  # type: ignore[union-attr]  # lxml-stubs does not know the property
    if doctype:
        raise Invalid(f"The {what} declares a document type.", code="xml_doctype", next_step="Remove the <!DOCTYPE …> declaration.")
    _check_shape(root, what, limits)
    return root


def hardened_parser(**options: Any) -> etree.XMLParser:
    """A parser that resolves no entity, loads no DTD and asks no network; lxml's own limits on depth and size stay on."""
    return etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, **options)


def _check_shape(root: etree._Element, what: str, limits: XmlLimits) -> None:
    depth = elements = 0
    for event, _ in etree.iterwalk(root, events=("start", "end")):
        depth += 1 if event == "start" else -1
        elements += event == "start"
        if depth > limits.max_depth or elements > limits.max_elements:
            raise TooLarge(
                f"The {what} has more than {limits.max_elements} elements or is nested more than {limits.max_depth} deep.",
                code="xml_too_complex",
                next_step="Split it into smaller files.",
            )
