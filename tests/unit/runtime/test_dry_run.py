"""A dry run tells each step with what it changed, stops with a word where it cannot go on, and knows what is waited for."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.models.bundle import Bundle
from engine.models.check import reload
from engine.problems import Invalid, NotFound, Problem, TooLarge
from engine.runtime.dry_run.coverage import cover, flows_of
from engine.runtime.dry_run.keeping import kept
from engine.runtime.dry_run.outcome import compare_outcomes, refuse_failing
from engine.runtime.dry_run.rehearsal import play
from engine.runtime.dry_run.scenario import MAX_STEPS, read_scenario, scenario_of
from engine.runtime.dry_run.suite import ScenariosFailed, play_all
from engine.service_tasks import ServiceTasks
from engine.store import json_text
from tests import tiny_models as m
from tests.examples import examples

FORM = json.dumps(
    {
        "type": "default",
        "components": [
            {"type": "checkbox", "key": "approved"},
            {"type": "number", "key": "limit", "validate": {"max": 500}},
            {"type": "number", "key": "amount", "readonly": True},
        ],
    }
)
DMN = b"""<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="levels" name="Levels" namespace="urn:test">
  <decision id="level" name="level"><variable id="v" name="level"/><decisionTable id="table" hitPolicy="FIRST">
    <input id="i"><inputExpression id="e"><text>amount</text></inputExpression></input><output id="o" name="level"/>
    <rule id="small"><inputEntry id="a"><text>&lt; 100</text></inputEntry><outputEntry id="b"><text>"clerk"</text></outputEntry></rule>
    <rule id="large"><inputEntry id="c"><text>-</text></inputEntry><outputEntry id="d"><text>"manager"</text></outputEntry></rule>
  </decisionTable></decision></definitions>"""
DECIDE = (
    '<bpmn:businessRuleTask id="decide" name="decide"><bpmn:extensionElements><spiffworkflow:calledDecisionId>level'
    "</spiffworkflow:calledDecisionId>" + m.properties(resultVariable="level") + "</bpmn:extensionElements></bpmn:businessRuleTask>"
)


@dataclass(frozen=True)
class Book:
    amount: Decimal


@dataclass(frozen=True)
class Booked:
    booking_no: str


def tasks() -> ServiceTasks:
    known = ServiceTasks()

    @known.register("carrier.book", errors=("FULL",))
    def book(given: Book) -> Booked:
        raise AssertionError("A dry run answers in its place.")

    return known


def claim(**more) -> Bundle:
    """An amount is levelled, booked, approved by a person, and after a day a message is awaited."""
    elements = (
        m.start()
        + DECIDE
        + m.service("book", "carrier.book", "booking", amount="amount")
        + m.boundary("full", "book", '<bpmn:errorEventDefinition errorRef="full_error"/>')
        + m.user(
            "approve",
            formKey="approve",
            candidateGroups="sales",
            excludedUsers="mia",
            resultVariable="answer",
            formData="={amount: amount}",
        )
        + m.timer("rest", "P1D")
        + m.catch("paid", "claim_paid", "={claim_no: claim_no}")
        + m.end()
        + m.end("refused")
    )
    outside = m.message("claim.paid") + '<bpmn:error id="full_error" name="full" errorCode="FULL"/>'
    flows = "start -> decide -> book -> approve -> rest -> paid -> done\nfull -> refused"
    return m.bundle(
        "claim", elements, flows, outside=outside, files={"approve.form": FORM.encode(), "level.dmn": DMN, **more.get("files", {})}
    )


CLAIM = reload(claim())


def told(*steps, **more) -> dict:
    started = {"amount": 250, "claim_no": 7}
    return {"process": "claim", "now": "2026-03-02T08:00:00Z", "given": started, "steps": list(steps), **more}


def run(*steps, **more):
    return play(CLAIM, scenario_of(told(*steps, **more)), tasks(), UTC)


BOOKED = {"answers": {"carrier.book": {"booking_no": "B-1"}}}
APPROVES = {"person": "approve", "as": "sam", "group": "sales", "sees": {"amount": 250}, "does": {"approved": True}}


def test_each_step_tells_its_variables_before_and_after_the_rules_that_matched_and_the_answer():
    lines = {line.element_id: line for line in run(APPROVES, **BOOKED).lines}
    decided = lines["decide"].decided
    assert (decided.inputs, [(match.rule_id, match.rule) for match in decided.matched]) == ({"amount": 250}, [("large", 2)])
    (level,) = lines["decide"].changes
    assert (level.name, level.before, level.after, level.new) == ("level", None, "manager", True)
    called = lines["book"].called
    assert (called.by, called.parameters, called.result) == ("scenario", {"amount": 250}, {"booking_no": "B-1"})
    assert (lines["approve"].actor, lines["approve"].step) == ("sam", 1)


def test_it_says_what_is_waited_for_as_acts_that_can_be_taken():
    waiting = run(**BOOKED).waiting
    (person,) = waiting.people
    assert (person.element_id, person.form, person.given, person.groups) == ("approve", "approve", {"amount": 250}, ("sales",))
    (timer,) = run(APPROVES, **BOOKED).waiting.timers
    assert (timer.clock, timer.due_at) == ("PT24H", datetime(2026, 3, 3, 8, tzinfo=UTC))
    (message,) = run(APPROVES, {"clock": timer.clock}, **BOOKED).waiting.messages
    assert (message.name, message.correlation) == ("claim.paid", {"claim_no": "7"})
    ended = run(APPROVES, {"clock": "P1D"}, {"message": "claim.paid", "correlation": {"claim_no": 7}}, **BOOKED)
    assert (ended.state, ended.path[-1], ended.ok) == ("completed", "done", True)


def test_a_scenario_that_asks_waits_for_the_answer_of_a_service_task_or_for_an_error_it_may_raise():
    (call,) = run(asks=True).waiting.calls
    assert (call.element_id, call.handler, call.errors, call.parameters) == ("book", "carrier.book", ("FULL",), {"amount": 250})
    answered = run({"call": "book", "answers": {"booking_no": "B-2"}}, asks=True)
    assert answered.variables["booking"] == {"booking_no": "B-2"}
    assert answered.waiting.people[0].element_id == "approve"
    refused = run({"call": "book", "refused": "FULL", "reason": "No truck"}, asks=True)
    assert (refused.state, refused.path[-1]) == ("completed", "refused")


def test_an_answer_that_the_task_could_not_give_is_refused_by_field():
    fault = run({"call": "book", "answers": {"number": "B-2"}}, asks=True).fault
    assert (fault.step, fault.code) == (1, "answer_impossible")
    assert "booking_no" in fault.message
    assert run({"call": "book", "refused": "LATE"}, asks=True).fault.code == "answer_impossible"
    failed = run(answers={"carrier.book": {"booking_no": 5}})
    assert (failed.state, failed.waiting.failed[0].element_id) == ("failed", "book")


@pytest.mark.parametrize(
    ("step", "code"),
    [
        ({"person": "approve", "does": {"approved": True, "limit": 900}}, "form_invalid"),
        ({"person": "approve", "does": {"approved": True, "amount": 1}}, "form_invalid"),
        ({"person": "approve", "as": "mia", "does": {"approved": True}}, "four_eyes"),
        ({"person": "approve", "group": "finance", "does": {"approved": True}}, "not_offered"),
        ({"person": "pay", "does": {}}, "not_waiting"),
        ({"message": "claim.paid", "correlation": {"claim_no": 7}}, "not_waiting"),
        ({"call": "book", "answers": {}}, "not_waiting"),
        ({"clock": "tomorrow"}, "feel_value"),
    ],
)
def test_a_step_that_cannot_be_taken_stops_the_run_where_it_is_and_says_why(step, code):
    found = run(step, APPROVES, **BOOKED)
    assert (found.state, found.ok, found.fault.step) == ("stopped", False, 1)
    assert found.fault.code == code
    assert found.path[-1] == "book"
    assert found.waiting.people[0].element_id == "approve"


def test_what_is_expected_is_compared_one_by_one():
    expect = {"path": ["start", "book"], "variables": {"level": "manager", "booking": None}, "sent": [], "ended": False}
    found = {(each.what, each.name): each.ok for each in run(expect=expect, **BOOKED).comparisons}
    assert found == {
        ("path", ""): False,
        ("variables", "level"): True,
        ("variables", "booking"): False,
        ("sent", ""): True,
        ("end", ""): True,
    }


def test_a_run_kept_as_a_scenario_comes_out_as_it_was():
    gives_back_what_was_shown = {**APPROVES, "does": {"approved": True, "amount": 250}}
    steps = (gives_back_what_was_shown, {"clock": "P1D"})
    first = run(*steps, **BOOKED)
    again = read_scenario(kept(scenario_of(told(*steps, **BOOKED)), first, "Approved and not paid yet"))
    assert again.name == "Approved and not paid yet"
    assert again.steps == [APPROVES, {"clock": "P1D"}]
    found = play(CLAIM, again, tasks(), UTC)
    assert found.ok
    assert {each.what for each in found.comparisons} >= {"path", "variables", "sent", "end", "sees"}


def test_coverage_counts_scenarios_by_element_flow_and_rule():
    assert flows_of(claim(), run(**BOOKED)) == {"flow_start_decide", "flow_decide_book", "flow_book_approve"}
    found = cover(claim(), [run(**BOOKED), run(answers={"carrier.book": {"refused": "FULL"}})])
    elements = {each.id: each.scenarios for each in found.elements}
    assert (elements["decide"], elements["full"], elements["approve"]) == (2, 1, 0)
    flows = {each.id: each.scenarios for each in found.flows}
    assert (flows["flow_decide_book"], flows["flow_book_approve"], flows["flow_full_refused"]) == (2, 1, 1)
    assert {each.id: each.scenarios for each in found.rules} == {"small": 0, "large": 2}


def test_all_scenarios_of_a_bundle_are_played_and_those_that_fail_keep_it_from_being_deployed():
    good = told(expect={"variables": {"level": "manager"}, "ended": False}, name="A manager decides", **BOOKED)
    bad = {**good, "name": "A clerk decides", "expect": {"variables": {"level": "clerk"}, "ended": False}}
    files = {"good.scenario.json": json.dumps(good).encode(), "bad.scenario.json": json.dumps(bad).encode(), "no.scenario.json": b"{"}
    bundle = claim(files=files)
    found = play_all(reload(bundle), bundle, tasks(), UTC)
    assert {each.path: each.ok for each in found.scenarios} == {
        "bad.scenario.json": False,
        "good.scenario.json": True,
        "no.scenario.json": False,
    }
    assert found.failed[0].says == ("level is not as expected.",)
    with pytest.raises(ScenariosFailed, match="2 of 3 scenarios failed. The first, A clerk decides: level is not as expected"):
        refuse_failing(compare_outcomes(None, reload(bundle), tasks(), UTC))


def test_a_scenario_that_is_none_is_refused_by_its_part():
    for broken, field in [
        ({"process": ""}, "process"),
        ({"now": "today"}, "now"),
        ({"now": "2026-03-02T08:00:00"}, "now"),
        ({"given": []}, "given"),
        ({"steps": [{}]}, "steps.1"),
        ({"steps": [{"person": "a", "clock": "P1D"}]}, "steps.1"),
        ({"steps": [{"person": "a", "does": 1}]}, "steps.1.does"),
        ({"expect": {"path": "x"}}, "expect.path"),
    ]:
        with pytest.raises(Invalid) as refusal:
            scenario_of({**told(), **broken})
        assert list(refusal.value.errors) == [field]
    with pytest.raises(Invalid):
        read_scenario(b"\xff")
    with pytest.raises(TooLarge):
        scenario_of(told(*[{"clock": "P1D"}] * (MAX_STEPS + 1)))
    with pytest.raises(NotFound, match="'pay'"):
        run(process="pay")


def test_a_loop_without_an_end_is_stopped():
    elements = m.start() + m.script("count", "{n: n + 1}") + m.gateway("again") + m.end()
    bundle = m.bundle("loop", elements, "start -> count -> again\nagain -> count [n > 0]\nagain -> done [default]")
    found = play(reload(bundle), scenario_of({"process": "loop", "now": "2026-03-02T08:00:00Z", "given": {"n": 1}}), tasks(), UTC)
    assert (found.state, found.fault.code) == ("stopped", "dry_run_endless")


VALUES = st.recursive(
    st.sampled_from(
        [None, True, 0, -1, 2**64, 1.5, "", "x", "\0", "\ud800", "P1D", "PT9999999999H", "approve", "book", "claim.paid", "full"]
    ),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["a", "claim_no", "refused", "approved", "limit"]), inner),
    max_leaves=4,
)
PARTS = st.sampled_from(["does", "sees", "as", "group", "correlation", "payload", "answers", "refused", "reason"])
STEPS = st.builds(
    lambda kind, value, parts: {kind: value, **parts},
    st.sampled_from(["person", "message", "clock", "call"]),
    st.sampled_from(["approve", "book", "claim.paid", "P1D", "PT24H", "x"]) | VALUES,
    st.dictionaries(PARTS, VALUES, max_size=3),
)
CHANGED = st.dictionaries(
    st.sampled_from(["now", "given", "begins_at", "answers", "asks", "expect", "business_key", "name"]), VALUES, max_size=2
)


@examples(40)
@given(steps=st.lists(STEPS, max_size=3), changed=CHANGED)
def test_whatever_a_scenario_says_it_is_played_and_told_or_refused_with_a_word(steps, changed):
    try:
        scenario = scenario_of({**told(**BOOKED), "steps": steps, **changed})
        found = play(CLAIM, scenario, tasks(), UTC)
    except Problem:
        return
    assert json_text.encode(found)
    assert read_scenario(kept(scenario, found, "Again")).name == "Again"
