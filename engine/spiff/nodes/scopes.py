"""Activities that hold a whole scope: embedded subprocess and call activity."""

from typing import Any, Final

from SpiffWorkflow.bpmn.specs import defaults
from SpiffWorkflow.bpmn.specs.mixins.subworkflow_task import SubWorkflowTask

from engine.spiff.elements import Element
from engine.spiff.failures import StepFailed
from engine.spiff.nodes.base import OwnStep
from engine.spiff.token import Token
from engine.spiff.undoable import Undoable

#: Subprocesses and calls inside one another. Below what Python's own stack bears, above what people draw or fold.
MAX_SCOPES: Final = 200


class ScopeTask(OwnStep, SubWorkflowTask):
    """Opens a scope with all the variables, waits for its end, and goes on with the scope's variables.

    By reference: SpiffWorkflow copies them deeply, twice. `spec` names the scope.
    """

    element: Element
    #: Whether the scope around is told what was done inside and can be undone.
    remembers = False

    def _run_hook(self, my_task: Token) -> bool | None:
        """Open the scope, unless it is open already: then a failure inside was dealt with. Raises StepFailed below MAX_SCOPES others."""
        if my_task.workflow.depth >= MAX_SCOPES:
            raise StepFailed(
                "calls_without_end",
                f"{self.label} would open level {MAX_SCOPES + 1} of subprocesses and calls inside one another.",
                "Correct what ends the calls and deploy a new version, then cancel this instance; skip the step to go on behind it.",
            )
        if not my_task.internal_data.pop("ended", False):
            return self.begin(my_task)
        return bool(super()._run_hook(my_task))

    def copy_data(self, my_task: Token, subworkflow: Any) -> None:
        """The scope begins with the variables there are."""
        subworkflow.task_tree.data, subworkflow.task_tree.stamps = my_task.data, my_task.stamps

    def update_data(self, my_task: Token, subworkflow: Any) -> None:
        """They are now what the scope made of them."""
        my_task.data, my_task.stamps = subworkflow.final

    def _on_subworkflow_completed(self, subworkflow: Any, my_task: Token) -> None:
        my_task.workflow.top_workflow.subprocesses.pop(my_task.id, None)
        my_task.internal_data["ended"] = True
        if self.remembers and (subworkflow.ledger or subworkflow.spec.undone_by_event):
            data = subworkflow.final[0] if subworkflow.spec.undone_by_event else None
            turn = my_task.internal_data.get("index")
            my_task.workflow.ledger.append(Undoable(self.element.id, data, turn, subworkflow.ledger))
        super()._on_subworkflow_completed(subworkflow, my_task)


class Subprocess(ScopeTask, defaults.SubWorkflowTask):
    """Drawn inside."""


class Transaction(ScopeTask, defaults.TransactionSubprocess):
    """Drawn inside with a double line: a cancel end event undoes what was done in it."""


class EventSubprocess(ScopeTask, defaults.EventSubprocess):
    """Begun by an event of the scope around it."""

    #: Whether one of its events takes the place of all else.
    interrupts = False


class CallActivity(ScopeTask, defaults.CallActivity):
    """A process of the same deployment."""
