"""A join of another kind than its split: found in random models of nested blocks, with the way that leads there."""

import random
import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from engine.models.bundle import Bundle, Finding
from engine.models.check import check
from engine.models.diagram import build_diagram
from engine.models.linter import RULES, Known, run_rules
from engine.service_tasks import ServiceTasks
from tests.conformance.spiff.test_random_models import BLOCKS, Model
from tests.examples import examples
from tests.unit.models import drawing as d
from tests.unit.spiff.drawing import definitions, end, flow, start

SOUND = {name: RULES[name] for name in ("deadlock", "lack-of-synchronisation", "dead-part")}
#: The joins of the random models by their ids, and what becomes of the model when they are of another kind.
JOINS = {"merge": "exclusive", "orjoin": "inclusive", "join": "parallel"}
FLAWS = {
    ("exclusive", "parallel"): "deadlock",
    ("inclusive", "parallel"): "deadlock",
    ("parallel", "exclusive"): "lack-of-synchronisation",
    ("inclusive", "exclusive"): "lack-of-synchronisation",
}
JOIN = re.compile(r'<bpmn:(\w+)Gateway id="((merge|orjoin|join)\d+)" ></bpmn:\w+Gateway>')


def xml_of(block: Any) -> str:
    model = Model()
    entry, leaving = model.draw(block, 1)
    return "".join([start(), *model.parts, end(), flow("start", entry), flow(leaving, "end")])


def flaws(xml: str) -> list[Finding]:
    root = definitions(f'<bpmn:process id="order" isExecutable="true">{xml}</bpmn:process>')
    return list(run_rules(Known(Bundle("b", {}), (build_diagram("order.bpmn", root),), ServiceTasks()), SOUND))


@examples(60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(block=BLOCKS, seed=st.integers(0, 2**16))
def test_a_join_of_another_kind_than_its_split_is_found_and_a_right_one_is_not(block: Any, seed: int):
    xml = xml_of(block)
    assert flaws(xml) == []
    chance = random.Random(seed)
    joins = [(match[1], match[2]) for match in JOIN.finditer(xml)]
    for kind, identity in chance.sample(joins, min(3, len(joins))):
        assert kind == JOINS[identity.rstrip("0123456789")]
        other, wanted = chance.choice([(new, flaw) for (old, new), flaw in FLAWS.items() if old == kind])
        mutant = xml.replace(f'<bpmn:{kind}Gateway id="{identity}" ></bpmn:{kind}', f'<bpmn:{other}Gateway id="{identity}" ></bpmn:{other}')
        found = [each for each in flaws(mutant) if (each.rule, each.element_id) == (wanted, identity)]
        assert found, (kind, other, identity, mutant)
        assert " → " in found[0].message


def test_the_way_that_leads_to_a_deadlock_is_told():
    gate = d.node("inclusiveGateway", "gate", default="gate_to_ship")
    parts = d.script("bill") + d.script("ship", "{ b: 1 }") + d.node("parallelGateway", "both")
    flows = d.chain("start", "gate") + d.flow("gate", "bill", "amount > 5") + d.flow("gate", "ship")
    flows += d.chain("bill", "both", "end") + d.flow("ship", "both")
    [found] = [
        each
        for each in check(d.bundle(d.process(d.START, d.END, gate, parts, flows)), d.service_tasks()).findings
        if each.rule == "deadlock"
    ]
    assert found.message == "'Both' (both) waits for ever for 'Ship' (ship) in some cases: Start → Gate → Bill."
    assert found.severity == "warning"


def test_a_branch_that_ends_early_leaves_the_join_waiting():
    gate = d.node("exclusiveGateway", "gate", default="gate_to_stop")
    fork, join = d.node("parallelGateway", "fork"), d.node("parallelGateway", "join")
    stop = d.event("endEvent", "stop")
    flows = d.chain("start", "fork", "pick", "join", "end") + d.chain("fork", "gate", "stop") + d.flow("gate", "join", "amount > 5")
    xml = d.process(d.START, d.END, gate, fork, join, stop, d.script("pick"), flows)
    found = {(each.rule, each.element_id, each.severity) for each in check(d.bundle(xml), d.service_tasks()).findings if each.rule in SOUND}
    assert found == {("deadlock", "join", "warning")}


@pytest.mark.parametrize("ending", ["terminate", "error"])
def test_what_runs_beside_a_way_that_ends_everything_is_no_dead_part(ending: str):
    """The other branch waits for a person, and may be anywhere by then."""
    stop, fork = d.event("endEvent", "stop", ending), d.node("parallelGateway", "fork")
    parts = d.script("bill") + d.user("ask") + d.user("check") + d.event("endEvent", "over")
    flows = d.chain("start", "fork", "bill", "stop") + d.chain("fork", "ask", "check", "over")
    assert flaws(d.START + stop + fork + parts + flows) == []


@pytest.mark.parametrize("branches", [8, 40])
def test_many_branches_each_with_a_decision_are_walked_in_full(branches: int):
    parts, flows = (
        [d.node("parallelGateway", "fork"), d.node("parallelGateway", "join")],
        [d.chain("start", "fork"), d.chain("join", "end")],
    )
    for number in range(branches):
        one, other, gate, merge = (f"{name}{number}" for name in ("one", "other", "gate", "merge"))
        parts += [d.script(one), d.script(other), d.node("exclusiveGateway", gate), d.node("exclusiveGateway", merge)]
        flows += [d.chain("fork", gate, one, merge, "join"), d.chain(gate, other, merge)]
    root = definitions(d.process(d.START, d.END, *parts, *flows))
    known = Known(Bundle("b", {}), (build_diagram("order.bpmn", root),), ServiceTasks())
    assert [each for each in run_rules(known, SOUND) if each.severity != "info"] == []
    [walked] = known.walked.values()
    assert walked.whole
