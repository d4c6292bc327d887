"""Camunda 8's extensions as ours."""

import json
import re
from collections.abc import Callable
from typing import Final

from lxml import etree

from engine.models.bundle import FileKind
from engine.models.converting.bench import ZEEBE, Bench, attribute, extensions, ours, theirs
from engine.models.converting.juel import feel_of, quoted
from engine.models.converting.mappings import mapped, parameter, place_inputs, place_outputs
from engine.models.converting.report import Fate
from engine.models.trees import child, tag_of, text_of
from engine.models.vocabulary import BPMN, SPIFF
from engine.service_tasks import given_to

_NAME: Final = re.compile(r"[A-Za-z_]\w*")
_TOPIC: Final = re.compile(r"[A-Za-z0-9_.:/-]{1,100}")
#: What may be a job of a worker there; here that is a service task.
_JOBS: Final = ("serviceTask", "sendTask", "scriptTask", "businessRuleTask")


def convert(bench: Bench) -> None:
    """Each step, in the order in which one needs the other."""
    for tags, step in _STEPS:
        for element in bench.elements(*tags):
            step(bench, element)
    for element in list(bench.root.iter(*(f"{{{space}}}ioMapping" for space in ZEEBE))):
        _mappings(bench, element)


def _job(bench: Bench, element: etree._Element) -> None:
    """A job type is a topic: workers outside fetch it, or the service task of its name."""
    job = theirs(element, "taskDefinition")
    kind = "" if job is None else job.get("type", "").strip()
    if job is None or not _TOPIC.fullmatch(kind) or ours(element, "serviceTaskOperator") is not None:
        return
    if tag_of(element) != "serviceTask":
        bench.note(element, f"{tag_of(element)} done by a worker", "It is drawn as a service task: here those are done by workers.")
        element.tag = f"{{{BPMN}}}serviceTask"
        for name in ("messageRef", "operationRef", "implementation", "scriptFormat"):
            element.attrib.pop(name, "")
    operator = bench.operator(element, given_to(kind))
    parameters = etree.SubElement(operator, f"{{{SPIFF}}}parameters")
    retries = f"; it counts its own retries, not {job.get('retries')}" if job.get("retries") else ""
    bench.remove(job, f"It calls topic:{kind}: a worker of this topic does it{retries}.")
    headers = theirs(element, "taskHeaders")
    for header in list(headers if headers is not None else ()):
        key = header.get("key", "")
        if not header.get("value", "").strip():
            bench.remove(header, "It is empty.", Fate.NEEDLESS)
        elif _NAME.fullmatch(key):
            parameter(parameters, key, quoted(header.get("value", "")))
            bench.remove(header, f"The parameter {key}, a text.")


def _script(bench: Bench, element: etree._Element) -> None:
    script = theirs(element, "script")
    variable = "" if script is None else script.get("resultVariable", "").strip()
    value = None if script is None else feel_of(script.get("expression", ""))
    if script is None or value is None or not _NAME.fullmatch(variable) or child(element, "script") is not None:
        return
    etree.SubElement(element, f"{{{BPMN}}}script").text = f"{{ {variable}: {value} }}"
    bench.remove(script, f"The script assigns {variable}.")


def _decision(bench: Bench, element: etree._Element) -> None:
    called = theirs(element, "calledDecision")
    name = "" if called is None else called.get("decisionId", "")
    if called is None or not name or name.startswith("=") or ours(element, "calledDecisionId") is not None:
        return
    etree.SubElement(extensions(element), f"{{{SPIFF}}}calledDecisionId").text = name
    variable = called.get("resultVariable", "").strip()
    if _NAME.fullmatch(variable):
        bench.set(element, "resultVariable", variable)
    bench.remove(called, f"It asks the decision {name} of the same bundle; the answer goes into {variable or name}.")


