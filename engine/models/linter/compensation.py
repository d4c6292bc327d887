"""Rules of compensation and transactions: what is undone, by what, and who asks for it."""

from collections.abc import Iterator

from engine.models.diagram import Node, Scope
from engine.models.fixes import Change, Fix
from engine.models.linter.ruling import Broken, Known, at, rule


@rule("compensation-handler")
def compensation_events_have_a_handler(known: Known) -> Iterator[Broken]:
    """A compensation event at the edge of a step is tied by an association to the one step that undoes it, and no flow leaves it."""
    for _, node in known.nodes():
        events = [event for event in node.boundary_events if "compensate" in event.kinds]
        for event in events:
            if event.handler is None:
                message = f"{event.label} is tied to nothing that undoes {node.label}."
                yield at(event, message, "Draw the step that undoes it, and connect the event to it: a dotted association.")
            elif event.handler.element.get("isForCompensation") != "true":
                fix = Fix("Mark it as for compensation", Change.SET_ATTRIBUTE, event.handler.id, "isForCompensation", "true")
                message = f"{event.handler.label} undoes {node.label}, but is not marked as for compensation."
                yield at(event, message, "Mark it as for compensation.", fix=fix)
            for flow in event.outgoing:
                yield at(flow, f"A flow leaves the compensation event {event.label}.", "Tie the step that undoes it by an association.")
        for event in events[1:]:
            yield at(event, f"{node.label} has two compensation events.", "Keep one; what undoes it may be a subprocess.")


@rule("compensation-of-a-process")
def only_subprocesses_undo_themselves(known: Known) -> Iterator[Broken]:
    """An event subprocess for compensation undoes the subprocess that it lies in, when an event outside asks for that."""
    for _, node in known.nodes("startEvent"):
        if _begins_undoing(node) and node.scope.parent is not None and node.scope.parent.parent is None:
            message = (
                f"{node.label} waits for the compensation of {node.scope.parent.id}, which nothing can ask for: it is the whole process."
            )
            yield at(node, message, "Draw it in a subprocess, or begin it by an error or a message.")


@rule("handler-in-the-flow")
def handlers_stand_aside(known: Known) -> Iterator[Broken]:
    """What undoes another step runs when an event compensates: no flow leads to it or away, and it is tied to the step it undoes."""
    for _, node in known.nodes():
        if node.element.get("isForCompensation") != "true":
            continue
        for flow in (*node.incoming, *node.outgoing):
            yield at(flow, f"The flow {flow.label} is tied to {node.label}, which runs only to undo another step.", "Remove the flow.")
        for event in node.boundary_events:
            message = f"{event.label} sits on {node.label}, which runs only to undo another step."
            yield at(event, message, "Put both into a subprocess that is for compensation.")
        if not any(event.handler is node for host in node.scope.nodes.values() for event in host.boundary_events):
            message = f"{node.label} is for compensation, and no compensation event is tied to it: it never runs."
            yield at(node, message, "Put a compensation event on the step it undoes, and connect the two.")


@rule("compensation-of-nothing")
def compensation_has_something_to_undo(known: Known) -> Iterator[Broken]:
    """An event that compensates undoes steps of its own level: one that it names, or all; there must be some that can be undone.

    In an event subprocess it undoes those of the level around as well.
    """
    for _, node in known.nodes("intermediateThrowEvent", "endEvent"):
        if "compensate" not in node.kinds:
            continue
        wanted = (node.definitions[0].get("activityRef") or "").rsplit(":", 1)[-1]
        levels = [node.scope]
        while levels[-1].is_event_subprocess and levels[-1].parent is not None:
            levels.append(levels[-1].parent)
        able = [other for level in levels for other in level.nodes.values() if can_be_undone(other)]
        if wanted and wanted not in {other.id for other in able}:
            names = ", ".join(other.label for other in able) or "none"
            message = f"{node.label} is to undo {wanted!r}, which is no step of {node.scope.id} that can be undone."
            yield at(node, message, f"Name one that has a compensation event: {names}.")
        elif not able:
            message = f"{node.label} compensates, but no step of {node.scope.id} can be undone."
            yield at(node, message, "Put a compensation event on each step that is to be undone.", "warning")


def can_be_undone(node: Node) -> bool:
    """Whether a step, or something in it, has a compensation event."""
    if any("compensate" in event.kinds for event in node.boundary_events):
        return True
    inside = node.scope.children.get(node.id)
    return inside is not None and any(can_be_undone(other) or _begins_undoing(other) for other in inside.nodes.values())


def _begins_undoing(node: Node) -> bool:
    return node.listens and "compensate" in node.kinds


@rule("cancel-outside-transaction")
def cancel_events_belong_to_transactions(known: Known) -> Iterator[Broken]:
    """A cancel end event lies in a transaction, which is left by the cancel event at its edge."""
    for _, node in known.nodes("endEvent", "boundaryEvent"):
        if "cancel" not in node.kinds:
            continue
        host = node.scope.nodes.get(node.element.get("attachedToRef", "")) if node.tag == "boundaryEvent" else _around(node.scope)
        if host is None or host.tag != "transaction":
            message = f"{node.label} cancels a transaction, and there is none."
            yield at(node, message, "Make the subprocess a transaction, or draw an error event.")
        elif node.tag == "endEvent" and not any("cancel" in event.kinds for event in host.boundary_events):
            yield at(node, f"The transaction {host.label} has no cancel event at its edge.", "Draw one, and the way that goes on from it.")


def _around(scope: Scope) -> Node | None:
    return None if scope.parent is None else scope.parent.nodes.get(scope.id)
