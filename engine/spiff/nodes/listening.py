"""What begins an event subprocess: an event that waits as long as its scope is under way.

It is drawn inside of the event subprocess and waits in the scope around it, below the root of the tree. What does not interrupt sends a
token into the subprocess each time; what interrupts first gives up everything else in the scope.
"""

from collections.abc import Iterator
from typing import Any

from SpiffWorkflow.bpmn.specs import defaults

from engine.spiff.elements import Element
from engine.spiff.nodes.base import told
from engine.spiff.nodes.beside import Beside, interrupts
from engine.spiff.nodes.outputs import Outputs
from engine.spiff.nodes.scopes import EventSubprocess
from engine.spiff.token import Token
from engine.spiff.views import merged


class Listener(Beside, defaults.StartEvent):
    """The start event of an event subprocess. SpiffWorkflow opens the subprocess at once and hears each event once."""

    stays_spent = True

    def __init__(self, wf_spec: Any, name: str, *, element: Element, **options: Any) -> None:
        super().__init__(wf_spec, name, element=element, **options)
        self.cancel_activity = interrupts(element)
        self._handed_on = Outputs(element)

    @property
    def begins(self) -> str:
        """The name of the event subprocess."""
        return str(self._outputs[0])

    def take(self, token: Token) -> None:
        """See what the scope has written so far, and end it when this interrupts."""
        self.take_from(token, merged(None, token.workflow))
        if self.cancel_activity:
            token.workflow.give_up_all_but(token)

    def keep(self, token: Token, payload: Any) -> None:
        """Write what came, and what the event itself gives."""
        super().keep(token, payload)
        self._handed_on.store(token, None)


def is_idle(token: Token) -> bool:
    """Whether it only listens: its scope may end without it."""
    return isinstance(token.task_spec, Listener) and not told(token) and "handler" not in token.internal_data


def idle_listeners(scope: Any) -> Iterator[Token]:
    """The tokens of a scope that only listen."""
    for token in list(scope.live.values()):
        if is_idle(token):
            yield token


def arm(scope: Any, origin: Token) -> None:
    """Let every event of a scope wait that does not yet, with the variables of a token there."""
    there = {token.task_spec for token in idle_listeners(scope)}
    for spec in scope.spec.listeners:
        if spec not in there:
            listener = Token(scope, spec, scope.task_tree)
            listener.data, listener.stamps = origin.data, origin.stamps
            spec._update(listener)  # noqa: SLF001  # SpiffWorkflow's way of letting a token arrive


def is_interrupted(scope: Any) -> bool:
    """Whether an event subprocess has taken the place of all else in a scope."""
    return any(isinstance(token.task_spec, EventSubprocess) and token.task_spec.interrupts for token in scope.live.values())


def seal(spec: Any) -> None:
    """Let what listens in a scope begin with it, behind its start event and before its first step. Once, before anything runs."""
    for start in spec.start_events if spec.listeners else ():
        start.completed_event.connect(arm)
