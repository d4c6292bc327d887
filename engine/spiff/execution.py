"""One process instance in memory: start or restore it, tell it facts, run it to its next waits, dump it.

Facts (complete, deliver, fire_timer, work_done, …) only note what came; `run` goes on from there. Apply one fact, then run.
"""

from collections.abc import Mapping
from datetime import datetime
from time import monotonic
from typing import Any
from uuid import UUID

from SpiffWorkflow.bpmn.util.event import BpmnEvent

from engine.problems import Conflict
from engine.spiff import codec
from engine.spiff.calls import Calendars, Failure, ServiceCalls
from engine.spiff.export import export_json, import_json
from engine.spiff.failures import CallsBroken, StepFailed, failure_of
from engine.spiff.instance import Instance
from engine.spiff.migration import migrated, propose_plan
from engine.spiff.moves import change, go_back, move
from engine.spiff.nodes.base import overtaken
from engine.spiff.nodes.beside import Beside
from engine.spiff.nodes.events import OVER, CatchEvent
from engine.spiff.nodes.gateways import Choosing, Joining
from engine.spiff.nodes.tasks import ServiceTask, UserTask, attempt_failed
from engine.spiff.plain import plain, plain_mapping
from engine.spiff.process import CompiledProcess
from engine.spiff.records import Budget, Executed, Outgoing, RunResult, Waits
from engine.spiff.token import ERROR, READY, STARTED, WAITING, Token
from engine.spiff.views import merged
from engine.spiff.waiting import waits_of

_ONE_RUN = Budget()


