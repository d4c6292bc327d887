"""Camunda 7's extensions (`camunda:`), and those of Activiti, Flowable and Operaton, which mean the same by the same words.

What is read as ours is translated when a file is read (`engine.models.camunda`); what is left of it then is named by the check.
"""

from typing import Final

from engine.models.vocabularies.entries import Vocabulary, drawn, holds, read_as, refused, table, told

#: Camunda's namespace, and those of the engines that it came from and that came from it.
CAMUNDA: Final = (
    "http://camunda.org/schema/1.0/bpmn",
    "http://operaton.org/schema/1.0/bpmn",
    "http://activiti.org/bpmn",
    "http://flowable.org/bpmn",
)

_TOPIC: Final = "Make it an external task, with the name of a service task as topic; the element templates do so by themselves."
_ONE_TRANSACTION: Final = "Each stretch between two waits is one transaction here, with or without it."
_IN_ORDER: Final = "Work is done in the order in which it came."
_LISTENER: Final = "Remove it: draw a service task or a script task in FEEL where it should happen."
_ONE_VALUE: Final = "Write a text, FEEL behind = (such as =order.total * 2), or one variable as ${order.total}."
_SAME_DEPLOYMENT: Final = "Remove it: what a model names is always of the same deployment."
_PEOPLE: Final = "Write the names with commas, FEEL behind = in our modeler, or one variable as ${people}."
_FORM: Final = "Draw the form with form-js as a .form file of the same bundle."
_CALLED: Final = "A called process sees the variables of its caller and gives its own back: remove it, or assign them in a script task."
_ITEMS: Final = "Choose the list and the name of its items in our modeler."
_NEXT_STEP: Final = "Remove it, or say it by a setting of our modeler."

CAMUNDA_WORDS: Final = Vocabulary(
    "camunda",
    "The extensions of Camunda 7.",
    CAMUNDA,
    table(
        drawn("@modelerTemplate @modelerTemplateVersion @modelerTemplateIcon", "For Camunda's modeler."),
        drawn("@historyTimeToLive @versionTag @isStartableInTasklist @diagramRelationId", "For Camunda's own pages."),
        told("@async @asyncBefore @asyncAfter", _ONE_TRANSACTION),
        told("@exclusive", "An instance is never worked on twice at once."),
        told("@jobPriority @taskPriority", _IN_ORDER),
        told("@formRefBinding", "A form is always that of the same deployment."),
        read_as("@type", "`external`: the step is for its topic.", _TOPIC),
        read_as(
            "@topic",
            "The service task of this name; where there is none, workers outside fetch it.",
            "Set its implementation to external, and let the topic alone name the service task: not our own extension as well.",
        ),
        refused("@class @delegateExpression @expression field connector connectorId", _TOPIC),
        read_as("@resultVariable", "The result variable of an external task.", "Set the result variable in our modeler."),
        refused("executionListener taskListener", _LISTENER),
        refused("script @resource", "Write it in FEEL, as a script task with a context of assignments."),
        holds("inputOutput properties"),
        read_as("inputParameter", "A parameter of the service task.", _ONE_VALUE),
        refused("outputParameter", "Name a result variable (resultVariable) and read its entries: the whole result goes there."),
        read_as("failedJobRetryTimeCycle", "The setting 'retry'.", "Write R5/PT10S: five more attempts, the first after ten seconds."),
        refused("@decisionRef @decisionRefTenantId", "Choose the decision in our modeler, and its result variable."),
        refused("@decisionRefBinding @decisionRefVersion @calledElementBinding @calledElementVersion", _SAME_DEPLOYMENT),
        refused("@calledElementVersionTag @calledElementTenantId @formRefVersion", _SAME_DEPLOYMENT),
        refused("@mapDecisionResult", "Remove it: the result variable takes the decision's answer as it is."),
        refused("@collection @elementVariable", _ITEMS),
        read_as(
            "@assignee",
            "The one candidate user.",
            "Set candidate users or candidate groups; one user alone has the task for themselves.",
        ),
        read_as("@candidateGroups @candidateUsers", "The settings of these names.", _PEOPLE),
        read_as(
            "@formKey",
            "The form of this file, where it is `camunda-forms:deployment:…`.",
            "Draw the form with form-js in the same bundle, and name it by its file: camunda-forms:deployment:approve.form.",
        ),
        read_as("@formRef", "The form of this name.", "Name the form by its file, without .form."),
        refused("formData formProperty formField validation constraint @formHandlerClass", _FORM),
        refused("@dueDate", "Say how long it may take by an extension property dueIn, such as PT4H."),
        refused("@followUpDate", "Remove it: a task has a due date only."),
        read_as("@priority", "The setting 'priority'.", "Write a whole number, or one variable as ${priority}."),
        told(
            "property",
            "Our settings are in the panel of our modeler; one of another name goes to workers outside that ask for extension properties.",
        ),
        refused("in out", _CALLED),
        refused("@caseRef @caseBinding @caseVersion @caseTenantId", "Draw the case as a process, and call that."),
        refused("@variableMappingClass @variableMappingDelegateExpression", _CALLED),
        read_as("@initiator", "The setting 'initiator': the variable that says who began it.", "Name it by one plain word."),
        refused("@candidateStarterGroups @candidateStarterUsers potentialStarter", "Remove it: who may start a process is a role here."),
        refused("@errorCodeVariable @errorMessageVariable", "Set the result variable of the boundary event: it takes what the error says."),
        refused("@escalationCodeVariable", "Set the result variable of the boundary event: it takes what the escalation says."),
        refused("errorEventDefinition @errorMessage", "Let the service task refuse with a code, and draw an error boundary event for it."),
        refused("@variableName @variableEvents", _NEXT_STEP),
    ),
)
