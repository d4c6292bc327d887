"""Draws small processes as BPMN and plays them, at once or restored from their bytes after every single element."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from weakref import WeakKeyDictionary
from xml.sax.saxutils import escape, quoteattr

from lxml import etree

from engine.spiff.calls import CallOutcome, Done, ServiceCall
from engine.spiff.execution import Execution
from engine.spiff.process import CompiledProcess, NormalisedFile, compile_process
from engine.spiff.records import Budget, Executed, Outgoing

MONDAY = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
_NAMESPACES = (
    'xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
    'xmlns:spiffworkflow="http://spiffworkflow.org/bpmn/schema/1.0/core" id="definitions" targetNamespace="urn:ordercraft:test"'
)
_DRAWN: WeakKeyDictionary[CompiledProcess, etree._Element] = WeakKeyDictionary()


def definitions(body: str) -> etree._Element:
    return etree.fromstring(f"<bpmn:definitions {_NAMESPACES}>{body}</bpmn:definitions>")


def process(*parts: str, key: str = "order", beside: str = "", **options: Any) -> CompiledProcess:
    """Compile the process `order` made of these parts; `beside` are messages, errors and other processes of the file."""
    tree = definitions(f'<bpmn:process id="{key}" isExecutable="true">{"".join(parts)}</bpmn:process>{beside}')
    compiled = compile_process([NormalisedFile("order.bpmn", tree)], key, options.pop("decisions", {}), **options)
    _DRAWN[compiled] = tree
    return compiled


def drawn_as(compiled: CompiledProcess) -> etree._Element:
    """The drawing that `process` made one of."""
    return _DRAWN[compiled]


def called(key: str, *parts: str) -> str:
    return f'<bpmn:process id="{key}" isExecutable="true">{"".join(parts)}</bpmn:process>'


def _extensions(inner: str, properties: Mapping[str, str]) -> str:
    if properties:
        rows = "".join(f"<spiffworkflow:property name={quoteattr(name)} value={quoteattr(text)}/>" for name, text in properties.items())
        inner += f"<spiffworkflow:properties>{rows}</spiffworkflow:properties>"
    return f"<bpmn:extensionElements>{inner}</bpmn:extensionElements>" if inner else ""


def node(tag: str, identity: str, inner: str = "", *, attributes: str = "", extension: str = "", **properties: str) -> str:
    return f'<bpmn:{tag} id="{identity}" {attributes}>{_extensions(extension, properties)}{inner}</bpmn:{tag}>'


def start(identity: str = "start", inner: str = "") -> str:
    return node("startEvent", identity, inner)


def end(identity: str = "end", inner: str = "", **properties: str) -> str:
    return node("endEvent", identity, inner, **properties)


def script(identity: str, body: str, repeat: str = "") -> str:
    return node("scriptTask", identity, f"{repeat}<bpmn:script>{escape(body)}</bpmn:script>")


def service(
    identity: str, handler: str = "orders.price", result: str = "", parameters: Mapping[str, str] | None = None, **more: str
) -> str:
    rows = "".join(
        f'<spiffworkflow:parameter id="{name}" type="str" value={quoteattr(text)}/>' for name, text in (parameters or {}).items()
    )
    variable = f' resultVariable="{result}"' if result else ""
    operator = (
        f'<spiffworkflow:serviceTaskOperator id="{handler}"{variable}>'
        f"<spiffworkflow:parameters>{rows}</spiffworkflow:parameters></spiffworkflow:serviceTaskOperator>"
    )
    return node("serviceTask", identity, more.pop("repeat", ""), extension=operator, **more)


def user(identity: str, repeat: str = "", **properties: str) -> str:
    return node("userTask", identity, repeat, **properties)


def xor(identity: str, default: str = "") -> str:
    return node("exclusiveGateway", identity, attributes=f'default="{default}"' if default else "")


def fork(identity: str) -> str:
    return node("parallelGateway", identity)


def either(identity: str, default: str = "") -> str:
    return node("inclusiveGateway", identity, attributes=f'default="{default}"' if default else "")


def race(identity: str) -> str:
    return node("eventBasedGateway", identity)


def message(name: str) -> str:
    return f'<bpmn:messageEventDefinition messageRef="message_{name.replace(".", "_")}"/>'


def signal(name: str) -> str:
    return f'<bpmn:signalEventDefinition signalRef="signal_{name}"/>'


def error(code: str = "") -> str:
    return f'<bpmn:errorEventDefinition errorRef="error_{code}"/>' if code else "<bpmn:errorEventDefinition/>"


def escalation(code: str) -> str:
    return f'<bpmn:escalationEventDefinition escalationRef="escalation_{code}"/>'


def timer(text: str, kind: str = "timeDuration") -> str:
    moment = f'<bpmn:{kind} xsi:type="bpmn:tFormalExpression">{escape(text)}</bpmn:{kind}>'
    return f"<bpmn:timerEventDefinition>{moment}</bpmn:timerEventDefinition>"


def becomes(condition: str) -> str:
    """A condition that an event waits for."""
    text = f'<bpmn:condition xsi:type="bpmn:tFormalExpression">{escape(condition)}</bpmn:condition>'
    return f"<bpmn:conditionalEventDefinition>{text}</bpmn:conditionalEventDefinition>"


def named(*, messages: str = "", signals: str = "", errors: str = "", escalations: str = "") -> str:
    """The messages, signals, errors and escalations of a file, by names with spaces between."""
    return "".join(
        [
            *(f'<bpmn:message id="message_{name.replace(".", "_")}" name="{name}"/>' for name in messages.split()),
            *(f'<bpmn:signal id="signal_{name}" name="{name}"/>' for name in signals.split()),
            *(f'<bpmn:error id="error_{code}" name="{code}" errorCode="{code}"/>' for code in errors.split()),
            *(f'<bpmn:escalation id="escalation_{code}" name="{code}" escalationCode="{code}"/>' for code in escalations.split()),
        ]
    )


def catch(identity: str, inner: str, **properties: str) -> str:
    return node("intermediateCatchEvent", identity, inner, **properties)


def throw(identity: str, inner: str, **properties: str) -> str:
    return node("intermediateThrowEvent", identity, inner, **properties)


def boundary(identity: str, activity: str, inner: str, *, interrupting: bool = True, **properties: str) -> str:
    attributes = f'attachedToRef="{activity}" cancelActivity="{str(interrupting).lower()}"'
    return node("boundaryEvent", identity, inner, attributes=attributes, **properties)


def subprocess(identity: str, *parts: str, repeat: str = "") -> str:
    return node("subProcess", identity, repeat + "".join(parts))


def on_event(identity: str, *parts: str) -> str:
    """An event subprocess; `hears` is its start event."""
    return node("subProcess", identity, "".join(parts), attributes='triggeredByEvent="true"')


def hears(identity: str, inner: str, *, interrupting: bool = True, **properties: str) -> str:
    return node("startEvent", identity, inner, attributes=f'isInterrupting="{str(interrupting).lower()}"', **properties)


def call(identity: str, key: str) -> str:
    return node("callActivity", identity, attributes=f'calledElement="{key}"')


def each(items: str, item: str, output: str = "", result: str = "", **how: Any) -> str:
    """A multi-instance over a list; `sequential` and `until` say how."""
    until = how.get("until", "")
    parts = f"<bpmn:loopDataInputRef>{items}</bpmn:loopDataInputRef>"
    parts += f"<bpmn:loopDataOutputRef>{output}</bpmn:loopDataOutputRef>" if output else ""
    parts += f'<bpmn:inputDataItem id="{item}" name="{item}"/>'
    parts += f'<bpmn:outputDataItem id="{result}" name="{result}"/>' if result else ""
    parts += f"<bpmn:completionCondition>{escape(until)}</bpmn:completionCondition>" if until else ""
    return _repeated(parts, sequential=how.get("sequential", False))


def times(number: str, *, sequential: bool = False) -> str:
    return _repeated(f"<bpmn:loopCardinality>{number}</bpmn:loopCardinality>", sequential=sequential)


def _repeated(parts: str, *, sequential: bool) -> str:
    flag = ' isSequential="true"' if sequential else ""
    return f"<bpmn:multiInstanceLoopCharacteristics{flag}>{parts}</bpmn:multiInstanceLoopCharacteristics>"


def loop(holds: str, *, test_before: bool = False, maximum: int | None = None) -> str:
    limit = f' loopMaximum="{maximum}"' if maximum else ""
    inner = f"<bpmn:loopCondition>{escape(holds)}</bpmn:loopCondition>" if holds else ""
    return f'<bpmn:standardLoopCharacteristics testBefore="{str(test_before).lower()}"{limit}>{inner}</bpmn:standardLoopCharacteristics>'


def flow(*identities: str) -> str:
    """A chain of sequence flows."""
    return "".join(
        f'<bpmn:sequenceFlow id="{one}_to_{other}" sourceRef="{one}" targetRef="{other}"/>' for one, other in pairwise(identities)
    )


def when(source: str, target: str, condition: str) -> str:
    """A sequence flow with a condition."""
    text = f'<bpmn:conditionExpression xsi:type="bpmn:tFormalExpression">{escape(condition)}</bpmn:conditionExpression>'
    return f'<bpmn:sequenceFlow id="{source}_to_{target}" sourceRef="{source}" targetRef="{target}">{text}</bpmn:sequenceFlow>'


class Answers:
    """Runs service tasks by plain functions of the request."""

    def __init__(self, answer: Callable[[ServiceCall], CallOutcome] | None = None) -> None:
        self.requests: list[ServiceCall] = []
        self._answer = answer

    def call(self, request: ServiceCall) -> CallOutcome:
        self.requests.append(request)
        return Done({"ok": True}) if self._answer is None else self._answer(request)


class Play:
    """Plays an instance. With `restored` its state goes through bytes after every single step."""

    def __init__(
        self,
        model: CompiledProcess,
        variables: Mapping[str, Any] | None = None,
        *,
        restored: bool,
        answer: Callable[[ServiceCall], CallOutcome] | None = None,
        element_id: str | None = None,
    ) -> None:
        self.model, self.restored, self.now = model, restored, MONDAY
        self.answers = Answers(answer)
        self.trace: list[Executed] = []
        self.outgoing: list[Outgoing] = []
        self.instance = Execution.start(model, variables or {}, now=self.now, element_id=element_id)
        self.go()

    def go(self) -> "Play":
        """Run until everything waits."""
        self.trace += self.instance.take_trace()
        while True:
            if self.restored:
                self.instance = Execution.restore(self.model, self.instance.dump())
            result = self.instance.run(self.answers, now=self.now, budget=Budget(steps=1 if self.restored else 100_000, seconds=60))
            self.trace += self.instance.take_trace()
            self.outgoing += self.instance.take_outgoing()
            if not result.spent:
                return self

    @property
    def path(self) -> list[str]:
        """The ids of what was completed, in order."""
        return [step.element_id for step in self.trace if step.outcome == "completed"]

    @property
    def variables(self) -> dict[str, Any]:
        return dict(self.instance.variables)

    @property
    def completed(self) -> bool:
        return self.instance.completed

    def steps(self, identity: str) -> list[Executed]:
        return [step for step in self.trace if step.element_id == identity]

    def task(self, identity: str, place: int = 0) -> Any:
        """The id of what waits at an element."""
        waits = self.instance.waits
        everything = [*waits.user_tasks, *waits.subscriptions, *waits.timers, *waits.work, *waits.failed]
        return [wait.task_id for wait in everything if wait.element_id == identity][place]

    def waiting_at(self) -> set[str]:
        waits = self.instance.waits
        return {wait.element_id for wait in (*waits.user_tasks, *waits.subscriptions, *waits.timers, *waits.work)}

    @property
    def failure(self) -> Any:
        """The one failed step."""
        (failed,) = self.instance.waits.failed
        return failed

    def do(self, identity: str, place: int = 0, **result: Any) -> "Play":
        """Complete a user task and go on."""
        self.instance.complete(self.task(identity, place), result)
        return self.go()

    def receive(self, identity: str, **payload: Any) -> "Play":
        """Deliver a message and go on."""
        self.instance.deliver(self.task(identity), payload)
        return self.go()

    def after(self, time: timedelta) -> "Play":
        """Let time pass: fire what is due, in order."""
        until = self.now + time
        while due := sorted((wait for wait in self.instance.waits.timers if wait.due_at <= until), key=lambda wait: wait.due_at):
            self.now = max(self.now, due[0].due_at)
            self.instance.fire_timer(due[0].task_id, self.now)
            self.go()
        self.now = until
        return self
