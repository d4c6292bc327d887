"""BPMN 2.0 (OMG formal/2011-01-03, its XML Schema): every element, and every attribute of each element that runs.

What stands inside an element that is drawn or refused shares its fate and has no entry of its own.
"""

from typing import Final

from engine.models.vocabularies.entries import Vocabulary, drawn, refused, runs, table, told
from engine.spiff.elements import SUPPORTED_EVENTS

#: For each kind of event the event definitions it may have, as the engine runs them; the empty text stands for a plain event. A link is a
#: flow when the engine sees it.
EVENTS_SUPPORTED: Final = {
    tag: frozenset({"" if kind == "none" else kind for kind in kinds} | ({"link"} if tag.startswith("intermediate") else set()))
    for tag, kinds in SUPPORTED_EVENTS.items()
    if tag.endswith("Event")
}

_OUR_SIDE: Final = "Draw the process of our own side."
_CORRELATION: Final = "Write the keys into the setting 'correlation' of the event that waits and of the one that sends."
_ASSIGN: Final = "Write the assignment as a script task, or as a parameter of the service task."
_PEOPLE: Final = "Set candidateGroups or candidateUsers of the step instead."
_IMPLEMENTED: Final = "What runs is the service task, form or decision that the step names; this is not read."

_RUNNING: Final = (
    runs("definitions process extensionElements", "What is deployed, and what is in it."),
    runs("startEvent endEvent intermediateCatchEvent intermediateThrowEvent boundaryEvent", "With the event definitions listed beside."),
    runs("task", "Is passed through; the check warns of it."),
    runs("userTask manualTask", "A task in the worklist."),
    runs("serviceTask", "Calls the service task it names."),
    runs("scriptTask script", "Assigns variables, in FEEL."),
    runs("businessRuleTask", "Asks a decision of the same deployment."),
    runs("sendTask receiveTask", "Sends a message, waits for one."),
    runs("subProcess", "Steps with boundary events of their own."),
    runs("transaction", "A subprocess that a cancel end event undoes."),
    runs("callActivity", "Runs another process of the same deployment."),
    runs("globalTask globalUserTask globalManualTask globalScriptTask globalBusinessRuleTask", "A process of this one task, to be called."),
    runs("exclusiveGateway inclusiveGateway parallelGateway eventBasedGateway", "Split and join."),
    runs("complexGateway", "Splits as an inclusive gateway does; one that joins is refused."),
    runs("sequenceFlow", "The way a token takes."),
    runs("conditionExpression", "FEEL; the flow is taken when it is true."),
    runs("messageEventDefinition signalEventDefinition errorEventDefinition escalationEventDefinition", "Named by what it refers to."),
    runs("timerEventDefinition timeDate timeDuration timeCycle", "ISO 8601, cron or FEEL."),
    runs("compensateEventDefinition compensateEventDefinition@activityRef", "Undoes a step that is done, or all of its level."),
    runs("@isForCompensation", "Runs only to undo the step that a compensation event ties it to."),
    runs("association association@sourceRef association@targetRef", "Ties a compensation event to what undoes its step; others are drawn."),
    runs("cancelEventDefinition", "Undoes a transaction and leaves it; at its edge, the way that then goes on."),
    runs("conditionalEventDefinition condition", "FEEL; the event happens when it becomes true by what a step writes."),
    runs("terminateEventDefinition", "Ends everything that is under way in its process or subprocess."),
    runs("linkEventDefinition", "A flow between two events of one name."),
    runs("eventDefinitionRef", "The same as the definition it refers to."),
    runs("message signal error escalation", "What events refer to."),
    runs("standardLoopCharacteristics loopCondition", "The step is done again while the condition holds."),
    runs("multiInstanceLoopCharacteristics loopCardinality loopDataInputRef loopDataOutputRef", "The step is done for each item."),
    runs("inputDataItem outputDataItem completionCondition", "The variable of a turn, what it gives, and when enough are done."),
    runs("property", "Declares a variable that loops refer to."),
    runs("laneSet lane flowNodeRef childLaneSet", "The group that is offered a task without candidates."),
)

