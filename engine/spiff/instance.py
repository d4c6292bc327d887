# ruff: noqa: SLF001  # the workflow and its tokens are one thing
"""SpiffWorkflow's workflow without its scans: ready tokens queue up, boundary events first, and one token runs at a time."""

from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

from SpiffWorkflow.bpmn.util.event import BpmnEvent
from SpiffWorkflow.bpmn.util.subworkflow import BpmnBaseWorkflow, BpmnSubWorkflow
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow

from engine.spiff.calls import Calendars, ServiceCalls, no_calendars
from engine.spiff.catching import NearestCatcher
from engine.spiff.failures import StepFailed
from engine.spiff.nodes.definitions import Escalation, Signal, Thrown
from engine.spiff.records import Executed, Outgoing
from engine.spiff.token import BEGINNING, COMPLETED, ERROR, LIVE, NOTHING, READY, WAITING, Token
from engine.spiff.undoable import Undoable


class Scope(BpmnBaseWorkflow):
    """What an instance and each of its running subprocesses have in common: a tree of tokens and the living ones among them."""

    #: Whether a condition may be waited for somewhere in the instance.
    asks = False

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self.live: dict[str, Token] = {}
        self.final: tuple[Mapping[str, Any], Mapping[str, int]] = (NOTHING, NOTHING)
        #: The token that has reached the end and waits for the others.
        self.at_end: Token | None = None
        #: What was done and can be undone, in the order in which it was done.
        self.ledger: list[Undoable] = []
        super().__init__(*arguments, deserializing=True, **options)

    def plant(self, state: int = COMPLETED) -> Token:
        """Begin the tree with its root, and nothing else."""
        self.tasks.clear()
        self.task_tree: Token = Token(self, self.spec.start, state=state)
        self.task_tree.data = {}
        return self.task_tree

    def enter(self, token: Token, before: int) -> None:
        """A token begins to live, or goes on to."""
        if not before & LIVE:
            self.live[token.id], token.started_at = token, self.top_workflow.now
        if token._state == READY:
            self.top_workflow.enqueue(token)

    def update_waiting_tasks(self) -> None:
        """After every completion: whoever waits for others looks again; the scope ends when only the end is left."""
        if self.at_end is not None or self.spec.has_looking or self.asks:
            self._look_again()

    def _look_again(self) -> None:
        for token in [token for token in self.live.values() if token.task_spec.looks_again]:
            if token._state == WAITING:
                token.task_spec._update(token)
        end = self.at_end
        if end is not None and (len(self.live) == 1 or self.spec.listeners) and end._state == WAITING:
            end.task_spec._update(end)
        if self.asks:
            self.top_workflow.event_manager.ask_conditions()

    def _task_completed_notify(self, task: Token) -> None:
        """Something is done: it is noted, and has left the tree when the next begins."""
        self.top_workflow.note(task, "skipped" if task.detail and "skipped" in task.detail else "completed")
        super()._task_completed_notify(task)
        if not task.task_spec.keeps_place:
            task.retire()

    def _mark_complete(self, task: Token) -> None:
        super()._mark_complete(task)
        self.at_end = None
        self.final = (task.data, task.stamps)

    def collect_log_extras(self, dct: dict[str, Any] | None = None) -> dict[str, Any]:
        """Nothing is logged from here; the history says it."""
        return dct or {}

    def give_up_all_but(self, token: Token) -> None:
        """Cancel everything else below the root."""
        for child in self.task_tree.children:
            if child is not token and child.id in self.tasks:
                child.cancel()
        self.at_end = None

    def cancel_all(self) -> None:
        """Cancel every token."""
        for child in self.task_tree.children:
            if child.id in self.tasks:
                child.cancel()
        self.at_end = None


