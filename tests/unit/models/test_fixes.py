"""A fix is offered where one change is certain to mend the finding, and nowhere else."""

from dataclasses import dataclass

import pytest

from engine.models.bundle import Bundle
from engine.models.check import check
from engine.models.fixes import Change, Fix, meant
from engine.service_tasks import ServiceTasks
from tests import tiny_models as m

FLOWS = "start -> step -> done"
FORM = {"approve-quote.form": b'{"type": "default", "components": []}'}
LOOP = "<bpmn:multiInstanceLoopCharacteristics><bpmn:loopDataInputRef>lines</bpmn:loopDataInputRef></bpmn:multiInstanceLoopCharacteristics>"


@dataclass(frozen=True)
class Quote:
    quote_no: str
    reason: str = ""


def tasks() -> ServiceTasks:
    found = ServiceTasks()

    @found.register("quoting.price_quote")
    def price(quote: Quote) -> None:
        """Price a quote."""

    @found.register("quoting.send_quote")
    def send(quote: Quote) -> None:
        """Send a quote."""

    return found


def stepping(step: str, **more) -> Bundle:
    return m.bundle("p", m.start() + step + m.end(), FLOWS, **more)


def choosing(no: str = "no", condition: str = "", default: str = "") -> Bundle:
    """A gateway with two flows, `yes` and the one named `no`."""
    bundle = m.bundle("p", m.start() + m.gateway("gate") + m.end() + m.end("other"), "start -> gate -> done\ngate -> other")
    inside = f"<bpmn:conditionExpression>{condition}</bpmn:conditionExpression>" if condition else ""
    other = f'<bpmn:sequenceFlow id="flow_gate_other" name="{no}" sourceRef="gate" targetRef="other">{inside}</bpmn:sequenceFlow>'
    content = bundle.files["p.bpmn"].decode()
    content = content.replace('<bpmn:sequenceFlow id="flow_gate_other" name="" sourceRef="gate" targetRef="other"/>', other)
    inside = "<bpmn:conditionExpression>a = 1</bpmn:conditionExpression>"
    yes = f'<bpmn:sequenceFlow id="flow_gate_done" name="yes" sourceRef="gate" targetRef="done">{inside}</bpmn:sequenceFlow>'
    content = content.replace('<bpmn:sequenceFlow id="flow_gate_done" name="" sourceRef="gate" targetRef="done"/>', yes)
    if default:
        content = content.replace('<bpmn:exclusiveGateway id="gate"', f'<bpmn:exclusiveGateway id="gate" default="{default}"')
    return Bundle("p", {"p.bpmn": content.encode()})


def fixes(bundle: Bundle) -> dict[str, Fix | None]:
    groups = {"sales", "finance"}
    return {finding.rule: finding.fix for finding in check(bundle, tasks(), groups).findings}


CERTAIN = [
    (
        stepping(m.service("step", "quoting.price_qoute", quote_no="1")),
        "unknown-service-task",
        (Change.SET_SERVICE_TASK, "", "quoting.price_quote"),
    ),
    (
        stepping(m.service("step", "quoting.price_quote", qoute_no="1")),
        "unknown-parameter",
        (Change.RENAME_PARAMETER, "qoute_no", "quote_no"),
    ),
    (
        stepping(m.service("step", "quoting.price_quote", quote_no="1", colour="2")),
        "unknown-parameter",
        (Change.SET_PARAMETER, "colour", None),
    ),
    (
        stepping(m.service("step", "quoting.price_quote", quote_no="1", reason="")),
        "empty-parameter",
        (Change.SET_PARAMETER, "reason", None),
    ),
    (stepping(m.user("step", formKey="approve-qoute"), files=FORM), "unknown-form", (Change.SET_SETTING, "formKey", "approve-quote")),
    (
        stepping(m.user("step", candidateGroups="finance, salse")),
        "unknown-group",
        (Change.SET_SETTING, "candidateGroups", "finance, sales"),
    ),
    (stepping(m.user("step", dueln="PT4H")), "unknown-setting", (Change.RENAME_SETTING, "dueln", "dueIn")),
    (stepping(m.user("step", formData="{ a: 1 }")), "bad-setting", (Change.SET_SETTING, "formData", "={ a: 1 }")),
    (
        stepping(m.user("step").replace("</bpmn:userTask>", f"{LOOP}</bpmn:userTask>")),
        "multi-instance-collection",
        (Change.DECLARE_VARIABLE, "", "lines"),
    ),
    (choosing(), "flow-without-condition", (Change.SET_DEFAULT, "", "flow_gate_other")),
    (choosing("Otherwise", "a = 2"), "gateway-without-default", (Change.SET_DEFAULT, "", "flow_gate_other")),
    (choosing("no", "a = 2", "flow_gate_other"), "condition-on-default", (Change.SET_CONDITION, "", None)),
    (choosing("no", "a = 2", "gone"), "bad-default", (Change.SET_DEFAULT, "", None)),
]


@pytest.mark.parametrize(("bundle", "rule", "expected"), CERTAIN, ids=[case[1] for case in CERTAIN])
def test_what_is_certain_is_offered(bundle, rule, expected):
    fix = fixes(bundle)[rule]
    assert fix is not None
    assert (fix.change, fix.name, fix.value) == expected
    assert fix.label


def test_a_missing_parameter_is_given_the_variable_of_its_name_where_there_is_one():
    written = m.start() + m.script("set", '{ quote_no: "Q-1" }') + m.service("step", "quoting.price_quote") + m.end()
    fix = fixes(m.bundle("p", written, "start -> set -> step -> done"))["missing-parameter"]
    assert fix == Fix("Give it the variable quote_no", Change.SET_PARAMETER, "step", "quote_no", "quote_no")
    assert fixes(stepping(m.service("step", "quoting.price_quote")))["missing-parameter"] is None


@pytest.mark.parametrize(
    ("bundle", "rule"),
    [
        (stepping(m.service("step", "quoting.quote", quote_no="1")), "unknown-service-task"),
        (stepping(m.user("step", formData="{ a: ")), "bad-setting"),
        (stepping(m.user("step", candidateGroups="warehouse")), "unknown-group"),
        (choosing("perhaps", "a = 2"), "gateway-without-default"),
    ],
)
def test_what_is_not_certain_is_left_to_people(bundle, rule):
    assert fixes(bundle)[rule] is None


@pytest.mark.parametrize(("name", "right"), [("salse", "sales"), ("sale", None), ("abc", None), ("", None)])
def test_a_name_is_meant_only_where_one_is_near(name, right):
    assert meant(name, ["sales", "sale1", "sales2"] if name == "sale" else ["sales", "finance"]) == right
