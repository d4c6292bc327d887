"""A scenario happens when it says, in the company's zone, whatever the machine's clock shows."""

from datetime import datetime
from zoneinfo import ZoneInfo

from engine.models.bundle import Bundle
from engine.models.check import reload
from engine.runtime.dry_run.record import DryRun
from engine.runtime.dry_run.rehearsal import play
from engine.runtime.dry_run.scenario import scenario_of
from engine.service_tasks import ServiceTasks

DIAGRAM = b"""<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
  xmlns:spiffworkflow="http://spiffworkflow.org/bpmn/schema/1.0/core" id="d" targetNamespace="urn:test">
  <bpmn:process id="clock" isExecutable="true">
    <bpmn:startEvent id="begin"><bpmn:outgoing>f1</bpmn:outgoing></bpmn:startEvent>
    <bpmn:scriptTask id="look"><bpmn:incoming>f1</bpmn:incoming><bpmn:outgoing>f2</bpmn:outgoing>
      <bpmn:script>{day: string(today()), at: string(now())}</bpmn:script></bpmn:scriptTask>
    <bpmn:intermediateCatchEvent id="wait"><bpmn:incoming>f2</bpmn:incoming><bpmn:outgoing>f3</bpmn:outgoing>
      <bpmn:timerEventDefinition id="t">
        <bpmn:timeDuration xsi:type="bpmn:tFormalExpression">P1D</bpmn:timeDuration>
      </bpmn:timerEventDefinition>
    </bpmn:intermediateCatchEvent>
    <bpmn:scriptTask id="look_again"><bpmn:incoming>f3</bpmn:incoming><bpmn:outgoing>f4</bpmn:outgoing>
      <bpmn:script>{later: string(today())}</bpmn:script></bpmn:scriptTask>
    <bpmn:endEvent id="done"><bpmn:incoming>f4</bpmn:incoming></bpmn:endEvent>
    <bpmn:sequenceFlow id="f1" sourceRef="begin" targetRef="look" />
    <bpmn:sequenceFlow id="f2" sourceRef="look" targetRef="wait" />
    <bpmn:sequenceFlow id="f3" sourceRef="wait" targetRef="look_again" />
    <bpmn:sequenceFlow id="f4" sourceRef="look_again" targetRef="done" />
  </bpmn:process>
</bpmn:definitions>"""
SCENARIO = {"process": "clock", "now": "2031-12-31T23:30:00+01:00", "given": {}, "steps": [{"clock": "P1D"}]}


def rehearsed() -> DryRun:
    """The little diagram has no drawing, which the check would ask for."""
    compiled = reload(Bundle("clock", {"clock.bpmn": DIAGRAM}), ZoneInfo("Europe/Vienna"))
    return play(compiled, scenario_of(SCENARIO), ServiceTasks(), ZoneInfo("Europe/Vienna"))


def test_a_scenario_knows_the_day_it_says_and_the_day_after_its_clock_moved():
    variables = rehearsed().variables
    assert (variables["day"], variables["later"]) == ("2031-12-31", "2032-01-01")
    assert variables["at"].startswith("2031-12-31T23:30:00")


def test_a_scenario_s_time_is_its_own_moment():
    run = rehearsed()
    assert run.now == datetime.fromisoformat("2032-01-01T23:30:00+01:00")
    assert run.state == "completed"
