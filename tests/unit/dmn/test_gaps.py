"""A table with a gap is told so, with an example that no rule answers."""

from pathlib import Path

import pytest

import bpmn
from engine.dmn import load_decisions
from tests.unit.dmn.dmn_models import decision, model, output, table, text

BPMN = Path(bpmn.__file__).parent


def gaps_of(logic: str) -> list[tuple[str, str, str]]:
    found = load_decisions(model(decision(logic))).problems()
    return [(item.element_id, item.severity, item.message.split(";")[0]) for item in found if "No rule answers" in item.message]


def warned(example: str) -> list[tuple[str, str, str]]:
    return [("t1", "warning", f"No rule answers {example}")]


def with_values(logic: str, *listed: str) -> str:
    for place, values in enumerate(listed, 1):
        logic = logic.replace(f'<input id="in{place}">', f'<input id="in{place}">{text("inputValues", values)}')
    return logic


def test_a_large_deal_with_a_middling_discount_is_answered_by_nobody():
    rows = [["< 1000", "-", "0"], [">= 1000", "<= 20", "1"], ["[1000..5000]", "> 30", "2"], ["> 5000", "> 20", "3"]]
    assert gaps_of(table(rows, ("deal_size", "discount_pct"), hitPolicy="COLLECT")) == warned("deal_size = 3000, discount_pct = 25")


def test_the_very_boundary_may_be_the_gap():
    assert gaps_of(table([["< 10", "1"], ["> 10", "2"]])) == warned("amount = 10")
    assert gaps_of(table([["[-5..0)", "1"], ["< -5", "1"], ["(0..9]", "2"], ["> 9", "3"]])) == warned("amount = 0")


def test_ranges_that_meet_have_no_gap():
    assert gaps_of(table([["< 10", "1"], ["[10..20)", "2"], [">= 20", "3"]])) == []
    assert gaps_of(table([["not(2)", "1"], ["2", "2"], ["> 5", "2"]], hitPolicy="FIRST")) == []


@pytest.mark.parametrize("policy", ["UNIQUE", "FIRST", "COLLECT", "ANY"])
def test_a_gap_is_told_whatever_the_hit_policy(policy):
    assert gaps_of(table([["> 10", "1"]], hitPolicy=policy)) == warned("amount = 9")


def test_a_rule_for_the_rest_or_a_default_output_closes_every_gap():
    assert gaps_of(table([["> 10", "1"], ["-", "2"]], hitPolicy="FIRST")) == []
    assert gaps_of(table([["> 10", "1"]], outputs=output("level", default="3"))) == []
    assert gaps_of(table([["> 10", "1"]], hitPolicy="COLLECT", aggregation="COUNT")) == []


def test_input_values_say_what_need_not_be_answered():
    rows = table([["[0..10]", "1"], ["(10..100]", "2"]])
    assert gaps_of(rows) == warned("amount = -1")
    assert gaps_of(with_values(rows, "[0..100]")) == []
    assert gaps_of(with_values(table([[">= 2", "1"], ["1", "2"]]), "1, 2, 3")) == []


def test_a_class_that_is_declared_but_forgotten_is_the_gap():
    rows = table([['"A", "B"', "> 5", "1"], ["-", "<= 5", "2"]], ("class", "days"))
    assert gaps_of(with_values(rows, '"A", "B", "C"')) == warned('class = "C", days = 6')


def test_a_flag_is_tried_both_ways():
    assert gaps_of(table([["true", "1"]], ("urgent",))) == warned("urgent = false")
    assert gaps_of(table([["true", "1"], ["false", "2"]], ("urgent",))) == []


@pytest.mark.parametrize("cell", ['starts with(?, "AT")', "> limit", "[1..limit]", "limit", "? * 2 > 4", "? > limit", "now() - ?", "1 /"])
def test_a_table_that_says_more_than_ranges_and_constants_is_left_alone(cell):
    assert gaps_of(table([[cell, "1"], ["> 5", "2"]])) == []


@pytest.mark.parametrize("path", sorted(BPMN.rglob("*.dmn")), ids=lambda path: path.stem)
def test_the_tables_we_ship_have_no_gaps(path):
    assert [item for item in load_decisions(path.read_bytes()).problems() if "No rule answers" in item.message] == []