class Instance(Scope, BpmnWorkflow):
    """The top of one running process."""

    def __init__(self, process: Any) -> None:
        self.now = BEGINNING
        #: How many writes there were: it stamps each.
        self.stamp = 0
        self.ready: deque[Token] = deque()
        self.urgent: deque[Token] = deque()
        self.trace: list[Executed] = []
        self.outgoing: list[Outgoing] = []
        self.calls: ServiceCalls | None = None
        self.calendars: Calendars = no_calendars
        #: Decisions say in the trace what they were given: for a dry run, whose trace is kept nowhere.
        self.explains = False
        self.process, self.asks = process, process.has_conditions
        super().__init__(process.spec, process.scopes, script_engine=process.script_engine)
        self.event_manager = NearestCatcher(self)

    def begin(self, start_event: str, data: Mapping[str, Any]) -> None:
        """Put the first token on a start event."""
        root = self.plant(READY)
        root.data, root.internal_data["start"] = data, start_event
        root.run()

    def enqueue(self, token: Token) -> None:
        """A token became ready."""
        (self.urgent if token.task_spec.urgent else self.ready).append(token)

    def next_ready(self) -> Token | None:
        """The next token to run: boundary events first, then in the order they became ready."""
        while queue := self.urgent or self.ready:
            if (token := queue.popleft())._state == READY:
                return token
        return None

    def put_back(self, token: Token) -> None:
        """The token is to be the next again."""
        (self.urgent if token.task_spec.urgent else self.ready).appendleft(token)

    def do_engine_steps(self, will_complete_task: Any = None, did_complete_task: Any = None) -> None:
        """One token at a time until everything waits. SpiffWorkflow looks through the tree, and lets what was interrupted run on."""
        while (token := self.next_ready()) is not None:
            if will_complete_task:
                will_complete_task(token)
            token.run()
            if did_complete_task:
                did_complete_task(token)

    def create_subprocess(self, my_task: Token, spec_name: str) -> "SubInstance":
        """Open the scope of a subprocess or called process."""
        scope = SubInstance(self.subprocess_specs[spec_name], my_task, self)
        self.subprocesses[my_task.id] = scope
        return scope

    def reopen_subprocess(self, activity: Token, spec_name: str) -> "SubInstance":
        """The scope of one that is under way already: of a stored state, or in another version."""
        scope = self.create_subprocess(activity, spec_name)
        scope.completed_event.connect(activity.task_spec._on_subworkflow_completed, activity)
        return scope

    @property
    def all_scopes(self) -> Iterator[Scope]:
        """The top and every open subprocess."""
        yield self
        yield from self.subprocesses.values()

    def find(self, task_id: UUID | str) -> Token | None:
        """The token of this id anywhere in the instance."""
        key = task_id if isinstance(task_id, str) else task_id.hex
        for scope in self.all_scopes:
            token: Token | None = scope.tasks.get(key)
            if token is not None:
                return token
        return None

    @property
    def tokens(self) -> Iterator[Token]:
        """Every living token of every scope, in the order they began to live."""
        for scope in list(self.all_scopes):
            yield from list(scope.live.values())

    def throw_error(self, token: Token, code: str, reason: str, variables: Mapping[str, Any] = NOTHING) -> bool:
        """Give an error to the nearest error boundary event, with variables that go on there; False when there is none."""
        return self.event_manager.catch(Thrown(token, code, reason, variables)) > 0

    def escalate(self, token: Token, code: str | None, payload: Any) -> bool:
        """Give an escalation to the nearest boundary event for it; False when there is none, which is no fault."""
        event = BpmnEvent(Escalation(code, code), {"code": code, "payload": payload}, target=token)
        return self.event_manager.catch(event) > 0

    def broadcast(self, name: str, payload: Any) -> int:
        """Give a signal to every place that waits for it; answer how many there were."""
        return self.event_manager.catch(BpmnEvent(Signal(name), payload), internal=False)

    def note(self, token: Token, outcome: str, detail: Mapping[str, Any] | None = None) -> None:
        """Write a line of history, unless the step is one of our own and not of the drawing."""
        drawn, internal, found = token.task_spec.told, token.internal_data, token.detail or {}
        if drawn is None:
            return
        if detail or "index" in internal:
            found = {**found, **({"index": internal["index"]} if "index" in internal else {}), **(detail or {})}
        when, by = (token.started_at, self.now), (internal.get("attempt", 1), internal.get("actor"))
        self.trace.append(Executed(UUID(hex=token.id), *drawn, outcome, *when, token.changed or {}, found, *by))  # type: ignore[call-arg]

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


class SubInstance(Scope, BpmnSubWorkflow):
    """The scope of a running subprocess or called process."""

    def __init__(self, spec: Any, activity: Token, top: Instance) -> None:
        self.activity, self.asks = activity, top.asks
        super().__init__(spec, activity.id, top)
        self.plant(READY)

    def _calculate_depth(self) -> int:
        return int(self.activity.workflow.depth) + 1

    @property
    def parent_workflow(self) -> Scope:
        """The scope around."""
        scope: Scope = self.activity.workflow
        return scope
