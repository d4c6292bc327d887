"""The names of BPMN 2.0 and of our extensions that the other files of this room speak of."""

from typing import Final

BPMN: Final = "http://www.omg.org/spec/BPMN/20100524/MODEL"
BPMNDI: Final = "http://www.omg.org/spec/BPMN/20100524/DI"
DMN_PREFIX: Final = "https://www.omg.org/spec/DMN/"
SPIFF: Final = "http://spiffworkflow.org/bpmn/schema/1.0/core"
XSI: Final = "http://www.w3.org/2001/XMLSchema-instance"

TASKS: Final = frozenset(
    {"task", "userTask", "manualTask", "serviceTask", "scriptTask", "sendTask", "receiveTask", "businessRuleTask"},
)
SUBPROCESSES: Final = frozenset({"subProcess", "transaction", "adHocSubProcess"})
ACTIVITIES: Final = TASKS | SUBPROCESSES | {"callActivity"}
GATEWAYS: Final = frozenset({"exclusiveGateway", "parallelGateway", "inclusiveGateway", "eventBasedGateway", "complexGateway"})
#: What chooses one or several of its flows.
INCLUSIVE: Final = frozenset({"inclusiveGateway", "complexGateway"})
EVENTS: Final = frozenset({"startEvent", "intermediateCatchEvent", "intermediateThrowEvent", "endEvent", "boundaryEvent"})
CHOREOGRAPHY: Final = frozenset({"choreographyTask", "subChoreography", "callChoreography"})
FLOW_NODES: Final = ACTIVITIES | GATEWAYS | EVENTS | CHOREOGRAPHY

#: Event definitions, by the short name that messages use.
EVENT_DEFINITIONS: Final = {
    f"{kind}EventDefinition": kind
    for kind in ("message", "timer", "signal", "error", "escalation", "conditional", "link", "terminate", "cancel", "compensate")
}
#: Ids that SpiffWorkflow gives to its own steps.
RESERVED_IDS: Final = frozenset({"Start", "End"})
