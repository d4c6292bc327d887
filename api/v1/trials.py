"""Try before it counts: a decision on given inputs, a form on given data, a FEEL text on a context. Nothing of it is kept."""

import base64
from collections.abc import Iterator
from typing import Any, Literal

from flask import Response
from flask_openapi3 import APIBlueprint, Tag
from pydantic import Field

from api.auth.roles import Role
from api.errors import ProblemOut
from api.requests import operation, transaction
from api.v1.shapes import Shape
from engine.dmn import DecisionModel, DmnError, RefusingCell, Trial, TriedRule, TriedTable, load_decisions
from engine.feel import Expression, FeelValueError, compile_expression, compile_unary_tests, kind_of, to_json
from engine.feel.limits import DEFAULT_LIMITS, Run
from engine.feel.text import scalar_text, text_of
from engine.forms import parse_form, validate
from engine.problems import Invalid
from engine.runtime.read import drafts
from engine.store import json_text
from engine.store.clock import business_now

api = APIBlueprint("trials", __name__, url_prefix="/api/v1", abp_tags=[Tag(name="trials")])
#: Characters of a value that are shown beside a rule.
_SHOWN = 200
_Verdict = Literal["matched", "refused", "not asked"]


class TriedFile(Shape):
    """The file to be tried: its bytes as Base64 in `content`, or the file `path` of the draft of `bundle`, as it is saved."""

    content: str | None = None
    bundle: str = Field("", max_length=100)
    path: str = Field("", max_length=200)

    def read(self) -> bytes:
        """The bytes. Raises Invalid, NotFound."""
        if self.content is None:
            if not (self.bundle and self.path):
                raise _no_file("is missing")
            return drafts.read_file(transaction(), self.bundle, self.path).content
        try:
            return base64.b64decode(self.content, validate=True)
        except ValueError:
            raise _no_file("is no Base64 text") from None


class DecisionsIn(TriedFile):
    """The decision model to be read."""


class InputOut(Shape):
    """A variable that a decision reads; `type` is FEEL's name of it, empty where any will do, `options` the values it may have."""

    name: str
    type: str
    options: list[Any]


class DecisionOut(Shape):
    """A decision and what it wants to be given."""

    id: str
    name: str
    inputs: list[InputOut]


class DecisionsOut(Shape):
    """The decisions of a model."""

    decisions: list[DecisionOut]


class DecisionTrialIn(TriedFile):
    """The decision of the model, by id or name, and the variables it is given."""

    decision: str = Field(max_length=200)
    inputs: dict[str, Any] = Field(default_factory=dict)


class CellOut(Shape):
    """The first cell of a rule that said no: to which column, what it asks for, and the value it was shown, as FEEL text."""

    element_id: str
    label: str
    test: str
    value: str


class RuleOut(Shape):
    """What a rule said; with the hit policy FIRST the rules below the one that matched are not asked."""

    rule_id: str
    index: int
    verdict: _Verdict
    cell: CellOut | None


class TriedInputOut(Shape):
    """An input column and the value it had, as FEEL text."""

    element_id: str
    label: str
    value: str


class TableOut(Shape):
    """One evaluation of a table."""

    decision_id: str
    element_id: str
    inputs: list[TriedInputOut]
    rules: list[RuleOut]


class SpokeOut(Shape):
    """A rule that led to the value; `index` is the number of its row, from 1."""

    decision_id: str
    rule_id: str
    index: int


class DiagnosticOut(Shape):
    """A part that gave null of itself, and why."""

    element_id: str
    text: str
    reason: str


class DecisionTrialOut(Shape):
    """What a decision says: its value as data and as FEEL `text`, or the `problem` that stopped it, and how it came to that."""

    value: Any
    text: str
    problem: ProblemOut | None
    matched: list[SpokeOut]
    tables: list[TableOut]
    diagnostics: list[DiagnosticOut]


class FormTrialIn(TriedFile):
    """The form, what it was shown with (`given`), and what a person would submit."""

    given: dict[str, Any] = Field(default_factory=dict)
    submitted: dict[str, Any] = Field(default_factory=dict)


class FormTrialOut(Shape):
    """What the task would take over, or the errors by field, in the words that completing it would answer."""

    ok: bool
    data: dict[str, Any]
    errors: dict[str, list[str]]


class FeelTrialIn(Shape):
    """A FEEL text. Unary tests, the text of a cell of a decision table, are asked of `value`."""

    text: str = Field(max_length=20_000)
    kind: Literal["expression", "unary tests"] = "expression"
    context: dict[str, Any] = Field(default_factory=dict)
    value: Any = None


class FeelDiagnosticOut(Shape):
    """A part of the text that gave null of itself: what it is, where it begins, and why."""

    text: str
    position: int
    line: int
    column: int
    reason: str


class FeelTrialOut(Shape):
    """The value as data (null for a range or a function, which are none) and as FEEL `text`, its type, and what gave null on the way."""

    value: Any
    text: str
    type: str
    variables: list[str]
    diagnostics: list[FeelDiagnosticOut]


