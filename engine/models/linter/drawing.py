"""Rules of the picture: what is not drawn would run unseen."""

from collections.abc import Iterator
from typing import Final

from engine.models.diagram import Diagram, Node
from engine.models.linter.ruling import Broken, Known, at, rule
from engine.models.trees import text_of
from engine.models.vocabulary import BPMN, BPMNDI

_NEXT_STEP: Final = "Draw it in the editor, or remove it from the file: the diagram on the screen is what runs."


@rule("not-drawn", "warning")
def steps_are_drawn(known: Known) -> Iterator[Broken]:
    """A step without a shape, or outside the lanes, is overlooked. A file without any drawing is looked at as a text, not as a picture."""
    for diagram in known.diagrams:
        shapes = {(shape.get("bpmnElement") or "").rsplit(":", 1)[-1] for shape in diagram.root.iter(f"{{{BPMNDI}}}BPMNShape")}
        for node in diagram.nodes:
            if shapes and node.id not in shapes and node.scope.process.id not in diagram.unfolded:
                yield at(node, f"{node.label} is not drawn.", _NEXT_STEP)
    for diagram in known.diagrams:
        yield from _outside_lanes(diagram)


def _outside_lanes(diagram: Diagram) -> Iterator[Broken]:
    """Steps of a process with lanes that lie in none; those inside a subprocess lie where it lies."""
    for process in diagram.processes:
        lanes = list(process.element.iterfind(f"{{{BPMN}}}laneSet//{{{BPMN}}}lane"))
        inside = {text_of(item) for lane in lanes for item in lane.iterfind(f"{{{BPMN}}}flowNodeRef")}
        for node in process.nodes.values():
            if lanes and node.id not in inside and not _sits_inside(node, inside):
                yield at(node, f"{node.label} is not drawn in any lane.", _NEXT_STEP)


def _sits_inside(node: Node, inside: set[str]) -> bool:
    """Whether it sits on the border of a step that lies in a lane."""
    return node.tag == "boundaryEvent" and node.element.get("attachedToRef") in inside
