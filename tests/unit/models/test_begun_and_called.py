"""What begins a process without a start event drawn for it, global tasks, and an event subprocess as the modeler writes it."""

import pytest

from engine.models.bundle import Bundle
from engine.models.check import CheckedBundle, check
from tests.unit.models import drawing as d
from tests.unit.spiff.drawing import Play

PAID = '<bpmn:message id="paid" name="order.paid"/><bpmn:signal id="storm" name="storm"/>'


def checked(*parts: str) -> CheckedBundle:
    found = check(Bundle("b", {"b.bpmn": d.document(*parts), "t.dmn": d.TABLE}), d.service_tasks(), {"sales"})
    assert found.ok, found.findings
    return found


def test_a_receive_task_begins_the_process_by_its_message() -> None:
    task = d.node("receiveTask", "hear", d.settings(resultVariable="payment"), messageRef="paid", instantiate="true")
    [compiled] = checked(
        PAID, d.process(task, d.script("book", "{ booked: payment.amount }"), d.END, d.chain("hear", "book", "end"))
    ).processes
    [start] = compiled.start_events
    assert (start.id, start.event and (start.event.kind, start.event.name)) == ("hear", ("message", "order.paid"))
    order = Play(compiled, compiled.brought("hear", {"amount": 7}), restored=True, element_id="hear")
    assert order.path == ["hear", "book", "end"]
    assert order.variables == {"payment": {"amount": 7}, "booked": 7}


def test_each_event_behind_a_gateway_begins_the_process() -> None:
    gate = d.node("eventBasedGateway", "gate", instantiate="true")
    hear = d.node("receiveTask", "hear", messageRef="paid")
    calm = d.event("intermediateCatchEvent", "calm", "signal signalRef='storm'")
    flows = d.chain("gate", "hear", "a", "end") + d.chain("gate", "calm", "b", "end")
    [compiled] = checked(PAID, d.process(gate, hear, calm, d.script("a"), d.script("b", "{ x: 1 }"), d.END, flows)).processes
    assert {(each.id, each.event and each.event.kind) for each in compiled.start_events} == {("hear", "message"), ("calm", "signal")}
    assert Play(compiled, restored=True, element_id="calm").path == ["calm", "b", "end"]


@pytest.mark.parametrize(
    ("drawn", "waits", "variables"),
    [
        (d.node("globalUserTask", "approval", d.settings(candidateGroups="sales", title="Approve it")), True, {"amount": 3}),
        (d.node("globalManualTask", "approval", d.settings(candidateGroups="sales")), True, {"amount": 3}),
        (
            d.node("globalScriptTask", "approval", "<bpmn:script>{ amount: amount + 1 }</bpmn:script>", scriptLanguage="feel"),
            False,
            {"amount": 4},
        ),
        (d.decision("approval", "approvers").replace("businessRuleTask", "globalBusinessRuleTask"), False, {"amount": 3, "approvers": 6}),
        (d.node("globalTask", "approval"), False, {"amount": 3}),
    ],
)
def test_a_global_task_is_called_like_a_process(drawn: str, waits: bool, variables: dict[str, int]) -> None:
    call = d.node("callActivity", "call", calledElement="approval")
    compiled = next(each for each in checked(drawn, d.around("call", call)).processes if each.key == "quote_to_order")
    order = Play(compiled, {"amount": 3}, restored=True)
    if waits:
        order.do("approval_task")
    assert order.completed
    assert order.variables == variables


#: As bpmn-js writes it: prefixes, incoming and outgoing, and the shapes.
DRAWN = """<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL"
  xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI" xmlns:dc="http://www.omg.org/spec/DD/20100524/DC"
  xmlns:spiffworkflow="http://spiffworkflow.org/bpmn/schema/1.0/core" id="Definitions_1" targetNamespace="http://bpmn.io/schema/bpmn">
  <bpmn:process id="picking" name="Picking" isExecutable="true">
    <bpmn:startEvent id="Event_1" name="Began"><bpmn:outgoing>Flow_1</bpmn:outgoing></bpmn:startEvent>
    <bpmn:sequenceFlow id="Flow_1" sourceRef="Event_1" targetRef="Activity_1" />
    <bpmn:userTask id="Activity_1" name="Pick"><bpmn:incoming>Flow_1</bpmn:incoming><bpmn:outgoing>Flow_2</bpmn:outgoing></bpmn:userTask>
    <bpmn:endEvent id="Event_2" name="Picked"><bpmn:incoming>Flow_2</bpmn:incoming></bpmn:endEvent>
    <bpmn:sequenceFlow id="Flow_2" sourceRef="Activity_1" targetRef="Event_2" />
    <bpmn:subProcess id="Activity_2" name="Changed" triggeredByEvent="true">
      <bpmn:startEvent id="Event_3" name="Change came" isInterrupting="false">
        <bpmn:extensionElements><spiffworkflow:properties>
          <spiffworkflow:property name="correlation" value="={ order_no: order_no }" /></spiffworkflow:properties></bpmn:extensionElements>
        <bpmn:outgoing>Flow_3</bpmn:outgoing>
        <bpmn:messageEventDefinition id="MessageEventDefinition_1" messageRef="Message_1" />
      </bpmn:startEvent>
      <bpmn:userTask id="Activity_3" name="Look at it"><bpmn:incoming>Flow_3</bpmn:incoming></bpmn:userTask>
      <bpmn:sequenceFlow id="Flow_3" sourceRef="Event_3" targetRef="Activity_3" />
    </bpmn:subProcess>
  </bpmn:process>
  <bpmn:message id="Message_1" name="order.changed" />
  <bpmndi:BPMNDiagram id="BPMNDiagram_1"><bpmndi:BPMNPlane id="BPMNPlane_1" bpmnElement="picking">
    <bpmndi:BPMNShape id="Activity_2_di" bpmnElement="Activity_2" isExpanded="true">
      <dc:Bounds x="150" y="250" width="350" height="200" /></bpmndi:BPMNShape>
  </bpmndi:BPMNPlane></bpmndi:BPMNDiagram>
</bpmn:definitions>"""


def test_an_event_subprocess_as_the_modeler_draws_it_deploys_and_runs() -> None:
    found = check(Bundle("picking", {"picking.bpmn": DRAWN.encode()}), d.service_tasks())
    assert found.ok, found.findings
    [compiled] = found.processes
    order = Play(compiled, {"order_no": "SO-1"}, restored=True).receive("Event_3", qty=2)
    assert order.waiting_at() == {"Activity_1", "Event_3", "Activity_3"}
    assert order.do("Activity_1").do("Activity_3").completed
