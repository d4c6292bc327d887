"""Where a scope begins and ends, as SpiffWorkflow has it: `Start`, the join of all ends, and `End`."""

from SpiffWorkflow.bpmn.specs.control import BpmnStartTask, SimpleBpmnTask, _EndJoin

from engine.spiff.nodes.base import Step
from engine.spiff.token import FUTURE, Token


class Root(Step, BpmnStartTask):
    """Where every scope begins: at the start event that was chosen, or the plain one, or the first."""

    keeps_place = True

    def _predict_hook(self, my_task: Token) -> None:
        """SpiffWorkflow lets all start events wait beside one another; ours are chosen before an instance begins."""
        specs = self._wf_spec.task_specs
        chosen = my_task.internal_data.pop("start", None) or self._wf_spec.first_start
        my_task._sync_children([specs[chosen]], FUTURE)  # noqa: SLF001  # as SpiffWorkflow's own hooks do


class Ends(Step, _EndJoin):
    """Of the tokens that have reached an end one waits until no other is left. SpiffWorkflow looks for others in the whole tree."""

    def _update_hook(self, my_task: Token) -> bool:
        """The latest to come stands for all that came, and has their variables."""
        my_task._inherit_data()  # noqa: SLF001  # as SpiffWorkflow's own hook does
        scope = my_task.workflow
        earlier: Token | None = scope.at_end
        scope.at_end = my_task
        if earlier is not None and earlier is not my_task:
            my_task.take_over(earlier.data, earlier.stamps)
            earlier.cancel()
        return bool(super()._update_hook(my_task))

    def _run_hook(self, my_task: Token) -> bool:
        my_task.workflow.at_end = None
        return bool(super()._run_hook(my_task))

    def _check_threshold_unstructured(self, my_task: Token) -> bool:
        live = my_task.workflow.live
        return len(live) == (my_task.id in live)


class End(Step, SimpleBpmnTask):
    """The last step of a scope; SpiffWorkflow knows it by its name."""
