"""Rules of event subprocesses: one event begins them, and no flow does."""

from collections.abc import Iterator

from engine.models.diagram import Node, Scope
from engine.models.fixes import Change, Fix
from engine.models.linter.ruling import Broken, Known, at, rule


@rule("event-subprocess")
def event_subprocesses_are_begun_by_one_event(known: Known) -> Iterator[Broken]:
    """An event subprocess has one start event with a trigger, no flow to or from it, no boundary events and no repetition."""
    for scope in known.scopes():
        if scope.is_event_subprocess and scope.parent is not None and scope.id in scope.parent.nodes:
            yield from _begun_otherwise(scope.parent.nodes[scope.id], scope)


def _begun_otherwise(node: Node, scope: Scope) -> Iterator[Broken]:
    starts = [each for each in scope.nodes.values() if each.listens]
    if len(starts) != 1 or not starts[0].definitions:
        found = f"{len(starts)} start events" if len(starts) != 1 else "a plain start event"
        yield at(node, f"The event subprocess {node.label} has {found}.", "Draw one start event in it, and choose what it waits for.")
    for flow in (*node.incoming, *node.outgoing):
        message = f"The flow {flow.label} is tied to the event subprocess {node.label}, which only its event begins."
        yield at(flow, message, "Remove the flow, or make it a plain subprocess.")
    for event in node.boundary_events:
        next_step = "Put it on the subprocess around, or on a step inside."
        yield at(event, f"{event.label} sits on the event subprocess {node.label}, which takes none.", next_step)
    if node.loop is not None:
        next_step = "Let its event not interrupt: then it runs each time that comes; or repeat a step inside."
        yield at(node, f"The event subprocess {node.label} is repeated, but its event says how often it runs.", next_step)


@rule("interrupts-nothing")
def interruptions_make_sense(known: Known) -> Iterator[Broken]:
    """Only what waits beside something can leave that alone, and after an error there is nothing left to go on."""
    for _, node in known.nodes("startEvent"):
        if node.interrupts:
            continue
        fix = Fix("Make it interrupting", Change.SET_ATTRIBUTE, node.id, "isInterrupting", "true")
        if not node.listens:
            message = f"{node.label} says that it does not interrupt, but it begins, and interrupts nothing."
            yield at(node, message, "Remove isInterrupting, or draw it into an event subprocess.", fix=fix)
        elif "error" in node.kinds:
            yield at(node, f"The error event {node.label} must interrupt: a step has failed.", "Make it interrupting.", fix=fix)
