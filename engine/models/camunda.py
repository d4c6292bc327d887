"""What Camunda Modeler writes for Camunda 7, read as our own extensions where its meaning is certain.

The bytes of a file stay as they are; what is translated is the tree that the check, the engine and the pages look at. What was translated
is taken out of the tree, so that whatever is left of Camunda's namespace is what nothing reads: the rule `camunda` names it.

An external task with a topic runs the service task of that name; where there is none, it is for workers outside. Values are literal text,
FEEL behind `=`, or one variable as
`${order.number}`; any other `${…}` calls Java or coerces types in its own way, and is left.
"""

import re
from collections.abc import Iterator
from typing import Final

from lxml import etree

from engine.models.settings import settings_of
from engine.models.trees import child, tag_of, text_of
from engine.models.vocabularies.camunda import CAMUNDA
from engine.models.vocabulary import BPMN, SPIFF
from engine.service_tasks import given_to

_VARIABLE: Final = re.compile(r"[$#]\{\s*([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)\s*\}")
_NAME: Final = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_FORM: Final = re.compile(r"camunda-forms:deployment:(?:[^/]*/)*([^/]+)\.form")
#: Attributes of user tasks and the settings they are.
_OF_PEOPLE: Final = {"candidateGroups": "candidateGroups", "candidateUsers": "candidateUsers", "priority": "priority", "formRef": "formKey"}


def translate(root: etree._Element) -> None:
    """Write what is certain in Camunda's namespace as our extensions, in place."""
    for element in list(root.iter(f"{{{BPMN}}}serviceTask", f"{{{BPMN}}}userTask", f"{{{BPMN}}}startEvent")):
        _READERS[tag_of(element)](element)
        _properties(element)


def value_of(text: str) -> str | None:
    """The FEEL of a value; None where it is written in Java's expression language and is more than a variable."""
    stripped = text.strip()
    if stripped.startswith("="):
        return stripped[1:].strip()
    if "${" in text or "#{" in text:
        variable = _VARIABLE.fullmatch(stripped)
        return variable[1] if variable else None
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t").replace("\r", "\\r")
    return f'"{escaped}"'


def _external_task(element: etree._Element) -> None:
    topic = _attribute(element, "topic")
    if _attribute(element, "type") != "external" or not topic or "{" in topic or _ours(element, "serviceTaskOperator") is not None:
        return
    operator = etree.SubElement(_extensions(element), f"{{{SPIFF}}}serviceTaskOperator", id=given_to(topic.strip()))
    parameters = etree.SubElement(operator, f"{{{SPIFF}}}parameters")
    for item in list(_inputs(element)):
        value = None if len(item) else value_of(item.text or "")
        if value is None:
            continue
        if (item.text or "").strip():  # an empty field of a template is one that nobody filled in
            etree.SubElement(parameters, f"{{{SPIFF}}}parameter", id=item.get("name", ""), type="str", value=value)
        _remove(item)
    _take(element, "type", "topic")
    if result := _take(element, "resultVariable"):
        operator.set("resultVariable", result)
    retry = _camunda(element, "failedJobRetryTimeCycle")
    if retry is not None and "{" not in text_of(retry) and _set(element, "retry", text_of(retry)):
        _remove(retry)


def _user_task(element: etree._Element) -> None:
    for name, setting in _OF_PEOPLE.items():
        given = _attribute(element, name)
        written = _setting(given) if given else None
        if written is not None and _set(element, setting, written):
            _take(element, name)
    form = _FORM.fullmatch(_attribute(element, "formKey") or "")
    if form and _set(element, "formKey", form[1]):
        _take(element, "formKey")
    assignee = _setting(_attribute(element, "assignee") or "")
    others = {"candidateGroups", "candidateUsers"}.intersection(_settings(element))
    # Who is assigned has the task alone: one candidate. With other candidates beside it would be offered to them too.
    if assignee and not others and _set(element, "candidateUsers", assignee):
        _take(element, "assignee")


def _start(element: etree._Element) -> None:
    """The variable that says who began the instance."""
    initiator = _attribute(element, "initiator")
    if initiator and _NAME.fullmatch(initiator) and _set(element, "initiator", initiator):
        _take(element, "initiator")


#: What reads which element.
_READERS: Final = {"serviceTask": _external_task, "userTask": _user_task, "startEvent": _start}


def _setting(text: str) -> str | None:
    """A setting as we write it: text, or FEEL behind `=`; None where it cannot be."""
    if "${" not in text and "#{" not in text:
        return text.strip()
    value = value_of(text)
    return None if value is None else f"={value}"


def _properties(element: etree._Element) -> None:
    """Extension properties that are called like a setting of ours are this setting."""
    known = settings_of(tag_of(element))
    container = _camunda(element, "properties")
    for item in list(container if container is not None else ()):
        name, value = item.get("name", ""), item.get("value", "")
        if name in known and (not value.strip() or _set(element, name, value)):
            _remove(item)


def _set(element: etree._Element, name: str, value: str) -> bool:
    """Add a setting; False where it stands there already, and would be said twice."""
    if name in _settings(element):
        return False
    properties = _ours(element, "properties")
    if properties is None:
        properties = etree.SubElement(_extensions(element), f"{{{SPIFF}}}properties")
    etree.SubElement(properties, f"{{{SPIFF}}}property", name=name, value=value)
    return True


def _settings(element: etree._Element) -> list[str]:
    properties = _ours(element, "properties")
    return [] if properties is None else [item.get("name", "") for item in properties]


def _inputs(element: etree._Element) -> Iterator[etree._Element]:
    container = _camunda(element, "inputOutput")
    for item in () if container is None else container:
        if etree.QName(item).localname == "inputParameter":
            yield item


def _extensions(element: etree._Element) -> etree._Element:
    found = child(element, "extensionElements")
    if found is None:
        found = etree.Element(f"{{{BPMN}}}extensionElements")
        element.insert(sum(tag_of(item) == "documentation" for item in element), found)
    return found


def _ours(element: etree._Element, name: str) -> etree._Element | None:
    return element.find(f"{{{BPMN}}}extensionElements/{{{SPIFF}}}{name}")


def _camunda(element: etree._Element, name: str) -> etree._Element | None:
    found = (element.find(f"{{{BPMN}}}extensionElements/{{{space}}}{name}") for space in CAMUNDA)
    return next((each for each in found if each is not None), None)


def _attribute(element: etree._Element, name: str) -> str | None:
    return next((value for space in CAMUNDA if (value := element.get(f"{{{space}}}{name}")) is not None), None)


def _take(element: etree._Element, *names: str) -> str | None:
    """Take attributes out of the tree; answers the last."""
    value = None
    for name in names:
        value = _attribute(element, name)
        for space in CAMUNDA:
            element.attrib.pop(f"{{{space}}}{name}", "")
    return value


def _remove(element: etree._Element) -> None:
    """Out of the tree, and each container that is empty then."""
    parent = element.getparent()
    if parent is None:
        return
    parent.remove(element)
    if not len(parent) and etree.QName(parent).namespace in CAMUNDA:
        _remove(parent)
