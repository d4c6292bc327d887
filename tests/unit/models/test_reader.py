"""Hostile and broken files end in findings, never in an exception and never in a model that passes."""

import pytest

from engine.dmn.source import NAMESPACES
from engine.models.bundle import MAX_FILE_BYTES, Bundle
from engine.models.check import check
from tests.unit.dmn.dmn_models import decision, literal, needs, table
from tests.unit.dmn.dmn_models import model as decision_model
from tests.unit.models.drawing import END, HEAD, START, around, bundle, chain, document, flow, node, process, script, service, service_tasks

LAUGHS = b"""<?xml version="1.0"?>
<!DOCTYPE lolz [<!ENTITY lol "lol"><!ENTITY lol2 "&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;">]>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL">&lol2;</bpmn:definitions>"""
DEEP = (
    HEAD + "<bpmn:process id='p'>" + "<bpmn:subProcess>" * 10_000 + "</bpmn:subProcess>" * 10_000 + "</bpmn:process></bpmn:definitions>"
).encode()
NESTED = (
    HEAD + "<bpmn:process id='p'>" + "<bpmn:subProcess>" * 80 + "</bpmn:subProcess>" * 80 + "</bpmn:process></bpmn:definitions>"
).encode()
FILES_OF_ENEMIES = {
    "billion-laughs": (LAUGHS, "doctype"),
    "file-entity": (b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>', "doctype"),
    "ten-thousand-deep": (DEEP, "xml"),
    "eighty-deep": (NESTED, "too-deep"),
    "three-megabytes": (b"<a>" + b"x" * 3_000_000 + b"</a>", "file-too-large"),
    "one-long-name": (document(around("a", script("a", name="x" * 30_000))), "text-too-long"),
    "thirty-thousand-elements": (document("<bpmn:message/>" * 30_000), "too-many-elements"),
    "empty": (b"", "xml"),
    "text": (b"Dear analyst, please find attached", "xml"),
    "pdf": (b"%PDF-1.7\n\xe2\xe3\xcf\xd3", "encoding"),
    "zip": (b"PK\x03\x04\x14\x00\x08\x08", "xml"),
    "utf-16": ("<?xml version='1.0' encoding='utf-16'?>".encode("utf-16") + document().decode().encode("utf-16"), "encoding"),
    "cut-off": (document(around("a", script("a")))[:-30], "xml"),
    "no-bpmn": (b"<html><body/></html>", "root-element"),
    "old-bpmn": (document().replace(b"20100524", b"20080501"), "root-element"),
    "id-with-quotes": (document(around("a", script("a"))).replace(b'id="end"', b'id="] | //x"'), "bad-id"),
    "id-twice": (document(around("a", script("a"))).replace(b'id="end"', b'id="start"'), "duplicate-id"),
    "id-of-script": (document(around("a", script("a"))).replace(b'id="end"', b'id="&lt;script>"'), "bad-id"),
}


@pytest.mark.parametrize(("content", "rule"), FILES_OF_ENEMIES.values(), ids=FILES_OF_ENEMIES)
def test_a_hostile_diagram_is_refused_by_name(content: bytes, rule: str) -> None:
    result = check(Bundle("enemy", {"enemy.bpmn": content}), service_tasks())
    assert not result.ok
    assert rule in {finding.rule for finding in result.findings}
    assert "rule-failed" not in {finding.rule for finding in result.findings}
    assert result.processes == ()
    assert all(finding.next_step and len(finding.message) < 1_000 for finding in result.findings)


@pytest.mark.parametrize("content", [LAUGHS, DEEP, b"", b"%PDF-1.7\xff", b"<a/>", b'{"type": "default"}'])
@pytest.mark.parametrize("name", ["enemy.dmn", "enemy.form"])
def test_a_hostile_decision_or_form_is_refused_too(name: str, content: bytes) -> None:
    files = {**bundle(around("a", script("a"))).files, name: content}
    result = check(Bundle("enemy", files), service_tasks())
    assert not result.ok
    assert {finding.path for finding in result.findings if finding.severity == "error"} == {name}


def test_a_bundle_of_fifty_megabytes_is_not_even_read() -> None:
    content = b"x" * 50_000_000
    result = check(Bundle("enemy", {"enemy.bpmn": content}), service_tasks())
    assert [finding.rule for finding in result.findings] == ["bundle-too-large"]


def test_findings_say_the_line() -> None:
    content = document("\n\n", around("a", script("a"))).replace(b'id="end"', b'id="start"')
    (finding,) = [each for each in check(Bundle("b", {"b.bpmn": content}), service_tasks()).findings if each.rule == "duplicate-id"]
    assert finding.line == content[: content.rindex(b'id="start"')].count(b"\n") + 1
    assert finding.element_id == "start"


def test_parameters_of_two_service_tasks_may_share_a_name() -> None:
    calls = [service(name, "quoting.record_approval", quote_no="quote_no") for name in ("a", "b")]
    assert check(bundle(process(START, END, *calls, chain("start", "a", "b", "end"))), service_tasks()).ok


def test_what_the_schema_of_bpmn_forbids_is_told_with_its_element() -> None:
    wrong = node("scriptTask", "a", "<bpmn:script>{ b: 1 }</bpmn:script>", "<bpmn:script>{ b: 2 }</bpmn:script>")
    found = [each for each in check(bundle(around("a", wrong)), service_tasks()).findings if each.rule == "schema"]
    assert [each.severity for each in found] == ["error"]
    assert "script" in found[0].message
    assert "http://" not in found[0].message
    assert found[0].line


def test_the_limit_of_a_file_is_two_megabytes() -> None:
    assert MAX_FILE_BYTES == 2_000_000


@pytest.mark.timeout(90)
@pytest.mark.parametrize("shape", ["chain", "split", "processes"])
def test_three_thousand_steps_are_judged_by_one_look_at_each(shape: str) -> None:
    """A rule that compares all with all would need minutes here."""
    names = [f"a{number}" for number in range(3_000)]
    steps = "".join(f'<bpmn:task id="{name}"/>' for name in names)
    if shape == "chain":
        body = f'<bpmn:process id="p" isExecutable="true">{START}{steps}{chain("start", *names)}</bpmn:process>'
    elif shape == "split":
        body = f'<bpmn:process id="p" isExecutable="true">{START}{steps}{"".join(flow("start", name) for name in names)}</bpmn:process>'
    else:
        body = "".join(f'<bpmn:process id="p{name}" isExecutable="true"><bpmn:task id="{name}"/></bpmn:process>' for name in names)
    result = check(Bundle("large", {"large.bpmn": document(body)}), service_tasks())
    assert "rule-failed" not in {finding.rule for finding in result.findings}
    assert len(result.findings) <= 500


@pytest.mark.parametrize("namespace", sorted(NAMESPACES))
def test_a_decision_of_every_version_may_stand_in_a_bundle(namespace: str) -> None:
    logic = decision_model(decision(table([["< 5", '"small"'], [">= 5", '"large"']])), namespace)
    files = {**bundle(around("a", script("a"))).files, "size.dmn": logic}
    assert [each for each in check(Bundle("b", files), service_tasks()).findings if each.path == "size.dmn"] == []


def test_a_decision_may_import_another_file_of_its_bundle() -> None:
    rates = decision_model(decision(literal("42"), name="rate")).replace(b"<definitions ", b'<definitions namespace="urn:rates" ')
    wanted = '<import name="rates" namespace="urn:rates" importType="https://www.omg.org/spec/DMN/20191111/MODEL/"/>'
    body = wanted + decision(literal("rates.rate + 1"), needs("Decision", "d_rate").replace("#", "urn:rates#"))
    files = {**bundle(around("a", script("a"))).files, "rates.dmn": rates, "total.dmn": decision_model(body)}
    checked = check(Bundle("b", files), service_tasks())
    assert [each for each in checked.findings if each.path and each.path.endswith(".dmn")] == []
    assert checked.decisions["d_answer"].evaluate({}).value == 43
