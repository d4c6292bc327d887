# ruff: noqa: SLF001  # a step of the tree is looked at again
"""Who catches what is thrown: SpiffWorkflow's event manager, but for errors and escalations, which go to the nearest activity around."""

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
    """The boundary event that takes it: of the innermost activity around, and there the one for this code before one for all."""
    place: Token | None = token
    while place is not None:
        above = place.above
        listeners: list[Token] = above.task_spec.listeners_of(above, place)
        fitting = [listener for listener in listeners if listener.task_spec.catches(listener, event)]
        if fitting:
            return max(fitting, key=lambda listener: listener.task_spec.event.code is not None)
        place = above if above.task_spec.repeats else getattr(place.workflow, "activity", None)
    return None
