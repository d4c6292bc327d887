"""Every case of level 2 of the DMN Technology Compatibility Kit (github.com/dmn-tck/tck, Apache-2.0), run in full."""

import os
from collections.abc import Iterator
from decimal import Decimal
from functools import lru_cache
from pathlib import Path

import pytest
from lxml import etree

from engine.dmn import DecisionModel, load_decisions

SHARED_DATA = Path(os.environ.get("ORDERCRAFT_SHARED_DATA") or Path(__file__).parents[3].parent / "shared" / "data")
KIT = SHARED_DATA / "dmn-tck-level-2"
XSI_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"
XSI_NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"

Element = etree._Element


def kids(element: Element, name: str) -> list[Element]:
    return element.findall(f"{{*}}{name}")


def value_of(element: Element) -> object:
    """The value in an inputNode, a component, an item or an expected element."""
    if kids(element, "component"):
        return {part.get("name"): value_of(part) for part in kids(element, "component")}
    lists = kids(element, "list")
    if lists:
        return [value_of(item) for item in kids(lists[0], "item")]
    value = kids(element, "value")[0]
    text = value.text or ""
    if value.get(XSI_NIL) == "true":
        return None
    kind = (value.get(XSI_TYPE) or "xsd:string").rpartition(":")[2]
    return {"decimal": Decimal, "boolean": lambda said: said == "true", "string": str}[kind](text)


def cases() -> Iterator[tuple[Path, Element, Element]]:
    for path in sorted(KIT.glob("*/*-test-*.xml")):
        for case in kids(etree.parse(path).getroot(), "testCase"):
            for result in kids(case, "resultNode"):
                yield path, case, result


def title(case: object) -> str:
    return case.parent.name if isinstance(case, Path) else str(case.get("id") or case.get("name"))


@lru_cache
def model_of(path: Path) -> DecisionModel:
    root = etree.parse(path).getroot()
    return load_decisions((path.parent / str(root.findtext("{*}modelName"))).read_bytes())


def same(actual: object, expected: object) -> bool:
    """Numbers are compared as the kit's own runners do; everything else exactly."""
    if isinstance(actual, Decimal) and isinstance(expected, Decimal):
        return abs(actual - expected) <= Decimal("1e-8") * max(1, abs(expected))
    if isinstance(actual, list) and isinstance(expected, list):
        return len(actual) == len(expected) and all(map(same, actual, expected))
    if isinstance(actual, dict) and isinstance(expected, dict):
        return actual.keys() == expected.keys() and all(same(actual[key], expected[key]) for key in actual)
    return type(actual) is type(expected) and actual == expected


@pytest.mark.skipif(not KIT.is_dir(), reason=f"the conformance kit is not at {KIT}")
@pytest.mark.parametrize(("path", "case", "result"), list(cases()), ids=title)
def test_the_decision_gives_what_the_kit_expects(path, case, result):
    context = {node.get("name"): value_of(node) for node in kids(case, "inputNode")}
    expected = value_of(kids(result, "expected")[0])

    decided = model_of(path).find(result.get("name")).evaluate(context)

    assert same(decided.value, expected), (decided, expected)


@pytest.mark.skipif(not KIT.is_dir(), reason=f"the conformance kit is not at {KIT}")
def test_the_kit_is_run_in_full():
    assert len({path.parent for path, _, _ in cases()}) == 28
    assert len(list(cases())) == 126


@pytest.mark.skipif(not KIT.is_dir(), reason=f"the conformance kit is not at {KIT}")
@pytest.mark.parametrize("path", sorted(KIT.glob("*/*.dmn")), ids=lambda path: path.parent.name)
def test_no_model_of_the_kit_is_called_wrong(path):
    assert [found for found in load_decisions(path.read_bytes()).problems() if found.severity == "error"] == []
