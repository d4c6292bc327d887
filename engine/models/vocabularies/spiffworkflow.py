"""The extensions of our own diagrams (`spiffworkflow:`), and those that SpiffArena writes in the same namespace."""

from typing import Final

from engine.models.vocabularies.entries import Vocabulary, drawn, refused, runs, table, told

SPIFF_WORDS: Final = Vocabulary(
    "spiffworkflow",
    "The extensions of Ordercraft's own diagrams.",
    ("http://spiffworkflow.org/bpmn/schema/1.0/core",),
    table(
        runs("properties property", "Settings; the check names those that nothing reads."),
        runs("serviceTaskOperator parameters parameter", "The service task that is called, and what it is given.", "serviceTask"),
        runs(
            "serviceTaskOperator@id serviceTaskOperator@resultVariable",
            "Its name, or `topic:` and a topic for workers outside, and where its result goes.",
        ),
        runs("parameter@id parameter@value", "The parameter's name, and its value in FEEL."),
        drawn("parameter@type", "The service task itself says what it takes."),
        runs("property@name property@value", "The setting and what is written there."),
        runs("calledDecisionId", "The decision it asks.", "businessRuleTask"),
        runs("instructionsForEndUser", "What the task page shows.", "userTask", "manualTask"),
        refused("retry", "Set 'retry' of the step: R5/PT10S."),
        refused("preScript postScript", "Use a script task with a FEEL context, or a service task."),
        refused("messagePayload payloadExpression", "Set 'payload' of the event: ={order_no: order_no}."),
        refused("messageVariable variableName", "Set 'resultVariable' of the event."),
        told(
            "unitTests unitTest inputJson expectedOutputJson", "Write a scenario beside the diagram: it is played before each deployment."
        ),
    ),
)
