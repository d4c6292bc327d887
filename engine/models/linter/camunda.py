"""Rules of what Camunda Modeler wrote and nothing reads: named one by one, for there it would have run."""

from collections.abc import Iterator
from typing import Final

from lxml import etree

from engine.models.bundle import Severity
from engine.models.camunda import CAMUNDA
from engine.models.diagram import Diagram
from engine.models.linter.ruling import Broken, Known, rule
from engine.models.trees import line_of, tag_of
from engine.models.vocabulary import BPMN

#: What says nothing of how a process runs.
_HARMLESS: Final = frozenset(
    {"modelerTemplate", "modelerTemplateVersion", "modelerTemplateIcon", "historyTimeToLive", "versionTag", "isStartableInTasklist"}
)
#: What is as it asks for, or asks for nothing that would be noticed.
_ALREADY_SO: Final = {
    "async": "Each stretch between two waits is one transaction here, with or without it.",
    "asyncBefore": "Each stretch between two waits is one transaction here, with or without it.",
    "asyncAfter": "Each stretch between two waits is one transaction here, with or without it.",
    "exclusive": "An instance is never worked on twice at once.",
    "jobPriority": "Work is done in the order in which it came.",
    "taskPriority": "Work is done in the order in which it came.",
    "formRefBinding": "A form is always that of the same deployment.",
    "property": "Our settings are in the panel of our modeler; an extension property of another name is kept and not read.",
}
_TOPIC: Final = "Make it an external task, with the name of a service task as topic; the element templates do so by themselves."
#: How Camunda says what runs behind a step, an event or a decision; here that is a service task.
_IMPLEMENTATIONS: Final = frozenset({"type", "topic", "class", "delegateExpression", "expression"})
_SERVICE_TASK: Final = "Draw a service task instead, whose topic names what runs."
_LISTENER: Final = "Remove it: draw a service task or a script task in FEEL where it should happen."
_ONE_VALUE: Final = "Write a text, FEEL behind = (such as =order.total * 2), or one variable as ${order.total}."
_NEXT_STEPS: Final = {
    "class": _TOPIC,
    "delegateExpression": _TOPIC,
    "expression": _TOPIC,
    "type": _TOPIC,
    "topic": "Set its implementation to external, and let the topic alone name the service task: not our own extension as well.",
    "connector": _TOPIC,
    "field": _TOPIC,
    "executionListener": _LISTENER,
    "taskListener": _LISTENER,
    "script": "Write it in FEEL, as a script task with a context of assignments.",
    "inputParameter": _ONE_VALUE,
    "outputParameter": "Name a result variable (resultVariable) and read its entries: the whole result goes there.",
    "resultVariable": "Set the result variable in our modeler.",
    "failedJobRetryTimeCycle": "Write R5/PT10S: five more attempts, the first after ten seconds.",
    "decisionRef": "Choose the decision in our modeler, and its result variable.",
    "mapDecisionResult": "Remove it: the result variable takes the decision's answer as it is.",
    "collection": "Choose the list and the name of its items in our modeler.",
    "elementVariable": "Choose the list and the name of its items in our modeler.",
    "assignee": "Set candidate users or candidate groups; one user alone has the task for themselves.",
    "candidateGroups": "Write the names with commas, FEEL behind = in our modeler, or one variable as ${groups}.",
    "candidateUsers": "Write the names with commas, FEEL behind = in our modeler, or one variable as ${people}.",
    "formKey": "Draw the form with form-js in the same bundle, and name it by its file: camunda-forms:deployment:approve.form.",
    "formRef": "Name the form by its file, without .form.",
    "formRefVersion": "Remove it: a form is always that of the same deployment.",
    "formData": "Draw the form with form-js as a .form file of the same bundle.",
    "dueDate": "Say how long it may take by an extension property dueIn, such as PT4H.",
    "followUpDate": "Remove it: a task has a due date only.",
    "priority": "Write a whole number, or one variable as ${priority}.",
    "in": "A called process sees the variables of its caller: remove it.",
    "out": "What a called process writes comes back by its result: remove it.",
    "initiator": "Remove it: who started an instance is in its history.",
}
_NEXT_STEP: Final = "Remove it, or say it by a setting of our modeler."


@rule("camunda")
def what_camunda_wrote_is_read(known: Known) -> Iterator[Broken]:
    """Java classes, listeners, expressions: what Camunda would run and we do not is no part of a process that is deployed."""
    for diagram in known.diagrams:
        for process in diagram.processes:
            if process.element.get("isExecutable") == "true":
                yield from _left(diagram, process.element)


def _left(diagram: Diagram, process: etree._Element) -> Iterator[Broken]:
    for element in process.iter(f"{{{BPMN}}}*"):
        for key, value in element.attrib.items():
            name = etree.QName(str(key))
            if name.namespace in CAMUNDA and not (name.localname == "type" and _has(element, "topic")):
                yield from _broken(diagram, element, name.localname, f"={str(value)[:60]!r}")
        for item in element.iterchildren(etree.Element):
            if tag_of(element) != "extensionElements" and etree.QName(item).namespace in CAMUNDA:
                yield from _broken(diagram, element, etree.QName(item).localname, "")
        if tag_of(element) == "extensionElements":
            for item in element.iterchildren(etree.Element):
                yield from _extension(diagram, element, item)


def _extension(diagram: Diagram, owner: etree._Element, item: etree._Element) -> Iterator[Broken]:
    """One extension, or each of the things it holds."""
    name = etree.QName(item)
    step = owner.getparent()
    if name.namespace not in CAMUNDA or (name.localname == "inputOutput" and step is not None and _has(step, "topic")):
        return  # what is given to a topic that is not read: one finding says enough
    for inner in item if name.localname in {"inputOutput", "properties"} else [item]:
        told = inner.get("name") or inner.get("event") or inner.get("class") or ""
        yield from _broken(diagram, owner, etree.QName(inner).localname, f" {told[:60]!r}" if told else "")


def _broken(diagram: Diagram, element: etree._Element, name: str, told: str) -> Iterator[Broken]:
    if name in _HARMLESS:
        return
    owner = next((each for each in (element, *element.iterancestors()) if each.get("id") and tag_of(each)), element)
    severity: Severity | None = "info" if name in _ALREADY_SO else None
    elsewhere = name in _IMPLEMENTATIONS and tag_of(element) != "serviceTask"
    next_step = _SERVICE_TASK if elsewhere else _ALREADY_SO.get(name) or _NEXT_STEPS.get(name, _NEXT_STEP)
    message = f"Nothing here reads camunda:{name}{told} of {owner.get('name') or owner.get('id')}."
    yield Broken(diagram.path, owner.get("id"), line_of(element), message, next_step, severity)


def _has(element: etree._Element, name: str) -> bool:
    return any(element.get(f"{{{space}}}{name}") is not None for space in CAMUNDA)
