# ruff: noqa: SLF001  # SpiffWorkflow's way of letting a token arrive
"""An operator puts a token elsewhere: move it, or go back to an earlier step with the variables of that time; or changes what all see."""

from collections.abc import Mapping
from typing import Any

from engine.problems import Conflict
from engine.spiff.instance import Instance, Scope
from engine.spiff.nodes.base import Step
from engine.spiff.nodes.beside import Beside
from engine.spiff.nodes.boundary import SPLIT, BoundarySplit
from engine.spiff.nodes.events import EventGateway
from engine.spiff.nodes.gateways import Joining
from engine.spiff.nodes.listening import arm, is_interrupted
from engine.spiff.nodes.scopes import EventSubprocess
from engine.spiff.nodes.starts import StartEvent
from engine.spiff.token import Token

_CHOOSE = "Choose an activity, event or gateway of the same process or subprocess."


def move(token: Token, element_id: str, variables: Mapping[str, Any]) -> None:
    """Give up a step and go on at another element of its scope. Raises Conflict when that cannot be."""
    above = token.above
    part = above.task_spec.holds_others or "asked_by" in token.internal_data
    if part or isinstance(token.task_spec, Beside):
        raise Conflict(
            f"{token.task_spec.label} is part of another step and cannot be moved alone.",
            code="cannot_move",
            next_step="Move the whole multi-instance, the event that compensates, or the activity it is attached to.",
            element_id=token.task_spec.bpmn_id,
        )
    node = _entry(token.workflow, element_id)
    arrived = Token(token.workflow, node, token.workflow.task_tree)
    arrived.data, arrived.stamps = token.data, token.stamps
    arrived.write(variables)
    if isinstance(above.task_spec, EventGateway):
        above.task_spec.decided(above, token)
    elif isinstance(above.task_spec, BoundarySplit):
        above.task_spec.release(above)
    listens_again = is_interrupted(token.workflow)
    token.cancel()
    if listens_again:
        arm(token.workflow, arrived)
    node._update(arrived)


def go_back(instance: Instance, element_id: str, variables: Mapping[str, Any]) -> None:
    """Give up everything and begin again at an element of the process itself. Raises Conflict when that cannot be."""
    node = _entry(instance, element_id)
    instance.cancel_all()
    instance.completed = False
    token = Token(instance, node, instance.task_tree)
    token.data, token.stamps = dict(variables), {}
    arm(instance, token)
    node._update(token)


def change(instance: Instance, variables: Mapping[str, Any]) -> None:
    """Write variables where every step that is under way sees them, in subprocesses and called processes too: these bring them back."""
    instance.stamp += 1
    written = dict.fromkeys(variables, instance.stamp)
    for token in instance.tokens:
        token.data, token.stamps = {**token.data, **variables}, {**token.stamps, **written}
    instance.event_manager.ask_conditions()


def _entry(scope: Scope, element_id: str) -> Step:
    """Where a token comes in for an element: before its boundary events, if it has some."""
    specs, name = scope.spec.task_specs, scope.spec.name_of(element_id)
    node = specs.get(f"{name}{SPLIT}") or specs.get(name)
    if (
        node is None
        or (node.element is None and not isinstance(node, BoundarySplit))
        or isinstance(node, StartEvent | Beside | EventSubprocess)
    ):
        raise Conflict(f"There is no {element_id!r} to go to in {scope.spec.name}.", code="cannot_move", next_step=_CHOOSE)
    if node.element is not None and node.element.for_compensation:
        raise Conflict(
            f"{node.label} undoes another step, and runs when an event compensates.",
            code="cannot_move",
            next_step="Go to the event that compensates.",
            element_id=element_id,
        )
    if isinstance(node, Joining) and len(node.origins) > 1:
        raise Conflict(
            f"{node.label} waits for several flows, so one token cannot go there.",
            code="cannot_move",
            next_step="Go to the element behind it, or before it.",
            element_id=element_id,
        )
    found: Step = node
    return found
