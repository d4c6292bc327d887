"""Diagrams of Camunda 7 and 8 that say everything these can say: each extension and each attribute of their own descriptions, once."""

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any
from xml.sax.saxutils import quoteattr

from ui.build import PACKAGES

_DESCRIPTIONS = {"camunda": "camunda-bpmn-moddle/resources/camunda.json", "zeebe": "zeebe-bpmn-moddle/resources/zeebe.json"}
#: Where what is allowed in a family of elements stands here.
_FAMILIES = dict.fromkeys(("*", "bpmn:FlowNode", "bpmn:Activity", "camunda:ServiceTaskLike", "camunda:AsyncCapable"), "ServiceTask") | {
    "bpmn:Event": "StartEvent",
    "bpmn:CatchEvent": "StartEvent",
    "bpmn:Gateway": "ExclusiveGateway",
    "zeebe:ZeebeServiceTask": "ServiceTask",
}
_HOSTS = re.compile(
    r"\w*Task|CallActivity|SubProcess|StartEvent|EndEvent|ExclusiveGateway|\w+EventDefinition|MultiInstanceLoopCharacteristics"
)
#: Values that are not a text.
_VALUES = {"Boolean": "false", "Integer": "7"}


def everything() -> dict[str, bytes]:
    """A diagram for each dialect, by its name; every element that carries something is a step of its own."""
    return {f"all of {dialect}": _diagram(dialect) for dialect in _DESCRIPTIONS}


@cache
def _described(dialect: str) -> tuple[str, Mapping[str, dict[str, Any]]]:
    described = json.loads((PACKAGES / _DESCRIPTIONS[dialect]).read_text())
    return described["uri"], {each["name"]: each for each in described["types"]}


def _diagram(dialect: str) -> bytes:
    uri, types = _described(dialect)
    steps, shapes = [], []
    for number, (host, attributes, inside) in enumerate(_carried(dialect, types)):
        identity = f"{host[:1].lower()}{host[1:]}_{number}"
        steps.append(_step(host, identity, attributes, inside))
        place = f'<dc:Bounds x="{100 + number % 10 * 150}" y="{100 + number // 10 * 120}" width="100" height="80"/>'
        marked = ' isMarkerVisible="true"' if host == "ExclusiveGateway" else ""
        shapes.append(f'<bpmndi:BPMNShape id="{identity}_shape" bpmnElement="{identity}"{marked}>{place}</bpmndi:BPMNShape>')
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI"
 xmlns:dc="http://www.omg.org/spec/DD/20100524/DC" xmlns:{dialect}="{uri}" id="d" targetNamespace="urn:t">
<bpmn:process id="p" isExecutable="true">{"".join(steps)}</bpmn:process><bpmndi:BPMNDiagram id="g">
<bpmndi:BPMNPlane id="pl" bpmnElement="p">{"".join(shapes)}</bpmndi:BPMNPlane></bpmndi:BPMNDiagram></bpmn:definitions>""".encode()


def _carried(dialect: str, types: Mapping[str, dict[str, Any]]) -> Iterator[tuple[str, str, str]]:
    """What stands where: the BPMN element that carries it, the attributes, and the extension."""
    for name, described in types.items():
        if "extends" in described:
            attributes = _attributes(dialect, described)
            for host in filter(None, map(_host, described["extends"])):
                yield host, attributes, ""
        elif "Element" in _lineage(types, name):
            for host in filter(None, map(_host, described.get("meta", {}).get("allowedIn", ["*"])[:1])):
                yield host, "", _extension(dialect, name)


def _lineage(types: Mapping[str, dict[str, Any]], name: str) -> set[str]:
    """The names of the types that a type goes back to: what may stand among extensions goes back to Element."""
    above = types[name].get("superClass", ()) if name in types else ()
    return {name}.union(*(_lineage(types, each) for each in above))


def _host(allowed: str) -> str:
    """The element that stands for all those where something is allowed; empty for what is no step."""
    host = _FAMILIES.get(allowed, allowed.removeprefix("bpmn:"))
    return host if _HOSTS.fullmatch(host) else ""


def _step(host: str, identity: str, attributes: str, inside: str) -> str:
    """A step, or an event or loop that carries it inside of one."""
    tag = f"{host[:1].lower()}{host[1:]}"
    extensions = f"<bpmn:extensionElements>{inside}</bpmn:extensionElements>" if inside else ""
    if host.endswith("EventDefinition"):
        return f'<bpmn:startEvent id="{identity}"><bpmn:{tag} id="{identity}_d"{attributes}>{extensions}</bpmn:{tag}></bpmn:startEvent>'
    if host.endswith("LoopCharacteristics"):
        return f'<bpmn:task id="{identity}"><bpmn:{tag}{attributes}>{extensions}</bpmn:{tag}></bpmn:task>'
    return f'<bpmn:{tag} id="{identity}"{attributes}>{extensions}</bpmn:{tag}>'


def _attributes(dialect: str, described: Mapping[str, Any]) -> str:
    given = [each for each in described.get("properties", ()) if each.get("isAttr")]
    return "".join(f" {dialect}:{each['name'].rsplit(':', 1)[-1]}={quoteattr(_VALUES.get(each['type'], 'a & b'))}" for each in given)


def _extension(dialect: str, name: str, above: tuple[str, ...] = ()) -> str:
    """An element with all its attributes, its text, and one of each of what it may hold."""
    _, types = _described(dialect)
    lineage = [types[name], *(types[each] for each in types[name].get("superClass", ()) if each in types)]
    attributes, inside = "", ""
    for each in (each for described in lineage for each in described.get("properties", ())):
        kind = each["type"]
        if each.get("isAttr"):
            attributes += f" {each['name']}={quoteattr(_VALUES.get(kind, 'a & b'))}"
        elif (concrete := _concrete(types, kind, (*above, name))) is not None:
            inside += _extension(dialect, concrete, (*above, name))
        elif kind == "String" and not each.get("isBody"):
            inside += f"<{dialect}:{each['name']}>a text</{dialect}:{each['name']}>"
    tag = f"{dialect}:{name[:1].lower()}{name[1:]}"
    body = any(each.get("isBody") for described in lineage for each in described.get("properties", ()))
    return f"<{tag}{attributes}>{inside or ('a text' if body else '')}</{tag}>"


def _concrete(types: Mapping[str, dict[str, Any]], kind: str, above: tuple[str, ...]) -> str | None:
    """A type that may stand for another one, and does not stand around it already."""
    kinds = sorted((name for name, each in types.items() if kind in each.get("superClass", ())), key=lambda name: name != "Script")
    kinds = kinds or ([kind] if kind in types else [])
    return next((name for name in kinds if name not in above), None)
