"""Camunda 7's extensions as ours. What the reader translates anyway (`engine.models.camunda`) is written into the file; more is added here.

Java that a step calls is no part of a model: the step becomes one of a topic that is named after it, for a worker that is to be written.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from lxml import etree

from engine.models.camunda import translate
from engine.models.converting import camunda7_texts
from engine.models.converting.bench import CAMUNDA, Bench, attribute, extensions, ours, shown, theirs
from engine.models.converting.generated_forms import draw_forms
from engine.models.converting.juel import expression, feel_of, quoted
from engine.models.converting.mappings import mapped, place_inputs, place_outputs
from engine.models.converting.report import Fate
from engine.models.trees import tag_of, text_of
from engine.models.vocabularies import CAMUNDA_WORDS, Entry
from engine.models.vocabulary import BPMN, SPIFF

_SPACE: Final = CAMUNDA[0]
_CALLS: Final = ("serviceTask", "sendTask", "businessRuleTask")
_CODE: Final = ("class", "delegateExpression", "expression")
_BEAN: Final = re.compile(r"[$#]\{\s*([A-Za-z_][\w.]*)\s*(?:\((.*)\))?\s*\}", re.DOTALL)
_NAME: Final = re.compile(r"[A-Za-z_]\w*")
_DURATION: Final = re.compile(r"P(?=.)(?:\d+[YMWD])*(?:T(?:\d+[HMS])+)?")
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d(?:T\S+)?")
_DAYS_FROM_NOW: Final = re.compile(r"[$#]\{\s*(?:dateTime|now)\(\)\.plus(Days|Hours|Minutes|Weeks|Months)\((\d+)\)(?:\.toDate\(\))?\s*\}")
_UNITS: Final = {"Days": "P{}D", "Weeks": "P{}W", "Months": "P{}M", "Hours": "PT{}H", "Minutes": "PT{}M"}


def convert(bench: Bench) -> None:
    """Each step, in the order in which one needs the other."""
    if any(space in bench.root.nsmap.values() for space in CAMUNDA):
        _executable(bench)
    for element in bench.elements(*_CALLS):
        _called_code(bench, element)
    for item in list(bench.root.iter(f"{{{_SPACE}}}inputParameter")):
        _plain_input(bench, item)
    _translated(bench)
    _steps(bench)
    camunda7_texts.convert(bench)
    draw_forms(bench)


def _steps(bench: Bench) -> None:
    for element in bench.elements("businessRuleTask"):
        _decision(bench, element)
    for element in bench.elements("userTask"):
        _people(bench, element)
    for element in bench.elements("startEvent"):
        _start_form(bench, element)
    for element in bench.elements("callActivity"):
        _call(bench, element)
    for item in list(bench.root.iter(f"{{{_SPACE}}}inputOutput")):
        _mappings(bench, item)


def _executable(bench: Bench) -> None:
    for process in bench.elements("process"):
        if process.get("isExecutable") is None:
            process.set("isExecutable", "true")
            bench.note(process, "isExecutable is not said", "It is marked as executable, as Camunda 7 takes it.")


def _called_code(bench: Bench, element: etree._Element) -> None:
    """Java behind a step, or a connector: the step is given to a topic of that name."""
    connector = theirs(element, "connector")
    if connector is not None:
        _connector(bench, element, connector)
        return
    name = next((each for each in _CODE if attribute(element, each)), None)
    if name is None:
        return
    text = attribute(element, name)
    value = None if name == "class" else expression(text.strip()[2:-1]) if text.strip()[1:2] == "{" else None
    if name == "expression" and value is not None:
        _value(bench, element, value)
        return
    bean = _BEAN.fullmatch(text)
    topic = re.sub(r"[^A-Za-z0-9_.-]", ".", bean[1] if bean else text)[:100]
    if "{" in (text if name == "class" else "" if bean else text):
        return
    arguments = (
        f" Its arguments ({bean[2].strip()}) are for the worker to read from the variables." if bean and (bean[2] or "").strip() else ""
    )
    bench.take(element, name, f"It calls topic:{topic}: a worker in any language does what Java did.{arguments}")
    _give(bench, element, topic)
    _fields(bench, element)


def _give(bench: Bench, element: etree._Element, topic: str) -> None:
    """To a topic, as Camunda itself writes it: what follows is translated like any external task."""
    if tag_of(element) != "serviceTask":
        bench.note(element, f"{tag_of(element)} done by code", "It is drawn as a service task: here those are done by workers.")
        element.tag = f"{{{BPMN}}}serviceTask"
        for name in ("messageRef", "operationRef", "implementation"):
            element.attrib.pop(name, "")
    element.set(f"{{{_SPACE}}}type", "external")
    element.set(f"{{{_SPACE}}}topic", topic)


def _connector(bench: Bench, element: etree._Element, connector: etree._Element) -> None:
    name = text_of(connector.find(f"{{{_SPACE}}}connectorId"))
    if not re.fullmatch(r"[\w.-]+", name) or connector.find(f".//{{{_SPACE}}}script") is not None:
        return
    _give(bench, element, name)
    inside = connector.find(f"{{{_SPACE}}}inputOutput")
    if inside is not None and theirs(element, "inputOutput") is None:
        extensions(element).append(inside)
    bench.remove(connector, f"It calls topic:{name}: a worker does what the connector did.")


def _value(bench: Bench, element: etree._Element, value: str) -> None:
    """An expression that only computes is a script; one whose value nobody takes does nothing."""
    variable = attribute(element, "resultVariable")
    if variable and not _NAME.fullmatch(variable):
        return
    became = f"A script that assigns {variable}." if variable else "Its value goes nowhere: a step that does nothing."
    bench.take(element, "expression", became)
    element.tag = f"{{{BPMN}}}{'scriptTask' if variable else 'task'}"
    if variable:
        bench.take(element, "resultVariable", became)
        etree.SubElement(element, f"{{{BPMN}}}script").text = f"{{ {variable}: {value} }}"


def _fields(bench: Bench, element: etree._Element) -> None:
    """What was injected into Java is a parameter of the topic."""
    for field in [each for each in extensions(element) if each.tag == f"{{{_SPACE}}}field"]:
        name = field.get("name", "")
        inner = next(iter(field), None)
        text = field.get("stringValue") or field.get("expression") or text_of(inner)
        value = feel_of(text)
        if not _NAME.fullmatch(name) or value is None:
            continue
        item = etree.Element(f"{{{_SPACE}}}inputParameter", name=name)
        item.text = f"={value}"
        place = theirs(element, "inputOutput")
        if place is None:
            place = etree.SubElement(extensions(element), f"{{{_SPACE}}}inputOutput")
        place.insert(0, item)
        bench.remove(field, f"The parameter {name}.")


def _plain_input(bench: Bench, item: etree._Element) -> None:
    """An input as FEEL, where it can be said: what computes, lists and maps."""
    parts = [each for each in item if isinstance(each.tag, str)]
    value = feel_of(item.text or "") if not parts else _collection(parts[0])
    if value is not None and (parts or "{" in (item.text or "")):
        bench.originals[item] = ", ".join(shown(each) for each in item.iter(etree.Element))
        for part in parts:
            item.remove(part)
        item.text = f"={value}"


def _collection(part: etree._Element) -> str | None:
    name = etree.QName(part).localname
    values = [feel_of(text_of(each)) for each in part if isinstance(each.tag, str)]
    if name not in {"list", "map"} or any(value is None for value in values):
        return None
    if name == "list":
        return f"[{', '.join(map(str, values))}]"
    keys = [each.get("key", "") for each in part if isinstance(each.tag, str)]
    return "{" + ", ".join(f"{quoted(key)}: {value}" for key, value in zip(keys, values, strict=True)) + "}"


def _translated(bench: Bench) -> None:
    """Let the reader translate, and write down what has gone since."""
    before = list(_present(bench))
    translate(bench.root)
    after = {(each.element, each.name) for each in _present(bench)}
    for each in before:
        if (each.element, each.name) not in after:
            bench.note(each.step, each.what, each.became)


@dataclass(frozen=True, slots=True)
class _Setting:
    """One setting of Camunda's in the tree, an attribute by its name or an element; its step, and what the reader makes of it."""

    element: etree._Element
    name: str
    step: etree._Element
    what: str
    became: str


