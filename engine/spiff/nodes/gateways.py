# ruff: noqa: SLF001  # SpiffWorkflow's hooks
"""Gateways: SpiffWorkflow chooses and forks. Who waits for whom is ours: what arrives at a join waits until the others are there."""

from abc import abstractmethod
from collections import Counter
from functools import cached_property
from typing import Any

from SpiffWorkflow.bpmn.specs import defaults
from SpiffWorkflow.bpmn.specs.mixins.unstructured_join import UnstructuredJoin
from SpiffWorkflow.exceptions import WorkflowException
from SpiffWorkflow.specs.MultiChoice import MultiChoice

from engine.spiff.elements import Element
from engine.spiff.expressions import condition_text
from engine.spiff.failures import StepFailed
from engine.spiff.nodes.base import Step
from engine.spiff.token import WAITING, Token


class Choosing(Step, MultiChoice):
    """What gateways with conditions share: flows in document order, and what was chosen in the history."""

    element: Element

    def __init__(self, wf_spec: Any, name: str, *, element: Element, **options: Any) -> None:
        super().__init__(wf_spec, name, element=element, **options)
        self.default_flow: str | None = None

    def add_flow(self, identity: str, target: Step, text: str | None) -> None:
        """Connect what a flow leads to; without a text it is the default. Raises Invalid when the text is not FEEL."""
        if text is None:
            self.default_flow = identity
            self.connect(target)
        else:
            self.connect_outgoing_if(condition_text(text, f"Condition of flow {identity}", identity), target)

    def _predict_hook(self, my_task: Token) -> None:
        """What was chosen is there already; SpiffWorkflow adds every flow that has a condition."""

    def _run_hook(self, my_task: Token) -> bool:
        """Choose. Raises StepFailed when nothing can be chosen."""
        my_task.internal_data["chosen"] = []
        try:
            done: bool = super()._run_hook(my_task)
        except WorkflowException:
            raise StepFailed(
                "no_flow",
                f"No condition of {self.label} holds, and it has no default flow.",
                "Correct the variables the conditions read and retry, or give the gateway a default flow in a new version.",
            ) from None
        if len(self.cond_task_specs) > 1:
            my_task.say(flows=my_task.internal_data["chosen"] or [self.default_flow])
        return done


class ExclusiveGateway(Choosing, defaults.ExclusiveGateway):
    """Takes the first flow whose condition holds, in document order."""


class Joining(Step, UnstructuredJoin):
    """What joins share. SpiffWorkflow cancels every other token that waits, also the second of one flow, and merges lists and contexts."""

    def _update_hook(self, my_task: Token) -> bool:
        """Wait, and remember by which flow; the token that makes it complete goes on with the variables of all."""
        my_task._inherit_data()
        if len(self._inputs) > 1:
            my_task.internal_data.setdefault("from", my_task.above.task_spec.name)
            others = self.partners(my_task)
            if others is None:
                if my_task.state != WAITING:
                    my_task.become(WAITING)
                return False
            for other in others:
                my_task.take_over(other.data, other.stamps)
                other.cancel()
        return True

    @cached_property
    def _wanted(self) -> Counter[str]:
        """How many flows come from each step before it: two of one step are two."""
        return Counter(self._inputs)

    @abstractmethod
    def partners(self, token: Token) -> list[Token] | None:
        """The tokens to go on with; None to wait."""

    def arrived(self, token: Token) -> list[Token]:
        """The other tokens that wait here, in the order they came."""
        live = token.workflow.live.values()
        return [other for other in live if other.task_spec is self and other.state == WAITING and other is not token]

    def _of_other_flows(self, token: Token, waiting: list[Token]) -> tuple[list[Token], bool]:
        """Of the waiting tokens the first of each other flow, and whether a flow has none."""
        missing = Counter(self._wanted)
        missing[token.internal_data["from"]] -= 1
        others = []
        for other in waiting:
            origin = other.internal_data["from"]
            if missing[origin] > 0:
                missing[origin] -= 1
                others.append(other)
        return others, bool(+missing)


class ParallelGateway(Joining, defaults.ParallelGateway):
    """Waits for one token from each incoming flow, and sends one along each outgoing flow."""

    def partners(self, token: Token) -> list[Token] | None:
        """One of each other flow; surplus tokens wait for the next time."""
        others, missing = self._of_other_flows(token, self.arrived(token))
        return None if missing else others


class InclusiveGateway(Choosing, Joining, defaults.InclusiveGateway):
    """Goes on when no other token can still reach an incoming flow that has none; takes every flow whose condition holds.

    BPMN 2.0, section 13.4.3: a token elsewhere is waited for when it can reach an empty incoming flow without passing here, and cannot
    in the same way reach one that has a token already. SpiffWorkflow runs a step twice in nested models and fails in loops.
    """

    looks_again = True

    @cached_property
    def _upstream(self) -> dict[str, frozenset[str]]:
        """For each incoming flow's origin: the steps from which it is reached without passing here."""
        specs = self._wf_spec.task_specs
        found = {}
        for origin in set(self._inputs):
            seen, open_ends = {origin}, [origin]
            while open_ends:
                for earlier in specs[open_ends.pop()].origins:
                    if earlier not in seen and earlier != self.name:
                        seen.add(earlier)
                        open_ends.append(earlier)
            found[origin] = frozenset(seen)
        return found

    def partners(self, token: Token) -> list[Token] | None:
        """One of each other flow that has one, unless somebody is still to come; tokens made in the same moment are not known yet."""
        if token.state != WAITING:
            return None
        waiting = self.arrived(token)
        filled = {other.internal_data["from"] for other in (*waiting, token)}
        if any(self._awaited(other, filled) for other in token.workflow.live.values()):
            return None
        return self._of_other_flows(token, waiting)[0]

    def _awaited(self, other: Token, filled: set[str]) -> bool:
        if other.task_spec is self and other.state == WAITING:
            return False
        name, upstream = other.task_spec.name, self._upstream
        if any(name in upstream[origin] for origin in filled):
            return False
        return any(name in upstream[origin] for origin in upstream.keys() - filled)


class ComplexGateway(InclusiveGateway):
    """Splits as an inclusive gateway does (BPMN 2.0.2, 10.6.5); one that joins is refused."""
