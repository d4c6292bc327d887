"""Each rule of the linter: a diagram that breaks it at a certain element, and the same diagram set right."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from engine.models.bundle import Bundle, Finding
from engine.models.check import check
from engine.models.linter import RULES
from tests.unit.models.drawing import (
    END,
    MESSAGE,
    START,
    TABLE,
    Quote,
    around,
    bundle,
    chain,
    decision,
    event,
    flow,
    node,
    process,
    script,
    service,
    service_tasks,
    settings,
    timer,
    user,
)
from tests.unit.spiff.drawing import Play

FORM = b'{"type": "default", "components": [{"type": "textfield", "key": "comment"}]}'
PRICE = service("price", "quoting.price_quote", quote_no="quote_no")
RECORD = service("record", "quoting.record_approval", quote_no="quote_no")
MISSING = '<bpmn:error id="missing" name="Price missing" errorCode="PRICE_MISSING"/>'
ERROR = '<bpmn:error id="missing" name="Price missing" errorCode="PRICE_LOST"/>'
CATCH_MISSING = event("boundaryEvent", "no_price", "error errorRef='missing'", attachedToRef="price")
WAIT = event(
    "intermediateCatchEvent", "wait", "message messageRef='accepted'", settings(resultVariable="answer", correlation="={quote: quote_no}")
)
LATE = event("intermediateCatchEvent", "late", timer("P14D"))
HEAR = event(
    "intermediateCatchEvent",
    "hear",
    "message messageRef='accepted'",
    settings(resultVariable="answer", correlation="={quote: quote_no}"),
)
GATE = node("exclusiveGateway", "gate", default="gate_to_end")
LOOP_START = "<bpmn:standardLoopCharacteristics"
REVIEW = user("review", title="Review")


def choice(gateway: str, *flows: str, tag: str = "exclusiveGateway") -> str:
    """A gateway behind the start event with the given flows to two scripts."""
    steps = script("low", "{ a: 1 }") + script("high", "{ b: 1 }")
    gate = gateway or node(tag, "gate")
    return process(START, END, gate, steps, flow("start", "gate"), *flows, flow("low", "end"), flow("high", "end"))


def events_behind(*targets: str, gateway: str = "choose") -> str:
    """An event gateway in front of events that are given as XML with ids `hear` and `late`."""
    flows = flow("start", gateway) + flow(gateway, "hear") + flow(gateway, "late") + flow("hear", "end") + flow("late", "end")
    return process(START, END, node("eventBasedGateway", gateway), *targets, flows)


def looped(characteristics: str) -> str:
    """A script task with a loop marker."""
    return around("work", script("work", "{ done: 1 }", characteristics))


def around_items(step: str, inner: str) -> Bundle:
    """A step that runs for each item."""
    marker = f"<bpmn:multiInstanceLoopCharacteristics>{inner}</bpmn:multiInstanceLoopCharacteristics>"
    repeated = step.replace("</bpmn:serviceTask>", f"{marker}</bpmn:serviceTask>")
    return bundle(process('<bpmn:property id="items" name="items"/>', START, END, repeated, chain("start", "margin", "end")))


def many(inner: str, name: str = "items") -> str:
    """A script task that runs for each item."""
    declared = f'<bpmn:property id="{name}" name="{name}"/>'
    marker = f"<bpmn:multiInstanceLoopCharacteristics>{inner}</bpmn:multiInstanceLoopCharacteristics>"
    return process(declared, START, END, script("work", "{ done: 1 }", marker), chain("start", "work", "end"))


@dataclass(frozen=True)
class Case:
    """A rule, the element it speaks of, a bundle that breaks it and one that does not."""

    rule: str
    element: str
    wrong: Bundle
    right: Bundle
    severity: str = "error"


def structure() -> Iterator[Case]:
    right = bundle(around("price", script("price")))
    yield Case("no-process", "file", bundle(MESSAGE), right)
    plenty = [
        process(START.replace("start", f"s{n}"), END.replace("end", f"e{n}"), chain(f"s{n}", f"e{n}"), key=f"p{n}") for n in range(41)
    ]
    yield Case("too-many-processes", "p40", bundle(*plenty), right)
    picture = process(START, END, chain("start", "end"), isExecutable="false")
    yield Case("not-executable", "quote_to_order", bundle(picture), right, "warning")
    yield Case("nothing-runs", "quote_to_order", bundle(picture), right)
    yield Case("empty-process", "quote_to_order", bundle(process()), right)
    yield Case("missing-start", "quote_to_order", bundle(process(script("a"), END, chain("a", "end"))), right, "warning")
    yield Case("missing-end", "quote_to_order", bundle(process(START, script("a"), chain("start", "a"))), right, "warning")
    second = event("startEvent", "again")
    yield Case("several-plain-starts", "again", bundle(process(START, second, END, chain("start", "end"), chain("again", "end"))), right)
    inside = event("startEvent", "hourly", timer("R/PT1H", "timeCycle")) + event("endEvent", "over") + chain("hourly", "over")
    plain = event("startEvent", "begin") + event("endEvent", "over") + chain("begin", "over")
    yield Case(
        "subprocess-start",
        "hourly",
        bundle(around("sub", node("subProcess", "sub", inside))),
        bundle(around("sub", node("subProcess", "sub", plain))),
    )
    back = process(START, END, script("a"), chain("start", "a", "end"), flow("a", "start"))
    yield Case("start-or-end-flow", "a_to_start", bundle(back), right)
    yield Case("dangling-flow", "a_to_nowhere", bundle(around("a", script("a"), flow("a", "nowhere"))), right)
    island = around("a", script("a"), script("island", "{ x: 1 }"), flow("island", "end"))
    yield Case("unreachable-node", "island", bundle(island), right)
    stuck = process(START, END, node("parallelGateway", "both"), script("a"), chain("start", "both", "end"), flow("both", "a"))
    yield Case("dead-end", "a", bundle(stuck), right)
    circle = process(
        START,
        END,
        node("parallelGateway", "fork"),
        chain("start", "fork", "end"),
        flow("fork", "a"),
        script("a"),
        script("b"),
        chain("a", "b", "a"),
    )
    yield Case("endless-loop", "a", bundle(circle), right, "warning")
    twins = process(START, END, script("a", name="Tell"), script("b", name="tell"), chain("start", "a", "b", "end"))
    yield Case("duplicate-name", "b", bundle(twins), right, "warning")
    yield Case("missing-name", "a", bundle(around("a", script("a", name=" "))), right, "info")


def gateways() -> Iterator[Case]:
    low, high = flow("gate", "low", "amount &lt; 100"), flow("gate", "high", "amount >= 100")
    default = node("exclusiveGateway", "gate", default="gate_to_high")
    right = bundle(choice(default, low, flow("gate", "high")))
    yield Case("gateway-without-default", "gate", bundle(choice("", low, high)), right, "warning")
    yield Case("flow-without-condition", "gate_to_high", bundle(choice("", low, flow("gate", "high"))), right)
    yield Case("bad-default", "gate", bundle(choice(node("exclusiveGateway", "gate", default="low_to_end"), low, high)), right)
    yield Case("condition-on-default", "gate_to_high", bundle(choice(default, low, high)), right, "warning")
    both = choice("", low, flow("gate", "high"), tag="parallelGateway")
    yield Case(
        "condition-nobody-reads",
        "gate_to_low",
        bundle(both),
        bundle(choice("", flow("gate", "low"), flow("gate", "high"), tag="parallelGateway")),
    )
    split = process(
        START, END, script("low"), script("high", "{ b: 1 }"), chain("start", "low", "end"), flow("start", "high"), flow("high", "end")
    )
    yield Case("implicit-split", "start", bundle(split), right, "info")
    yield Case("gateway-without-purpose", "gate", bundle(around("gate", node("parallelGateway", "gate"))), right, "info")
    begun = [node("complexGateway", "gate", default="gate_to_low"), flow("gate", "low"), flow("gate", "high", "amount &gt; 5")]
    steps = script("low") + script("high") + flow("low", "join") + flow("high", "join") + chain("start", "gate") + flow("join", "end")
    wrong, inclusive = (bundle(process(START, END, *begun, steps, node(tag, "join"))) for tag in ("complexGateway", "inclusiveGateway"))
    yield Case("complex-join", "join", wrong, inclusive)
    yield Case("inclusive-join-in-loop", "join", bundle(circle("inclusiveGateway")), bundle(circle("exclusiveGateway")))
    sound = bundle(joined("exclusiveGateway"))
    yield Case("deadlock", "join", bundle(joined("parallelGateway")), sound)
    yield Case("deadlock", "join", bundle(joined("parallelGateway", split="inclusiveGateway")), sound, "warning")
    yield Case("dead-part", "end", bundle(joined("parallelGateway")), sound, "warning")
    forked = joined("exclusiveGateway", split="parallelGateway")
    yield Case("lack-of-synchronisation", "join", bundle(forked), sound, "warning")


def circle(tag: str) -> str:
    """Two ways that are joined, and then perhaps gone again."""
    again = node("exclusiveGateway", "again", default="again_to_end")
    return process(
        START,
        END,
        node(tag, "join"),
        script("work"),
        again,
        chain("start", "join", "work", "again", "end"),
        flow("again", "join", "amount > 5"),
    )


def joined(tag: str, split: str = "exclusiveGateway") -> str:
    """Two ways out of a gateway, and a join behind."""
    if split == "parallelGateway":
        flows = chain("start", "gate", "low", "join", "end") + chain("gate", "high", "join")
        return process(START, END, node(split, "gate"), script("low"), script("high", "{ b: 1 }"), node(tag, "join"), flows)
    gate = node(split, "gate", default="gate_to_high")
    flows = (
        flow("start", "gate")
        + flow("gate", "low", "amount &lt; 9")
        + flow("gate", "high")
        + flow("low", "join")
        + flow("high", "join")
        + flow("join", "end")
    )
    return process(START, END, gate, script("low"), script("high", "{ b: 1 }"), node(tag, "join"), flows)


def calls() -> Iterator[Case]:
    right = bundle(MISSING, around("price", PRICE, CATCH_MISSING, flow("no_price", "end")))
    yield Case("missing-service-task", "price", bundle(around("price", node("serviceTask", "price"))), right)
    yield Case(
        "unknown-service-task", "price", bundle(around("price", service("price", "quoting.prise_quote", quote_no="quote_no"))), right
    )
    outside = bundle(around("price", service("price", "topic:price-quote", quote_no="quote_no")))
    yield Case("external-topic", "price", outside, right, "info")
    extra = service("price", "quoting.price_quote", quote_no="quote_no", coment='"hi"')
    yield Case("unknown-parameter", "price", bundle(around("price", extra)), right)
    yield Case("missing-parameter", "price", bundle(around("price", service("price", "quoting.price_quote", comment='"hi"'))), right)
    given = '<spiffworkflow:parameter id="quote_no" type="str" value="quote_no"/>'
    empty = service("price", "quoting.price_quote", quote_no="quote_no", comment="")
    yield Case("empty-parameter", "price", bundle(around("price", empty)), right)
    yield Case("duplicate-parameter", "price", bundle(around("price", PRICE.replace(given, given * 2))), right)
    yield Case("uncaught-error", "price", bundle(around("price", PRICE)), right, "warning")
    told = event("endEvent", "end", "error errorRef='missing'"), event("endEvent", "end", "terminate")
    yield Case("uncaught-error", "end", *(bundle(ERROR, process(START, each, chain("start", "end"))) for each in told), "warning")
    yield Case("unraised-error", "no_price", bundle(ERROR, around("price", PRICE, CATCH_MISSING, flow("no_price", "end"))), right)
    inner = [
        event("startEvent", "begin") + event("endEvent", "over", f"error errorRef='{error}'") + chain("begin", "over")
        for error in ("other", "missing")
    ]
    other = '<bpmn:error id="other" name="Other" errorCode="OTHER"/>'
    after = flow("no_price", "end")
    scopes = [bundle(MISSING, other, around("price", node("subProcess", "price", part), CATCH_MISSING, after)) for part in inner]
    yield Case("unraised-error", "no_price", *scopes)
    yield Case(
        "effect-without-undo", "send", bundle(around("send", service("send", "quoting.send_quote", quote_no="quote_no"))), right, "info"
    )


def expressions() -> Iterator[Case]:
    right = bundle(around("a", script("a", "{ total: amount * 2 }")))
    yield Case("feel-syntax", "a", bundle(around("a", script("a", "{ total: amount * }"))), right)
    condition = bundle(
        choice(node("exclusiveGateway", "gate", default="gate_to_high"), flow("gate", "low", "amount >"), flow("gate", "high"))
    )
    yield Case("feel-syntax", "gate_to_low", condition, right)
    yield Case(
        "feel-syntax",
        "late",
        bundle(around("late", event("intermediateCatchEvent", "late", timer("in two hours")))),
        bundle(around("late", LATE)),
    )
    yield Case(
        "feel-syntax",
        "price",
        bundle(around("price", service("price", "quoting.price_quote", quote_no="quote no("))),
        bundle(around("price", PRICE)),
    )
    yield Case(
        "feel-syntax",
        "work",
        bundle(many("<bpmn:loopCardinality>3 +</bpmn:loopCardinality>")),
        bundle(many("<bpmn:loopCardinality>3</bpmn:loopCardinality>")),
    )
    yield Case(
        "feel-syntax",
        "ask",
        bundle(around("ask", user("ask", excludedUsers="=[requester"))),
        bundle(around("ask", user("ask", excludedUsers="alice"))),
    )
    gate = node("exclusiveGateway", "gate", default="gate_to_high")
    undecided = bundle(choice(gate, flow("gate", "low", "1 + 1"), flow("gate", "high")))
    decided = bundle(choice(gate, flow("gate", "low", "1 + 1 = 2"), flow("gate", "high")))
    yield Case("fails-in-every-instance", "gate_to_low", undecided, decided)
    due = [bundle(around("ask", user("ask", dueIn=text))) for text in ("P9999999D", "P10D")]
    yield Case("fails-in-every-instance", "ask", *due)
    for text in ('={quote: ""}', "={quote: null}", "=[1]", "={quote: {a: 1}}"):
        heard = [
            event("intermediateCatchEvent", "hear", "message messageRef='accepted'", settings(correlation=each))
            for each in (text, "={q: 1}")
        ]
        yield Case("fails-in-every-instance", "hear", *(bundle(MESSAGE, events_behind(each, LATE)) for each in heard))
    said = [event("endEvent", "end", "message messageRef='accepted'", settings(payload=text)) for text in ("=[1]", "={a: [1]}")]
    yield Case("fails-in-every-instance", "end", *(bundle(MESSAGE, process(START, each, chain("start", "end"))) for each in said))
    counted = [bundle(many(f"<bpmn:loopCardinality>{text}</bpmn:loopCardinality>")) for text in ('"three"', "1 + 2")]
    yield Case("fails-in-every-instance", "work", *counted)
    sentence = [choice(gate, flow("gate", "low", text), flow("gate", "high")) for text in ("order is large", "amount > 1000")]
    yield Case("words-instead-of-a-name", "gate_to_low", *map(bundle, sentence))
    for wrong, meant in (("ceil(amount)", "ceiling(amount)"), ("substring(quote_no)", "substring(quote_no, 3)")):
        yield Case("unknown-function", "a", *(bundle(around("a", script("a", f"{{ a: {text} }}"))) for text in (wrong, meant)))
    yield Case("empty-script", "a", bundle(around("a", script("a", " "))), right)
    gate = node("exclusiveGateway", "gate", default="gate_to_high")
    yield Case("empty-condition", "gate_to_low", bundle(choice(gate, flow("gate", "low", " "), flow("gate", "high"))), right)
    yield Case("variable-never-written", "a", bundle(around("a", script("a", "{ total: amuont * 2 }"))), right, "warning")
    unread = bundle(
        process(
            event("startEvent", "start", "", settings(inputs="quote_no")), END, decision("find", "approvers"), chain("start", "find", "end")
        ),
        dmn__dmn=TABLE,
    )
    yield Case("variable-never-written", "find", unread, bundle(around("find", decision("find", "approvers")), dmn__dmn=TABLE), "warning")


def entries() -> Iterator[Case]:
    margin = service("margin", "quoting.find_margin", quote_no="quote_no", result="margin_of_quote")
    texts = ("{ low: margin_of_quote.margin_pc &lt; 5 }", "{ low: margin_of_quote.margin_pct &lt; 5 }")
    read = [bundle(process(START, END, margin, script("judge", text), chain("start", "margin", "judge", "end"))) for text in texts]
    yield Case("unknown-entry", "judge", *read, "warning")
    asked = user("ask", formKey="approve-quote", resultVariable="answer")
    told = [
        bundle(
            process(START, END, asked, script("tell", f"{{ said: answer.{name} }}"), chain("start", "ask", "tell", "end")),
            **{"approve-quote__form": FORM},
        )
        for name in ("coment", "comment")
    ]
    yield Case("unknown-entry", "tell", *told, "warning")
    shown = b'{"type": "default", "components": [{"type": "text", "text": "Total {{net_total}}"}, {"type": "textfield", "key": "comment"}]}'
    given = [
        bundle(around("ask", user("ask", formKey="approve-quote", formData=data)), **{"approve-quote__form": shown})
        for data in ("={net: amount}", "={net_total: amount}")
    ]
    yield Case("form-without-data", "ask", *given, "warning")


def references() -> Iterator[Case]:
    right = bundle(around("ask", user("ask", formKey="approve-quote")), **{"approve-quote__form": FORM})
    yield Case("unknown-form", "ask", bundle(around("ask", user("ask", formKey="aprove-quote")), **{"approve-quote__form": FORM}), right)
    yield Case("missing-form", "ask", bundle(around("ask", user("ask"))), right, "info")
    find = bundle(around("find", decision("find", "approvers")), dmn__dmn=TABLE)
    yield Case("unknown-decision", "find", bundle(around("find", decision("find", "aprovers")), dmn__dmn=TABLE), find)
    shown = {"approve-quote__form": FORM, "dmn__dmn": TABLE}
    ruled = bundle(around("ask", user("ask", formKey="approve-quote", actRule="approvers")), **shown)
    mistyped = user("ask", formKey="approve-quote", actRule="aprovers")
    yield Case("unknown-act-rule", "ask", bundle(around("ask", mistyped), **shown), ruled)
    yield Case("unused-form", "approve-quote", bundle(around("a", script("a")), **{"approve-quote__form": FORM}), right, "info")
    yield Case("unknown-group", "ask", bundle(around("ask", user("ask", candidateGroups="sales, sails"))), right)
    lane = '<bpmn:lane id="lane" name="{}"><bpmn:flowNodeRef>ask</bpmn:flowNodeRef></bpmn:lane>'
    lanes = f'<bpmn:laneSet id="set">{lane}</bpmn:laneSet>'
    drawn = [
        bundle(process(lanes.format(lane), START, END, node("userTask", "ask"), chain("start", "ask", "end")))
        for lane in ("Cellar", "Sales")
    ]
    yield Case("unknown-group", "ask", *drawn)
    counted = [bundle(around("ask", user("ask", candidateGroups="sales", dueIn="PT4H", calendar=code))) for code in ("veinna", "vienna")]
    yield Case("unknown-calendar", "ask", *counted)
    yield Case("nobody-may-do-it", "ask", bundle(around("ask", node("userTask", "ask"))), right, "warning")
    called = process(START.replace('"start"', '"begin"'), END.replace('"end"', '"over"'), chain("begin", "over"), key="price_quote")
    call = [bundle(around("call", node("callActivity", "call", calledElement=name)), called) for name in ("prise_quote", "price_quote")]
    yield Case("unknown-process", "call", *call)
    yield Case("unknown-setting", "ask", bundle(around("ask", user("ask", candidateGroup="sales"))), right, "warning")
    other = "<bpmn:extensionElements><spiffworkflow:messageVariable>x</spiffworkflow:messageVariable></bpmn:extensionElements>"
    yield Case("unknown-extension", "a", bundle(around("a", script("a", "{ b: 1 }", other))), right)
    called = "<bpmn:extensionElements><spiffworkflow:calledDecisionId>x</spiffworkflow:calledDecisionId></bpmn:extensionElements>"
    yield Case("unknown-extension", "a", bundle(around("a", script("a", "{ b: 1 }", called))), right)
    wrong = {"dueIn": "tomorrow", "priority": "high", "resultVariable": "the answer", "formData": "{ a: 1 }", "formKey": "=form"}
    for name, value in wrong.items():
        yield Case("bad-setting", "ask", bundle(around("ask", user("ask", **{name: value}))), right)
    retry = service("record", "quoting.record_approval", quote_no="quote_no").replace(
        "<bpmn:extensionElements>", settings(retry="often")[:-25]
    )
    yield Case("bad-setting", "record", bundle(around("record", retry)), right)
    first, second = process(START, END, chain("start", "end")), process(START, END, chain("start", "end"), key="other")
    single = bundle(first)
    yield Case("duplicate-id", "start", Bundle("two", {**single.files, "z.bpmn": bundle(second).files["quote.bpmn"]}), single)


def support() -> Iterator[Case]:
    right = bundle(around("a", script("a")))
    yield Case("not-supported", "loose", bundle(around("loose", node("adHocSubProcess", "loose", script("a")))), right)
    yield Case("not-supported", "dance", bundle('<bpmn:choreography id="dance"/>', around("a", script("a"))), right)
    gone = event("intermediateCatchEvent", "gone", "error errorRef='missing'")
    yield Case("event-not-supported", "gone", bundle(MISSING, around("gone", gone)), right)
    text = event("intermediateCatchEvent", "stock", 'conditional <bpmn:condition>= "low"</bpmn:condition>')
    yield Case("fails-in-every-instance", "stock", bundle(around("stock", text)), right)
    ends_late = process(START, event("endEvent", "end", timer("P1D")), chain("start", "end"))
    yield Case("event-not-supported", "end", bundle(ends_late), right)
    link = "<bpmn:linkEventDefinition name='x'/>"
    yield Case("event-not-supported", "late", bundle(around("late", event("intermediateCatchEvent", "late", timer("P1D"), link))), right)
    monthly = f"<bpmn:timerEventDefinition>{timer('R/P1M', 'timeCycle')[6:]}</bpmn:timerEventDefinition>"
    clock = process(event("startEvent", "start", timer("R/P1D", "timeCycle"), monthly), END, chain("start", "end"))
    yield Case("event-not-supported", "start", bundle(clock), right)
    told = event("startEvent", "start", timer("R/P1D", "timeCycle"), '<bpmn:messageEventDefinition messageRef="accepted"/>')
    both = told.replace('id="start"', 'id="start" parallelMultiple="true"')
    one = bundle(MESSAGE, process(told, END, chain("start", "end")))
    yield Case("event-not-supported", "start", bundle(MESSAGE, process(both, END, chain("start", "end"))), one)
    java = node("serviceTask", "a", **{"xmlns:camunda": "http://camunda.org/schema/1.0/bpmn", "camunda:class": "com.acme.Ship"})
    yield Case("camunda", "a", bundle(around("a", java)), right)
    headers = "<zeebe:taskHeaders xmlns:zeebe='http://camunda.org/schema/zeebe/1.0'><zeebe:header key='k' value='v'/></zeebe:taskHeaders>"
    yield Case(
        "zeebe", "a", bundle(around("a", script("a", "{ b: 1 }", f"<bpmn:extensionElements>{headers}</bpmn:extensionElements>"))), right
    )
    signavio = node("task", "a", **{"xmlns:signavio": "http://www.signavio.com", "signavio:author": "vera"})
    yield Case("foreign-extension", "a", bundle(around("a", signavio)), right, "info")
    read = '<bpmn:dataInputAssociation id="read"><bpmn:targetRef>start</bpmn:targetRef></bpmn:dataInputAssociation>'
    yield Case("drawn-only", "read", bundle(around("a", user("a").replace("</bpmn:userTask>", f"{read}</bpmn:userTask>"))), right, "info")
    yield Case("attribute-not-supported", "a", bundle(around("a", script("a", startQuantity="2"))), right)
    nothing = node("task", "think")
    yield Case("task-without-kind", "think", bundle(around("think", nothing)), right, "warning")
    yield Case("reserved-id", "End", bundle(process(START, event("endEvent", "End"), chain("start", "End"))), right)
    nameless = process(START, END, script("a"), chain("start", "a"), flow("a", "end").replace(' id="a_to_end"', ""))
    yield Case("missing-id", "quote_to_order", bundle(nameless), right)
    taken = service("quote_no", "quoting.record_approval", quote_no="quote_no")
    yield Case("id-of-parameter", "quote_no", bundle(around("quote_no", taken)), bundle(around("record", RECORD)))
    python = "<bpmn:extensionElements><spiffworkflow:preScript>import os</spiffworkflow:preScript></bpmn:extensionElements>"
    yield Case("python-in-model", "a", bundle(around("a", script("a", "{ b: 1 }", python))), right)
    yield Case("python-in-model", "a", bundle(around("a", script("a", "{ b: 1 }", scriptFormat="python"))), right)


def undone(*more: str, tie: str = "pay_undone", **attributes: str) -> Bundle:
    """Pay, then take it back; `tie` is what the association begins at."""
    edge = event("boundaryEvent", "pay_undone", "compensate", attachedToRef="pay")
    refund = script("refund", "{ refunded: total }", **{"isForCompensation": "true", **attributes})
    association = f'<bpmn:association id="tie" sourceRef="{tie}" targetRef="refund"/>'
    asks = event("intermediateThrowEvent", "undo", "compensate")
    steps = [script("pay"), edge, refund, asks, chain("start", "pay", "undo", "end")]
    return bundle(process(START, END, *steps, *more, association))


def transaction(end: str, *edges: str, tag: str = "transaction") -> Bundle:
    """A booking that may be cancelled, perhaps with events at its edge."""
    choose = node("exclusiveGateway", "sure", default="sure_to_off") + flow("sure", "booked", "amount &lt; 5") + flow("sure", "off")
    inside = [event("startEvent", "book"), choose, event("endEvent", "booked"), end, flow("book", "sure")]
    after = event("endEvent", "sorry") + chain("cancelled", "sorry") if edges else ""
    return bundle(process(START, END, node(tag, "trip", *inside), *edges, after, chain("start", "trip", "end")))


def compensation() -> Iterator[Case]:
    right = undone()
    yield Case("compensation-handler", "pay_undone", undone(tie="start"), right)
    yield Case("compensation-handler", "pay_undone", undone(isForCompensation="false"), right)
    yield Case("compensation-handler", "pay_undone_to_end", undone(flow("pay_undone", "end")), right)
    twice = event("boundaryEvent", "again", "compensate", attachedToRef="pay")
    yield Case("compensation-handler", "again", undone(twice, '<bpmn:association id="t2" sourceRef="again" targetRef="refund"/>'), right)
    yield Case("handler-in-the-flow", "refund_to_end", undone(flow("refund", "end")), right)
    yield Case("handler-in-the-flow", "late", undone(event("boundaryEvent", "late", timer("PT1H"), attachedToRef="refund")), right)
    yield Case("handler-in-the-flow", "refund", undone(tie="start"), right)
    other = event("intermediateThrowEvent", "undo", "compensate").replace("Definition >", 'Definition activityRef="start">')
    named = {
        name: text.replace(event("intermediateThrowEvent", "undo", "compensate").encode(), other.encode())
        for name, text in right.files.items()
    }
    yield Case("compensation-of-nothing", "undo", Bundle("b", named), right)
    nothing = bundle(process(START, event("endEvent", "undo", "compensate"), chain("start", "undo")))
    yield Case("compensation-of-nothing", "undo", nothing, right, "warning")
    begins = event("startEvent", "undoing", "compensate") + event("endEvent", "over") + flow("undoing", "over")
    alone = node("subProcess", "undo_all", begins, triggeredByEvent="true")
    inside = node("subProcess", "trip", event("startEvent", "book"), event("endEvent", "booked"), flow("book", "booked"), alone)
    yield Case("compensation-of-a-process", "undoing", bundle(around("pay", script("pay"), alone)), bundle(around("trip", inside)))
    cancels = event("endEvent", "off", "cancel")
    leaves = event("boundaryEvent", "cancelled", "cancel", attachedToRef="trip")
    cancelled = transaction(cancels, leaves)
    yield Case("cancel-outside-transaction", "off", transaction(cancels), cancelled)
    yield Case("cancel-outside-transaction", "cancelled", transaction(cancels, leaves, tag="subProcess"), cancelled)


def heard(definition: str = "message messageRef='accepted'", *beside: str, **attributes: str) -> Bundle:
    """A process of one step with an event subprocess."""
    came = event("startEvent", "came", definition, settings(resultVariable="answer", correlation="={quote: quote_no}"), **attributes)
    return hearing(came + script("look") + event("endEvent", "looked") + chain("came", "look", "looked"), *beside)


def hearing(inner: str, *beside: str) -> Bundle:
    return bundle(MESSAGE, MISSING, around("a", script("a"), node("subProcess", "changed", inner, triggeredByEvent="true"), *beside))


def begins(*more: str, lead: str = "hear end", **attributes: str) -> Bundle:
    """A process that a receive task begins."""
    task = node("receiveTask", "hear", settings(resultVariable="answer"), messageRef="accepted", instantiate="true", **attributes)
    return bundle(MESSAGE, process(END, task, *more, chain(*lead.split())))


def event_subprocesses() -> Iterator[Case]:
    right = heard()
    yield Case("instantiate", "hear", begins(script("a"), lead="a hear end"), begins())
    yield Case(
        "instantiate", "hear", begins(event("boundaryEvent", "late", timer("P1D"), attachedToRef="hear"), flow("late", "end")), begins()
    )
    gate = node("eventBasedGateway", "gate", instantiate="true") + event("intermediateCatchEvent", "calm", timer("P1D"))
    gate += event("intermediateCatchEvent", "low", "conditional <bpmn:condition>amount &lt; 5</bpmn:condition>")
    yield Case("instantiate", "low", bundle(process(gate, END, chain("gate", "calm", "end"), chain("gate", "low", "end"))), begins())
    plain = event("startEvent", "came") + event("endEvent", "looked") + chain("came", "looked")
    yield Case("event-subprocess", "changed", hearing(plain), right)
    yield Case("event-subprocess", "a_to_changed", heard("message messageRef='accepted'", flow("a", "changed")), right)
    late = event("boundaryEvent", "late", timer("P1D"), attachedToRef="changed") + event("endEvent", "e2") + flow("late", "e2")
    yield Case("event-subprocess", "late", heard("message messageRef='accepted'", late), right)
    again = plain.replace("came", "once") + LOOP_START + ' loopMaximum="3"/>'
    yield Case("event-subprocess", "changed", hearing(again), right)
    alone = process(event("startEvent", "start", isInterrupting="false"), END, chain("start", "end"))
    yield Case("interrupts-nothing", "start", bundle(alone), bundle(process(event("startEvent", "start"), END, chain("start", "end"))))
    yield Case("interrupts-nothing", "came", heard("error errorRef='missing'", isInterrupting="false"), right)
    yield Case("event-not-supported", "came", heard("terminate"), right)
    unkeyed = event("startEvent", "came", "message messageRef='accepted'", settings(resultVariable="answer"))
    inner = unkeyed + event("endEvent", "looked") + chain("came", "looked")
    yield Case("message-for-all", "came", hearing(inner), right)
    nothing = event("intermediateCatchEvent", "low", "conditional <bpmn:condition></bpmn:condition>")
    low = event("intermediateCatchEvent", "low", "conditional <bpmn:condition>= amount &lt; 5</bpmn:condition>")
    yield Case("empty-condition", "low", bundle(around("low", nothing)), bundle(around("low", low)))
    wrong = event("intermediateCatchEvent", "low", "conditional <bpmn:condition>amount &lt;</bpmn:condition>")
    yield Case("feel-syntax", "low", bundle(around("low", wrong)), bundle(around("low", low)))
    yield Case("cycle-fires-once", "came", heard(timer("R/PT1H", "timeCycle")), heard(timer("PT1H")))
    yield Case("reminds-once", "came", heard(timer("PT1H"), isInterrupting="false"), right, "info")


def events() -> Iterator[Case]:
    heard = bundle(MESSAGE, events_behind(HEAR, LATE))
    deaf = bundle('<bpmn:message id="accepted"/>', events_behind(HEAR, LATE))
    yield Case("message-without-name", "hear", deaf, heard)
    nameless = process(event("startEvent", "start", "message"), END, chain("start", "end"))
    yield Case("message-without-name", "start", bundle(nameless), heard)
    fails = process(START, event("endEvent", "end", "error errorRef='missing'"), chain("start", "end"))
    yield Case("unknown-reference", "end", bundle(fails), bundle(MISSING, fails))
    late = bundle(around("late", LATE))
    yield Case("timer-without-time", "late", bundle(around("late", event("intermediateCatchEvent", "late", "timer"))), late)
    for text, kind in (
        ("R3/PT1H", "timeDuration"),
        ("PT1H", "timeDate"),
        ("R3/PT0S", "timeCycle"),
        ("R0/PT1H", "timeCycle"),
        ("1 + 1", "timeDuration"),
        ('"soon"', "timeDate"),
        ("2027-02-30T09:00:00Z", "timeDate"),
        ("2027-03-30T25:00:00Z", "timeDate"),
        ('=date and time("2027-02-30T09:00:00Z")', "timeDate"),
        ("0001-01-01T00:00:00+14:00", "timeDate"),
        ("P8000Y", "timeDuration"),
        ("P3DT", "timeDuration"),
        ("PT", "timeDuration"),
        ("R-1/PT1H", "timeCycle"),
        ("P1X", "timeDuration"),
        ("0 25 * * *", "timeCycle"),
        ("0 0 30 2 *", "timeCycle"),
        ("0 0 6 * * mon-fri", "timeCycle"),
    ):
        yield Case("timer-not-a-time", "late", bundle(around("late", event("intermediateCatchEvent", "late", timer(text, kind)))), late)
    for text, kind in (
        ('duration("PT1H")', "timeDuration"),
        ("amount", "timeDate"),
        ('=date and time("2026-01-31T09:00:00Z")', "timeDate"),
        ("2027-03-30T09:00Z", "timeDate"),
        ("2027-03-30T09:00:00[Europe/London]", "timeDate"),
        ("P1M2D", "timeDuration"),
        ("=terms", "timeDuration"),
    ):
        fine = bundle(around("late", event("intermediateCatchEvent", "late", timer(text, kind))))
        yield Case("timer-not-a-time", "late", bundle(around("late", event("intermediateCatchEvent", "late", timer("null")))), fine)
    hourly = process(event("startEvent", "start", timer("R/PT1H", "timeCycle")), END, chain("start", "end"))
    for text in ("0 6 * * mon-fri", "&quot;0 6 * * mon-fri&quot;", "=&quot;0 6 * * mon-fri&quot;", "R3/2027-01-31T09:00/P1M"):
        fine = bundle(process(event("startEvent", "start", timer(text, "timeCycle")), END, chain("start", "end")))
        reads = bundle(process(event("startEvent", "start", timer("=next_run", "timeDate")), END, chain("start", "end")))
        yield Case("timer-not-a-time", "start", reads, fine)
    twice = event("intermediateCatchEvent", "late", timer("R3/PT1H", "timeCycle"))
    yield Case("cycle-fires-once", "late", bundle(around("late", twice)), late)
    stops, reminds = (
        around("step", user("step"), event("boundaryEvent", "late", hour, attachedToRef="step", cancelActivity=value), flow("late", "end"))
        for hour, value in ((timer("R3/PT1H", "timeCycle"), "true"), (timer("R3/PT1H", "timeCycle"), "false"))
    )
    yield Case("cycle-fires-once", "late", bundle(stops), bundle(reminds))
    yield Case(
        "timer-start-without-schedule",
        "start",
        bundle(process(event("startEvent", "start", timer("PT1H")), END, chain("start", "end"))),
        bundle(hourly),
    )
    jump = event("intermediateThrowEvent", "jump", "link name='A'")
    lands = [event("intermediateCatchEvent", "land", f"link name='{name}'") for name in "BA"]
    linked = [bundle(process(START, END, jump, land, chain("start", "jump"), chain("land", "end"))) for land in lands]
    yield Case("link-without-end", "jump", *linked)
    yield Case(
        "boundary-attachment",
        "no_price",
        bundle(MISSING, around("price", PRICE, CATCH_MISSING.replace('"price"', '"end"'), flow("no_price", "end"))),
        late,
    )
    beside = [
        bundle(around("step", step, event("boundaryEvent", "slow", timer("PT4H"), attachedToRef="step"), flow("slow", "end")))
        for step in (script("step"), user("step"))
    ]
    yield Case("boundary-never-fires", "slow", *beside, "warning")
    yield Case("event-gateway-targets", "late", bundle(MESSAGE, events_behind(HEAR, script("late"))), heard)


def messages() -> Iterator[Case]:
    for everybody in ({"correlation": "={}"}, {"correlation": "={quote: quote_no}"}):
        deaf, listens = (
            event("intermediateCatchEvent", "hear", "message messageRef='accepted'", settings(**each)) for each in ({}, everybody)
        )
        yield Case("message-for-all", "hear", *(bundle(MESSAGE, events_behind(each, LATE)) for each in (deaf, listens)))
    arrow = '<bpmn:messageFlow id="arrow" sourceRef="start" targetRef="{}"/>'
    pools = '<bpmn:collaboration id="both">{}</bpmn:collaboration>'
    inside, outside = (bundle(pools.format(arrow.format(end)), around("a", script("a"))) for end in ("end", "customer"))
    yield Case("message-flow-inside-pool", "arrow", inside, outside, "warning")
    hears, again = (event("startEvent", name, "message messageRef='accepted'", settings(inputs="quote_no")) for name in ("start", "s2"))
    starts = process(hears, again, END, chain("start", "end"), chain("s2", "end"))
    once = process(hears, END, chain("start", "end"))
    yield Case("ambiguous-message-start", "s2", bundle(MESSAGE, starts), bundle(MESSAGE, once))
    here, there = (
        bundle(MISSING, around("a", script("a"))),
        bundle(ERROR, process(END.replace('"end"', '"e2"'), START.replace('"start"', '"s2"'), chain("s2", "e2"), key="p2")),
    )
    yield Case("conflicting-declaration", "missing", Bundle("two", {**here.files, "z.bpmn": there.files["quote.bpmn"]}), here)


def circles() -> Iterator[Case]:
    hears = event("startEvent", "start", "message messageRef='accepted'", settings(inputs="quote_no, amount"))
    says = event("endEvent", "end", "message messageRef='accepted'")
    paused = process(hears, says, LATE, chain("start", "late", "end"))
    plain = bundle(MESSAGE, process(hears, END, script("a"), chain("start", "a", "end")))
    yield Case("self-starting", "end", bundle(MESSAGE, process(hears, says, chain("start", "end"))), plain)
    yield Case("self-starting", "end", bundle(MESSAGE, paused), plain, "warning")
    call = node("callActivity", "call", calledElement="quote_to_order")
    gate = node("exclusiveGateway", "gate", default="gate_to_end")
    deeper = process(START, END, gate, call, chain("start", "gate", "call", "end").replace(flow("gate", "call"), ""), flow("gate", "end"))
    asked = deeper.replace("</bpmn:process>", flow("gate", "call", "amount > 5") + "</bpmn:process>")
    yield Case("endless-calls", "call", bundle(around("call", call)), plain)
    yield Case("endless-calls", "call", bundle(asked), plain, "warning")


def waits_and_loops() -> Iterator[Case]:
    yield Case("wait-without-timeout", "wait", bundle(MESSAGE, around("wait", WAIT)), bundle(MESSAGE, events_behind(HEAR, LATE)), "warning")
    yield Case("task-without-due-time", "ask", bundle(around("ask", user("ask", dueIn=""))), bundle(around("ask", user("ask"))), "info")
    agree = b'{"type": "default", "id": "agree", "components": [{"type": "checkbox", "key": "approved", "id": "a", "label": "Agreed"}]}'
    alone, another = (
        bundle(around("ask", user("ask", formKey="agree", **duty)), agree__form=agree) for duty in ({}, {"excludedUsers": "=[requester]"})
    )
    yield Case("approval-without-duty", "ask", alone, another, "warning")
    once, often = (
        bundle(
            around(
                "ask",
                user("ask"),
                event("boundaryEvent", "remind", when, attachedToRef="ask", cancelActivity="false"),
                flow("remind", "end"),
            )
        )
        for when in (timer("PT4H"), timer("R3/PT4H", "timeCycle"))
    )
    yield Case("reminds-once", "remind", once, often, "info")
    item = '<bpmn:inputDataItem id="item" name="item"/>'
    declared = bundle(many(f"<bpmn:loopDataInputRef>items</bpmn:loopDataInputRef>{item}"))
    yield Case("multi-instance-collection", "work", bundle(many(f"<bpmn:loopDataInputRef>orders</bpmn:loopDataInputRef>{item}")), declared)
    yield Case("multi-instance-count", "work", bundle(many(item)), declared)
    yield Case("multi-instance-count", "work", bundle(many("<bpmn:loopCardinality>-3</bpmn:loopCardinality>")), declared)
    results = "<bpmn:loopDataInputRef>items</bpmn:loopDataInputRef><bpmn:loopDataOutputRef>items</bpmn:loopDataOutputRef>"
    added = '<bpmn:outputDataItem id="{}" name="{}"/>'
    yield Case("multi-instance-output", "work", bundle(many(results)), bundle(many(results + added.format("done", "done"))))
    turns = [
        around_items(service("margin", "quoting.find_margin", quote_no="quote_no", result="found"), results + added.format(name, name))
        for name in ("fuond", "found")
    ]
    yield Case("multi-instance-output", "margin", *turns)
    yield Case(
        "variable-never-written", "work", bundle(many("<bpmn:loopDataInputRef>itmes</bpmn:loopDataInputRef>", "itmes")), declared, "warning"
    )
    ends = bundle(looped(f'{LOOP_START} loopMaximum="3"/>'))
    yield Case("loop-without-end", "work", bundle(looped(f"{LOOP_START}/>")), ends)
    yield Case("loop-without-end", "work", bundle(looped(f'{LOOP_START} loopMaximum="0"/>')), ends)
    endless = f"{LOOP_START}><bpmn:loopCondition>amount > 1</bpmn:loopCondition></bpmn:standardLoopCharacteristics>"
    yield Case("loop-without-maximum", "work", bundle(looped(endless)), ends, "info")


def pictures() -> Iterator[Case]:
    def drawn(*shapes: str) -> str:
        place = '<dc:Bounds xmlns:dc="http://www.omg.org/spec/DD/20100524/DC" x="0" y="0" width="9" height="9"/>'
        inside = "".join(f'<di:BPMNShape id="{name}_shape" bpmnElement="{name}">{place}</di:BPMNShape>' for name in shapes)
        opening = '<di:BPMNDiagram xmlns:di="http://www.omg.org/spec/BPMN/20100524/DI" id="picture">'
        return f'{opening}<di:BPMNPlane id="plane" bpmnElement="quote_to_order">{inside}</di:BPMNPlane></di:BPMNDiagram>'

    def in_lane(*names: str) -> str:
        inside = "".join(f"<bpmn:flowNodeRef>{name}</bpmn:flowNodeRef>" for name in names)
        lanes = f'<bpmn:laneSet id="set"><bpmn:lane id="lane" name="Sales">{inside}</bpmn:lane></bpmn:laneSet>'
        return process(lanes, START, END, script("a"), chain("start", "a", "end"))

    hidden, shown = (bundle(around("a", script("a")), drawn(*shapes)) for shapes in (("start", "end"), ("start", "a", "end")))
    yield Case("not-drawn", "a", hidden, shown, "warning")
    yield Case("not-drawn", "a", bundle(in_lane("start", "end")), bundle(in_lane("start", "a", "end")), "warning")


RULE_CASES = (
    structure,
    gateways,
    calls,
    expressions,
    entries,
    references,
    support,
    compensation,
    events,
    event_subprocesses,
    messages,
    circles,
    waits_and_loops,
    pictures,
)
CASES = [case for cases in RULE_CASES for case in cases()]
names = pytest.mark.parametrize("case", CASES, ids=[f"{case.rule}-{number}" for number, case in enumerate(CASES)])


def found_in(bundle: Bundle) -> tuple[Finding, ...]:
    return check(bundle, service_tasks(), {"sales"}, calendars={"vienna"}).findings


@names
def test_the_wrong_diagram_is_found_and_told_what_to_do(case: Case) -> None:
    found = [finding for finding in found_in(case.wrong) if finding.rule == case.rule and finding.element_id == case.element]
    assert found, found_in(case.wrong)
    for finding in found:
        assert finding.severity == case.severity
        assert finding.message.endswith(".")
        assert finding.next_step
        assert finding.path in case.wrong.files


@names
def test_the_right_diagram_is_not_found_and_compiles(case: Case) -> None:
    result = check(case.right, service_tasks(), {"sales"}, calendars={"vienna"})
    assert [finding for finding in result.findings if finding.rule == case.rule] == []
    assert [finding for finding in result.findings if finding.severity == "error"] == []
    assert result.processes


def test_what_is_wrong_with_the_customer_s_pool_never_refuses_our_process():
    broken = process(
        script("island"), node("complexGateway", "odd"), "<bpmn:sequenceFlow id='loose'/>", key="customer", isExecutable="false"
    )
    found = check(bundle(around("a", script("a")), broken.replace("<bpmn:sequenceFlow id='loose'/>", "")), service_tasks(), {"sales"})
    assert {each.severity for each in found.findings if each.element_id in {"island", "odd", "customer"}} == {"info", "warning"}
    assert found.ok
    assert [each.key for each in found.processes] == ["quote_to_order"]


def test_a_process_that_calls_itself_runs_until_its_condition_ends_it():
    asked = process(
        START,
        END,
        node("exclusiveGateway", "gate", default="gate_to_end"),
        node("callActivity", "call", calledElement="quote_to_order"),
        script("less", "{ amount: amount - 1 }"),
        chain("start", "gate", "end"),
        flow("gate", "less", "amount > 0"),
        chain("less", "call", "end"),
    )
    [compiled] = check(bundle(asked), service_tasks(), {"sales"}, calendars={"vienna"}).processes
    ended = Play(compiled, {"amount": 3}, restored=True)
    assert (ended.instance.completed, ended.instance.variables["amount"]) == (True, 0)
    assert [each.element_id for each in ended.trace].count("call") == 3
    endless = Play(compiled, {"amount": 10_000}, restored=False).instance
    [failed] = endless.waits.failed
    assert (failed.kind, failed.element_id) == ("calls_without_end", "call")
    assert "cancel this instance" in failed.next_step


def test_every_rule_has_an_example() -> None:
    assert set(RULES) - {case.rule for case in CASES} == set()


def test_where_money_moves_an_approval_without_a_duty_is_refused():
    agree = b'{"type": "default", "id": "agree", "components": [{"type": "checkbox", "key": "approved", "id": "a", "label": "Agreed"}]}'
    tasks = service_tasks()

    @tasks.register("quoting.pay_bonus", moves_money=True)
    def pay_bonus(quote: Quote) -> None:
        """Pay a bonus."""

    steps = (user("ask", formKey="agree"), service("pay", "quoting.pay_bonus", quote_no="quote_no"))
    one = bundle(process(START, END, *steps, chain("start", "ask", "pay", "end")), agree__form=agree)
    (said,) = (each for each in check(one, tasks, {"sales"}).findings if each.rule == "approval-without-duty")
    assert said.severity == "error"
