"""A global task, which is drawn nowhere and called by call activities, becomes a process of this one task."""

import copy
from typing import Final

from lxml import etree

from engine.models.trees import tag_of
from engine.models.vocabulary import BPMN

#: As what each of them runs.
GLOBAL_TASKS: Final = {
    "globalTask": "task",
    "globalUserTask": "userTask",
    "globalManualTask": "manualTask",
    "globalScriptTask": "scriptTask",
    "globalBusinessRuleTask": "businessRuleTask",
}
#: What the task calls its own that has another name on a global one.
_RENAMED: Final = {"scriptLanguage": "scriptFormat"}


def unfold(root: etree._Element) -> frozenset[str]:
    """Put a process in the place of each global task of a file; answers the ids, which are the tasks' own, so that calls find them."""
    taken = {element.get("id") for element in root.iter(etree.Element)}
    found = [element for element in root if tag_of(element) in GLOBAL_TASKS and element.get("id")]
    keys = frozenset(str(element.get("id")) for element in found)
    for element in found:
        root.replace(element, _process(element, taken))
    return keys


def _process(drawn: etree._Element, taken: set[str | None]) -> etree._Element:
    element = copy.deepcopy(drawn)
    key = str(element.get("id"))
    process = etree.Element(f"{{{BPMN}}}process", id=key, name=element.get("name") or key, isExecutable="true")
    begin, task, end = (_free(f"{key}_{part}", taken) for part in ("begin", "task", "end"))
    etree.SubElement(process, f"{{{BPMN}}}startEvent", id=begin, name=element.get("name") or key)
    element.tag = f"{{{BPMN}}}{GLOBAL_TASKS[tag_of(element)]}"
    for old, new in _RENAMED.items():
        if old in element.attrib:
            element.set(new, str(element.attrib.pop(old)))
    process.append(element)
    etree.SubElement(process, f"{{{BPMN}}}endEvent", id=end, name="Done")
    for source, target in ((begin, task), (task, end)):
        flow = _free(f"{source}_to_{target}", taken)
        etree.SubElement(process, f"{{{BPMN}}}sequenceFlow", id=flow, sourceRef=source, targetRef=target)
    element.set("id", task)
    return process


def _free(wanted: str, taken: set[str | None]) -> str:
    identity, number = wanted, 2
    while identity in taken:
        identity, number = f"{wanted}_{number}", number + 1
    taken.add(identity)
    return identity
