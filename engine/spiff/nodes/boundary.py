"""Boundary events: they begin to wait with their activity, and end with it."""

from typing import Any
from uuid import UUID

from engine.spiff.elements import Element
from engine.spiff.nodes.base import Node, now_of
from engine.spiff.nodes.events import CatchEvent, EventGateway
from engine.spiff.timers import due_from_data, due_to_data
from engine.spiff.token import WAITING, Token
from engine.spiff.views import view


class BoundarySplit(Node):
    """Stands before an activity with boundary events: the events begin to wait, then the activity begins."""

    keeps_place = True
    activity: Node

    def main(self, token: Token) -> Token | None:
        """The activity's own token, while it is under way."""
        return next((child for child in token.below if child.task_spec is self.activity and child.live), None)

    def listeners(self, token: Token) -> list[Token]:
        """The boundary events that wait."""
        return [
            child
            for child in token.below
            if isinstance(child.task_spec, BoundaryEvent) and child.live and child.task_spec in self.following
        ]

    def child_done(self, token: Token, child: Token) -> None:
        """The activity is done: nobody waits any more."""
        if child.task_spec is self.activity:
            self.release(token, keep=None)

    def release(self, token: Token, keep: Token | None) -> None:
        """Give up the waiting events but one, and leave the tree. Handlers that run go on."""
        for listener in self.listeners(token):
            if listener is not keep and not listener.internal_data.get("handler"):
                listener.cancel()
        token.retire()


class BoundaryEvent(CatchEvent):
    """Waits beside its activity for a message, signal, moment, error or escalation."""

    urgent = True

    def __init__(self, wf_spec: Any, name: str, *, element: Element, **options: Any) -> None:
        super().__init__(wf_spec, name, element=element, **options)
        self.interrupting = element.interrupting or self.event.kind == "error"

    def came(self, token: Token, payload: Any) -> None:
        """An interrupting event runs itself; another sends a token to its handler and goes on waiting, unless it was its last time."""
        if self.interrupting or not self._waits_again(token):
            super().came(token, payload)
            return
        handler = Token(token.workflow, self, token.above)
        handler.data, handler.stamps = token.data, token.stamps
        handler.internal_data["handler"] = True
        super().came(handler, payload)

    def _waits_again(self, token: Token) -> bool:
        if self._timer is None:
            return True
        following = self._timer.again(due_from_data(token.internal_data["wait"]), now_of(token))
        if following is None:
            return False
        token.internal_data["wait"] = due_to_data(following)
        return True

    def take(self, token: Token, fact: Any) -> None:
        """Go on here; an interrupting event gives up the activity first."""
        split = token.above
        spec = split.task_spec
        if isinstance(spec, BoundarySplit):
            main = spec.main(split)
            if main is not None:
                token.take_over(*view(main))
                if self.interrupting:
                    self._interrupt(split, main, token)
        token.internal_data.pop("wait", None)
        self.keep(token, fact)

    def catches_code(self, kind: str, code: str | None) -> bool:
        """Whether it is for this error or escalation."""
        return bool(self.event.kind == kind and self.event.code in {None, code})

    def keep(self, token: Token, fact: Any) -> None:
        """What an error or escalation says is kept only where the event has a variable for it."""
        if self.event.kind not in {"error", "escalation"} or self.element.result_variable:
            super().keep(token, fact)

    def _interrupt(self, split: Token, main: Token, token: Token) -> None:
        refusal = token.internal_data.pop("refusal", None)
        if refusal is not None:
            note_refused(token.workflow.top_workflow, refusal)
            token.say(error=refusal["code"])
        main.cancel()
        split.task_spec.release(split, keep=token)


def overtaken(token: Token) -> bool:
    """Whether something has decided against it already: another event of its gateway, its boundary event, or its activity."""
    above = token.above
    spec = above.task_spec
    if isinstance(spec, EventGateway):
        return any("fact" in sibling.internal_data for sibling in above.below if sibling is not token)
    if not isinstance(spec, BoundarySplit):
        return False
    if token.task_spec is spec.activity:
        return any("fact" in listener.internal_data and listener.task_spec.interrupting for listener in spec.listeners(above))
    main = spec.main(above)
    return main is None or (token.task_spec.interrupting and "fact" in main.internal_data)


def catcher(token: Token, kind: str, code: str | None) -> Token | None:
    """The boundary event that takes an error or escalation: the nearest around, and there the one for this code before one for all."""
    place: Token | None = token
    while place is not None:
        above = place.above
        if isinstance(above.task_spec, BoundarySplit) and above.task_spec.activity is place.task_spec:
            fitting = [one for one in above.task_spec.listeners(above) if one.state == WAITING and one.task_spec.catches_code(kind, code)]
            if fitting:
                return max(fitting, key=lambda one: one.task_spec.event.code is not None)
        place = above if above.task_spec.repeats else getattr(place.workflow, "activity", None)
    return None


def note_refused(top: Any, refusal: dict[str, Any]) -> None:
    """Write the refusal at the step that was refused, which may lie deep inside the interrupted activity."""
    thrower = top.find(UUID(refusal["by"]))
    if thrower is not None and thrower.task_spec.is_activity:
        top.note(thrower, "refused", {"code": refusal["code"], "reason": refusal["reason"]})
        thrower.internal_data["noted"] = True
