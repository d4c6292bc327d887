"""Runs a scenario (see bpmn/README.md) on a checked and compiled process, with the answers of its service tasks written in it."""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, make_dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from lxml import etree

from engine.feel import after
from engine.forms import validate
from engine.models.bundle import Bundle
from engine.models.check import CheckedBundle
from engine.service_tasks import ServiceTasks
from engine.spiff.calls import CallOutcome, Done, Refusal, ServiceCall
from engine.spiff.execution import Execution
from engine.spiff.plain import key_mapping
from engine.spiff.process import CompiledProcess
from engine.spiff.records import Outgoing, Subscription, UserTaskWait

BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
SPIFF = "{http://spiffworkflow.org/bpmn/schema/1.0/core}"


def read_scenario(content: bytes) -> dict[str, Any]:
    """Amounts stay exact."""
    scenario: dict[str, Any] = json.loads(content, parse_float=Decimal)
    return scenario


def scenario_files(root: Path) -> list[Path]:
    return sorted(root.glob("*/*.scenario.json"))


def service_tasks_of(bundle: Bundle) -> ServiceTasks:
    """Stand-ins with the very names, parameters and errors that the diagrams of a bundle use."""
    parameters: dict[str, set[str]] = defaultdict(set)
    errors: dict[str, set[str]] = defaultdict(set)
    for path, content in bundle.files.items():
        if path.endswith(".bpmn"):
            root = etree.fromstring(content)
            for task in root.iter(f"{BPMN}serviceTask"):
                operator = next(task.iter(f"{SPIFF}serviceTaskOperator"))
                parameters[operator.get("id")].update(item.get("id") for item in operator.iter(f"{SPIFF}parameter"))
                errors[operator.get("id")].update(_caught(root, task.get("id")))
    tasks = ServiceTasks()
    for name, given in parameters.items():
        tasks.register(name, errors=tuple(sorted(errors[name])))(_stand_in(sorted(given)))
    return tasks


def _caught(root: Any, task_id: str) -> Iterator[str]:
    task = next(each for each in root.iter(f"{BPMN}serviceTask") if each.get("id") == task_id)
    around = {task_id, *(box.get("id") for box in task.iterancestors(f"{BPMN}subProcess"))}
    codes = {error.get("id"): error.get("errorCode") for error in root.iter(f"{BPMN}error")}
    for event in root.iter(f"{BPMN}boundaryEvent"):
        for definition in event.iter(f"{BPMN}errorEventDefinition"):
            if event.get("attachedToRef") in around:
                yield codes[definition.get("errorRef")]


def _stand_in(names: Sequence[str]) -> Any:
    def answer(given: Any) -> None:
        raise AssertionError("A scenario answers in its place.")

    answer.__annotations__ = {"given": make_dataclass("Given", [(name, object) for name in names], frozen=True), "return": type(None)}
    return answer


@dataclass
class Answers:
    """The answers of the service tasks, in the order of the scenario; the last one is given again and again."""

    by_handler: Mapping[str, Any]
    asked: list[ServiceCall] = field(default_factory=list)

    def call(self, request: ServiceCall) -> CallOutcome:
        before = sum(1 for call in self.asked if call.handler == request.handler)
        self.asked.append(request)
        answer = self.by_handler.get(request.handler)
        if isinstance(answer, list):
            answer = answer[min(before, len(answer) - 1)]
        if isinstance(answer, dict) and "refused" in answer:
            return Refusal(answer["refused"], answer.get("reason", ""))
        return Done(answer)


class Rehearsal:
    """One scenario on the stage: it is saved and restored before every step, as it would be between two transactions."""

    def __init__(self, checked: CheckedBundle, scenario: Mapping[str, Any]) -> None:
        assert checked.ok, [finding.message for finding in checked.findings]
        self.process: CompiledProcess = next(item for item in checked.processes if item.key == scenario["process"])
        self.forms = checked.forms
        self.now = datetime.fromisoformat(scenario["now"])
        self.answers = Answers(scenario.get("answers", {}))
        self.path: list[str] = []
        self.sent: list[Outgoing] = []
        self.execution = Execution.start(self.process, scenario["given"], now=self.now, element_id=scenario.get("begins_at"))
        self._run()

    def _run(self) -> None:
        self.execution.run(self.answers, now=self.now)
        self.sent += self.execution.take_outgoing()
        self.path += [entry.element_id for entry in self.execution.take_trace() if entry.outcome in {"completed", "refused"}]
        failed = self.execution.waits.failed
        assert not failed, f"{failed[0].element_id} failed: {failed[0].message} {failed[0].next_step}"
        if not self.execution.completed:
            self.execution = Execution.restore(self.process, self.execution.dump())

    def play(self, step: Mapping[str, Any]) -> None:
        """A step is what a person does, a message that comes, or time that passes."""
        if "person" in step:
            self._does(step)
        elif "message" in step:
            self._comes(step)
        else:
            self._passes(after(self.now, step["clock"], UTC))

    def _does(self, step: Mapping[str, Any]) -> None:
        task = next((task for task in self.execution.waits.user_tasks if task.element_id == step["person"]), None)
        assert task is not None, f"{step['person']} is not to be done; {self.waiting()}"
        assert step.get("group", task.candidate_groups[0]) in task.candidate_groups, (
            f"{step['person']} is offered to {task.candidate_groups}"
        )
        _sees(task, step.get("sees", {}))
        form = self.forms[str(task.form_key)]
        submission = validate(form, step["does"], task.form_data, now=self.now)
        assert submission.ok, f"The form {task.form_key} refuses this: {submission.errors}"
        assert step["does"].items() <= submission.data.items(), f"The form {task.form_key} drops some of {step['does']}"
        self.execution.complete(task.task_id, submission.data, actor=step.get("as"))
        self._run()

    def _comes(self, step: Mapping[str, Any]) -> None:
        waiting = (wait for wait in self.execution.waits.subscriptions if _meant(wait, step))
        found = next(waiting, None)
        assert found is not None, f"Nothing waits for {step['message']} {step['correlation']}; {self.waiting()}"
        self.execution.deliver(found.task_id, step.get("payload", {}))
        self._run()

    def _passes(self, until: datetime) -> None:
        while True:
            due = sorted((timer for timer in self.execution.waits.timers if timer.due_at <= until), key=lambda timer: timer.due_at)
            if not due:
                break
            self.now = max(self.now, due[0].due_at)
            self.execution.fire_timer(due[0].task_id, self.now)
            self._run()
        self.now = until

    def waiting(self) -> str:
        waits = self.execution.waits
        found = [item.element_id for item in (*waits.user_tasks, *waits.timers, *waits.subscriptions, *waits.work)]
        return f"it waits at {', '.join(found) or 'its end'}"


def _meant(wait: Subscription, step: Mapping[str, Any]) -> bool:
    return wait.name == step["message"] and wait.correlation.items() <= key_mapping(step["correlation"], "the scenario").items()


def _sees(task: UserTaskWait, expected: Mapping[str, Any]) -> None:
    for name, value in expected.items():
        assert task.form_data.get(name) == value, f"{task.element_id} shows {name} as {task.form_data.get(name)!r}, not {value!r}"


def play(checked: CheckedBundle, scenario: Mapping[str, Any]) -> Rehearsal:
    """Play a scenario from its beginning to its last step."""
    rehearsal = Rehearsal(checked, scenario)
    for step in scenario.get("steps", ()):
        rehearsal.play(step)
    return rehearsal