@api.post("/decisions/inputs", responses={200: DecisionsOut})
@operation(Role.READ)
def read_decisions(body: DecisionsIn) -> DecisionsOut:
    """Say which decisions a model has, and what each wants to be given."""
    model = load_decisions(body.read())
    found = [
        DecisionOut(
            id=each.id,
            name=each.name,
            inputs=[InputOut(name=given.name, type=given.type, options=_as_data(list(given.options))) for given in each.inputs],
        )
        for each in model.decisions.values()
    ]
    return DecisionsOut(decisions=found)


@api.post("/decisions/try", responses={200: DecisionTrialOut})
@operation(Role.DEPLOY)
def try_decision(body: DecisionTrialIn) -> Response:
    """Make a decision on given inputs, and say of each rule whether it matched or which of its cells said no to what."""
    model: DecisionModel = load_decisions(body.read())
    trial = model.find(body.decision).try_out(body.inputs, now=business_now(transaction()))
    return _told(_trial_out(trial))


@api.post("/forms/try", responses={200: FormTrialOut})
@operation(Role.DEPLOY)
def try_form(body: FormTrialIn) -> Response:
    """Judge a submission as completing a task of this form would."""
    judged = validate(parse_form(body.read()), body.submitted, body.given, business_now(transaction()))
    return _told(FormTrialOut(ok=judged.ok, data=judged.data, errors=judged.errors))


@api.post("/feel/try", responses={200: FeelTrialOut})
@operation(Role.READ)
def try_feel(body: FeelTrialIn) -> Response:
    """Evaluate a FEEL text; refused with its place where it cannot be read, and where it takes too much."""
    tests = body.kind == "unary tests"
    names = frozenset(body.context)
    expression = compile_unary_tests(body.text, names) if tests else compile_expression(body.text, names)
    context = {**body.context, "?": body.value} if tests else body.context
    found = expression.diagnose(context, now=business_now(transaction()))
    return _told(
        FeelTrialOut(
            value=_as_data(found.value),
            text=_written(found.value),
            type=kind_of(found.value),
            variables=sorted(expression.variables),
            diagnostics=[_placed(body.text, expression, each.text, each.position, each.reason) for each in found.diagnostics],
        )
    )


def _placed(written: str, expression: Expression, part: str, position: int, reason: str) -> FeelDiagnosticOut:
    """A diagnostic by its place in the text as it was sent."""
    position += max(written.find(expression.text), 0)
    before = written[:position]
    return FeelDiagnosticOut(text=part, position=position, line=before.count("\n") + 1, column=position - before.rfind("\n"), reason=reason)


def _trial_out(trial: Trial) -> DecisionTrialOut:
    return DecisionTrialOut(
        value=_as_data(trial.value),
        text=_written(trial.value),
        problem=None if trial.problem is None else _refusal(trial.problem),
        matched=[SpokeOut.model_validate(each) for each in trial.matched],
        tables=[_table_out(each) for each in trial.tables],
        diagnostics=[DiagnosticOut(element_id=each.element_id, text=each.text, reason=each.reason) for each in trial.diagnostics],
    )


def _refusal(problem: DmnError) -> ProblemOut:
    return ProblemOut(
        title="Not decided",
        status=422,
        code=problem.code,
        detail=problem.detail,
        next_step=problem.next_step,
        element_id=problem.element_id,
    )


def _table_out(table: TriedTable) -> TableOut:
    inputs = [TriedInputOut(element_id=each.element_id, label=each.label, value=_short(each.value)) for each in table.inputs]
    return TableOut(decision_id=table.decision_id, element_id=table.element_id, inputs=inputs, rules=list(_rules_out(table.rules)))


def _rules_out(rules: list[TriedRule]) -> Iterator[RuleOut]:
    for rule in rules:
        cell = None if rule.cell is None else _cell_out(rule.cell)
        yield RuleOut(rule_id=rule.rule_id, index=rule.index, verdict=rule.verdict, cell=cell)


def _cell_out(cell: RefusingCell) -> CellOut:
    return CellOut(element_id=cell.element_id, label=cell.label, test=cell.test, value=_short(cell.value))


def _written(value: object) -> str:
    """A value as FEEL text."""
    if isinstance(value, str):
        return scalar_text(value)
    return text_of(value, Run(DEFAULT_LIMITS)) or kind_of(value)


def _short(value: object) -> str:
    text = _written(value)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def _as_data(value: Any) -> Any:
    """The value as JSON; null where it is none."""
    try:
        return to_json(value)
    except FeelValueError:
        return None


def _told(answer: Shape) -> Response:
    """Data as they are, numbers as numbers: what is shown may be given again."""
    return Response(json_text.encode(answer.model_dump()), mimetype="application/json")


def _no_file(why: str) -> Invalid:
    return Invalid(
        f"The file to be tried {why}.",
        code="trial_file",
        next_step="Send its bytes as Base64 in `content`, or name the `bundle` and the `path` of a file of its draft.",
        errors={"content": [why]},
    )