_ATTRIBUTES: Final = (
    runs("@id", "By which everything refers to it."),
    drawn("@name", "What people call it, on pages and in messages."),
    runs("message@name signal@name linkEventDefinition@name property@name", "By which it is found."),
    runs("lane@name", "The group that is offered its tasks."),
    runs("error@errorCode escalation@escalationCode", "By which a boundary event catches it."),
    drawn(
        "message@itemRef signal@structureRef error@structureRef escalation@structureRef @itemSubjectRef", "Payloads are contexts of FEEL."
    ),
    drawn("definitions@targetNamespace definitions@typeLanguage definitions@exporter definitions@exporterVersion", "Of the file."),
    runs(
        "definitions@expressionLanguage @language scriptTask@scriptFormat globalScriptTask@scriptLanguage",
        "Everything is FEEL; another language is refused.",
    ),
    drawn("@evaluatesToTypeRef", "FEEL knows what it gives."),
    runs("process@isExecutable", "Whether it is deployed; otherwise it is a picture."),
    drawn("process@processType process@isClosed process@definitionalCollaborationRef", "For readers of the diagram."),
    runs("@default", "The flow that is taken when no condition holds."),
    runs("sequenceFlow@sourceRef sequenceFlow@targetRef", "Where it comes from and leads to."),
    refused("sequenceFlow@isImmediate", "Remove isImmediate: nothing is done here that is not drawn.", "true"),
    refused("@startQuantity", "Remove startQuantity: a step starts with each token. To wait for several, draw a parallel join.", "1"),
    refused(
        "@completionQuantity", "Remove completionQuantity: a step ends with one token. To send on several, draw a parallel gateway.", "1"
    ),
    refused(
        "compensateEventDefinition@waitForCompletion",
        "Remove waitForCompletion: what is undone is waited for. To go on meanwhile, put the event into a parallel branch.",
        "true",
    ),
    drawn("transaction@method", "What is cancelled is undone by compensation, whatever the method is called."),
    drawn("association@associationDirection", "For readers of the diagram."),
    runs(
        "receiveTask@instantiate eventBasedGateway@instantiate",
        "It begins the process: the task by its message, the gateway by each event behind it.",
    ),
    runs("subProcess@triggeredByEvent", "An event subprocess: its start event waits as long as the scope around it is under way."),
    refused("transaction@triggeredByEvent", "Draw an event subprocess with a transaction in it.", "false"),
    runs("@parallelMultiple", "Whether all that the event waits for is to come, or the first of it is enough."),
    runs("startEvent@isInterrupting", "Whether the event subprocess takes the place of all else in its scope, or runs beside it."),
    refused(
        "eventBasedGateway@eventGatewayType",
        "The first event wins. To wait for all, draw a parallel gateway with the events behind it.",
        "Exclusive",
    ),
    drawn("@gatewayDirection", "Told by the flows that are drawn."),
    runs("boundaryEvent@attachedToRef boundaryEvent@cancelActivity", "The step it sits on, and whether it interrupts."),
    runs("callActivity@calledElement", "The process it runs."),
    told("@implementation", _IMPLEMENTED, "##WebService", "##unspecified", "##Other", ""),
    refused("@operationRef", "Remove operationRef: what runs is the service task or the message that the step names."),
    runs("@messageRef @signalRef @errorRef @escalationRef", "What is waited for or sent."),
    runs("@isSequential @testBefore @loopMaximum", "How turns follow one another, and how many there are at most."),
    refused(
        "@behavior",
        "Leave behavior at All. To tell of each turn that is done, repeat a subprocess with a throw event at its end; to tell of the first "
        "only, draw it behind a gateway that asks for loopCounter = 1.",
        "All",
    ),
    refused("@oneBehaviorEventRef @noneBehaviorEventRef", "Remove it: draw a throw event at the end of the repeated subprocess."),
    drawn("@isCollection", "Lists are values of FEEL."),
    told("lane@partitionElementRef", "A lane goes by its name."),
)

_DRAWN: Final = (
    drawn("documentation incoming outgoing text textAnnotation group", "For readers of the diagram."),
    drawn("category categoryValue categoryValueRef", "For readers of the diagram."),
    drawn("collaboration participant participantMultiplicity messageFlow messageFlowAssociation", "Messages go by their names."),
    drawn("participantAssociation participantRef messageFlowRef", "Who takes part, for readers."),
    drawn("conversation subConversation callConversation conversationLink conversationAssociation globalConversation", "For readers."),
    drawn("partnerEntity partnerRole", "For readers of the diagram."),
    drawn("dataObject dataObjectReference dataStore dataStoreReference dataState", "Every step sees the variables of its process."),
    drawn("itemDefinition import extension relationship resource resourceParameter supports", "Declared, and read by nothing here."),
    drawn("interface operation endPoint supportedInterfaceRef interfaceRef endPointRef", "Declared, and read by nothing here."),
    told("ioSpecification", "Every step sees the variables of its process; parameters and results are in its settings."),
    told(
        "dataInput dataOutput inputSet outputSet ioBinding", "Every step sees the variables of its process; payloads are in its settings."
    ),
    told("dataInputAssociation dataOutputAssociation", "The arrow moves nothing: every step sees the variables of its process."),
    told("linkEventDefinition/source linkEventDefinition/target", "The ends of a link find one another by their name."),
    told("partitionElement", "A lane goes by its name."),
    told("monitoring", "Everything is recorded; what is to be watched are the reports."),
    told("rendering", "The form of a step is the one in its setting 'formKey'."),
)

_REFUSED: Final = (
    refused(
        "activationCondition",
        "Join by an inclusive gateway, which waits for all under way. To go on with some, repeat a step with a completion condition.",
    ),
    refused("adHocSubProcess", "Draw the order of the steps, or a parallel gateway."),
    refused("choreographyTask subChoreography callChoreography choreography globalChoreographyTask choreographyRef", _OUR_SIDE),
    refused("complexBehaviorDefinition implicitThrowEvent", "Draw a throw event at the end of the repeated subprocess, behind a gateway."),
    refused("auditing", "Remove it: everything is recorded."),
    refused("correlationProperty correlationPropertyRetrievalExpression messagePath", _CORRELATION),
    refused("correlationKey correlationPropertyRef correlationSubscription correlationPropertyBinding dataPath", _CORRELATION),
    refused("assignment from to transformation", _ASSIGN),
    refused("callActivity/ioSpecification", "Remove it: a called process sees the variables of its caller, and gives its own back."),
    refused("callActivity/dataInputAssociation callActivity/dataOutputAssociation", _ASSIGN),
    refused("resourceRole performer humanPerformer potentialOwner", _PEOPLE),
    refused("resourceRef resourceParameterBinding resourceAssignmentExpression expression", _PEOPLE),
    refused("operationRef", "Remove it: what runs is the service task or the message that is named."),
)  # fmt: skip

BPMN_WORDS: Final = Vocabulary(
    "",
    "The elements and attributes of BPMN 2.0.",
    ("http://www.omg.org/spec/BPMN/20100524/MODEL",),
    table(*_RUNNING, *_ATTRIBUTES, *_DRAWN, *_REFUSED),
)
