# ruff: noqa: SLF001  # a step of the tree is looked at again
"""Who catches what is thrown: SpiffWorkflow's event manager, but for errors and escalations, which go to the nearest activity around."""

from collections.abc import Iterator
from typing import Any

from SpiffWorkflow.bpmn.util.event import BpmnEvent, EventManager

from engine.spiff.token import Token


class NearestCatcher(EventManager):
    """An event's `target` is the token that throws it. SpiffWorkflow gives an error to every boundary event of the same scope."""

    def catch(self, event: BpmnEvent, internal: bool = True) -> int:  # SpiffWorkflow's signature
        """Answers how many places took it."""
        if event.target is None:
            taken: int = super().catch(event, internal)
            return taken
        listener = nearest(event.target, event)
        if listener is None:
            return 0
        listener.task_spec.catch(listener, event)
        listener.task_spec._update(listener)
        return 1


def nearest(token: Token, event: Any) -> Token | None:
    """The event that takes it: of the innermost activity or scope around, and there the one for this code before one for all."""
    for listeners in _around(token):
        fitting = [listener for listener in listeners if listener.task_spec.catches(listener, event)]
        if fitting:
            return max(fitting, key=lambda listener: listener.task_spec.event.code is not None)
    return None


def _around(token: Token) -> Iterator[list[Token]]:
    """The boundary events of each activity around and the events of each scope, from the inside to the outside."""
    place: Token | None = token
    while place is not None:
        above, root = place.above, place.workflow.task_tree
        yield above.task_spec.listeners_of(above, place)
        if above.task_spec.repeats:
            place = above
            continue
        if above is not root:
            yield root.task_spec.listeners_of(root, place)
        place = getattr(place.workflow, "activity", None)
