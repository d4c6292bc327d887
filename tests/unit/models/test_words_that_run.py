"""Each word of BPMN that the table says runs: taken away or written otherwise, something else happens, or the check says something else."""

import copy
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from lxml import etree

from engine.models.bundle import Bundle
from engine.models.check import check
from engine.models.vocabularies import BPMN_WORDS, Fate
from engine.models.vocabulary import BPMN
from tests.unit.models import drawing as d
from tests.unit.spiff.drawing import Play

ITEMS = '<bpmn:property id="items" name="items"/><bpmn:property id="all" name="results"/>'
HEARD = d.settings(correlation="={quote: quote_no}", resultVariable="said")


def sending(tag: str, identity: str) -> str:
    return d.node(tag, identity, HEARD if tag == "receiveTask" else d.settings(payload="={a: 1}"), messageRef="accepted")


def looped(marker: str, inner: str, attributes: str = "", adds: str = "1") -> str:
    return d.script("work", f"{{ total: total + {adds} }}", f"<bpmn:{marker} {attributes}>{inner}</bpmn:{marker}>")


def again(condition: str, attributes: str) -> str:
    return looped("standardLoopCharacteristics", f"<bpmn:loopCondition>total &lt; {condition}</bpmn:loopCondition>", attributes)


def started(*parts: str, chained: str) -> str:
    return d.process(d.START, d.END, d.script("first", "{ total: 0 }"), *parts, d.chain("start", "first", *chained.split(), "end"))


LANES = (
    '<bpmn:laneSet id="set"><bpmn:lane id="desk" name="Desk"><bpmn:childLaneSet id="inner"><bpmn:lane id="sales" name="Sales">'
    "<bpmn:flowNodeRef>ask</bpmn:flowNodeRef></bpmn:lane></bpmn:childLaneSet></bpmn:lane></bpmn:laneSet>"
)
EACH = (
    "<bpmn:loopDataInputRef>items</bpmn:loopDataInputRef><bpmn:loopDataOutputRef>all</bpmn:loopDataOutputRef>"
    '<bpmn:inputDataItem id="line" name="line"/><bpmn:outputDataItem id="total" name="total"/>'
    "<bpmn:completionCondition>numberOfCompletedInstances = 2</bpmn:completionCondition>"
)
MISSING = '<bpmn:error id="missing" name="Price missing" errorCode="PRICE_MISSING"/>'
SIGNAL = '<bpmn:signal id="calm" name="all.calm"/>'
SHARED = '<bpmn:timerEventDefinition id="later"><bpmn:timeDate>2027-01-31T09:00:00Z</bpmn:timeDate></bpmn:timerEventDefinition>'
LATE = '<bpmn:escalation id="late" name="Late" escalationCode="LATE"/>'
CALLED = d.process(d.event("startEvent", "begin"), d.event("endEvent", "over"), d.chain("begin", "over"), key="price_quote")
INNER = d.event("startEvent", "begin") + d.event("endEvent", "over", "escalation escalationRef='late'") + d.chain("begin", "over")
FAILING = d.event("startEvent", "begin") + d.event("endEvent", "over", "error errorRef='missing'") + d.chain("begin", "over")


