"""Input and output mappings as parameters and settings of ours. Their targets may be paths: `order.address.city`."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from lxml import etree

from engine.models.converting.bench import Bench, ours
from engine.models.converting.juel import feel_of
from engine.models.converting.report import Fate
from engine.models.trees import child, tag_of, text_of
from engine.models.vocabulary import SPIFF

#: FEEL by target; a target is a path of names.
Mapped = Mapping[tuple[str, ...], str]
_NAME: Final = re.compile(r"[A-Za-z_]\w*")


def mapped(pairs: Iterable[tuple[str, str]]) -> Mapped | None:
    """The FEEL of each target. None where one of them cannot be said, is said twice, or reads what another has just made."""
    found: dict[tuple[str, ...], str] = {}
    for target, source in pairs:
        path, value = tuple(target.strip().split(".")), feel_of(source)
        clash = any(path[: len(other)] == other or other[: len(path)] == path for other in found)
        if value is None or clash or not all(_NAME.fullmatch(name) for name in path):
            return None
        made = {other[0] for other, text in found.items() if other != (text,)}
        if any(re.search(rf"(?<![\w.\"]){re.escape(name)}\b", value) for name in made):
            return None
        found[path] = value
    return found


def place_inputs(bench: Bench, element: etree._Element, found: Mapped) -> str:
    """Give an element its inputs, and answer what they are there; empty where it has no place for them."""
    operator = ours(element, "serviceTaskOperator")
    if operator is not None:
        parameters = next(iter(operator))
        for name, value in _nested(found).items():
            parameter(parameters, name, _feel(value))
        return "A parameter of the service task."
    setting = {"userTask": "formData", "businessRuleTask": "input"}.get(tag_of(element))
    if setting is None or not bench.set(element, setting, f"={_feel(_nested(found))}"):
        return ""
    return f"Part of the setting {setting}: only what is named there is seen."


def place_outputs(bench: Bench, element: etree._Element, found: Mapped) -> tuple[Fate, str]:
    """Say what of a result goes on; a variable that keeps its name does so by itself, where there is no other place for it."""
    entries = ", ".join(f'"{".".join(path)}": {value}' if len(path) > 1 else f"{path[0]}: {value}" for path, value in found.items())
    script = child(element, "script")
    if tag_of(element) == "scriptTask" and script is not None and text_of(script).endswith("}"):
        script.text = f"{text_of(script)[:-1].rstrip()}, {entries} }}"
        return Fate.TRANSLATED, "The script assigns it."
    if tag_of(element) in {"serviceTask", "userTask", "startEvent"} and bench.set(element, "outputs", f"={{{entries}}}"):
        return Fate.TRANSLATED, "Part of the setting outputs: what goes on of the result."
    if all(path == (value,) for path, value in found.items()):
        return Fate.NEEDLESS, "It is handed on by itself."
    return Fate.LEFT, ""


def parameter(parameters: etree._Element, name: str, value: str) -> None:
    """One parameter of a service task."""
    etree.SubElement(parameters, f"{{{SPIFF}}}parameter", id=name, type="str", value=value)


def _nested(found: Mapped) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for path, value in found.items():
        place = made
        for name in path[:-1]:
            place = place.setdefault(name, {})
        place[path[-1]] = value
    return made


def _feel(value: Any) -> str:
    if isinstance(value, str):
        return value
    return "{" + ", ".join(f"{name}: {_feel(entry)}" for name, entry in value.items()) + "}"
