"""Every word of BPMN 2.0, `zeebe:`, `camunda:` and `spiffworkflow:`: it has an effect, it is a drawing, or a finding names its element."""

from collections import deque
from collections.abc import Iterator

import pytest
from lxml import etree

from engine.models.bundle import Bundle, Finding
from engine.models.camunda import translate
from engine.models.diagram import build_diagram
from engine.models.linter import RULES, Known, run_rules
from engine.models.vocabularies import (
    BPMN_WORDS,
    BY_NAMESPACE,
    CAMUNDA_WORDS,
    EVENTS_SUPPORTED,
    VOCABULARIES,
    ZEEBE_WORDS,
    Entry,
    Fate,
    Vocabulary,
)
from engine.models.vocabulary import BPMN
from engine.service_tasks import ServiceTasks
from engine.spiff.elements import SUPPORTED, SUPPORTED_EVENTS
from engine.spiff.refusals import ONLY
from tests.unit.models.standards import NODE_MODULES, Descriptor, Published, bpmn_schema

WORDS = ("not-supported", "attribute-not-supported", "drawn-only", "camunda", "zeebe", "unknown-extension", "event-not-supported")
SCHEMA = bpmn_schema()


def findings(root: etree._Element) -> list[Finding]:
    diagram = build_diagram("a.bpmn", root)
    known = Known(Bundle("a", {}), (diagram,), ServiceTasks())
    return list(run_rules(known, {name: RULES[name] for name in WORDS}))


def paths() -> dict[str, tuple[str, ...]]:
    """The way from `definitions` to each element, through a process where there is one, over elements that run."""
    found: dict[str, tuple[str, ...]] = {"definitions": ("definitions",), "process": ("definitions", "process")}
    waiting = deque(["process", "definitions"])
    while waiting:
        parent = waiting.popleft()
        entry = BPMN_WORDS.element(parent)
        for tag in sorted(SCHEMA.children[parent]) if entry is not None and entry.fate is Fate.RUNS else ():
            if tag not in found:
                found[tag] = (*found[parent], tag)
                waiting.append(tag)
    return found


PATHS = paths()


def fate_of(tag: str) -> Entry:
    entry = BPMN_WORDS.element(tag, PATHS[tag][-2] if len(PATHS[tag]) > 1 else "")
    assert entry is not None, f"{tag} has no entry in engine/models/vocabularies/bpmn.py"
    return entry


def model(path: tuple[str, ...]) -> tuple[etree._Element, etree._Element]:
    """A file with nothing but the elements of a path, each with an id; its root and the last of them."""
    root = element = etree.Element(f"{{{BPMN}}}{path[0]}", id="definitions_1", nsmap={None: BPMN})
    for tag in path[1:]:
        element = etree.SubElement(element, f"{{{BPMN}}}{tag}", id=f"{tag}_1")
        if tag == "process":
            element.set("isExecutable", "true")
    if not any(tag == "process" for tag in path):
        etree.SubElement(root, f"{{{BPMN}}}process", id="process_1", isExecutable="true")
    return root, element


def test_every_element_that_the_schema_allows_where_something_runs_has_an_entry():
    assert [fate_of(tag) for tag in PATHS]


def test_every_attribute_of_an_element_that_runs_has_an_entry():
    missing = [
        f"{tag}@{name}"
        for tag in PATHS
        if fate_of(tag).fate is Fate.RUNS
        for name in SCHEMA.attributes[tag]
        if BPMN_WORDS.attribute(tag, name) is None
    ]
    assert missing == []


def test_no_entry_is_of_something_that_bpmn_does_not_have():
    tags, names = set(SCHEMA.attributes), {name for found in SCHEMA.attributes.values() for name in found}
    for word in BPMN_WORDS.entries:
        tag, _, attribute = word.partition("@")
        assert {tag} - {""} <= tags or set(tag.split("/")) <= tags, word
        assert not attribute or attribute in (SCHEMA.attributes[tag] if tag else names | {"language", "evaluatesToTypeRef"}), word


REFUSED_ELEMENTS = [tag for tag in PATHS if fate_of(tag).fate is Fate.REFUSED]
REFUSED_ATTRIBUTES = [
    (tag, name)
    for tag in PATHS
    if fate_of(tag).fate is Fate.RUNS
    for name in sorted(SCHEMA.attributes[tag])
    if BPMN_WORDS.attribute(tag, name).fate is Fate.REFUSED
]


@pytest.mark.parametrize("tag", REFUSED_ELEMENTS)
def test_an_element_that_does_not_run_is_refused_by_its_name_with_what_to_do(tag: str):
    root, _ = model(PATHS[tag])
    told = [each for each in findings(root) if each.severity == "error" and each.next_step]
    assert {f"{tag}_1", f"{PATHS[tag][-2]}_1"} & {each.element_id for each in told}


