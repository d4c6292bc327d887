"""SpiffWorkflow's workflow without its scans: ready tokens queue up, boundary events first, and one token runs at a time."""

from collections import deque
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from SpiffWorkflow.bpmn.util.subworkflow import BpmnSubWorkflow
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow

from engine.spiff.calls import ServiceCalls
from engine.spiff.failures import StepFailed
from engine.spiff.nodes.boundary import catcher, overtaken
from engine.spiff.nodes.events import CatchEvent
from engine.spiff.records import Executed, Outgoing
from engine.spiff.token import COMPLETED, ERROR, NOTHING, READY, WAITING, Token

_BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Scope:
    """What an instance and each of its running subprocesses have in common: a tree of tokens and the living ones among them."""

    spec: Any
    tasks: dict[UUID, Token]
    task_tree: Token
    completed: bool

    def prepare(self) -> None:
        """Begin empty."""
        self.live: dict[UUID, Token] = {}
        self.final: tuple[Mapping[str, Any], Mapping[str, int]] = (NOTHING, NOTHING)
        #: The token that has reached the end and waits for the others.
        self.at_end: Token | None = None

    def begin(self, start_event: str, data: Mapping[str, Any], stamps: Mapping[str, int]) -> None:
        """Put the first token on a start event."""
        root = Token(self, self.spec.start)
        root.data, root.stamps = data, stamps
        root.place(COMPLETED)
        self.task_tree = root
        Token(self, self.spec.task_specs[start_event], root).become(READY)

    def begin_nothing(self) -> None:
        """An ended instance has a root and nothing else."""
        root = Token(self, self.spec.start)
        root.place(COMPLETED)
        self.task_tree = root

    def settle(self) -> None:
        """After every completion: whoever waits for others looks again; the scope ends when only the end is left."""
        if self.spec.has_looking:
            for token in [token for token in self.live.values() if token.task_spec.looks_again]:
                if token.state == WAITING:
                    token.task_spec.look_again(token)
        if self.at_end is not None and len(self.live) == 1:
            self.finish(self.at_end)

    def finish(self, token: Token) -> None:
        """The scope is done; its variables are the token's."""
        self.completed = True
        self.at_end = None
        self.final = (token.data, token.stamps)
        token.become(COMPLETED)
        token.retire()

    def cancel_all(self) -> None:
        """Cancel every token."""
        for child in self.task_tree.below:
            if child.id in self.tasks:
                child.cancel()
        self.at_end = None


