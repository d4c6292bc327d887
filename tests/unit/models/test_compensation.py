"""Compensation as modelers write it: what is drawn is checked, deployed and run."""

import pytest

from engine.models.bundle import Bundle
from engine.models.check import check
from engine.models.reach import reach_of
from tests.unit.models.drawing import service_tasks
from tests.unit.spiff.drawing import Play

#: As bpmn-js saves it when a compensation event is put on a task and connected to another.
DRAWN = """<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI"
 xmlns:dc="http://www.omg.org/spec/DD/20100524/DC" xmlns:di="http://www.omg.org/spec/DD/20100524/DI" id="Definitions_1"
 targetNamespace="http://bpmn.io/schema/bpmn">
  <bpmn:process id="trip" name="Trip" isExecutable="true">
    <bpmn:startEvent id="StartEvent_1" name="Asked"><bpmn:outgoing>Flow_1</bpmn:outgoing></bpmn:startEvent>
    <bpmn:scriptTask id="Activity_1" name="Book flight">
      <bpmn:incoming>Flow_1</bpmn:incoming><bpmn:outgoing>Flow_2</bpmn:outgoing><bpmn:script>{ flight: "OS 87" }</bpmn:script>
    </bpmn:scriptTask>
    <bpmn:sequenceFlow id="Flow_1" sourceRef="StartEvent_1" targetRef="Activity_1" />
    <bpmn:boundaryEvent id="Event_1" name="Undone" attachedToRef="Activity_1">
      <bpmn:compensateEventDefinition id="CompensateEventDefinition_1" />
    </bpmn:boundaryEvent>
    <bpmn:scriptTask id="Activity_2" name="Cancel flight" isForCompensation="true">
      <bpmn:script>{ told: flight + " is off" }</bpmn:script>
    </bpmn:scriptTask>
    <bpmn:sequenceFlow id="Flow_2" sourceRef="Activity_1" targetRef="Event_2" />
    <bpmn:endEvent id="Event_2" name="All undone"><bpmn:incoming>Flow_2</bpmn:incoming>
      <bpmn:compensateEventDefinition id="CompensateEventDefinition_2" activityRef="Activity_1" />
    </bpmn:endEvent>
    <bpmn:association id="Association_1" associationDirection="One" sourceRef="Event_1" targetRef="Activity_2" />
  </bpmn:process>
  <bpmndi:BPMNDiagram id="BPMNDiagram_1"><bpmndi:BPMNPlane id="BPMNPlane_1" bpmnElement="trip">
    <bpmndi:BPMNShape id="s1" bpmnElement="StartEvent_1"><dc:Bounds x="156" y="82" width="36" height="36" /></bpmndi:BPMNShape>
    <bpmndi:BPMNShape id="s2" bpmnElement="Activity_1"><dc:Bounds x="250" y="60" width="100" height="80" /></bpmndi:BPMNShape>
    <bpmndi:BPMNShape id="s3" bpmnElement="Event_1"><dc:Bounds x="312" y="122" width="36" height="36" /></bpmndi:BPMNShape>
    <bpmndi:BPMNShape id="s4" bpmnElement="Activity_2"><dc:Bounds x="390" y="200" width="100" height="80" /></bpmndi:BPMNShape>
    <bpmndi:BPMNShape id="s5" bpmnElement="Event_2"><dc:Bounds x="412" y="82" width="36" height="36" /></bpmndi:BPMNShape>
    <bpmndi:BPMNEdge id="e1" bpmnElement="Flow_1"><di:waypoint x="192" y="100" /><di:waypoint x="250" y="100" /></bpmndi:BPMNEdge>
    <bpmndi:BPMNEdge id="e2" bpmnElement="Flow_2"><di:waypoint x="350" y="100" /><di:waypoint x="412" y="100" /></bpmndi:BPMNEdge>
    <bpmndi:BPMNEdge id="e3" bpmnElement="Association_1"><di:waypoint x="330" y="158" /><di:waypoint x="390" y="240" /></bpmndi:BPMNEdge>
  </bpmndi:BPMNPlane></bpmndi:BPMNDiagram>
</bpmn:definitions>
"""


def checked(text):
    return check(Bundle("trip", {"trip.bpmn": text.encode()}), service_tasks(), {"sales"})


@pytest.mark.parametrize("direction", ["as drawn", "drawn from the handler"])
def test_what_the_modeler_draws_deploys_and_runs(direction):
    text = DRAWN
    if direction == "drawn from the handler":
        text = text.replace('sourceRef="Event_1" targetRef="Activity_2"', 'sourceRef="Activity_2" targetRef="Event_1"')
    found = checked(text)
    assert [each for each in found.findings if each.severity != "info"] == []
    (trip,) = found.processes
    order = Play(trip, restored=True)
    assert order.completed
    assert order.variables == {"flight": "OS 87", "told": "OS 87 is off"}


def test_what_undoes_a_step_may_read_what_that_wrote_and_is_read_behind_the_event_that_asked():
    known = checked(DRAWN).known
    assert known is not None
    (found,) = reach_of(known)
    assert found.at["Activity_2"] == ("flight",)
    assert found.at["Event_2"] == ("flight", "told")
