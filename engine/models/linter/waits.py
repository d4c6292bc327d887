"""Rules of waiting: nothing waits for ever without a person knowing."""

from collections.abc import Iterator

from engine.models.diagram import Node
from engine.models.linter.ruling import Broken, Known, at, rule


def has_timeout(node: Node) -> bool:
    """A timer ends or accompanies the wait: on the step, around it, beside it behind an event gateway, or by an event subprocess."""
    if any("timer" in event.kinds for event in node.boundary_events):
        return True
    if any("timer" in other.kinds for gateway in _event_gateways(node) for other in gateway.scope.successors(gateway)):
        return True
    scope = node.scope
    if any("timer" in event.kinds for event in scope.listeners):
        return True
    around = None if scope.parent is None else scope.parent.nodes.get(scope.id)
    return around is not None and has_timeout(around)


@rule("wait-without-timeout", "warning")
def waits_have_an_end(known: Known) -> Iterator[Broken]:
    """A message that never comes should be noticed by somebody."""
    for _, node in known.nodes("intermediateCatchEvent", "receiveTask"):
        waits = node.tag == "receiveTask" or not {"message", "signal", "conditional"}.isdisjoint(node.kinds)
        if waits and not node.begins_by_itself and not has_timeout(node):
            yield at(node, f"{node.label} may wait for ever.", "Put an event gateway with a timer in front, or a timer on a receive task.")


@rule("task-without-due-time", "info")
def tasks_are_due(known: Known) -> Iterator[Broken]:
    """A task without a due time never becomes late."""
    for _, node in known.nodes("userTask"):
        if not node.properties.get("dueIn") and not has_timeout(node):
            yield at(node, f"{node.label} is never due.", "Set dueIn (PT4H, P2D), or put a timer on it.")


@rule("reminds-once", "info")
def reminders_repeat(known: Known) -> Iterator[Broken]:
    """A non-interrupting timer with a duration happens once."""
    for _, node in known.nodes("boundaryEvent", "startEvent"):
        once = any(definition.find("{*}timeDuration") is not None for definition in node.definitions)
        if not node.interrupts and "timer" in node.kinds and once:
            yield at(node, f"{node.label} reminds once.", "Use a cycle such as R3/PT4H, if it is to repeat.")


def _event_gateways(node: Node) -> Iterator[Node]:
    for flow in node.incoming:
        source = node.scope.nodes.get(flow.source)
        if source is not None and source.tag == "eventBasedGateway":
            yield source
