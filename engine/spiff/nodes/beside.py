"""Events that wait beside what is under way: at an activity, or for a whole scope. What interrupts goes on itself, once."""

from typing import Any, ClassVar
from uuid import UUID

from SpiffWorkflow.bpmn.util.event import BpmnEvent

from engine.spiff.elements import Element
from engine.spiff.nodes.base import now_of
from engine.spiff.nodes.definitions import Moment
from engine.spiff.nodes.events import CatchEvent
from engine.spiff.timers import due_from_data, due_to_data
from engine.spiff.token import Token
from engine.spiff.views import Variables


def interrupts(element: Element) -> bool:
    """Whether it ends what it waits beside; after an error, or a cancelled transaction, nothing else could be."""
    return element.interrupting or (element.event is not None and element.event.kind in {"error", "cancel"})


class Beside(CatchEvent):
    """See the module."""

    urgent = True
    cancel_activity: bool
    #: Its token stays when it has happened for the last time, so that nothing arms it anew.
    stays_spent: ClassVar[bool] = False

    def go_on(self, my_task: Token, event: BpmnEvent) -> None:
        """An interrupting event goes on itself; another sends a token to its handler and goes on waiting, unless it was its last time."""
        if self.cancel_activity:
            super().go_on(my_task, event)
            return
        parts = [my_task, *self.others(my_task)]
        again = not [part for part in parts if not _waits_again(part)]  # each of them is asked
        if not again and not self.stays_spent:
            for part in parts[1:]:
                part.cancel()
            super().go_on(my_task, event)
            return
        handler = Token(my_task.workflow, self, my_task.above)
        handler.data, handler.stamps = my_task.data, my_task.stamps
        handler.internal_data.update(handler=True, wait=my_task.internal_data.get("wait"))
        for part in () if again else parts:
            part.internal_data.update(wait={}, spent=True)
        super().go_on(handler, event)
        self._update(handler)

    def take_from(self, token: Token, seen: Variables) -> None:
        """See what was written so far; who was refused is told in the history."""
        token.take_over(*seen)
        refusal = token.internal_data.pop("refusal", None)
        if refusal is not None:
            _note_refused(token.workflow.top_workflow, refusal)
            token.say(error=refusal["code"])

    def keep(self, token: Token, payload: Any) -> None:
        """What an error or escalation says is kept only where the event has a variable for it."""
        if self.event.kind not in {"error", "escalation"} or self.element.result_variable:
            super().keep(token, payload)


def _waits_again(token: Token) -> bool:
    moment = token.task_spec.event_definition
    if not isinstance(moment, Moment):
        return True
    following = moment.timer.again(due_from_data(token.internal_data["wait"]), now_of(token), token.workflow.top_workflow.calendars)
    if following is not None:
        token.internal_data["wait"] = due_to_data(following)
    return following is not None


def _note_refused(top: Any, refusal: dict[str, Any]) -> None:
    """Write the refusal at the step that was refused, which may lie deep inside of what is interrupted."""
    thrower = top.find(UUID(refusal["by"]))
    if thrower is not None and thrower.task_spec.is_activity:
        top.note(thrower, "refused", {"code": refusal["code"], "reason": refusal["reason"]})
        thrower.internal_data["noted"] = True