@pytest.mark.parametrize(("tag", "name"), REFUSED_ATTRIBUTES)
def test_an_attribute_that_is_not_read_is_refused_at_its_element_unless_it_asks_for_nothing(tag: str, name: str):
    root, element = model(PATHS[tag])
    entry = BPMN_WORDS.attribute(tag, name)
    assert entry is not None
    for value, wanted in [("7", True), *((harmless, False) for harmless in entry.harmless)]:
        element.set(name, value)
        told = [each for each in findings(root) if each.rule == "attribute-not-supported" and each.message.startswith(f"{name}=")]
        assert [each.element_id for each in told] == ([f"{tag}_1"] if wanted else [])


@pytest.mark.parametrize("tag", [tag for tag in PATHS if fate_of(tag).told])
def test_what_is_drawn_and_might_be_meant_otherwise_is_said_at_its_element(tag: str):
    root, _ = model(PATHS[tag])
    assert f"{tag}_1" in {each.element_id for each in findings(root) if each.rule == "drawn-only"}


def test_the_engine_runs_every_element_and_event_that_the_table_says_runs():
    flow_nodes = {tag for tag in PATHS if fate_of(tag).fate is Fate.RUNS and "incoming" in SCHEMA.children[tag]}
    assert flow_nodes == SUPPORTED
    for tag, kinds in EVENTS_SUPPORTED.items():
        assert {kind or "none" for kind in kinds} - {"link"} <= SUPPORTED_EVENTS[tag]


def test_what_the_compiler_refuses_the_table_refuses_with_the_same_harmless_value():
    for attribute, (only, _) in ONLY.items():
        entries = [BPMN_WORDS.attribute("userTask", attribute) or BPMN_WORDS.attribute("receiveTask", attribute)]
        for entry in entries:
            assert entry is not None
            assert entry.harmless == (only,) or entry.fate is Fate.RUNS  # run where it can be, by the normaliser; refused elsewhere


def published() -> Iterator[tuple[Vocabulary, Published]]:
    for vocabulary in (ZEEBE_WORDS, CAMUNDA_WORDS):
        if (NODE_MODULES / f"{vocabulary.prefix}-bpmn-moddle").is_dir():
            for word in sorted(set(Descriptor(vocabulary.prefix).words()), key=str):
                yield vocabulary, word


needs_descriptors = pytest.mark.skipif(not NODE_MODULES.is_dir(), reason="the pages are not built: make pages")


def entry_of(vocabulary: Vocabulary, word: Published) -> Entry | None:
    """The entry that decides: what stands inside of an extension shares its fate."""
    if not word.path:
        return vocabulary.attribute(word.owner, word.attribute)
    entries = [vocabulary.element(name) for name in word.path]
    return next((entry for entry in entries if entry is None or not entry.holds), entries[-1])


@needs_descriptors
def test_every_word_of_camunda_s_descriptors_has_an_entry():
    assert sorted({f"{vocabulary.prefix}:{word}" for vocabulary, word in published() if entry_of(vocabulary, word) is None}) == []


def extended(vocabulary: Vocabulary, word: Published) -> etree._Element:
    """A file in which this word is said, and nothing else."""
    root, element = model(PATHS[word.owner])
    space = f"{{{vocabulary.namespaces[0]}}}"
    if not word.path:
        element.set(f"{space}{word.attribute}", "said")
        return root
    place = etree.SubElement(element, f"{{{BPMN}}}extensionElements")
    for name in word.path:
        place = etree.SubElement(place, f"{space}{name}")
    if word.attribute:
        place.set(word.attribute, "said")
    return root


@needs_descriptors
@pytest.mark.parametrize("vocabulary", [ZEEBE_WORDS, CAMUNDA_WORDS], ids=lambda each: each.prefix)
def test_whatever_camunda_s_modelers_write_is_read_or_named_with_its_element_or_says_nothing_of_how_it_runs(vocabulary: Vocabulary):
    silent = []
    for owner, word in published():
        entry = entry_of(owner, word)
        if owner is not vocabulary or entry is None or (entry.fate is Fate.DRAWN and not entry.told):
            continue
        root = extended(vocabulary, word)
        before = etree.tostring(root)
        translate(root)
        read = (
            any(BY_NAMESPACE.get(etree.QName(each).namespace) is VOCABULARIES[1] for each in root.iter()) or etree.tostring(root) != before
        )
        named = [
            each
            for each in findings(root)
            if each.rule == vocabulary.prefix and each.element_id in {f"{word.owner}_1", f"{PATHS[word.owner][-2]}_1"}
        ]
        if not read and not any(each.next_step for each in named):
            silent.append(str(word))
    assert silent == []
