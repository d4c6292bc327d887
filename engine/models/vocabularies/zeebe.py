"""Camunda 8's extensions (`zeebe:`)."""

from typing import Final

from engine.models.vocabularies.entries import Vocabulary, drawn, holds, refused, table

ZEEBE: Final = ("http://camunda.org/schema/zeebe/1.0",)

_SAME_DEPLOYMENT: Final = "Remove it: what a model names is always of the same deployment."
_LISTENER: Final = "Remove it: draw a service task or a script task in FEEL where it should happen."
_FORM: Final = "Draw the form as a .form file of the same bundle, and name it in the setting 'formKey'."

ZEEBE_WORDS: Final = Vocabulary(
    "zeebe",
    "The extensions of Camunda 8.",
    ZEEBE,
    table(
        drawn("@modelerTemplate @modelerTemplateVersion @modelerTemplateIcon", "For Camunda's modeler."),
        drawn("@modelerConfigurationTemplate @modelerConfigurationName", "For Camunda's modeler."),
        drawn("userTask versionTag", "Every user task is one of the worklist; versions are counted here."),
        holds("ioMapping taskHeaders properties executionListeners taskListeners linkedResources"),
        refused("taskDefinition", "Choose the service task that runs here, and its setting 'retry'."),
        refused("header", "Give it to the service task as a parameter."),
        refused("@retryCounter", "Set 'retry' of the step: R5/PT10S."),
        refused("input output", "Give parameters to the service task; assign other variables in a script task before or behind."),
        refused("subscription", "Write the key into the setting 'correlation' of the event: ={order_no: order_no}."),
        refused("loopCharacteristics", "Choose the list, the name of its items and the list of results in our modeler."),
        refused("calledElement", "Choose the process it calls: calledElement of BPMN. It sees the variables of its caller."),
        refused("userTaskForm formDefinition", _FORM),
        refused("linkedResource", _SAME_DEPLOYMENT),
        refused("@bindingType @versionTag", _SAME_DEPLOYMENT),
        refused("calledDecision", "Choose the decision and its result variable in our modeler."),
        refused("assignmentDefinition", "Set candidateUsers or candidateGroups of the step."),
        refused("priorityDefinition", "Set 'priority' of the step."),
        refused("jobPriorityDefinition", "Remove it: work is done in the order in which it came."),
        refused("taskSchedule", "Set 'dueIn' of the step: PT4H, P2D."),
        refused("property", "Say it by a setting of our modeler, or remove it."),
        refused("script", "Write it as the script of the task: a context of assignments in FEEL."),
        refused("executionListener taskListener", _LISTENER),
        refused("adHoc", "Draw the order of the steps, or a parallel gateway."),
        refused("conditionalFilter", "Remove it."),
        refused("agentDefinition", "Draw a service task that calls it."),
    ),
)
