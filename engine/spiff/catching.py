# ruff: noqa: SLF001  # a step of the tree is looked at again
"""Who catches what is thrown: SpiffWorkflow's event manager, but for errors and escalations, which go to the nearest activity around."""

from collections.abc import Iterator
from typing import Any

from SpiffWorkflow.bpmn.util.event import BpmnEvent, EventManager

from engine.spiff.failures import StepFailed
from engine.spiff.nodes.base import overtaken
from engine.spiff.nodes.definitions import Condition
from engine.spiff.nodes.events import OVER
from engine.spiff.token import WAITING, Token
from engine.spiff.views import seen_by


class NearestCatcher(EventManager):
    """An event's `target` is the token that throws it. SpiffWorkflow gives an error to every boundary event of the same scope."""

    #: How many writes there were when the conditions were last asked.
    asked_at = -1

    def ask_conditions(self) -> None:
        """Whoever waits for a condition that has become true goes on, when something was written since they were last asked."""
        if self.asked_at != self.workflow.stamp:
            self.asked_at = self.workflow.stamp
            for token in [token for token in self.tasks.values() if isinstance(token.task_spec.event_definition, Condition)]:
                self.ask(token)

    def ask(self, token: Token) -> None:
        """Let a token go on when its condition has become true. What is neither true nor false is its failure."""
        if token.state != WAITING or not token.internal_data.keys().isdisjoint(OVER) or overtaken(token):
            return
        try:
            if token.task_spec.event_definition.judge(token, seen_by(token)):
                token.task_spec.came(token, None)
        except StepFailed as failure:
            self.workflow.fail(token, failure)

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
