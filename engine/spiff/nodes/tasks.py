"""Activities that do one thing: service, script, user and manual tasks, business rules, and the plain task that does nothing."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from SpiffWorkflow.bpmn.specs import defaults

from engine.dmn import Decision
from engine.feel import as_instant, to_json
from engine.lexical import MOST_INTEGER, read_whole
from engine.problems import Problem
from engine.spiff.calls import STANDARD, Deferred, Done, Failure, Refusal, ServiceCall
from engine.spiff.elements import Element
from engine.spiff.expressions import Formula, formula, script_text, setting, variable_name
from engine.spiff.failures import CallsBroken, StepFailed
from engine.spiff.nodes.base import Step, now_of, store
from engine.spiff.nodes.outputs import Outputs
from engine.spiff.records import UserTaskWait
from engine.spiff.timers import worked
from engine.spiff.token import Token

DEFAULT_PRIORITY = 50


class PlainTask(Step, defaults.NoneTask):
    """`bpmn:task`: nothing is done; the flow goes on."""


class ScriptTask(Step, defaults.ScriptTask):
    """Assigns variables by a FEEL context."""

    def __init__(self, wf_spec: Any, name: str, *, element: Element, **options: Any) -> None:
        script = script_text(element.script or "{}", element.id, element.label)
        super().__init__(wf_spec, name, script=script, element=element, **options)


class ServiceTask(Step, defaults.ServiceTask):
    """Calls a service task by name. Waits while it runs elsewhere or is to be tried again."""

    element: Element

    def __init__(self, wf_spec: Any, name: str, *, element: Element, **options: Any) -> None:
        super().__init__(wf_spec, name, element=element, **options)
        self.handler = element.handler or ""
        self.retry = element.properties.get("retry")
        self._result_variable = element.result_variable
        self._handed_on = Outputs(element) or None
        self._parameters: list[tuple[str, Formula]] = [
            (parameter, formula(text, f"Parameter {parameter} of {element.label}", element.id))
            for parameter, text in element.parameters.items()
        ]

    def _execute(self, token: Token) -> bool | None:
        """Call it, or take the result that came meanwhile; SpiffWorkflow leaves this place empty."""
        internal = token.internal_data
        if "fact" in internal:
            return self._finish(token, internal["fact"], merged=internal.get("merged", False))
        now = now_of(token)
        internal.pop("retry_at", None)
        attempt = internal.pop("next_attempt", None) or 1
        parameters = {name: value(token.data, now) for name, value in self._parameters}
        internal["attempt"], internal["parameters"] = attempt, parameters
        request = ServiceCall(UUID(hex=token.id), self.bpmn_id, self.handler, parameters, self.retry, attempt)
        try:
            outcome = token.workflow.top_workflow.calls.call(request)
        except Exception as error:
            raise CallsBroken(error) from error
        if isinstance(outcome, Done):
            return self._finish(token, outcome.result, merged=outcome.merged)
        if isinstance(outcome, Deferred):
            return None
        self._not_done(token, outcome)
        return None

    def _not_done(self, token: Token, outcome: Refusal | Failure) -> None:
        if isinstance(outcome, Failure):
            attempt_failed(token, outcome)
        elif not token.workflow.top_workflow.throw_error(token, outcome.code, outcome.reason, outcome.variables):
            raise uncaught(self.label, outcome.code, outcome.reason)

    def _finish(self, token: Token, result: Any, *, merged: bool) -> bool:
        if self._handed_on:
            self._handed_on.store(token, result)
        elif self._result_variable or merged:
            store(token, result, self._result_variable, self.label)
        return True


def attempt_failed(token: Token, failure: Failure) -> None:
    """Note a failed attempt and wait for the next one. Raises StepFailed when there is to be none."""
    internal = token.internal_data
    internal["next_attempt"] = internal.get("attempt", 1) + (1 if failure.counts else 0)
    if failure.retry_at is None:
        next_step = failure.next_step or "Remove the cause, then retry the step."
        raise StepFailed(failure.kind, failure.message, next_step, failure.traceback)
    internal["retry_at"] = failure.retry_at.isoformat()
    if failure.counts:
        detail = {"kind": failure.kind, "message": failure.message, "retry_at": internal["retry_at"]}
        token.workflow.top_workflow.note(token, "failed", detail)


def uncaught(label: str, code: str, reason: str) -> StepFailed:
    """The failure of a step whose refusal no boundary event takes."""
    return StepFailed(
        "refused",
        f"{label} was refused with {code}{f': {reason}' if reason else '.'}",
        f"Correct the cause and retry, or give the step an error boundary event for {code} in a new version.",
    )


class BusinessRuleTask(Step, defaults.ServiceTask):
    """Asks a decision, for SpiffWorkflow a service like any other."""

    element: Element

    def __init__(self, wf_spec: Any, name: str, *, element: Element, decision: Decision, **options: Any) -> None:
        super().__init__(wf_spec, name, element=element, **options)
        self._decision = decision
        given = element.properties.get("input")
        self._input = None if given is None else formula(given, f"Decision input of {element.label}", element.id)

    def _execute(self, token: Token) -> bool:
        """Decide, and keep which rules matched. A decision that gives nothing, and not because it says so, fails."""
        now = now_of(token)
        context = token.data if self._input is None else self._input(token.data, now)
        where = f"Decision {self.element.decision_id}"
        if not isinstance(context, Mapping):
            raise StepFailed("decision_input", f"{where}: its input is no context.", "Correct the variables it reads, then retry.")
        try:
            found = self._decision.evaluate(context, now=now)
            value = to_json(found.value)
        except Problem as problem:
            raise StepFailed.of(problem, where) from None
        reasons = [f"{item.element_id} {item.text!r}: {item.reason}" for item in found.diagnostics]
        if value is None and reasons:
            next_step = "Correct the variables it reads and retry, or add a rule and deploy a new version."
            raise StepFailed("decision_undecided", f"{where} gives nothing ({'; '.join(reasons[:3])}).", next_step)
        matched = [{"decision": rule.decision_id, "rule": rule.rule_id, "index": rule.index} for rule in found.matched]
        token.say(decision=self.element.decision_id, matched=matched, **({"nulls": reasons} if reasons else {}))
        if token.workflow.top_workflow.explains:
            token.say(inputs={name: context.get(name) for name in sorted(self._decision.variables)})
        store(token, value, self._variable(value), self.element.label)
        return True

    def _variable(self, value: Any) -> str | None:
        """Its result variable; without one a context is merged, and anything else goes by the decision's id."""
        if self.element.result_variable or isinstance(value, dict):
            return self.element.result_variable
        return variable_name(self.element.decision_id or "")


