"""Rules of steps that run several times."""

import re
from collections.abc import Iterator
from typing import Final

from engine.models.diagram import Diagram
from engine.models.fixes import Change, Fix
from engine.models.linter.ruling import Broken, Known, at, rule
from engine.models.trees import child, tag_of, text_of
from engine.models.writes import result_of

_PLAIN: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@rule("multi-instance-collection")
def collections_are_declared(known: Known) -> Iterator[Broken]:
    """Modelers delete a reference to a variable that is not declared as a property of the process when they save."""
    for diagram, node in known.nodes():
        for item in () if node.loop is None else node.loop:
            if tag_of(item) not in {"loopDataInputRef", "loopDataOutputRef"}:
                continue
            name = text_of(item)
            if not _declared(diagram, name):
                message = f"{node.label} runs over {name!r}, which is not declared."
                fix = Fix(f"Declare {name}", Change.DECLARE_VARIABLE, node.scope.process.id, value=name) if _PLAIN.fullmatch(name) else None
                yield at(node, message, f'Add <bpmn:property id="{name}" name="{name}"/> to the process.', fix=fix)


@rule("multi-instance-count")
def counts_are_told(known: Known) -> Iterator[Broken]:
    """How often a step runs is told by a collection or by a number, not by both and not by neither."""
    for _, node in known.nodes():
        if node.loop is None or tag_of(node.loop) != "multiInstanceLoopCharacteristics":
            continue
        tells = [item for item in node.loop if tag_of(item) in {"loopCardinality", "loopDataInputRef"} and text_of(item)]
        if len(tells) != 1:
            yield at(node, f"{node.label} does not say how often it runs.", "Give it either a collection or a number.")
        elif text_of(tells[0]).lstrip("= ").startswith("-"):
            yield at(node, f"{node.label} would run a negative number of times.", "Write a number that is not negative.")


@rule("multi-instance-output")
def outputs_are_collected(known: Known) -> Iterator[Broken]:
    """A list of results takes one item from each turn: the item is named, and the step writes it."""
    for _, node in known.nodes():
        collection = None if node.loop is None else child(node.loop, "loopDataOutputRef")
        item = None if node.loop is None else child(node.loop, "outputDataItem")
        if (collection is None) != (item is None):
            message = f"{node.label} names only one of the list of results and the item that each turn adds to it."
            yield at(node, message, "Give it both loopDataOutputRef and outputDataItem, or neither.")
        written = result_of(node)
        if item is not None and written and written != item.get("id"):
            message = f"Each turn of {node.label} writes {written!r}, but the list of results takes {item.get('id')!r}."
            yield at(node, message, f"Name {written} in outputDataItem.")


@rule("loop-without-end")
def loops_end(known: Known) -> Iterator[Broken]:
    """A loop stops by a condition or a maximum."""
    for _, node in known.nodes():
        if node.loop is None or tag_of(node.loop) != "standardLoopCharacteristics":
            continue
        maximum = node.loop.get("loopMaximum")
        if maximum is not None and not (maximum.isascii() and maximum.isdigit() and 0 < int(maximum[:9]) <= 1_000):  # noqa: PLR2004
            yield at(node, f"The loop of {node.label} has the maximum {maximum[:20]!r}.", "Write a number from 1 to 1000.")
        elif maximum is None and child(node.loop, "loopCondition") is None:
            yield at(node, f"The loop of {node.label} never ends.", "Give it a condition or a maximum.")


@rule("loop-without-maximum", "info")
def loops_have_a_maximum(known: Known) -> Iterator[Broken]:
    """A condition that never changes would loop until the engine stops it."""
    for _, node in known.nodes():
        endless = node.loop is not None and tag_of(node.loop) == "standardLoopCharacteristics" and node.loop.get("loopMaximum") is None
        if endless and node.loop is not None and child(node.loop, "loopCondition") is not None:
            yield at(node, f"The loop of {node.label} has no maximum.", "Set loopMaximum, so that it cannot go on for ever.")


def _declared(diagram: Diagram, name: str) -> bool:
    return diagram.referred(name, "property") is not None
