"""Activities that hold a whole scope: embedded subprocess and call activity."""

from typing import Any

from engine.spiff.elements import Element
from engine.spiff.nodes.base import Drawn
from engine.spiff.token import Token


class ScopeTask(Drawn):
    """Opens a scope with all the variables, waits for its end, and goes on with the scope's variables.

    `spec` names the scope; SpiffWorkflow's parser follows it to find the specs a process needs.
    """

    def __init__(self, wf_spec: Any, name: str, *, element: Element, subworkflow_spec: str, **options: Any) -> None:
        super().__init__(wf_spec, name, element=element, **options)
        self.spec = subworkflow_spec

    def act(self, token: Token) -> None:
        """Open the scope, unless it is open already: then a failure inside was dealt with."""
        top = token.workflow.top_workflow
        if token.id not in top.subprocesses:
            scope = top.create_subprocess(token, self.spec)
            scope.begin(start_of(scope.spec), token.data, token.stamps)


def start_of(spec: Any) -> str:
    """The start event of a subprocess, or the plain one of a called process."""
    starts = spec.start_events
    plain = [start for start in starts if start.element.event.kind == "none"]
    return str((plain or starts)[0].name)
