"""Tiny diagrams for tests: a list of elements and flows becomes a bundle that deploys."""

import re
from html import escape
from itertools import pairwise

from engine.models.bundle import Bundle

_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" '
    'xmlns:spiffworkflow="http://spiffworkflow.org/bpmn/schema/1.0/core" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" id="definitions" targetNamespace="https://ordercraft.example/test">\n'
)
_ARROW = re.compile(r"(?P<source>\w+)\s*->\s*(?P<target>\w+)(?:\s*\[(?P<label>[^\]]*)\])?")


def bundle(key: str, elements: str, flows: str, *, outside: str = "", files: dict[str, bytes] | None = None) -> Bundle:
    """A bundle of one process; `flows` are arrows such as `start -> pick -> done`, with a condition or `default` in brackets."""
    arrows = _arrows(flows)
    defaults = {source: name for name, source, _, label in arrows if label == "default"}
    for source, name in defaults.items():
        elements = re.sub(rf'(<bpmn:\w+ id="{source}")', rf'\1 default="{name}"', elements)
    body = elements + "".join(map(_flow, arrows))
    xml = f'{_HEAD}{outside}<bpmn:process id="{key}" name="{key}" isExecutable="true">{body}</bpmn:process></bpmn:definitions>'
    return Bundle(key, {f"{key}.bpmn": xml.encode(), **(files or {})})


def start(element_id: str = "start", definition: str = "") -> str:
    return f'<bpmn:startEvent id="{element_id}" name="{element_id}">{definition}</bpmn:startEvent>'


def end(element_id: str = "done") -> str:
    return f'<bpmn:endEvent id="{element_id}" name="{element_id}"/>'


def script(element_id: str, text: str) -> str:
    return f'<bpmn:scriptTask id="{element_id}" name="{element_id}"><bpmn:script>{text}</bpmn:script></bpmn:scriptTask>'


def gateway(element_id: str, kind: str = "exclusive") -> str:
    return f'<bpmn:{kind}Gateway id="{element_id}" name="{element_id}?"/>'


def service(element_id: str, handler: str, result: str = "", **parameters: str) -> str:
    retry = parameters.pop("retry", None)
    given = "".join(f'<spiffworkflow:parameter id="{name}" type="str" value="{value}"/>' for name, value in parameters.items())
    settings = properties(retry=retry) if retry else ""
    variable = f' resultVariable="{result}"' if result else ""
    inside = f"<spiffworkflow:parameters>{given}</spiffworkflow:parameters>"
    operator = f'<spiffworkflow:serviceTaskOperator id="{handler}"{variable}>{inside}</spiffworkflow:serviceTaskOperator>'
    return _element("serviceTask", element_id, operator + settings)


def user(element_id: str, **settings: str) -> str:
    return _element("userTask", element_id, properties(**settings))


def catch(element_id: str, message: str, correlation: str, result: str = "") -> str:
    """An intermediate event that waits for a message (declare it with `message`)."""
    settings = properties(correlation=correlation, **({"resultVariable": result} if result else {}))
    return _element("intermediateCatchEvent", element_id, settings, f'<bpmn:messageEventDefinition messageRef="{message}"/>')


def throw(element_id: str, message: str, **settings: str) -> str:
    return _element("intermediateThrowEvent", element_id, properties(**settings), f'<bpmn:messageEventDefinition messageRef="{message}"/>')


def timer(element_id: str, expression: str, kind: str = "timeDuration") -> str:
    body = f"<bpmn:{kind}>{expression}</bpmn:{kind}>"
    return _element("intermediateCatchEvent", element_id, "", f"<bpmn:timerEventDefinition>{body}</bpmn:timerEventDefinition>")


def boundary(element_id: str, on: str, definition: str, *, interrupting: bool = True) -> str:
    cancel = "" if interrupting else ' cancelActivity="false"'
    return f'<bpmn:boundaryEvent id="{element_id}" name="{element_id}" attachedToRef="{on}"{cancel}>{definition}</bpmn:boundaryEvent>'


def on_event(element_id: str, came: str, definition: str, *steps: str, interrupting: bool = True, **settings: str) -> str:
    """An event subprocess: its start event `came`, then the steps, one after the other."""
    extensions = f"<bpmn:extensionElements>{properties(**settings)}</bpmn:extensionElements>" if settings else ""
    begin = start(came, extensions + definition).replace(
        "<bpmn:startEvent", f'<bpmn:startEvent isInterrupting="{str(interrupting).lower()}"'
    )
    names = [came, *(re.search(r' id="(\w+)"', step)[1] for step in steps), f"{element_id}_done"]  # type: ignore[index]
    flows = "".join(map(_flow, _arrows(" -> ".join(names))))
    inside = f"{begin}{''.join(steps)}{end(names[-1])}{flows}"
    return f'<bpmn:subProcess id="{element_id}" name="{element_id}" triggeredByEvent="true">{inside}</bpmn:subProcess>'


def message(name: str) -> str:
    """A declaration for `outside`; its id is the name with dots as underscores."""
    return f'<bpmn:message id="{name.replace(".", "_")}" name="{name}"/>'


def properties(**settings: str) -> str:
    items = "".join(f'<spiffworkflow:property name="{name}" value="{value}"/>' for name, value in settings.items())
    return f"<spiffworkflow:properties>{items}</spiffworkflow:properties>" if items else ""


def _element(tag: str, element_id: str, extensions: str, body: str = "") -> str:
    inside = f"<bpmn:extensionElements>{extensions}</bpmn:extensionElements>" if extensions else ""
    return f'<bpmn:{tag} id="{element_id}" name="{element_id}">{inside}{body}</bpmn:{tag}>'


def _arrows(flows: str) -> list[tuple[str, str, str, str]]:
    found = []
    for line in flows.strip().splitlines():
        names = re.split(r"\s*->\s*", line.strip().split("[")[0].strip())
        label = line.split("[", 1)[1].rsplit("]", 1)[0] if "[" in line else ""
        for index, (source, target) in enumerate(pairwise(names)):
            found.append((f"flow_{source}_{target}", source, target, label if index == 0 else ""))
    return found


def _flow(arrow: tuple[str, str, str, str]) -> str:
    name, source, target, label = arrow
    shown = "otherwise" if label == "default" else escape(label)
    head = f'<bpmn:sequenceFlow id="{name}" name="{shown}" sourceRef="{source}" targetRef="{target}"'
    if label in {"", "default"}:
        return f"{head}/>"
    return (
        f'{head}><bpmn:conditionExpression xsi:type="bpmn:tFormalExpression">{escape(label)}</bpmn:conditionExpression></bpmn:sequenceFlow>'
    )