def _present(bench: Bench) -> Iterator[_Setting]:
    """Every setting of Camunda's that holds no others."""
    for element in bench.root.iter(etree.Element):
        name = etree.QName(element)
        if name.namespace in CAMUNDA:
            if not len(element):
                step = next((each for each in element.iterancestors() if tag_of(each) not in {"", "extensionElements"}), element)
                what = bench.originals.get(element) or shown(element)
                yield _Setting(element, "", step, what, _meaning(CAMUNDA_WORDS.element(name.localname)))
            continue
        for key, value in element.attrib.items():
            attribute_name = etree.QName(str(key))
            if attribute_name.namespace in CAMUNDA:
                what = f'camunda:{attribute_name.localname}="{str(value)[:80]}"'
                entry = CAMUNDA_WORDS.attribute(name.localname, attribute_name.localname)
                yield _Setting(element, str(key), element, what, _meaning(entry))


def _meaning(entry: Entry | None) -> str:
    return entry.note if entry is not None and entry.otherwise else "A setting of ours."


def _decision(bench: Bench, element: etree._Element) -> None:
    name, result = attribute(element, "decisionRef"), attribute(element, "mapDecisionResult")
    if not name or "{" in name or ours(element, "calledDecisionId") is not None:
        return
    etree.SubElement(extensions(element), f"{{{SPIFF}}}calledDecisionId").text = name
    variable = attribute(element, "resultVariable")
    if _NAME.fullmatch(variable) and bench.set(element, "resultVariable", variable):
        bench.take(element, "resultVariable", "The variable that takes the answer.")
    bench.take(element, "decisionRef", f"It asks the decision {name} of the same bundle.")
    if result:
        bench.take(element, "mapDecisionResult", "The answer is taken as the hit policy gives it: one value, a context, or a list.")
    for binding in ("decisionRefBinding",):
        if attribute(element, binding) in {"latest", "deployment"}:
            bench.take(element, binding, "A decision is always of the same deployment.", Fate.NEEDLESS)


