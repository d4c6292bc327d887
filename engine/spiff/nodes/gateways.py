"""Gateways. Tokens that arrive at a join wait there until the others are there too; nothing is searched for in the past."""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from engine.spiff.elements import Element
from engine.spiff.failures import StepFailed
from engine.spiff.nodes.base import Drawn, Node, now_of
from engine.spiff.token import CANCELLED, READY, WAITING, Token


@dataclass(frozen=True, slots=True)
class Flow:
    """A sequence flow out of a gateway."""

    id: str
    target: str
    holds: Callable[[Any, datetime], bool] | None
    is_default: bool


class Choosing(Drawn):
    """What gateways with conditions share: flows in document order, and what was chosen in the history."""

    def __init__(self, wf_spec: Any, name: str, *, element: Element, **options: Any) -> None:
        super().__init__(wf_spec, name, element=element, **options)
        self.flows: list[Flow] = []

    def add_flow(self, flow: Flow, target: Node) -> None:
        """Connect what a flow leads to."""
        self.connect(target)
        self.flows.append(flow)

    def choose(self, token: Token, chosen: list[Flow]) -> bool:
        """Go on along these flows, or the default one. Raises StepFailed when there is none."""
        flows = chosen or [flow for flow in self.flows if flow.is_default]
        if not flows:
            raise StepFailed(
                "no_flow",
                f"No condition of {self.label} holds, and it has no default flow.",
                "Correct the variables the conditions read and retry, or give the gateway a default flow in a new version.",
            )
        token.internal_data["chosen"] = [flow.target for flow in flows]
        if len(self.flows) > 1:
            token.say(flows=[flow.id for flow in flows])
        return True

    def going_to(self, token: Token) -> Sequence[Node]:
        """Only what was chosen."""
        specs = self._wf_spec.task_specs
        return [specs[target] for target in token.internal_data["chosen"]]


class ExclusiveGateway(Choosing):
    """Takes the first flow whose condition holds, in document order."""

    def act(self, token: Token) -> bool:
        """Choose one."""
        data, now = token.data, now_of(token)
        first = next((flow for flow in self.flows if flow.holds is not None and flow.holds(data, now)), None)
        return self.choose(token, [] if first is None else [first])


class Joining(Node, ABC):
    """What joins share: arriving tokens wait, and one of them goes on with the variables of all."""

    def arrive(self, my_task: Token) -> None:
        """Wait, and remember by which flow."""
        my_task.internal_data["from"] = my_task.above.task_spec.name
        my_task.become(WAITING)

    @abstractmethod
    def look_again(self, token: Token) -> None:
        """Go on if everything is there."""

    def arrived(self, token: Token) -> list[Token]:
        """The tokens that wait here, in the order they came."""
        return [other for other in token.workflow.live.values() if other.task_spec is self and other.state == WAITING]

    def go_on(self, token: Token, others: list[Token]) -> None:
        """Take the others' variables and go on."""
        for other in others:
            token.take_over(other.data, other.stamps)
            other.become(CANCELLED)
            other.retire()
        token.become(READY)


class ParallelGateway(Joining):
    """Waits for one token from each incoming flow, and sends one along each outgoing flow."""

    @cached_property
    def _wanted(self) -> Counter[str]:
        return Counter(self.origins)

    def arrive(self, my_task: Token) -> None:
        """Wait if there is anybody to wait for."""
        if len(self.origins) > 1:
            super().arrive(my_task)
            self.look_again(my_task)
        else:
            my_task.become(READY)

    def look_again(self, token: Token) -> None:
        """Go on when one token of each incoming flow is there; surplus tokens wait for the next time."""
        missing = Counter(self._wanted)
        missing[token.internal_data["from"]] -= 1
        others = []
        for other in self.arrived(token):
            origin = other.internal_data["from"]
            if other is not token and missing[origin] > 0:
                missing[origin] -= 1
                others.append(other)
        if not +missing:
            self.go_on(token, others)


class InclusiveGateway(Choosing, Joining):
    """Goes on when no other token can still reach an incoming flow that has none; takes every flow whose condition holds.

    BPMN 2.0, section 13.4.3: a token elsewhere is waited for when it can reach an empty incoming flow without passing here, and cannot
    in the same way reach one that has a token already.
    """

    looks_again = True

    def act(self, token: Token) -> bool:
        """Choose every flow that holds."""
        data, now = token.data, now_of(token)
        return self.choose(token, [flow for flow in self.flows if flow.holds is not None and flow.holds(data, now)])

    def arrive(self, my_task: Token) -> None:
        """Wait if there is anybody to wait for."""
        if len(self.origins) > 1:
            super().arrive(my_task)
        else:
            my_task.become(READY)

    @cached_property
    def _upstream(self) -> dict[str, frozenset[str]]:
        """For each incoming flow's origin: the nodes from which it is reached without passing here."""
        specs = self._wf_spec.task_specs
        found = {}
        for origin in set(self.origins):
            seen, open_ends = {origin}, [origin]
            while open_ends:
                for earlier in specs[open_ends.pop()].origins:
                    if earlier not in seen and earlier != self.name:
                        seen.add(earlier)
                        open_ends.append(earlier)
            found[origin] = frozenset(seen)
        return found

    def look_again(self, token: Token) -> None:
        """Go on unless somebody is still to come."""
        waiting = self.arrived(token)
        filled = {other.internal_data["from"] for other in waiting}
        if any(self._awaited(other, filled) for other in token.workflow.live.values()):
            return
        by_origin = {other.internal_data["from"]: other for other in reversed(waiting)}
        by_origin[token.internal_data["from"]] = token
        self.go_on(token, [other for other in by_origin.values() if other is not token])

    def _awaited(self, other: Token, filled: set[str]) -> bool:
        if other.task_spec is self and other.state == WAITING:
            return False
        name, upstream = other.task_spec.name, self._upstream
        if any(name in upstream[origin] for origin in filled):
            return False
        return any(name in upstream[origin] for origin in upstream.keys() - filled)
