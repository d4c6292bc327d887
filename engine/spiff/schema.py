"""The BPMN 2.0 schema that SpiffWorkflow ships, as a validator for whoever reads models."""

from functools import cache
from typing import Any

from lxml import etree
from SpiffWorkflow.bpmn.parser.BpmnParser import XSD_PATH


@cache
def _schema() -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(XSD_PATH))


def validate_schema(tree: etree._Element) -> list[tuple[str, int]]:
    """What breaks the BPMN 2.0 schema, as messages with the line; nothing when all is well. The tree is not changed."""
    schema = _schema()
    if schema.validate(tree):
        return []
    errors: Any = schema.error_log
    return [(str(error.message), int(error.line)) for error in errors]
