"""Rules of decisions in the flow: every case is covered, and no condition is written where nothing reads it."""

from collections.abc import Iterator

from engine.models.bundle import Severity
from engine.models.diagram import Flow, Node
from engine.models.fixes import Change, Fix
from engine.models.linter.ruling import Broken, Known, at, rule
from engine.models.linter.structure import reachable
from engine.models.vocabulary import INCLUSIVE

DECIDING = ("exclusiveGateway", *sorted(INCLUSIVE))
#: Answers that stand for "in every other case".
_OTHERWISE = frozenset({"no", "else", "otherwise", "none", "any other", "default"})


def default_of(node: Node) -> str | None:
    """The id of the flow that is taken when no condition holds."""
    return node.element.get("default")


@rule("gateway-without-default", "warning")
def cases_are_covered(known: Known) -> Iterator[Broken]:
    """When no condition holds and there is no default, the instance stops with an incident."""
    for _, node in known.nodes(*DECIDING):
        if len(node.outgoing) > 1 and default_of(node) is None and all(flow.condition is not None for flow in node.outgoing):
            message = f"{node.label} has no default flow for the case that no condition holds."
            others = [flow for flow in node.outgoing if flow.name.casefold().strip(" .:") in _OTHERWISE]
            yield at(node, message, "Make one of its flows the default.", fix=_default(node, others))


def _default(node: Node, flows: list[Flow]) -> Fix | None:
    """Make the one flow the default of the step; nothing is certain where there are several."""
    if len(flows) != 1 or default_of(node) is not None:
        return None
    return Fix(f"Make {flows[0].called} the default", Change.SET_DEFAULT, node.id, value=flows[0].id)


@rule("flow-without-condition")
def other_flows_have_conditions(known: Known) -> Iterator[Broken]:
    """Only the default flow of a deciding gateway goes without a condition; out of an inclusive one such a flow is always taken."""
    for _, node in known.nodes(*DECIDING):
        bare = [flow for flow in node.outgoing if flow.condition is None and flow.id != default_of(node)]
        for flow in bare if len(node.outgoing) > 1 else ():
            inclusive = node.tag in INCLUSIVE
            message = f"The flow {flow.label} out of {node.label} has no condition{', so it is always taken' if inclusive else ''}."
            severity: Severity | None = "warning" if inclusive else None
            yield at(flow, message, "Write a condition, or make it the default flow.", severity, _default(node, bare))


@rule("bad-default")
def default_leaves_its_gateway(known: Known) -> Iterator[Broken]:
    """The default is one of the flows out of the very step that names it."""
    for _, node in known.nodes():
        default = default_of(node)
        if default is not None and default not in {flow.id for flow in node.outgoing}:
            message = f"The default flow {default!r} of {node.label} does not leave it."
            fix = Fix("Name no default", Change.SET_DEFAULT, node.id)
            yield at(node, message, "Choose one of its own flows as the default.", fix=fix)


@rule("condition-on-default", "warning")
def default_has_no_condition(known: Known) -> Iterator[Broken]:
    """The condition of a default flow is never looked at."""
    for _, node in known.nodes():
        for flow in node.outgoing:
            if flow.condition is not None and flow.id == default_of(node):
                fix = Fix("Remove the condition", Change.SET_CONDITION, flow.id)
                yield at(flow, f"The default flow {flow.label} has a condition that nothing reads.", "Remove the condition.", fix=fix)


@rule("condition-nobody-reads")
def conditions_are_read(known: Known) -> Iterator[Broken]:
    """Conditions belong on flows out of exclusive and inclusive gateways, and on one of several flows out of an activity."""
    for _, node in known.nodes():
        for flow in node.outgoing:
            if flow.condition is None or flow.id == default_of(node):
                continue
            if node.tag not in DECIDING and not node.is_activity:
                yield at(
                    flow,
                    f"The condition on the flow {flow.label} is never read: {node.label} does not decide.",
                    "Use an exclusive gateway.",
                )
            elif node.is_activity and len(node.outgoing) == 1:
                yield at(
                    flow,
                    f"If the condition on the flow {flow.label} fails, {node.label} leads nowhere.",
                    "Put an exclusive gateway behind it.",
                )


@rule("implicit-split", "info")
def splits_are_drawn(known: Known) -> Iterator[Broken]:
    """Several flows out of a step run at once, which readers do not expect."""
    for _, node in known.nodes():
        if len(node.outgoing) > 1 and (node.is_activity or node.tag in {"startEvent", "boundaryEvent"}):
            several = f"All {len(node.outgoing)} flows out of {node.label} run at once."
            if any(flow.condition is not None for flow in node.outgoing):
                several = f"Of the {len(node.outgoing)} flows out of {node.label} all run at once whose conditions hold."
            yield at(node, several, "Draw a gateway, so that people see it.")


@rule("gateway-without-purpose", "info")
def gateways_do_something(known: Known) -> Iterator[Broken]:
    """A gateway with one way in and one way out decides nothing."""
    for _, node in known.nodes(*DECIDING, "parallelGateway"):
        if len(node.incoming) <= 1 and len(node.outgoing) <= 1:
            yield at(node, f"{node.label} neither joins nor splits.", "Remove it, or draw the missing flow.")


@rule("complex-join")
def complex_gateways_only_split(known: Known) -> Iterator[Broken]:
    """A complex gateway splits as an inclusive one does. When one that joins goes on, only its condition would say; here that is drawn."""
    for _, node in known.nodes("complexGateway"):
        if len(node.incoming) > 1:
            message = f"The complex gateway {node.label} joins {len(node.incoming)} flows."
            next_step = (
                "Join by an inclusive gateway, which waits for all that is under way. To go on with some of them, repeat one step with a "
                "completion condition, or let the first end a subprocess around them by a terminate end event."
            )
            yield at(node, message, next_step)


@rule("inclusive-join-in-loop")
def inclusive_joins_lie_outside_of_loops(known: Known) -> Iterator[Broken]:
    """What an inclusive join waits for cannot be told when it lies in a circle (a step may run twice)."""
    for scope in known.scopes():
        for node in scope.nodes.values():
            joins = node.tag == "inclusiveGateway" and len(node.incoming) > 1
            if joins and node.id in reachable(scope, scope.successors(node)):
                yield at(
                    node, f"The inclusive join {node.label} lies in a loop.", "Put the branches into a subprocess, and the loop around it."
                )
