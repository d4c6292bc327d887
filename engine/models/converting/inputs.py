"""What comes into a process from outside besides what its start form asks for: a start with a form takes only what is declared."""

import json
from collections.abc import Iterator

from engine.models.bundle import FileKind
from engine.models.converting.bench import Bench
from engine.models.diagram import Diagram, Node, build_diagram
from engine.models.formulas import formulas_of
from engine.models.writes import brought_in, turn_names, written_by


def declare_inputs(bench: Bench) -> None:
    """Declare at each start event with a form what the process reads and nothing in it writes."""
    diagram = build_diagram("", bench.root)
    for node in diagram.nodes:
        if node.tag == "startEvent" and node.scope.parent is None and node.properties.get("formKey"):
            missing = ", ".join(sorted(_missing(bench, diagram, node)))
            if missing and bench.set(node.element, "inputs", missing):
                bench.note(node.element, f"{missing} come in from outside", "Declared as inputs, beside the fields of the form.")


def _missing(bench: Bench, diagram: Diagram, start: Node) -> set[str]:
    process = start.scope
    formulas = [each for each in formulas_of(diagram) if each.scope.process is process]
    written = brought_in(process).union(*(each.writes for each in formulas), _fields(bench, start))
    for node in diagram.nodes:
        if node.scope.process is process:
            written |= written_by(diagram, node, {}) | turn_names(node)
    return set().union(*(each.reads for each in formulas)) - written


def _fields(bench: Bench, start: Node) -> Iterator[str]:
    content = bench.files.get(f"{start.properties['formKey']}{FileKind.FORM}")
    components = [] if content is None else json.loads(content).get("components", [])
    yield from (each["key"] for each in components if isinstance(each, dict) and isinstance(each.get("key"), str))