def _call(bench: Bench, element: etree._Element) -> None:
    called = theirs(element, "calledElement")
    name = "" if called is None else called.get("processId", "").strip()
    narrow = called is not None and "false" in {called.get("propagateAllParentVariables"), called.get("propagateAllChildVariables")}
    if called is None or not _TOPIC.fullmatch(name) or narrow or element.get("calledElement"):
        return
    element.set("calledElement", name)
    bench.remove(called, f"It calls {name}, which sees the variables of its caller and gives its own back.")


def _form(bench: Bench, element: etree._Element) -> None:
    form = theirs(element, "formDefinition")
    if form is None:
        return
    embedded = re.fullmatch(r"camunda-forms:bpmn:(\S+)", form.get("formKey", "").strip())
    name = _embedded(bench, embedded[1]) if embedded else form.get("formId", "").strip()
    if name and not name.startswith("=") and bench.set(element, "formKey", name):
        bench.remove(form, f"The form {name}{FileKind.FORM} of the same bundle.")


def _embedded(bench: Bench, identity: str) -> str:
    """A form that stands inside of the diagram becomes a file; answers its name, empty where there is none or it is no JSON."""
    for space in ZEEBE:
        for item in list(bench.root.iter(f"{{{space}}}userTaskForm")):
            if item.get("id") != identity:
                continue
            try:
                schema = json.loads(text_of(item))
            except ValueError:
                return ""
            bench.files[f"{identity}{FileKind.FORM}"] = json.dumps(schema, indent=2, ensure_ascii=False).encode()
            bench.remove(item, f"The file {identity}{FileKind.FORM}.")
    return identity if f"{identity}{FileKind.FORM}" in bench.files else ""


def _people(bench: Bench, element: etree._Element) -> None:
    assigned = theirs(element, "assignmentDefinition")
    if assigned is not None:
        groups, users, one = (assigned.get(name, "").strip() for name in ("candidateGroups", "candidateUsers", "assignee"))
        offered = {"candidateGroups": groups, "candidateUsers": users or ("" if groups else one)}
        if not (one and (groups or users)):  # who is assigned has it alone; beside candidates they would only be one of them
            for name, value in offered.items():
                if value:
                    bench.set(element, name, value)
            bench.remove(assigned, f"{' and '.join(name for name, value in offered.items() if value) or 'Nothing'} of the task.")
    priority = theirs(element, "priorityDefinition")
    if priority is not None and bench.set(element, "priority", priority.get("priority", "").strip()):
        bench.remove(priority, "The priority of the task.")
    schedule = theirs(element, "taskSchedule")
    due = "" if schedule is None else schedule.get("dueDate", "").strip()
    if schedule is not None and due and not schedule.get("followUpDate"):
        bench.set(element, "dueIn", due if due.startswith("=") else f"={quoted(due)}")
        bench.remove(schedule, "When the task is due.")


def _subscription(bench: Bench, message: etree._Element) -> None:
    """The key that stands at the message there is a setting of each event that waits for it."""
    subscription = theirs(message, "subscription")
    key = "" if subscription is None else subscription.get("correlationKey", "").strip()
    value = feel_of(key) if key else None
    if subscription is None or value is None:
        return
    name = value if _NAME.fullmatch(value) else "correlation_key"
    for element in _waiting_for(bench, message.get("id", "")):
        bench.set(element, "correlation", f"={{{name}: {value}}}")
    bench.remove(subscription, f"Each event that waits for it asks for the key {name}; whoever sends it says the key by this name.")


def _waiting_for(bench: Bench, message_id: str) -> list[etree._Element]:
    found = [each for each in bench.elements("receiveTask") if each.get("messageRef") == message_id]
    for definition in bench.elements("messageEventDefinition"):
        event = definition.getparent()
        if definition.get("messageRef") == message_id and event is not None and _waits(event):
            found.append(event)
    return found


def _waits(event: etree._Element) -> bool:
    """Whether an instance that runs waits there: in the flow, at an edge, or for an event subprocess."""
    around = event.getparent()
    listens = tag_of(event) == "startEvent" and around is not None and around.get("triggeredByEvent") == "true"
    return listens or tag_of(event) in {"intermediateCatchEvent", "boundaryEvent"}


