"""What turns out differently from one version to another is told in words: the end, whom it asks, the way, decisions, values, messages."""

import json
from datetime import UTC

import pytest

from engine.models.bundle import Bundle
from engine.models.check import reload
from engine.runtime.dry_run.outcome import OutcomeDiff, compare_outcomes
from engine.service_tasks import ServiceTasks
from tests import tiny_models as m

NAMES = {"check": "Check", "direct": "Ask the director", "told": "Tell the customer", "sent": "Sent", "rejected": "Rejected"}
ELEMENTS = (
    m.start()
    + m.script("price", "{{ net: {net} }}")
    + m.user("check", candidateGroups="{group}", resultVariable="answer")
    + m.gateway("large")
    + m.user("direct", candidateGroups="sales-director", resultVariable="answer")
    + m.gateway("granted")
    + m.throw("told", "quote_sent")
    + m.end("sent")
    + m.end("rejected")
)
FLOWS = """start -> price -> check -> large
large -> direct [{large}]
large -> granted [default]
direct -> granted
granted -> told [answer.yes]
granted -> rejected [default]
told -> sent"""
DMN = """<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="levels" name="Levels" namespace="urn:test">
  <decision id="level" name="level"><variable id="v" name="level"/><decisionTable id="table" hitPolicy="FIRST">
    <input id="i"><inputExpression id="e"><text>amount</text></inputExpression></input><output id="o" name="level"/>
    <rule id="small"><inputEntry id="a"><text>&lt; {limit}</text></inputEntry><outputEntry id="b"><text>"clerk"</text></outputEntry></rule>
    <rule id="big"><inputEntry id="c"><text>-</text></inputEntry><outputEntry id="d"><text>"manager"</text></outputEntry></rule>
  </decisionTable></decision></definitions>"""
YES = ({"person": "check", "group": "sales", "does": {"yes": True}},)


def version(steps=YES, files=None, *, large="amount > 900", group="sales", net="amount", **expect) -> Bundle:
    """A quote that somebody checks, a large one also the director; with one scenario."""
    elements = ELEMENTS.replace("{group}", group).replace("{net}", net).replace("{{", "{").replace("}}", "}")
    for identity, name in NAMES.items():
        elements = elements.replace(f'id="{identity}" name="{identity}"', f'id="{identity}" name="{name}"')
    told = {
        "name": "Large discount",
        "process": "quote",
        "now": "2026-03-02T08:00:00Z",
        "given": {"amount": 800},
        "steps": list(steps),
        "expect": expect or {"variables": {"amount": 800}},
    }
    files = {"large.scenario.json": json.dumps(told).encode()} if files is None else files
    return m.bundle("quote", elements, FLOWS.replace("{large}", large), files=files, outside=m.message("quote_sent"))


def compared(old: Bundle | None, new: Bundle) -> OutcomeDiff:
    return compare_outcomes(old and reload(old), reload(new), ServiceTasks(), UTC)


def told(old: Bundle, new: Bundle) -> str:
    [outcome] = compared(old, new).outcomes
    return outcome.sentence


def test_the_same_turns_out_the_same():
    found = compared(version(), version())
    assert (found.same, found.ok, found.changed) == (True, True, [])
    (steps, all_steps), (flows, all_flows) = found.reached["steps"], found.reached["flows"]
    assert 0 < steps < all_steps  # a small discount does not go to the director
    assert 0 < flows < all_flows


def test_another_end_another_task_and_another_way_are_told():
    asks_twice = (*YES, {"person": "direct", "does": {"yes": False}})
    assert told(version(), version(asks_twice, large="amount > 700")) == (
        "Large discount: ends in Rejected instead of Sent; asks Sales director: Ask the director; passes Tell the customer no more; "
        "answer.yes is no instead of yes; sends quote_sent no more"
    )


def test_a_step_that_only_one_version_waits_for_is_passed_over_on_the_other():
    longer = (*YES, {"person": "direct", "does": {"yes": True}}, {"clock": "P1D"})
    assert told(version(longer), version(longer, large="amount > 700")) == "Large discount: asks Sales director: Ask the director"


def test_a_scenario_that_does_not_know_of_a_new_task_stands_still_at_it():
    found = compared(version(), version(large="amount > 700"))
    assert found.changed[0].sentence == (
        "Large discount: waits at Ask the director, where it ended in Sent before; asks Sales director: Ask the director"
    )
    assert (found.ok, found.outcomes[0].after.says) == (False, ["The process has not ended."])


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"group": "sales-manager"}, "asks Sales manager instead of Sales: Check"),
        ({"net": "amount * 2"}, "net is 1600 instead of 800"),
        ({"net": "[amount, {rate: 3}]"}, "net is [800, {rate 3}] instead of 800"),
    ],
)
def test_one_change_is_one_sentence(change, sentence):
    assert told(version(), version(**change)) == f"Large discount: {sentence}"


def test_of_lists_and_contexts_only_what_differs_inside_is_told():
    assert told(version(net="[{rate: 2, year: 1}]"), version(net="[{rate: 3, year: 1}]")) == (
        "Large discount: net[1].rate is 3 instead of 2"
    )


def test_a_decision_made_by_another_rule_is_told_with_its_rows():
    decide = (
        '<bpmn:businessRuleTask id="decide" name="Find level"><bpmn:extensionElements><spiffworkflow:calledDecisionId>level'
        "</spiffworkflow:calledDecisionId>" + m.properties(resultVariable="level") + "</bpmn:extensionElements></bpmn:businessRuleTask>"
    )
    scenario = {"name": "Level", "process": "levels", "now": "2026-03-02T08:00:00Z", "given": {"amount": 150}, "expect": {}}

    def levels(limit: int) -> Bundle:
        files = {"levels.dmn": DMN.replace("{limit}", str(limit)).encode(), "a.scenario.json": json.dumps(scenario).encode()}
        return m.bundle("levels", m.start() + decide + m.end(), "start -> decide -> done", files=files)

    assert told(levels(100), levels(200)) == (
        "Level: Find level is decided by rule 1 of level instead of rule 2 of level; level is “clerk” instead of “manager”"
    )


def test_scenarios_of_both_versions_are_played_and_one_that_was_taken_out_keeps_nothing_from_being_deployed():
    found = compared(version(large="amount > 700"), version(files={}))
    [gone] = found.outcomes
    assert (gone.kept, gone.before.ok, gone.after.ok, found.ok) == ("old", False, True, True)
    [new] = compared(None, version()).outcomes
    assert (new.kept, new.before, new.after.ok, new.differences) == ("new", None, True, ())
