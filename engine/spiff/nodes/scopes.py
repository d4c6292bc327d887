"""Activities that hold a whole scope: embedded subprocess and call activity."""

from typing import Any, Final

from engine.spiff.elements import Element
from engine.spiff.failures import StepFailed
from engine.spiff.nodes.base import Drawn
from engine.spiff.token import Token

#: Subprocesses and calls inside one another. Below what Python's own stack bears, above what people draw or fold.
MAX_SCOPES: Final = 200


class ScopeTask(Drawn):
    """Opens a scope with all the variables, waits for its end, and goes on with the scope's variables.

    `spec` names the scope; SpiffWorkflow's parser follows it to find the specs a process needs.
    """

    def __init__(self, wf_spec: Any, name: str, *, element: Element, subworkflow_spec: str, **options: Any) -> None:
        super().__init__(wf_spec, name, element=element, **options)
        self.spec = subworkflow_spec

    def act(self, token: Token) -> None:
        """Open the scope, unless it is open already: then a failure inside was dealt with. Raises StepFailed below MAX_SCOPES others."""
        top = token.workflow.top_workflow
        if token.id not in top.subprocesses:
            if token.workflow.depth >= MAX_SCOPES:
                raise StepFailed(
                    "calls_without_end",
                    f"{self.label} would open level {MAX_SCOPES + 1} of subprocesses and calls inside one another.",
                    "Correct what ends the calls and deploy a new version, then cancel this instance; skip the step to go on behind it.",
                )
            scope = top.create_subprocess(token, self.spec)
            scope.begin(start_of(scope.spec), token.data, token.stamps)


def start_of(spec: Any) -> str:
    """The start event of a subprocess, or the plain one of a called process."""
    starts = spec.start_events
    plain = [start for start in starts if start.element.event.kind == "none"]
    return str((plain or starts)[0].name)