def documents() -> Iterator[str]:
    """Small files that together say every word that runs."""
    people = LANES + d.START + d.END + d.node("userTask", "ask") + d.node("manualTask", "carry") + d.node("task", "think")
    yield d.process(people, d.chain("start", "ask", "carry", "think", "end"))
    yield d.MESSAGE + started(sending("sendTask", "tell"), sending("receiveTask", "hear"), chained="tell hear")
    yield MISSING + started(d.service("price", "quoting.price_quote", quote_no="quote_no"), chained="price")
    yield started(d.decision("find", "approvers"), chained="find")
    gate = d.node("exclusiveGateway", "gate", default="gate_to_b") + d.script("a", "{ x: 1 }") + d.script("b", "{ x: 2 }")
    yield d.process(d.START, d.END, gate, d.chain("start", "gate", "b", "end"), d.flow("gate", "a", "amount > 5"), d.flow("a", "end"))
    both = "".join(
        d.node(tag, name) for tag, name in (("parallelGateway", "fork"), ("parallelGateway", "join"), ("inclusiveGateway", "any"))
    )
    steps = d.script("a", "{ x: 1 }") + d.script("b", "{ y: 2 }")
    yield d.process(d.START, d.END, both, steps, d.chain("start", "fork", "a", "join", "any", "end"), d.chain("fork", "b", "join"))
    waits = d.event("intermediateCatchEvent", "hear", "message messageRef='accepted'", HEARD)
    after = d.event("intermediateCatchEvent", "after", d.timer("PT1H"))
    race = d.node("eventBasedGateway", "race") + waits + after
    yield d.MESSAGE + d.process(d.START, d.END, race, d.chain("start", "race", "hear", "end"), d.chain("race", "after", "end"))
    throws = d.event("intermediateThrowEvent", "cry", "signal signalRef='calm'")
    shared = d.node("intermediateCatchEvent", "wait", "<bpmn:eventDefinitionRef>later</bpmn:eventDefinitionRef>")
    yield SIGNAL + SHARED + started(throws, shared, chained="cry wait")
    jump, land = d.event("intermediateThrowEvent", "jump", "link name='A'"), d.event("intermediateCatchEvent", "land", "link name='A'")
    yield d.process(d.START, d.END, jump, land, d.chain("start", "jump"), d.chain("land", "end"))
    told = d.event("boundaryEvent", "told", "escalation escalationRef='late'", attachedToRef="sub", cancelActivity="false")
    sub = d.node("subProcess", "sub", INNER) + told
    yield LATE + d.process(d.START, d.END, sub, d.script("note"), d.chain("start", "sub", "end"), d.chain("told", "note", "end"))
    failing = d.node("subProcess", "sub", FAILING) + d.event("boundaryEvent", "told", "error errorRef='missing'", attachedToRef="sub")
    yield MISSING + d.process(d.START, d.END, failing, d.script("note"), d.chain("start", "sub", "end"), d.chain("told", "note", "end"))
    yield from undoing()
    yield CALLED + d.process(d.START, d.END, d.node("callActivity", "call", calledElement="price_quote"), d.chain("start", "call", "end"))
    yield started(again("5", 'loopMaximum="3"'), chained="work")
    yield started(again("0", 'testBefore="true"'), chained="work")
    yield started(looped("multiInstanceLoopCharacteristics", "<bpmn:loopCardinality>3</bpmn:loopCardinality>"), chained="work")
    many = looped("multiInstanceLoopCharacteristics", EACH, 'isSequential="true"', adds="line")
    yield d.process(ITEMS, d.START, d.END, d.script("first", "{ total: 0 }"), many, d.chain("start", "first", "work", "end"))
    yield from listening_documents()
    hourly = d.event("startEvent", "start", d.timer("R/PT1H", "timeCycle"))
    stop = d.event("endEvent", "end", "terminate")
    flows = d.chain("start", "fork", "end") + d.chain("fork", "ask", "done")
    yield d.process(hourly, stop, d.node("parallelGateway", "fork"), d.user("ask"), d.event("endEvent", "done"), flows)


def undoing() -> Iterator[str]:
    """Files of compensation, transactions and complex gateways."""
    undone = d.event("boundaryEvent", "undone", "compensate", attachedToRef="pay") + d.script("refund", isForCompensation="true")
    named = d.event("intermediateThrowEvent", "undo", "compensate").replace("Definition >", 'Definition activityRef="pay">')
    tie = '<bpmn:association id="tie" sourceRef="undone" targetRef="refund"/>'
    yield d.process(d.START, d.END, d.script("pay"), undone, d.script("ship"), named, d.chain("start", "pay", "undo", "ship", "end"), tie)
    fork = d.node("complexGateway", "gate", default="gate_to_b") + d.script("a", "{ x: 1 }") + d.script("b", "{ y: 2 }")
    yield d.process(d.START, d.END, fork, d.chain("start", "gate", "b", "end"), d.flow("gate", "a", "amount > 5"), d.flow("a", "end"))
    off = d.event("startEvent", "begin") + d.event("endEvent", "over", "cancel") + d.chain("begin", "over")
    trip = d.node("transaction", "trip", off) + d.event("boundaryEvent", "left", "cancel", attachedToRef="trip")
    yield d.process(d.START, d.END, trip, d.script("note"), d.chain("start", "trip", "end"), d.chain("left", "note", "end"))


