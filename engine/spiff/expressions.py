"""The only door of this room to FEEL: texts of the model become formulas, and whatever goes wrong in one becomes a failed step."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, Self

from SpiffWorkflow.bpmn.script_engine import PythonScriptEngine
from SpiffWorkflow.bpmn.script_engine.python_environment import BasePythonScriptEngineEnvironment

from engine.feel import Assignments, Expression, FeelSyntaxError, compile_assignments, compile_expression, to_json
from engine.problems import Invalid, Problem, TooLarge
from engine.spiff.failures import StepFailed
from engine.spiff.plain import within_limit

Variables = Mapping[str, Any]
#: A text of the model, ready to be evaluated with the variables and the moment.
Formula = Callable[[Variables, datetime], Any]

_ATOMS: Final = frozenset({str, bool, Decimal, type(None)})
_SHOWN_REASONS: Final = 3


def formula(text: str, where: str, element_id: str) -> Formula:
    """A FEEL text. Raises Invalid with the place when it is not FEEL."""
    compiled = _checked(compile_expression, text, where, element_id)

    def evaluate(variables: Variables, now: datetime) -> Any:
        try:
            value = compiled.evaluate(variables, now=now)
            return value if type(value) in _ATOMS else to_json(value)
        except Problem as problem:
            raise StepFailed.of(problem, where) from None

    return evaluate


def setting(text: str, where: str, element_id: str) -> Formula:
    """A property of ours: literal text, unless it begins with `=`."""
    if text.lstrip().startswith("="):
        return formula(text, where, element_id)
    return lambda _variables, _now: text


def raw_formula(text: str, where: str, element_id: str) -> Formula:
    """A FEEL text whose dates and durations stay what they are, for timers."""
    compiled = _checked(compile_expression, text, where, element_id)

    def evaluate(variables: Variables, now: datetime) -> Any:
        try:
            return compiled.evaluate(variables, now=now)
        except Problem as problem:
            raise StepFailed.of(problem, where) from None

    return evaluate


def condition(text: str, where: str, element_id: str) -> Callable[[Variables, datetime], bool]:
    """A FEEL text that must be true or false; anything else fails the step, with the reason."""
    compiled = _checked(compile_expression, text, where, element_id)

    def holds(variables: Variables, now: datetime) -> bool:
        try:
            value = compiled.evaluate(variables, now=now)
        except Problem as problem:
            raise StepFailed.of(problem, where) from None
        if isinstance(value, bool):
            return value
        reason = _reason(compiled, variables, now)
        raise StepFailed(
            "condition_undecided",
            f"{where} is neither true nor false: {compiled.text} gives {'null' if value is None else 'another type'}{reason}",
            "Correct the variables it reads and retry, or correct the expression and deploy a new version.",
        )

    return holds


def awaited(text: str, where: str, element_id: str) -> Callable[[Variables, datetime], bool]:
    """A FEEL text that an event waits for. Null is not true yet, for what it reads may be written later; anything else fails the step."""
    value_of = formula(text, where, element_id)

    def holds(variables: Variables, now: datetime) -> bool:
        value = value_of(variables, now)
        if value is None or isinstance(value, bool):
            return value is True
        raise StepFailed(
            "condition_undecided",
            f"{where} is neither true nor false: {text} gives another type.",
            "Correct the variables it reads and retry, or correct the expression and deploy a new version.",
        )

    return holds


class Text(str):
    """A text of the model with what it does to a token: SpiffWorkflow carries it to its script engine, and writes it as it is."""

    value: Callable[[Any], Any]
    __slots__ = ("value",)

    def __new__(cls, text: str, value: Callable[[Any], Any]) -> Self:
        """A text and what it does."""
        made = super().__new__(cls, text)
        made.value = value
        return made


def condition_text(text: str, where: str, flow: str) -> Text:
    """The condition of a flow, which notes that it holds. Raises Invalid when it is not FEEL."""
    holds = condition(text, where, flow)

    def chosen(token: Any) -> bool:
        found = holds(token.data, token.workflow.top_workflow.now)
        if found:
            token.internal_data["chosen"].append(flow)
        return found

    return Text(text, chosen)


def script_text(text: str, element_id: str, label: str) -> Text:
    """The body of a script task. Raises Invalid when it is not FEEL."""
    assign = assignments(text, f"Script of {label}", element_id, label)
    return Text(text, lambda token: token.write(assign(token.data, token.workflow.top_workflow.now)))


def assignments(text: str, where: str, element_id: str, label: str = "") -> Callable[[Variables, datetime], dict[str, Any]]:
    """A context of assignments; those of a step with a `label` may write no more than variables are for."""
    compiled: Assignments = _checked(compile_assignments, text, where, element_id)

    def assign(variables: Variables, now: datetime) -> dict[str, Any]:
        try:
            changed = compiled.apply(variables, now=now)
            changed = {name: value if type(value) in _ATOMS else to_json(value) for name, value in changed.items()}
            if label:
                within_limit(changed)
        except TooLarge as problem:
            raise StepFailed.of(problem, label) from None
        except Problem as problem:
            raise StepFailed.of(problem, where) from None
        return changed

    return assign


def _checked(compiler: Callable[[str], Any], text: str, where: str, element_id: str) -> Any:
    try:
        return compiler(text)
    except FeelSyntaxError as error:
        raise Invalid(f"{where}: {error.detail}", code=error.code, next_step=error.next_step, element_id=element_id) from None


def _reason(compiled: Expression, variables: Variables, now: datetime) -> str:
    found = compiled.diagnose(variables, now=now).diagnostics[:_SHOWN_REASONS]
    reasons = "; ".join(f"{item.text!r} at {item.position}: {item.reason}" for item in found)
    return f" ({reasons})." if reasons else "."


class FeelEnvironment(BasePythonScriptEngineEnvironment):
    """What SpiffWorkflow itself would evaluate is FEEL as well; no path leads to Python."""

    def evaluate(self, expression: str, context: Variables, external_context: Variables | None = None) -> Any:
        """The value of an expression."""
        return to_json(compile_expression(expression).evaluate({**(external_context or {}), **context}))

    def execute(self, script: str, context: dict[str, Any], external_context: Variables | None = None) -> bool:
        """Assign what the script assigns."""
        context.update(compile_assignments(script).apply({**(external_context or {}), **context}))
        return True

    def call_service(self, context: Variables, **_arguments: Any) -> Any:
        """Service tasks go by `ServiceCalls`. Always raises Invalid."""
        raise Invalid(f"Services are not called from scripts (with {len(context)} variables).", next_step="Use a service task.")


class FeelEngine(PythonScriptEngine):
    """SpiffWorkflow's script engine with no Python in it."""

    def __init__(self) -> None:
        super().__init__(FeelEnvironment())

    def validate(self, expression: str) -> None:
        """Raises FeelSyntaxError when it is not FEEL."""
        compile_expression(expression)

    def evaluate(self, task: Any, expression: str, external_context: Variables | None = None) -> Any:
        """The value of a text of the model, compiled when that was deployed. Raises StepFailed."""
        return expression.value(task) if isinstance(expression, Text) else super().evaluate(task, expression, external_context)

    def execute(self, task: Any, script: str, external_context: Variables | None = None) -> bool:
        """Let a text of the model write into the variables. Raises StepFailed."""
        if isinstance(script, Text):
            script.value(task)
            return True
        done: bool = super().execute(task, script, external_context)
        return done


_NAME: Final = re.compile(r"[^0-9A-Za-z_]")


def variable_name(identity: str) -> str:
    """An id as the name of a variable that FEEL can read."""
    return _NAME.sub("_", identity)
