"""The diagram that a new process begins with: a start event, drawn, and nothing else."""

from typing import Final
from xml.sax.saxutils import quoteattr


def new_diagram(name: str) -> bytes:
    """An executable process whose id is `name`. It is a beginning, not yet sound: nothing follows the start event."""
    title = name.replace("-", " ").capitalize()
    return _NEW.format(id=quoteattr(name), name=quoteattr(title)).encode()


_NEW: Final = """<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI" \
xmlns:dc="http://www.omg.org/spec/DD/20100524/DC" xmlns:spiffworkflow="http://spiffworkflow.org/bpmn/schema/1.0/core" id="definitions" \
targetNamespace="https://ordercraft.example/bpmn">
  <bpmn:process id={id} name={name} isExecutable="true">
    <bpmn:startEvent id="begin" name="Begin" />
  </bpmn:process>
  <bpmndi:BPMNDiagram id="diagram">
    <bpmndi:BPMNPlane id="plane" bpmnElement={id}>
      <bpmndi:BPMNShape id="begin_shape" bpmnElement="begin">
        <dc:Bounds x="180" y="160" width="36" height="36" />
        <bpmndi:BPMNLabel><dc:Bounds x="182" y="203" width="32" height="14" /></bpmndi:BPMNLabel>
      </bpmndi:BPMNShape>
    </bpmndi:BPMNPlane>
  </bpmndi:BPMNDiagram>
</bpmn:definitions>
"""