class Instance(Scope, BpmnWorkflow):  # type: ignore[misc]  # SpiffWorkflow has no types
    """The top of one running process."""

    def __init__(self, process: Any) -> None:
        self.now = _BEGINNING
        self.stamp = 0
        self.ready: deque[Token] = deque()
        self.urgent: deque[Token] = deque()
        self.trace: list[Executed] = []
        self.outgoing: list[Outgoing] = []
        self.calls: ServiceCalls | None = None
        #: Decisions say in the trace what they were given: for a dry run, whose trace is kept nowhere.
        self.explains = False
        self.process = process
        super().__init__(process.spec, process.scopes, script_engine=process.script_engine, deserializing=True)
        self.prepare()

    def enqueue(self, token: Token) -> None:
        """A token became ready."""
        (self.urgent if token.task_spec.urgent else self.ready).append(token)

    def next_ready(self) -> Token | None:
        """The next token to run: boundary events first, then in the order they became ready."""
        for queue in (self.urgent, self.ready):
            while queue:
                token = queue.popleft()
                if token.state == READY:
                    return token
        return None

    def put_back(self, token: Token) -> None:
        """The token is to be the next again."""
        (self.urgent if token.task_spec.urgent else self.ready).appendleft(token)

    def next_stamp(self) -> int:
        """A number that only grows: the order of writes."""
        self.stamp += 1
        return self.stamp

    def create_subprocess(self, my_task: Token, spec_name: str) -> "SubInstance":
        """Open the scope of a subprocess or called process."""
        scope = SubInstance(self.subprocess_specs[spec_name], my_task, self)
        self.subprocesses[my_task.id] = scope
        return scope

    @property
    def all_scopes(self) -> Iterator[Scope]:
        """The top and every open subprocess."""
        yield self
        yield from self.subprocesses.values()

    def find(self, task_id: UUID) -> Token | None:
        """The token of this id anywhere in the instance."""
        for scope in self.all_scopes:
            token = scope.tasks.get(task_id)
            if token is not None:
                return token
        return None

    @property
    def tokens(self) -> Iterator[Token]:
        """Every living token of every scope, in the order they began to live."""
        for scope in list(self.all_scopes):
            yield from list(scope.live.values())

    def throw_error(self, token: Token, code: str, reason: str, variables: Mapping[str, Any] = NOTHING) -> bool:
        """Give an error to the nearest error boundary event; False when there is none."""
        listener = catcher(token, "error", code)
        if listener is None:
            return False
        listener.write(variables)
        listener.internal_data["refusal"] = {"code": code, "reason": reason, "by": token.id.hex}
        listener.task_spec.came(listener, {"code": code, "message": reason})
        return True

    def escalate(self, token: Token, code: str | None, payload: Any) -> bool:
        """Give an escalation to the nearest boundary event for it; False when there is none, which is no fault."""
        listener = catcher(token, "escalation", code)
        if listener is None:
            return False
        listener.task_spec.came(listener, {"code": code, "payload": payload})
        return True

    def broadcast(self, name: str, payload: Any) -> int:
        """Give a signal to every place that waits for it; answer how many there were."""
        places = [token for token in self.tokens if token.state == WAITING and _waits_for_signal(token, name)]
        for token in places:
            if not overtaken(token):
                token.task_spec.came(token, payload)
        return len(places)

    def note(self, token: Token, outcome: str, detail: Mapping[str, Any] | None = None) -> None:
        """Write a line of history, unless the step is one of our own and not of the drawing."""
        element = token.task_spec.element
        if element is None:
            return
        internal = token.internal_data
        found: dict[str, Any] = dict(token.detail or {})
        if "index" in internal:
            found["index"] = internal["index"]
        found.update(detail or {})
        self.trace.append(
            Executed(
                token.id,
                element.id,
                element.name,
                element.type,
                outcome,
                token.started_at,
                self.now,
                token.changed or {},
                found,
                internal.get("attempt", 1),
                internal.get("actor"),
            )
        )

    def note_cancelled(self, token: Token) -> None:
        """A step that was under way is given up; events that merely waited are not worth a line."""
        if token.task_spec.is_activity and "noted" not in token.internal_data:
            self.note(token, "cancelled")

    def fail(self, token: Token, failure: StepFailed) -> None:
        """The step stays where it is, failed, until an operator or a boundary event takes it on."""
        internal = token.internal_data
        internal["failure"] = {
            "kind": failure.kind,
            "message": failure.message,
            "next_step": failure.next_step,
            "traceback": failure.traceback,
        }
        token.become(ERROR)
        self.note(token, "failed", {"kind": failure.kind, "message": failure.message})


def _waits_for_signal(token: Token, name: str) -> bool:
    spec = token.task_spec
    return isinstance(spec, CatchEvent) and spec.event.kind == "signal" and spec.event.name == name


class SubInstance(Scope, BpmnSubWorkflow):  # type: ignore[misc]  # SpiffWorkflow has no types
    """The scope of a running subprocess or called process."""

    def __init__(self, spec: Any, activity: Token, top: Instance) -> None:
        self.activity = activity
        super().__init__(spec, activity.id, top, deserializing=True)
        self.prepare()

    def _calculate_depth(self) -> int:
        return int(self.activity.workflow.depth) + 1

    @property
    def parent_workflow(self) -> Scope:
        """The scope around."""
        scope: Scope = self.activity.workflow
        return scope

    def finish(self, token: Token) -> None:
        """Give the variables to the activity and go on there."""
        super().finish(token)
        activity = self.activity
        self.top_workflow.subprocesses.pop(activity.id)
        activity.data, activity.stamps = self.final
        activity.complete()