def _people(bench: Bench, element: etree._Element) -> None:
    for name in ("candidateGroups", "candidateUsers", "assignee"):
        text = attribute(element, name)
        value = feel_of(text) if "{" in text else None
        setting = "candidateUsers" if name == "assignee" else name
        alone = name != "assignee" or not (attribute(element, "candidateGroups") or attribute(element, "candidateUsers"))
        if value is not None and alone and bench.set(element, setting, f"={value}"):
            bench.take(element, name, f"The setting {setting}.")
    due = attribute(element, "dueDate")
    if due and (written := _due(due)) is not None and bench.set(element, "dueIn", written):
        bench.take(element, "dueDate", "The setting dueIn.")


def _due(text: str) -> str | None:
    from_now = _DAYS_FROM_NOW.fullmatch(text)
    if from_now:
        return _UNITS[from_now[1]].format(from_now[2])
    if _DURATION.fullmatch(text):
        return text
    if _DATE.fullmatch(text):
        return f"={quoted(text)}"
    value = feel_of(text) if "{" in text else None
    return None if value is None else f"={value}"


def _start_form(bench: Bench, element: etree._Element) -> None:
    form = re.fullmatch(r"camunda-forms:deployment:(?:[^/]*/)*([^/]+)\.form", attribute(element, "formKey"))
    for name, value in (("formKey", form[1] if form else ""), ("formRef", attribute(element, "formRef"))):
        if value and "{" not in value and bench.set(element, "formKey", value):
            bench.take(element, name, f"The form {value}.form of the same bundle, where an instance is tried.")


def _call(bench: Bench, element: etree._Element) -> None:
    """A called process sees the variables of its caller and gives its own back: what says so changes nothing."""
    for item in list(extensions(element)):
        name = etree.QName(item)
        if name.namespace not in CAMUNDA or name.localname not in {"in", "out"}:
            continue
        source = item.get("source") or (expression(item.get("sourceExpression", "")[2:-1]) if item.get("sourceExpression") else None)
        same = source is not None and source == item.get("target")
        if item.get("variables") == "all" or item.get("businessKey") or same:
            bench.remove(item, "A called process sees the variables of its caller and gives its own back.", Fate.NEEDLESS)
    if not len(extensions(element)):
        element.remove(extensions(element))
    if attribute(element, "calledElementBinding") in {"latest", "deployment"}:
        bench.take(element, "calledElementBinding", "A process is always of the same deployment.", Fate.NEEDLESS)


def _mappings(bench: Bench, mapping: etree._Element) -> None:
    place = mapping.getparent()
    element = None if place is None else place.getparent()
    if element is None:
        return
    groups = {kind: [each for each in mapping if each.tag == f"{{{_SPACE}}}{kind}Parameter"] for kind in ("input", "output")}
    if any(len(each) for items in groups.values() for each in items if each.tag == f"{{{_SPACE}}}outputParameter"):
        groups["output"] = []  # a script, or a list: nothing of it, for the rest may read it
    inputs = mapped([(each.get("name", ""), each.text or "") for each in groups["input"] if not len(each)])
    if groups["input"] and inputs and not any(len(each) for each in groups["input"]) and (became := place_inputs(bench, element, inputs)):
        for item in groups["input"]:
            bench.remove(item, became)
    outputs = mapped([(each.get("name", ""), each.text or "") for each in groups["output"]])
    if groups["output"] and outputs:
        fate, became = place_outputs(bench, element, outputs)
        for item in groups["output"] if became else ():
            bench.remove(item, became, fate)
