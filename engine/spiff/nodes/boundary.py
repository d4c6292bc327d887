# SpiffWorkflow's hooks
"""Boundary events: they begin to wait with their activity, and end with it. SpiffWorkflow's split, events and join.

The split stands before the activity and stays in the tree; the activity and what interrupts it lead to the join, which gives up whoever
is left. Handlers that run go on.
"""

from collections.abc import Iterator
from typing import Any

from SpiffWorkflow.bpmn.specs import defaults
from SpiffWorkflow.bpmn.specs.control import BoundaryEventJoin, BoundaryEventSplit

from engine.spiff.elements import Element
from engine.spiff.nodes.base import Step, told
from engine.spiff.nodes.beside import Beside, interrupts
from engine.spiff.token import Token
from engine.spiff.views import view

SPLIT = ".BoundaryEventSplit"
JOIN = ".BoundaryEventJoin"


class BoundarySplit(Step, BoundaryEventSplit):
    """Stands before an activity with boundary events."""

    keeps_place = True
    activity: Step

    def main(self, token: Token) -> Token | None:
        """The activity's own token, while it is under way."""
        return next((child for child in token.children if child.task_spec is self.activity and child.live), None)

    def listeners(self, token: Token) -> list[Token]:
        """The boundary events that wait or have just been told, but not those that lead to a handler already."""
        return [child for child in self.events(token) if not child.internal_data.get("handler")]

    def events(self, token: Token) -> Iterator[Token]:
        """Its boundary events that live."""
        for child in token.children:
            if isinstance(child.task_spec, BoundaryEvent) and child.live and child.task_spec.name in self._outputs:
                yield child

    def listeners_of(self, token: Token, activity: Token) -> list[Token]:
        """Those that wait beside the activity."""
        return self.listeners(token) if activity.task_spec is self.activity else []

    def release(self, token: Token) -> None:
        """Give up the waiting events, and leave the tree."""
        for listener in self.listeners(token):
            listener.cancel()
        token.retire()

    def overtakes(self, token: Token, child: Token) -> bool:
        """Whether something has decided against a child already: an interrupting event, or the activity that is done."""
        if child.task_spec is self.activity:
            return any(told(event) and event.task_spec.cancel_activity for event in self.events(token))
        main = self.main(token)
        return main is None or bool(getattr(child.task_spec, "cancel_activity", False) and told(main))


class BoundaryJoin(Step, BoundaryEventJoin):
    """The activity is done or interrupted: nobody waits any more."""

    urgent = True

    def _check_threshold_structured(self, my_task: Token) -> tuple[bool, list[Token]]:
        """SpiffWorkflow lets events alone that failed, or have been told at the same moment."""
        finished, given_up = super()._check_threshold_structured(my_task)
        split = my_task.find_ancestor(self.split_task)
        if finished:
            given_up += [event for event in split.task_spec.listeners(split) if event not in given_up]
        return finished, given_up

    def _update_hook(self, my_task: Token) -> bool:
        split = my_task.find_ancestor(self.split_task)
        finished: bool = super()._update_hook(my_task)
        if finished:
            split.retire()
        return finished


class BoundaryEvent(Beside, defaults.BoundaryEvent):
    """Waits beside its activity for a message, signal, moment, error or escalation."""

    def __init__(self, wf_spec: Any, name: str, *, element: Element, **options: Any) -> None:
        super().__init__(wf_spec, name, element=element, cancel_activity=interrupts(element), **options)

    def take(self, token: Token) -> None:
        """See what the activity has written so far; an interrupting event gives it up when it is done itself."""
        split = token.above
        main = split.task_spec.main(split) if isinstance(split.task_spec, BoundarySplit) else None
        if main is not None:
            self.take_from(token, view(main))