class Execution:
    """See the module. Not to be shared between threads."""

    def __init__(self, process: CompiledProcess, instance: Instance) -> None:
        self.process = process
        self._instance = instance

    @classmethod
    def start(cls, process: CompiledProcess, variables: Mapping[str, Any], *, now: datetime, element_id: str | None = None) -> "Execution":
        """Put a token on a start event: the one named, else the plain one, else the first. Raises Conflict when there is no such."""
        plain_starts = [start.id for start in process.start_events if start.event is not None and start.event.kind == "none"]
        chosen = element_id or (plain_starts or [process.start_events[0].id])[0]
        if chosen not in {start.id for start in process.start_events}:
            raise Conflict(f"{process.key} has no start event {chosen!r}.", next_step="Name one of its start events.")
        instance = Instance(process)
        instance.now = now
        instance.begin(process.spec.name_of(chosen), plain_mapping(variables, "Variables"))
        return cls(process, instance)

    @classmethod
    def restore(cls, process: CompiledProcess, blob: bytes) -> "Execution":
        """Read what `dump` wrote, with the same version of the process."""
        return cls(process, codec.restore(process, blob))

    def dump(self) -> bytes:
        """The whole state; take the trace before, for it is no part of it."""
        return codec.dump(self._instance)

    def export(self) -> str:
        """The instance as SpiffWorkflow's own serializer stores one. Raises Invalid when a variable cannot travel."""
        return export_json(self._instance)

    @classmethod
    def from_export(cls, process: CompiledProcess, text: str, *, now: datetime) -> "Execution":
        """Read what `export`, or SpiffWorkflow itself, wrote. Raises Invalid when it is of another version of the process."""
        return cls(process, import_json(process, text, now))

    def count_in(self, calendars: Calendars) -> None:
        """Have what comes next, the facts and the run that ends with them, count working time in these calendars."""
        self._instance.calendars = calendars

    def run(self, calls: ServiceCalls, *, now: datetime, budget: Budget = _ONE_RUN, explain: bool = False) -> RunResult:
        """Go on until every path waits or the budget is spent. A step that fails becomes a failed wait; only `calls` can raise.

        With `explain` the trace says what each decision was given.
        """
        instance = self._instance
        instance.now, instance.calls, instance.explains = now, calls, explain
        steps, deadline = 0, monotonic() + budget.seconds
        while instance.urgent or instance.ready:
            token = None
            try:
                for token in iter(instance.next_ready, None):
                    if steps >= budget.steps or monotonic() > deadline:
                        instance.put_back(token)
                        return RunResult(steps, spent=True)
                    steps += 1
                    token.run()
            except CallsBroken as broken:
                raise broken.error from None
            except Exception as error:
                if token is None or token.id not in token.workflow.tasks:
                    raise
                instance.fail(token, failure_of(error, token.task_spec.label))
        self._tell_deadlock()
        return RunResult(steps, spent=False)

    def _tell_deadlock(self) -> None:
        """Joins that wait for tokens that can never come are failures, not waits."""
        if self._instance.completed or waits_of(self._instance, listening=False):
            return
        for token in list(self._instance.tokens):
            if isinstance(token.task_spec, Joining):
                self._instance.fail(
                    token,
                    StepFailed(
                        "deadlock",
                        f"{token.task_spec.label} waits for a flow that nothing can reach any more.",
                        "Skip the gateway to go on without it, or cancel the instance; correct the diagram in a new version.",
                    ),
                )

    def complete(self, task_id: UUID, result: Mapping[str, Any], *, actor: str | None = None, on_behalf_of: str | None = None) -> None:
        """A person did the user task. Raises Conflict when it does not wait, Invalid when the result is not data."""
        token = self._waiting(task_id, UserTask, STARTED)
        given = plain_mapping(result, "The result")
        token.internal_data["actor"] = actor
        if on_behalf_of:
            token.say(on_behalf_of=on_behalf_of)
        token.internal_data["fact"] = given
        token.become(READY)

    def deliver(self, task_id: UUID, payload: Mapping[str, Any] | None) -> None:
        """A message or signal came for a waiting event. Raises Conflict when it does not wait, Invalid when the payload is not data."""
        token = self._waiting(task_id, CatchEvent, WAITING)
        if token.task_spec.event.kind not in {"message", "signal"}:
            raise _conflict(token, "waits for no message")
        token.task_spec.came(token, None if payload is None else plain_mapping(payload, "The payload"))

    def fire_timer(self, task_id: UUID, now: datetime) -> None:
        """The moment of a timer or of a retry has come. Raises Conflict when it has not, or nothing waits for it."""
        token = self._waiting(task_id, CatchEvent | ServiceTask, WAITING | STARTED)
        internal = token.internal_data
        due = internal.get("retry_at") if isinstance(token.task_spec, ServiceTask) else internal.get("wait", {}).get("due")
        if due is None:
            raise _conflict(token, "waits for no timer")
        if datetime.fromisoformat(due) > now:
            raise _conflict(token, f"is not due before {due}")
        self._instance.now = now
        if isinstance(token.task_spec, CatchEvent):
            token.task_spec.came(token, None)
        else:
            token.become(READY)

    def work_done(self, task_id: UUID, result: Mapping[str, Any] | None, *, merged: bool = False) -> None:
        """A service task that ran elsewhere gave its result. Raises Conflict when it does not wait, Invalid when that is not data.

        `merged`: without a result variable each entry becomes a variable.
        """
        token = self._waiting(task_id, ServiceTask, STARTED)
        token.internal_data["fact"] = plain(result)
        if merged:
            token.internal_data["merged"] = True
        token.become(READY)

    def finish(self, task_id: UUID, result: Mapping[str, Any] | None, *, actor: str | None, merged: bool = False) -> None:
        """An operator says what a service task came to, also one that has failed. Raises as `work_done` does."""
        token = self._waiting(task_id, ServiceTask, STARTED | ERROR)
        given = plain(result)
        for name in ("failure", "retry_at"):
            token.internal_data.pop(name, None)
        token.say(by_hand=True)
        token.internal_data |= {"actor": actor, "fact": given, **({"merged": True} if merged else {})}
        token.become(READY)

    def throw_error(self, task_id: UUID, code: str, message: str, variables: Mapping[str, Any] | None = None) -> bool:
        """A step was refused: give that to the nearest error boundary event. False when there is none; then `fail` it."""
        token = self._waiting(task_id, ServiceTask | UserTask, STARTED | ERROR)
        return self._instance.throw_error(token, code, message, plain_mapping(variables or {}, "Variables"))

    def send_back(self, task_id: UUID, code: str, reason: str, *, actor: str | None = None) -> bool:
        """A person does not do the user task but takes the way of its error boundary event; False when there is none."""
        token = self._waiting(task_id, UserTask, STARTED)
        token.internal_data["actor"] = actor
        token.say(sent_back=code, reason=reason)
        return self._instance.throw_error(token, code, reason)

    def fail(self, task_id: UUID, failure: Failure, *, now: datetime) -> None:
        """An attempt made elsewhere failed: wait for the next one, or for an operator. Raises Conflict when it does not wait."""
        token = self._waiting(task_id, ServiceTask, STARTED)
        self._instance.now = now
        try:
            attempt_failed(token, failure)
        except StepFailed as failed:
            self._instance.fail(token, failed)

    def retry(self, task_id: UUID, variables: Mapping[str, Any] | None = None, *, actor: str | None = None) -> None:
        """Do a failed step again, or a waiting attempt at once, with variables that `actor` changes. Raises Conflict when it is neither."""
        token = self._waiting(task_id, object, ERROR | STARTED)
        if token.state == STARTED and "retry_at" not in token.internal_data:
            raise _conflict(token, "has not failed")
        token.write(plain_mapping(variables or {}, "Variables"))
        if variables and actor:
            token.internal_data["actor"] = actor
        token.internal_data.pop("failure", None)
        token.become(READY)

    def skip(self, task_id: UUID, variables: Mapping[str, Any] | None = None, *, actor: str | None = None) -> None:
        """Go on behind a waiting or failed step as if `actor` had done it, with these variables. Raises Conflict when it does not wait."""
        token = self._waiting(task_id, object, ERROR | STARTED | WAITING)
        if isinstance(token.task_spec, Choosing | Beside):
            raise _conflict(token, "cannot be skipped, for it decides where to go")
        given = plain_mapping(variables or {}, "Variables")
        token.empty()
        token.internal_data["actor"] = actor
        token.internal_data.pop("failure", None)
        if isinstance(token.task_spec, CatchEvent):
            token.say(skipped=True)
            token.task_spec.came(token, given)
        else:
            token.internal_data["skip"] = given
            token.become(READY)

    def move(self, task_id: UUID, element_id: str, variables: Mapping[str, Any] | None = None, *, now: datetime) -> None:
        """Give up a waiting or failed step and go on at another element of its scope. Raises Conflict when that cannot be."""
        token = self._waiting(task_id, object, ERROR | STARTED | WAITING)
        given = plain_mapping(variables or {}, "Variables")
        self._instance.now = now
        move(token, element_id, given)

    def go_back(self, element_id: str, variables: Mapping[str, Any], *, now: datetime) -> None:
        """Give up everything and begin again at an element of the process with these variables. Raises Conflict when that cannot be."""
        given = plain_mapping(variables, "Variables")
        self._instance.now = now
        go_back(self._instance, element_id, given)

    def change(self, variables: Mapping[str, Any], *, now: datetime) -> None:
        """Write variables for every step that is under way; what is waited for stays as it is, but for conditions that come true."""
        given = plain_mapping(variables, "Variables")
        self._instance.now = now
        change(self._instance, given)

    def migrate(self, target: CompiledProcess, plan: Mapping[str, str | None] | None = None) -> "Execution":
        """The instance in another version of its process; this one stays as it is. `plan` maps elements that changed their id.

        Raises Conflict with the reasons by element when it cannot go.
        """
        return Execution(target, migrated(self._instance, target, {**propose_plan(self.process, target), **(plan or {})}))

    def cancel(self, *, now: datetime | None = None) -> None:
        """Give up everything that is under way."""
        self._instance.now = now or self._instance.now
        self._instance.final = merged(None, self._instance)
        self._instance.cancel_all()

    def broadcast_signal(self, name: str, payload: Mapping[str, Any] | None = None) -> int:
        """A signal came: every place that waits for it goes on. Answers how many there were."""
        return self._instance.broadcast(name, None if payload is None else plain_mapping(payload, "The payload"))

    def catch(self, event: BpmnEvent) -> None:
        """An event from the SpiffWorkflow world: whoever waits for it goes on. What nobody waits for is kept by the workflow."""
        self._instance.catch(event)

    def element_of(self, task_id: UUID) -> str | None:
        """The element a token stands on; None when it is there no more."""
        token = self._instance.find(task_id)
        return None if token is None or token.task_spec.element is None else token.task_spec.bpmn_id

    def variables_at(self, task_id: UUID) -> Mapping[str, Any]:
        """The variables as one step sees them, those of its turn or branch included. Not to be changed."""
        token = self._instance.find(task_id)
        return self.variables if token is None else token.data

    @property
    def waits(self) -> Waits:
        """All it waits for."""
        return waits_of(self._instance)

    def take_trace(self) -> list[Executed]:
        """What was executed since the last take."""
        trace, self._instance.trace = self._instance.trace, []
        return trace

    def take_outgoing(self) -> list[Outgoing]:
        """What was sent since the last take; what is not taken stays in the state."""
        outgoing, self._instance.outgoing = self._instance.outgoing, []
        return outgoing

    @property
    def variables(self) -> Mapping[str, Any]:
        """The top-level variables now; while branches run, the latest write of each. Not to be changed."""
        instance = self._instance
        return merged(None, instance)[0] if instance.live else instance.final[0]

    @property
    def completed(self) -> bool:
        """Whether it has reached its end."""
        return bool(self._instance.completed)

    def _waiting(self, task_id: UUID, kind: Any, states: int) -> Token:
        token = self._instance.find(task_id)
        if token is None or not isinstance(token.task_spec, kind) or not token.state & states or token.task_spec.element is None:
            raise Conflict(
                "This step does not wait any more: it was done, cancelled or overtaken meanwhile.",
                code="not_waiting",
                next_step="Look at the instance again; nothing was changed.",
            )
        if overtaken(token):
            raise _conflict(token, "was overtaken by another event")
        if not token.internal_data.keys().isdisjoint(OVER):
            raise _conflict(token, "has come already")
        return token


def _conflict(token: Token, why: str) -> Conflict:
    message = f"{token.task_spec.label} {why}."
    return Conflict(
        message, code="not_waiting", next_step="Look at the instance again; nothing was changed.", element_id=token.task_spec.bpmn_id
    )