#: What a task decides on and works on: whoever had a hand in it decides no more.
_DUTIES: Final = ("decidesOn", "worksOn", "decisionRound")
#: How much it decides on: with a kind both others are to be there.
_AMOUNT: Final = ("decisionKind", "decisionAmount", "decisionCurrency")
_WHO: Final = ("candidateGroups", "candidateUsers", "excludedUsers")
#: Until when, by the wait's name for it.
_UNTIL: Final = {"dueIn": "due", "slaIn": "sla", "escalateIn": "escalate"}
_EVALUATED: Final = frozenset({"title", *_WHO, *_UNTIL, "escalateTo", "priority", "formData", "instructions", *_DUTIES, *_AMOUNT})
_NO_DUTIES: Final = ("",) * len(_DUTIES)


class UserTask(Step, defaults.UserTask):
    """Waits for a person. What the worklist shows is evaluated once, when the task begins."""

    element: Element

    def __init__(self, wf_spec: Any, name: str, *, element: Element, zone: tzinfo = UTC, **options: Any) -> None:
        super().__init__(wf_spec, name, element=element, **options)
        self._zone = zone
        self._calendar = element.properties.get("calendar", STANDARD)
        self._handed_on = Outputs(element) or None
        groups = {"candidateGroups": slug(element.lane)} if element.lane else {}
        wanted = {"title": element.name or element.id, **groups, **element.properties, "instructions": element.instructions}
        self._settings = {
            name: setting(text, f"{name} of {element.label}", element.id) for name, text in wanted.items() if name in _EVALUATED
        }

    def _run_hook(self, my_task: Token) -> bool | None:
        """Begin, or take what the person gave."""
        internal = my_task.internal_data
        if "fact" in internal:
            if self._handed_on:
                self._handed_on.store(my_task, internal["fact"])
            else:
                store(my_task, internal["fact"], self.element.result_variable, self.label)
            del internal["fact"], internal["wait"]
            return bool(super()._run_hook(my_task))
        internal["wait"] = self._begin(my_task)
        return None

    def _begin(self, token: Token) -> dict[str, Any]:
        now = now_of(token)
        found = {name: value(token.data, now) for name, value in self._settings.items()}
        wait: dict[str, Any] = {"title": _text(found.get("title")) or self.label, "instructions": _text(found.get("instructions"))}
        for name in _WHO:
            wait[name] = _names(found.get(name), f"{name} of {self.label}")
        if {"candidateGroups", "candidateUsers"} & found.keys() and not wait["candidateGroups"] and not wait["candidateUsers"]:
            raise StepFailed(
                "task_for_nobody",
                f"{self.label} names whom it is for by an expression that gives nobody; without a name anybody could do it.",
                "Correct the variables or the decision that gives the candidates, then retry the step.",
            )
        wait["priority"] = _priority(found.get("priority"), self.label)
        for name in filter(found.get, _UNTIL):
            wait[_UNTIL[name]] = self._until(token, name, found[name])
        if "escalate" in wait:
            wait["escalate_to"] = _names(found.get("escalateTo"), f"escalateTo of {self.label}")
        wait |= {name: _text(found.get(name)) for name in _DUTIES if found.get(name)}
        if found.get("decisionKind"):
            wait["amount"] = _amount(*(found.get(name) for name in _AMOUNT))
        if "formData" in found:
            wait["form"] = _context(found["formData"], self.label)
        return wait

    def _until(self, token: Token, setting: str, value: Any) -> str:
        """A duration counts in the working time of the task's calendar; a moment is one."""
        text = str(value).strip()
        try:
            if text[:1].isdigit():
                return as_instant(text, self._zone).isoformat()
            calendars = token.workflow.top_workflow.calendars
            return worked(now_of(token), value if not isinstance(value, str) else text, self._zone, self._calendar, calendars).isoformat()
        except Problem as problem:
            raise StepFailed.of(problem, f"{setting} of {self.label}") from None

    def waiting(self, token: Token) -> UserTaskWait:
        """The wait as the outside sees it."""
        wait, element = token.internal_data["wait"], self.element
        what = UUID(hex=token.id), element.id, element.name or element.id, wait["title"], element.properties.get("formKey")
        who = tuple(wait["candidateGroups"]), tuple(wait["candidateUsers"]), tuple(wait["excludedUsers"])
        duties, (due, sla, escalate) = map(wait.get, _DUTIES, _NO_DUTIES), map(_moment, map(wait.get, _UNTIL.values()))
        limits = _money(*wait["amount"]) if "amount" in wait else None, sla, escalate, tuple(wait.get("escalate_to", ()))
        return UserTaskWait(*what, wait.get("form", token.data), *who, wait["priority"], due, wait["instructions"], *(*duties, *limits))


