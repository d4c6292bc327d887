"""The vocabularies as those who own them publish them: BPMN's XML Schema, and the descriptors of Camunda's extensions."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from lxml import etree
from SpiffWorkflow.bpmn.parser.BpmnParser import XSD_PATH

XSD = "{http://www.w3.org/2001/XMLSchema}"
NODE_MODULES = Path(__file__).parents[3] / "ui" / "node_modules"


@dataclass(frozen=True)
class Schema:
    """BPMN's XML Schema: the attributes of each element, and the elements that may stand in it."""

    attributes: Mapping[str, frozenset[str]]
    children: Mapping[str, frozenset[str]]


@cache
def bpmn_schema() -> Schema:
    """Read the schema that the check validates with."""
    types: dict[str, etree._Element] = {}
    elements: dict[str, etree._Element] = {}
    for name in (Path(XSD_PATH), Path(XSD_PATH).with_name("Semantic.xsd")):
        root = etree.parse(name).getroot()
        types |= {str(each.get("name")): each for each in root.iterchildren(f"{XSD}complexType")}
        elements |= {str(each.get("name")): each for each in root.iterchildren(f"{XSD}element")}
    heads: dict[str, set[str]] = {}
    for name, element in elements.items():
        heads.setdefault(element.get("substitutionGroup", ""), set()).add(name)
    found = Schema({}, {})
    waiting = ["definitions"]
    while waiting:
        name = waiting.pop()
        if name not in found.attributes:
            attributes, children = _of_type(types, str(elements[name].get("type")) if name in elements else "")
            meant = {each for child in children for each in _meant(child, heads, elements, types)}
            found.attributes[name], found.children[name] = frozenset(attributes), frozenset(meant)  # type: ignore[index]
            waiting.extend(meant)
    return found


def _of_type(types: Mapping[str, etree._Element], name: str) -> tuple[set[str], set[str]]:
    attributes: set[str] = set()
    children: set[str] = set()
    while name in types:
        given = types[name]
        attributes |= {str(each.get("name")) for each in given.iter(f"{XSD}attribute")}
        children |= {str(each.get("ref") or each.get("name")) for each in given.iter(f"{XSD}element")}
        extension = given.find(f".//{XSD}extension")
        name = "" if extension is None else str(extension.get("base"))
    return attributes, {each for each in children if ":" not in each}


def _meant(
    name: str, heads: Mapping[str, set[str]], elements: Mapping[str, etree._Element], types: Mapping[str, etree._Element]
) -> Iterator[str]:
    """The element itself, unless it is abstract, and whatever may stand for it."""
    given = types.get(str(elements[name].get("type"))) if name in elements else None
    if given is None or given.get("abstract") != "true":
        yield name
    for each in heads.get(name, ()):
        yield from _meant(each, heads, elements, types)


#: An element that stands for each kind that the descriptors extend or are allowed in.
_STANDS_FOR = {
    "Activity": "userTask", "Event": "startEvent", "Gateway": "exclusiveGateway", "FlowNode": "userTask", "FlowElement": "userTask",
    "Task": "userTask", "FormalExpression": "conditionExpression", "Element": "userTask",
}  # fmt: skip


@dataclass(frozen=True)
class Published:
    """A word of a descriptor: `owner` is the BPMN element it is an attribute of, or in whose extensions it stands."""

    owner: str
    #: The extension elements around it and itself; empty for an attribute of the BPMN element.
    path: tuple[str, ...]
    attribute: str = ""

    def __str__(self) -> str:
        return "/".join((self.owner, *self.path)) + (f"@{self.attribute}" if self.attribute else "")


class Descriptor:
    """A moddle descriptor."""

    def __init__(self, prefix: str) -> None:
        file = NODE_MODULES / f"{prefix}-bpmn-moddle" / "resources" / f"{prefix}.json"
        self.prefix = prefix
        self.types = {each["name"]: each for each in json.loads(file.read_text())["types"]}

    def words(self) -> Iterator[Published]:
        """Each attribute of a BPMN element, each extension element, and each attribute and element inside of it."""
        for name, given in self.types.items():
            for owner in {self._tag(each) for each in given.get("extends", [])} - {""}:
                for item in given.get("properties", []):
                    yield Published(owner, (), item["name"].rpartition(":")[2])
            places = list(given.get("meta", {}).get("allowedIn", [])) or (["*"] if self._is_extension(name) else [])
            for owner in sorted({self._tag("bpmn:Element" if each == "*" else each) for each in places} - {""}):
                yield from self._inside(owner, (self._word(name),), name)

    def _is_extension(self, name: str) -> bool:
        given = self.types[name]
        return "Element" in given.get("superClass", []) and not given.get("isAbstract")

    def _inside(self, owner: str, path: tuple[str, ...], name: str) -> Iterator[Published]:
        yield Published(owner, path)
        for item in self._properties(name):
            kind = item["type"].rpartition(":")[2]
            if item.get("isAttr"):
                yield Published(owner, path, item["name"])
            elif kind in self.types and not item.get("isBody") and self._word(kind) not in path:
                yield from self._inside(owner, (*path, self._word(kind)), kind)

    def _properties(self, name: str) -> Iterator[dict[str, str]]:
        given = self.types.get(name.rpartition(":")[2], {})
        yield from given.get("properties", [])
        for base in given.get("superClass", []):
            yield from self._properties(base) if not base.startswith("bpmn:") else ()

    def _tag(self, kind: str) -> str:
        """A BPMN element for a kind, our own kinds resolved; empty where it is an extension element itself."""
        prefix, _, name = kind.rpartition(":")
        if prefix == "bpmn":
            return _STANDS_FOR.get(name) or self._word(name)
        extended = self.types.get(name, {}).get("extends", [])
        return self._tag(extended[0]) if extended else ""

    @staticmethod
    def _word(name: str) -> str:
        return name[0].lower() + name[1:]
