"""Where a scope ends, as SpiffWorkflow has it: the join of all ends, and `End`."""

from SpiffWorkflow.bpmn.specs.control import SimpleBpmnTask, _EndJoin

from engine.spiff.nodes.base import Step
from engine.spiff.nodes.listening import idle_listeners, is_idle
from engine.spiff.token import Token


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
        return len(live) == (my_task.id in live) or (bool(self._wf_spec.listeners) and self._only_listeners(my_task))

    def _only_listeners(self, my_task: Token) -> bool:
        """Whether nothing else is left than what listens; then that ends."""
        scope = my_task.workflow
        if not all(other is my_task or is_idle(other) for other in scope.live.values()):
            return False
        for listener in idle_listeners(scope):
            listener.cancel()
        return True


class End(Step, SimpleBpmnTask):
    """The last step of a scope; SpiffWorkflow knows it by its name."""