def listening_documents() -> Iterator[str]:
    calm = d.event("startEvent", "came", "signal signalRef='calm'", isInterrupting="false") + d.event("endEvent", "noted")
    note = d.node("subProcess", "noting", calm + d.user("note") + d.chain("came", "note", "noted"), triggeredByEvent="true")
    yield SIGNAL + started(note, d.event("intermediateThrowEvent", "cry", "signal signalRef='calm'"), d.user("ask"), chained="cry ask")
    later = d.event(
        "intermediateCatchEvent", "both", d.timer("PT1H"), '<bpmn:signalEventDefinition signalRef="calm"/>', parallelMultiple="true"
    )
    asked = (
        d.node("parallelGateway", "fork") + d.event("intermediateThrowEvent", "cry", "signal signalRef='calm'") + d.event("endEvent", "e2")
    )
    yield SIGNAL + d.process(d.START, d.END, asked, later, d.chain("start", "fork", "both", "end"), d.chain("fork", "cry", "e2"))
    begins = d.node("receiveTask", "hear", messageRef="accepted", instantiate="true")
    yield d.MESSAGE + d.process(begins, d.END, d.chain("hear", "end"))
    gate = d.node("eventBasedGateway", "gate", instantiate="true")
    heard = d.event("intermediateCatchEvent", "cry", "signal signalRef='calm'") + d.node("receiveTask", "hear", messageRef="accepted")
    yield d.MESSAGE + SIGNAL + d.process(gate, heard, d.END, d.chain("gate", "cry", "end"), d.chain("gate", "hear", "end"))
    for tag in ("globalTask", "globalUserTask", "globalManualTask", "globalScriptTask", "globalBusinessRuleTask"):
        inner = "<bpmn:script>{ x: 1 }</bpmn:script>" if tag == "globalScriptTask" else ""
        called = d.decision("work", "approvers").replace("businessRuleTask", tag) if "Rule" in tag else d.node(tag, "work", inner)
        yield called + d.around("call", d.node("callActivity", "call", calledElement="work"))
    low = d.event("intermediateCatchEvent", "low", 'conditional <bpmn:condition language="feel">amount &gt; 5</bpmn:condition>')
    yield d.process(d.START, d.END, low, d.chain("start", "low", "end"))


@cache
def roots() -> tuple[etree._Element, ...]:
    return tuple(etree.fromstring(d.document(each)) for each in documents())


def outcome(root: etree._Element) -> Any:
    """What the check says and what then happens."""
    found = check(Bundle("b", {"b.bpmn": etree.tostring(root), "t.dmn": d.TABLE}), d.service_tasks(), {"sales", "desk"})
    said = {(each.rule, each.element_id, each.message) for each in found.findings}
    played = []
    for compiled in found.processes:
        play = Play(compiled, {"amount": 10, "items": [1, 2, 3], "quote_no": "Q-1"}, restored=False)
        waits = play.instance.waits
        waiting = (waits.user_tasks, waits.subscriptions, waits.timers, waits.failed)
        kinds = [sorted(each.element_id for each in kind) for kind in waiting]
        sent = [(each.name, each.element_id) for each in play.outgoing]
        trace = [(each.element_id, each.outcome, str(each.changed)) for each in play.trace]
        played.append((compiled.key, repr(sorted(compiled.elements.items())), trace, kinds, sent, str(play.instance.variables)))
    return said, played


@cache
def normal(number: int) -> Any:
    return outcome(roots()[number])


def changes(number: int, place: int, word: str) -> bool:
    """Whether something else happens when the word is not there, or says something else."""
    attribute = word.partition("@")[2]
    for other in (None, "false", "true", "python", "elsewhere", "2"):
        root = copy.deepcopy(roots()[number])
        element = list(root.iter())[place]
        parent = element.getparent()
        if attribute and other is None:
            del element.attrib[attribute]
        elif attribute:
            element.set(attribute, str(other))
        elif other is None and parent is not None:
            parent.remove(element)
        else:
            return False
        if outcome(root) != normal(number):
            return True
    return False


def places(word: str) -> Iterator[tuple[int, int]]:
    tag, _, attribute = word.partition("@")
    for number, root in enumerate(roots()):
        for place, element in enumerate(root.iter()):
            meant = element.tag == f"{{{BPMN}}}{tag}" if tag else str(element.tag).startswith(f"{{{BPMN}}}")
            if meant and (not attribute or element.get(attribute) is not None):
                yield number, place


#: What nothing but another language than FEEL says, and that is refused: a test of the linter shows it.
LANGUAGES = {"definitions@expressionLanguage", "@language", "scriptTask@scriptFormat", "globalScriptTask@scriptLanguage"}
RUNNING = {word for word, entry in BPMN_WORDS.entries.items() if entry.fate is Fate.RUNS}
WORDS = sorted(RUNNING - LANGUAGES - {"definitions"})


@pytest.mark.parametrize("word", WORDS)
def test_a_word_that_runs_has_an_effect(word: str):
    found = list(places(word))
    assert found, f"No file of this test says {word}."
    assert any(changes(number, place, word) for number, place in found)