def slug(name: str | None) -> str:
    """A lane's name as a group: `Deal Desk` is deal-desk."""
    return "-".join("".join(letter if letter.isalnum() else " " for letter in (name or "").lower()).split())


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _names(value: Any, where: str) -> list[str]:
    if value is None or value == "":
        return []
    if isinstance(value, str):
        return [name.strip() for name in value.split(",") if name.strip()]
    if isinstance(value, Sequence) and all(isinstance(name, str) for name in value):
        return list(value)
    raise StepFailed("user_task", f"{where} is no list of names.", "Correct the variables it reads, then retry the step.")


def _amount(kind: Any, amount: Any, currency: Any) -> list[str | None]:
    """Kind, amount and currency of a decision, as they are kept. An amount that is not known is more than any limit."""
    known = isinstance(amount, int | Decimal) and not isinstance(amount, bool)
    return [_text(kind), str(amount) if known else None, _text(currency)]


def _money(kind: str, amount: str | None, currency: str) -> tuple[str, Decimal | None, str]:
    return kind, None if amount is None else Decimal(amount), currency


def _priority(value: Any, where: str) -> int:
    if value is None or value == "":
        return DEFAULT_PRIORITY
    number: Any = read_whole(value) if isinstance(value, str) else value
    if isinstance(number, bool) or not isinstance(number, int | Decimal) or not -MOST_INTEGER <= number <= MOST_INTEGER:
        raise StepFailed("user_task", f"The priority of {where} is no whole number.", "Give a number such as 80, then retry.")
    return int(number)


def _context(value: Any, where: str) -> dict[str, Any]:
    if isinstance(value, dict):
        return value
    raise StepFailed("user_task", f"formData of {where} is no context.", "Correct the variables it reads, then retry the step.")