def _loop(bench: Bench, loop: etree._Element) -> None:
    given = theirs(loop, "loopCharacteristics")
    if given is None:
        return
    source, item = feel_of(given.get("inputCollection", "")), given.get("inputElement", "").strip()
    output, collected = feel_of(given.get("outputElement", "")), given.get("outputCollection", "").strip()
    if source is None or not _NAME.fullmatch(source) or not given.get("inputCollection", "").startswith("="):
        return
    if collected and (output is None or not _NAME.fullmatch(output) or not _NAME.fullmatch(collected)):
        return
    parts = {"loopDataInputRef": source, "loopDataOutputRef": collected}
    items = {"inputDataItem": item or "item", "outputDataItem": output if collected else ""}
    place = sum(tag_of(each) in {"documentation", "extensionElements", "loopCardinality"} for each in loop)
    made = [_reference(tag, bench.declare(loop, value)) for tag, value in parts.items() if value]
    made += [etree.Element(f"{{{BPMN}}}{tag}", id=value, name=value) for tag, value in items.items() if value]
    for number, part in enumerate(made):
        loop.insert(place + number, part)
    bench.remove(
        given, f"It runs over {source}, each turn with {items['inputDataItem']}{f'; results go into {collected}' if collected else ''}."
    )


def _reference(tag: str, identity: str) -> etree._Element:
    made = etree.Element(f"{{{BPMN}}}{tag}")
    made.text = identity
    return made


def _mappings(bench: Bench, mapping: etree._Element) -> None:
    """Inputs and outputs, as far as the element has a place for them; each alone, for the others may still be said."""
    place = mapping.getparent()
    element = None if place is None else place.getparent()
    if element is None:
        return
    inputs = [each for each in mapping if etree.QName(each).localname == "input"]
    outputs = [each for each in mapping if etree.QName(each).localname == "output"]
    _inputs(bench, element, inputs)
    _outputs(bench, element, outputs)


def _inputs(bench: Bench, element: etree._Element, items: list[etree._Element]) -> None:
    found = mapped([(each.get("target", ""), each.get("source", "")) for each in items])
    if items and found is not None and (became := place_inputs(bench, element, found)):
        for item in items:
            bench.remove(item, became)


def _outputs(bench: Bench, element: etree._Element, items: list[etree._Element]) -> None:
    found = mapped([(each.get("target", ""), each.get("source", "")) for each in items])
    if not items or found is None:
        return
    fate, became = place_outputs(bench, element, found)
    for item in items if became else ():
        bench.remove(item, became, fate)


_STEPS: Final[tuple[tuple[tuple[str, ...], Callable[[Bench, etree._Element], None]], ...]] = (
    (_JOBS, _job),
    (("scriptTask",), _script),
    (("businessRuleTask",), _decision),
    (("callActivity",), _call),
    (("userTask", "startEvent"), _form),
    (("userTask",), _people),
    (("message",), _subscription),
    (("multiInstanceLoopCharacteristics",), _loop),
)


def drop_needless(bench: Bench) -> None:
    """What only speaks to Camunda's own tools goes: it would let its modeler take the file for one of its own."""
    for space in ZEEBE:
        for tag in ("userTask", "versionTag"):
            for item in list(bench.root.iter(f"{{{space}}}{tag}")):
                bench.remove(
                    item, "Every user task is one of the worklist." if tag == "userTask" else "Versions are counted here.", Fate.NEEDLESS
                )
        for item in list(bench.root.iter(f"{{{space}}}property")):
            bench.remove(item, "Free text for other tools; nothing here reads it.", Fate.NEEDLESS)
    for element in list(bench.root.iter(f"{{{BPMN}}}*")):
        for name in ("modelerTemplate", "modelerTemplateVersion", "modelerTemplateIcon"):
            if attribute(element, name):
                bench.take(element, name, "For Camunda's modeler.", Fate.NEEDLESS)
