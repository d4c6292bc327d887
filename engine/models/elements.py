"""What of BPMN is implemented. Whatever is not listed here is refused: a silently wrong run is the one unforgivable result."""

from typing import Final

#: For each kind of event the event definitions it may have; the empty text stands for a plain event.
EVENTS_SUPPORTED: Final = {
    "startEvent": frozenset({"", "message", "timer"}),
    "intermediateCatchEvent": frozenset({"message", "timer", "signal", "link"}),
    "intermediateThrowEvent": frozenset({"", "message", "signal", "escalation", "link"}),
    "endEvent": frozenset({"", "message", "signal", "error", "escalation", "terminate"}),
    "boundaryEvent": frozenset({"message", "timer", "signal", "error", "escalation"}),
}

#: Elements that are refused, each with what to draw instead.
REFUSED: Final = {
    "complexGateway": "Use exclusive, inclusive or parallel gateways.",
    "adHocSubProcess": "Draw the order of the steps, or a parallel gateway.",
    "transaction": "Use a subprocess with error boundary events.",
    "choreographyTask": "Draw the process of our own side.",
    "subChoreography": "Draw the process of our own side.",
    "callChoreography": "Draw the process of our own side.",
    "choreography": "Draw the process of our own side.",
    "globalTask": "Draw a process with this one task.",
    "globalUserTask": "Draw a process with this one task.",
    "globalManualTask": "Draw a process with this one task.",
    "globalScriptTask": "Draw a process with this one task.",
    "globalBusinessRuleTask": "Draw a process with this one task.",
    "complexBehaviorDefinition": "Use a completion condition.",
    "auditing": "Remove it: everything is recorded.",
}

#: Attributes that change how a model runs and that are not implemented: the tags (none means all), the value that is harmless.
ATTRIBUTES_REFUSED: Final = {
    "startQuantity": ("1", "Remove startQuantity: a step starts with each token."),
    "completionQuantity": ("1", "Remove completionQuantity: a step ends with one token."),
    "isForCompensation": ("false", "Compensation is not implemented: draw the undo as steps of the process."),
    "instantiate": ("false", "Draw a message start event instead."),
    "triggeredByEvent": ("false", "Event subprocesses are not implemented: use a boundary event on a subprocess around the steps."),
    "parallelMultiple": ("false", "Draw one event for each thing to wait for, behind a parallel gateway."),
    "behavior": ("All", "Leave 'behavior' at 'All'."),
}
