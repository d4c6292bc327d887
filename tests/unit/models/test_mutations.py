"""Random damage to a sound model: the check never raises, no rule fails, and what passes compiles and starts."""

from datetime import UTC, datetime
from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from engine.models.bundle import Bundle
from engine.models.check import CheckedBundle, check
from engine.models.vocabulary import BPMN, FLOW_NODES
from engine.spiff.calls import Done
from engine.spiff.execution import Execution
from tests.examples import examples
from tests.unit.models import drawing as d

FORM = b'{"type": "default", "components": [{"type": "radio", "key": "approved", "values": [{"label": "Yes", "value": "yes"}]}]}'
LATE = d.event("intermediateCatchEvent", "late", d.timer("P14D"))
HEAR = d.event("intermediateCatchEvent", "hear", "message messageRef='accepted'", d.settings(correlation="={quote_no: quote_no}"))
BODY = d.event("startEvent", "begin") + d.script("count", "{ seen: 1 }") + d.event("endEvent", "over") + d.chain("begin", "count", "over")
MODEL = d.document(
    d.MESSAGE,
    '<bpmn:error id="missing" name="Price missing" errorCode="PRICE_MISSING"/>',
    d.process(
        '<bpmn:property id="items" name="items"/>',
        d.START,
        d.END,
        d.service("price", "quoting.price_quote", quote_no="quote_no", result="pricing"),
        d.event("boundaryEvent", "no_price", "error errorRef='missing'", attachedToRef="price"),
        d.user("approve", formKey="approve-quote", excludedUsers="=[quote_no]"),
        d.event("boundaryEvent", "remind", d.timer("R3/PT4H", "timeCycle"), attachedToRef="approve", cancelActivity="false"),
        d.decision("find", "approvers", resultVariable="groups"),
        d.node("exclusiveGateway", "large", default="large_to_choose"),
        d.node("eventBasedGateway", "choose"),
        HEAR,
        LATE,
        d.node("subProcess", "sub", BODY),
        d.node("parallelGateway", "fork"),
        d.node("inclusiveGateway", "join"),
        d.script(
            "sum",
            "{ total: amount * 2 }",
            "<bpmn:multiInstanceLoopCharacteristics><bpmn:loopDataInputRef>items</bpmn:loopDataInputRef></bpmn:multiInstanceLoopCharacteristics>",
        ),
        d.chain("start", "price", "find", "large", "approve", "sub", "fork", "sum", "join", "end").replace(
            'targetRef="approve" name="to approve">',
            'targetRef="approve" name="to approve"><bpmn:conditionExpression>amount > 5</bpmn:conditionExpression>',
        ),
        d.chain("large", "choose", "hear", "end"),
        d.chain("choose", "late", "end"),
        d.chain("fork", "join"),
        d.chain("no_price", "end"),
        d.chain("remind", "end"),
    ),
)


def checked(content: bytes) -> CheckedBundle:
    return check(Bundle("b", {"b.bpmn": content, "approve-quote.form": FORM, "m.dmn": d.TABLE}), d.service_tasks(), {"sales"})


def test_the_model_before_the_damage_is_sound() -> None:
    assert [finding for finding in checked(MODEL).findings if finding.severity == "error"] == []


TAGS = sorted(FLOW_NODES | {"sequenceFlow", "timerEventDefinition", "conditionExpression"})


class Calls:
    """Every service task is done at once."""

    def call(self, request: Any) -> Done:
        return Done({"ok": True})


def damage(chance: Random, root: etree._Element) -> None:
    """One change that a slip, a merge or an enemy could make."""
    elements = [element for element in root.iter(etree.Element) if element is not root]
    victim, other = chance.choice(elements), chance.choice(elements)
    names = sorted(map(str, victim.attrib))
    kind = chance.randrange(8)
    if kind == 0 and len(elements) > 40:
        victim.getparent().remove(victim)
    elif kind == 1:
        victim.tag = f"{{{BPMN}}}{chance.choice(TAGS)}"
    elif kind == 2 and names:
        del victim.attrib[chance.choice(names)]
    elif kind in {3, 4} and names and other.attrib:
        victim.set(chance.choice(names), chance.choice(sorted(map(str, other.attrib.values()))))
    elif kind == 5 and victim is not other and victim not in set(other.iterancestors()):
        other.append(victim)
    elif kind == 6:
        victim.text = chance.choice(["", "=", "1", "PT0S", "R/PT1S", "amount", "[", "nothing.here", "-1", '"x"'])
    else:
        name = chance.choice(["default", "attachedToRef", "cancelActivity", "loopMaximum", "isSequential", "triggeredByEvent", "id"])
        victim.set(name, chance.choice(["true", "false", "end", "price", "0", "99999999999", "sub"]))


@examples(100)
@given(st.randoms(use_true_random=False), st.integers(1, 3))
def test_a_damaged_model_is_refused_or_runs_until_it_ends_or_waits(chance: Random, times: int) -> None:
    root = etree.fromstring(MODEL)
    for _ in range(times):
        damage(chance, root)
    result = checked(etree.tostring(root))
    defects = [finding for finding in result.findings if finding.rule in {"rule-failed", "compiler-failed"}]
    assert defects == []
    assert result.ok == (not any(finding.severity == "error" for finding in result.findings))
    for process in result.processes:
        now = datetime(2026, 3, 1, 9, tzinfo=UTC)
        for start in process.start_events:
            execution = Execution.start(process, {"amount": 7, "quote_no": "Q-000001", "items": [1, 2]}, now=now, element_id=start.id)
            execution.run(Calls(), now=now)
            assert execution.completed or execution.waits


@examples(75)
@given(st.data())
def test_damaged_bytes_are_refused_or_read(data: st.DataObject) -> None:
    content = bytearray(MODEL)
    for _ in range(data.draw(st.integers(1, 6))):
        place = data.draw(st.integers(0, len(content) - 1))
        content[place : place + data.draw(st.integers(0, 40))] = data.draw(st.binary(max_size=8))
    result = checked(bytes(content))
    assert [finding for finding in result.findings if finding.rule in {"rule-failed", "compiler-failed"}] == []
