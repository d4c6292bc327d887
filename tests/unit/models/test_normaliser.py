"""The normaliser changes the writing and not the meaning: what was drawn runs as it was drawn."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from lxml import etree

from engine.models.bundle import Bundle
from engine.models.check import CheckedBundle, check
from engine.models.diagram import build_diagram
from engine.models.normaliser import normalise
from engine.spiff.calls import Done
from engine.spiff.execution import Execution
from tests.unit.models import drawing as d

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)


class Calls:
    """Every service task is done at once."""

    def call(self, request: Any) -> Done:
        return Done({})


def checked(*parts: str) -> CheckedBundle:
    result = check(d.bundle(*parts), d.service_tasks())
    assert [finding for finding in result.findings if finding.severity == "error"] == []
    return result


def started(*parts: str, **variables: Any) -> Execution:
    execution = Execution.start(checked(*parts).processes[0], {"amount": 7, "items": [1, 2, 3], **variables}, now=NOW)
    execution.run(Calls(), now=NOW)
    return execution


def trace(*parts: str, **variables: Any) -> list[str]:
    execution = started(*parts, **variables)
    assert execution.completed, execution.waits
    return [step.element_id for step in execution.take_trace()]


def test_a_link_is_a_flow() -> None:
    jump, land = d.event("intermediateThrowEvent", "jump", "link name='A'"), d.event("intermediateCatchEvent", "land", "link name='A'")
    parts = d.process(d.START, d.END, jump, land, d.script("low"), d.chain("start", "jump"), d.chain("land", "low", "end"))
    assert trace(parts) == ["start", "jump", "land", "low", "end"]


def test_all_flows_out_of_a_step_run() -> None:
    steps = d.script("low", "{ a: 1 }") + d.script("high", "{ b: 2 }") + d.script("first", "{ c: 3 }")
    parts = d.process(d.START, d.END, steps, d.chain("start", "first", "low", "end"), d.chain("first", "high", "end"))
    execution = started(parts)
    assert execution.completed
    assert {name: execution.variables[name] for name in "abc"} == {"a": 1, "b": 2, "c": 3}


def test_conditional_flows_out_of_a_step_run_where_they_hold() -> None:
    steps = d.script("low", "{ a: 1 }") + d.script("high", "{ b: 2 }") + d.script("first", "{ c: 3 }", default="first_to_low")
    flows = (
        d.chain("start", "first")
        + d.flow("first", "low")
        + d.flow("first", "high", "amount > 5")
        + d.chain("low", "end")
        + d.chain("high", "end")
    )
    parts = d.process(d.START, d.END, steps, flows)
    assert "low" not in trace(parts, amount=7)
    assert "high" not in trace(parts, amount=3)


def test_a_process_without_start_and_end_events_begins_and_ends_anyway() -> None:
    assert set(trace(d.process(d.script("a", "{ x: 1 }"), d.script("b", "{ y: 1 }"), d.chain("a", "b")))) >= {"a", "b"}


def test_the_order_of_the_file_decides_and_not_the_height_on_the_canvas() -> None:
    steps = d.script("low", "{ a: 1 }") + d.script("high", "{ b: 2 }")
    flows = d.flow("gate", "high", "amount > 1") + d.flow("gate", "low", "amount > 2") + d.flow("gate", "end")
    gate = d.node("exclusiveGateway", "gate", default="gate_to_end")
    parts = d.process(d.START, d.END, gate, steps, d.flow("start", "gate"), flows, d.chain("low", "end"), d.chain("high", "end"))
    shapes = "".join(
        f'<di:BPMNShape id="{name}_shape" bpmnElement="{name}"><dc:Bounds x="0" y="{y}" width="9" height="9"/></di:BPMNShape>'
        for name, y in (("low", 10), ("high", 900))
    )
    names = 'xmlns:di="http://www.omg.org/spec/BPMN/20100524/DI" xmlns:dc="http://www.omg.org/spec/DD/20100524/DC"'
    plane = f'<di:BPMNPlane id="plane" bpmnElement="quote_to_order">{shapes}</di:BPMNPlane>'
    picture = f'<di:BPMNDiagram {names} id="picture">{plane}</di:BPMNDiagram>'
    assert "high" in trace(parts, picture)
    assert "low" not in trace(parts, picture)


@pytest.mark.parametrize("text", ["PT4H", '"PT4H"', '=duration("PT4H")', 'duration("PT4H")', '="PT" + string(hours) + "H"'])
def test_a_time_may_be_plain_or_feel(text: str) -> None:
    wait = d.event("intermediateCatchEvent", "late", d.timer(text.replace('"', "&quot;")))
    (timer,) = started(d.around("late", wait), hours=4).waits.timers
    assert timer.due_at == NOW + timedelta(hours=4)


def test_a_leading_equals_sign_is_dropped_wherever_feel_is_written() -> None:
    gate = d.node("exclusiveGateway", "gate", default="gate_to_low")
    steps = d.script("high", "={ big: amount * 2 }") + d.script("low", "{ big: 0 }")
    flows = (
        d.flow("start", "gate")
        + d.flow("gate", "high", "=amount > 5")
        + d.flow("gate", "low")
        + d.chain("high", "end")
        + d.chain("low", "end")
    )
    assert started(d.process(d.START, d.END, gate, steps, flows)).variables["big"] == 14


def test_an_event_definition_may_stand_apart() -> None:
    apart = f'<bpmn:timerEventDefinition id="in_an_hour">{d.timer("PT1H")[6:]}</bpmn:timerEventDefinition>'
    wait = d.event("intermediateCatchEvent", "late", "", "<bpmn:eventDefinitionRef>in_an_hour</bpmn:eventDefinitionRef>")
    (timer,) = started(apart, d.around("late", wait)).waits.timers
    assert timer.due_at == NOW + timedelta(hours=1)


def test_references_may_have_a_namespace_prefix() -> None:
    wait = d.event("intermediateCatchEvent", "hear", "message messageRef='t:accepted'", d.settings(correlation="={quote: quote_no}"))
    file = d.document(d.MESSAGE, d.around("hear", wait)).replace(b"<bpmn:definitions", b'<bpmn:definitions xmlns:t="http://example.com/t"')
    result = check(Bundle("b", {"b.bpmn": file}), d.service_tasks())
    assert result.ok, result.findings
    execution = Execution.start(result.processes[0], {"quote_no": "Q-1"}, now=NOW)
    execution.run(Calls(), now=NOW)
    assert [wait.name for wait in execution.waits.subscriptions] == ["quote.accepted"]


def test_a_loop_runs_over_the_variable_that_its_property_names() -> None:
    loop = "<bpmn:loopDataInputRef>lines</bpmn:loopDataInputRef><bpmn:inputDataItem id='item' name='item'/>"
    marker = f"<bpmn:multiInstanceLoopCharacteristics isSequential='true'>{loop}</bpmn:multiInstanceLoopCharacteristics>"
    declared = '<bpmn:property id="lines" name="items"/>'
    steps = d.script("work", "{ seen: item }", marker)
    parts = d.process(declared, d.START, d.END, steps, d.chain("start", "work", "end"))
    assert trace(parts, items=[10, 20, 30]).count("work") >= 3


def test_what_is_only_drawn_is_left_out() -> None:
    store = '<bpmn:dataStore id="erp" name="ERP"/>'
    drawn = (
        '<bpmn:dataObject id="paper"/><bpmn:dataObjectReference id="paper_1" dataObjectRef="paper"/>'
        '<bpmn:dataStoreReference id="erp_1" dataStoreRef="erp"/>'
    )
    notes = '<bpmn:textAnnotation id="note"><bpmn:text>Check twice</bpmn:text></bpmn:textAnnotation>'
    ends = "<bpmn:sourceRef>paper_1</bpmn:sourceRef><bpmn:targetRef>a</bpmn:targetRef>"
    reads = f"<bpmn:dataInputAssociation id='reads'>{ends}</bpmn:dataInputAssociation>"
    step = d.node("scriptTask", "a", reads, "<bpmn:script>{ x: 1 }</bpmn:script>")
    assert trace(store, d.process(d.START, d.END, step, drawn, d.chain("start", "a", "end"), notes)) == ["start", "a", "end"]


def three_ways(step: str) -> str:
    """Out of a step: one flow without a condition, one for gifts, and one that is the default."""
    steps = d.script("pack", "{ p: 1 }") + d.script("wrap", "{ w: 1 }") + d.script("plain", "{ n: 1 }")
    flows = d.chain("start", "first", "pack", "end") + d.flow("first", "wrap", "gift") + d.flow("first", "plain")
    return d.process(d.START, d.END, step, steps, flows, d.chain("wrap", "end"), d.chain("plain", "end"))


@pytest.mark.parametrize(
    "step", [d.script("first", "{ x: 1 }", default="first_to_plain"), d.node("inclusiveGateway", "first", default="first_to_plain")]
)
def test_a_default_is_taken_when_no_conditional_flow_is_whatever_is_always_taken(step: str) -> None:
    assert {"pack", "plain"} == {"pack", "plain", "wrap"} & set(trace(three_ways(step), gift=False))
    assert {"pack", "wrap"} == {"pack", "plain", "wrap"} & set(trace(three_ways(step), gift=True))


def test_a_picture_beside_the_process_is_not_compiled() -> None:
    customer = d.process(d.node("task", "ask"), key="customer", isExecutable="false")
    people = "".join(f'<bpmn:participant id="{key}_pool" processRef="{key}"/>' for key in ("quote_to_order", "customer"))
    roles = f'<bpmn:collaboration id="all">{people}</bpmn:collaboration>'
    assert [process.key for process in checked(roles, customer, d.around("a", d.script("a"))).processes] == ["quote_to_order"]


def test_the_file_itself_is_not_touched_and_ids_stay() -> None:
    root = etree.fromstring(d.document(d.process(d.script("a"), d.script("b", "{ y: 1 }"), d.chain("a", "b"))))
    before = etree.tostring(root)
    rewritten = normalise(build_diagram("b.bpmn", root))
    assert etree.tostring(root) == before
    drawn = {element.get("id") for element in root.iter() if element.get("id")}
    assert drawn <= {element.get("id") for element in rewritten.iter()}


def test_ids_made_here_never_meet_drawn_ones() -> None:
    steps = d.script("a") + d.script("a_split", "{ s: 1 }") + d.script("b", "{ y: 1 }")
    parts = d.process(d.START, d.END, steps, d.chain("start", "a", "a_split", "end"), d.chain("a", "b", "end"))
    assert {"a", "a_split", "b"} <= set(trace(parts))


@pytest.mark.parametrize(
    "text",
    [
        "trusted <!-- policy 12 --> and amount &lt; 1000",
        "trusted <?editor folded?> and amount &lt; 1000",
        "trusted <bpmn:documentation>since the audit</bpmn:documentation> and amount &lt; 1000",
        "<![CDATA[trusted and ]]>amount<![CDATA[ < 1000]]>",
        "<!-- policy 12 -->\n  = trusted\n  and amount &lt; 1000\n",
    ],
)
def test_a_condition_is_its_whole_text_and_nothing_else(text: str) -> None:
    steps = d.script("low", "{ a: 1 }") + d.script("high", "{ b: 1 }") + d.node("exclusiveGateway", "gate", default="gate_to_high")
    flows = d.flow("start", "gate") + d.flow("gate", "low", text) + d.flow("gate", "high") + d.flow("low", "end") + d.flow("high", "end")
    parts = d.process(d.START, d.END, steps, flows)
    assert "high" in trace(parts, trusted=True, amount=50_000)
    assert "low" in trace(parts, trusted=True, amount=50)


def repeated(inner: str, one_by_one: str = "false") -> str:
    name = "multiInstanceLoopCharacteristics"
    return f'<bpmn:{name} isSequential="{one_by_one}">{inner}</bpmn:{name}>'


def test_no_text_of_a_step_is_cut_by_a_comment() -> None:
    script = '<bpmn:scriptTask id="add"><bpmn:script>{ a: 1 <!-- net --> + 1 }</bpmn:script></bpmn:scriptTask>'
    wait = d.event("intermediateCatchEvent", "late", d.timer("PT<!-- was 4 -->2H"))
    loop = repeated("<bpmn:loopCardinality>1<!-- not -->2</bpmn:loopCardinality>")
    turn = d.script("turn", "{ b: loopCounter }", loop)
    parts = d.process(d.START, d.END, script, wait, turn, d.chain("start", "add", "turn", "late", "end"))
    execution = started(parts)
    assert execution.variables["a"] == 2
    assert execution.waits.timers[0].due_at == NOW + timedelta(hours=2)
    assert [step.detail for step in execution.take_trace() if step.element_id == "turn"][-1] == {"turns": 12}


@pytest.mark.parametrize("inside", ["<!-- a comment -->", "<?editor folded?>"])
def test_a_comment_inside_a_step_is_nothing(inside: str) -> None:
    wait = d.event("intermediateCatchEvent", "late", d.timer("PT2H").replace("</", inside + "</", 1))
    step = d.script("add", "{ a: 1 }").replace("<bpmn:script>", inside + "<bpmn:script>")
    assert started(d.process(d.START, d.END, step, wait, d.chain("start", "add", "late", "end"))).variables["a"] == 1


def test_truth_values_are_written_in_either_way() -> None:
    loop = repeated("<bpmn:loopCardinality>2</bpmn:loopCardinality>", " 1 ")
    remind = d.event("boundaryEvent", "late", d.timer("PT2H"), attachedToRef="ask", cancelActivity="0")
    parts = d.process(
        d.START, d.END, d.user("ask").replace("</bpmn:userTask>", loop + "</bpmn:userTask>"), remind, d.flow("late", "end"),
        d.chain("start", "ask", "end"), isExecutable="1",
    )  # fmt: skip
    execution = started(parts)
    assert len(execution.waits.user_tasks) == 1
    execution.fire_timer(execution.waits.timers[0].task_id, NOW + timedelta(hours=2))
    execution.run(Calls(), now=NOW + timedelta(hours=2))
    assert len(execution.waits.user_tasks) == 1
