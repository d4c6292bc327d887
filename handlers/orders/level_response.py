"""Writes a Peppol Message Level Response (UBL 2.1 ApplicationResponse, T71): whether a paper that came was taken in. Knows no database.

It says that the paper could be read and is seen to; whether we deliver is said by the order's own answer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from lxml import etree

_CAC = "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
_CBC = "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"
_ROOT = "urn:oasis:names:specification:ubl:schema:xsd:ApplicationResponse-2"
_NAMES: Any = {None: _ROOT, "cac": _CAC, "cbc": _CBC}  # the stubs do not know that None names the default namespace
#: UNCL4343: accepted; acknowledged, with something that a person of ours sees to; rejected.
ACCEPTED, ACKNOWLEDGED, REJECTED = "AP", "AB", "RE"
#: OpenPeppol's reasons: a rule of business is broken, or a warning.
VIOLATION, WARNING = "BV", "BW"
_LONGEST: Final = 1000


@dataclass(frozen=True, slots=True)
class LineAnswer:
    """What is to be said of a place of the paper, an XPath: in words, and whether it is a VIOLATION or a WARNING."""

    where: str
    description: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelResponse:
    """The response: from and to are electronic addresses such as `0088:7300010000001`; `about` is the number of the paper that came."""

    response_no: str
    issued_on: date
    sender: str
    receiver: str
    about: str
    code: str
    description: str = ""
    lines: Sequence[LineAnswer] = ()


def write_level_response(response: LevelResponse) -> bytes:
    """The response as XML."""
    root = etree.Element(f"{{{_ROOT}}}ApplicationResponse", nsmap=_NAMES)
    _add(root, "CustomizationID", "urn:fdc:peppol.eu:poacc:trns:mlr:3")
    _add(root, "ProfileID", "urn:fdc:peppol.eu:poacc:bis:mlr:3")
    _add(root, "ID", response.response_no)
    _add(root, "IssueDate", response.issued_on.isoformat())
    _party(root, "SenderParty", response.sender)
    _party(root, "ReceiverParty", response.receiver)
    answer = _group(root, "DocumentResponse")
    told = _group(answer, "Response")
    _add(told, "ResponseCode", response.code)
    if response.description:
        _add(told, "Description", response.description[:_LONGEST])
    _add(_group(answer, "DocumentReference"), "ID", response.about)
    for line in response.lines:
        _line(answer, line)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def _line(answer: etree._Element, line: LineAnswer) -> None:
    element = _group(answer, "LineResponse")
    _add(_group(element, "LineReference"), "LineID", line.where)
    told = _group(element, "Response")
    _add(told, "Description", line.description[:_LONGEST])
    _add(_group(told, "Status"), "StatusReasonCode", line.reason)


def _party(root: etree._Element, name: str, address: str) -> None:
    scheme, _, endpoint = address.partition(":")
    _add(_group(root, name), "EndpointID", endpoint, schemeID=scheme)


def _group(parent: etree._Element, name: str) -> etree._Element:
    return etree.SubElement(parent, f"{{{_CAC}}}{name}")


def _add(parent: etree._Element, name: str, text: str, **attributes: str) -> None:
    element = etree.SubElement(parent, f"{{{_CBC}}}{name}", attrib=attributes)
    element.text = text
