from decimal import Decimal

import pytest

from engine.dmn import DecisionViolation, DmnError, MatchedRule, load_decisions
from tests.unit.dmn.dmn_models import decision, model, output, table

#: Three rules that all match an amount of 500, with outputs in no order.
OVERLAPPING = [["> 100", '"director"'], ["> 10", '"clerk"'], ["> 200", '"director"']]
NUMBERS = [["> 100", "10"], ["> 10", "20"], ["> 200", "5"]]
LEVEL = output("level")
RANKS = output("level", values='"clerk", "director"')


def decided(rows, amount=500, outputs=LEVEL, **attributes):
    found = load_decisions(model(decision(table(rows, outputs=outputs, **attributes))))
    return found.find("answer").evaluate({"amount": amount})


def test_unique_gives_the_one_rule_that_matches_and_says_which():
    result = decided(OVERLAPPING, amount=50)
    assert result.value == "clerk"
    assert result.matched == (MatchedRule("d_answer", "r2", 2),)


def test_unique_reports_a_second_match_naming_the_rules():
    with pytest.raises(DecisionViolation, match=r"Rules 1 \(r1\), 2 \(r2\) and 3 \(r3\) match, but .* UNIQUE") as found:
        decided(OVERLAPPING)
    assert found.value.element_id == "t1"
    assert found.value.next_step


def test_any_accepts_matches_that_agree():
    rows = [["> 100", '"director"'], ["> 200", '"director"'], ["> 900", '"board"']]
    result = decided(rows, hitPolicy="ANY")
    assert result.value == "director"
    assert len(result.matched) == 1


def test_any_reports_matches_that_disagree():
    with pytest.raises(DecisionViolation, match=r"Rules 1 \(r1\) and 2 \(r2\) match with different outputs"):
        decided(OVERLAPPING, hitPolicy="ANY")


def test_first_stops_at_the_first_match():
    rows = [["> 10", '"clerk"'], ["> 0", "1 / nothing + broken()"]]
    result = decided(rows, hitPolicy="FIRST")
    assert result.value == "clerk"
    assert result.diagnostics == ()


def test_priority_takes_the_output_that_stands_first_in_the_output_values():
    assert decided(OVERLAPPING, outputs=RANKS, hitPolicy="PRIORITY").value == "clerk"


def test_priority_of_several_outputs_compares_column_by_column():
    outputs = output("level", values='"a", "b"') + output("fee", values="3, 2, 1")
    rows = [["> 0", '"b"', "3"], ["> 1", '"a"', "1"], ["> 2", '"a"', "2"]]
    assert decided(rows, outputs=outputs, hitPolicy="PRIORITY").value == {"level": "a", "fee": 2}


def test_rule_order_lists_matches_as_they_stand():
    result = decided(OVERLAPPING, hitPolicy="RULE ORDER")
    assert result.value == ["director", "clerk", "director"]
    assert [rule.index for rule in result.matched] == [1, 2, 3]


def test_output_order_lists_matches_by_output_values():
    result = decided(OVERLAPPING, outputs=RANKS, hitPolicy="OUTPUT ORDER")
    assert result.value == ["clerk", "director", "director"]
    assert [rule.index for rule in result.matched] == [2, 1, 3]


@pytest.mark.parametrize(("aggregation", "expected"), [("", [10, 20, 5]), ("SUM", 35), ("MIN", 5), ("MAX", 20), ("COUNT", 3)])
def test_collect_lists_or_aggregates(aggregation, expected):
    attributes = {"aggregation": aggregation} if aggregation else {}
    assert decided(NUMBERS, hitPolicy="COLLECT", **attributes).value == expected


def test_a_sum_of_money_is_exact():
    rows = [["> 0", "0.1"], ["> 1", "0.2"]]
    assert decided(rows, hitPolicy="COLLECT", aggregation="SUM").value == Decimal("0.3")


def test_a_sum_of_what_cannot_be_added_is_null_says_so_and_is_found_beforehand():
    named = output("level", typeRef="string")
    for outputs, findings in ((LEVEL, []), (named, ["SUM adds numbers or durations, and the output is of the type string."])):
        content = model(decision(table(OVERLAPPING, outputs=outputs, hitPolicy="COLLECT", aggregation="SUM")))
        loaded = load_decisions(content)
        result = loaded.find("answer").evaluate({"amount": 500})
        assert (result.value, result.diagnostics[0].reason) == (None, "the outputs of the matching rules have no SUM")
        assert [finding.message for finding in loaded.problems() if finding.severity == "error"] == findings


def test_no_match_is_null_and_said_so():
    result = decided(OVERLAPPING, amount=1)
    assert result.value is None
    assert result.diagnostics[0].reason == "no rule matches and there is no default output"


def test_no_match_gives_the_default():
    assert decided(OVERLAPPING, amount=1, outputs=output("level", default='"nobody"')).value == "nobody"
    assert decided(OVERLAPPING, 1, output("level", default='"nobody"'), hitPolicy="COLLECT").value == ["nobody"]


def test_no_match_counts_as_zero():
    assert decided(NUMBERS, amount=1, hitPolicy="COLLECT", aggregation="COUNT").value == 0
    assert decided(NUMBERS, amount=1, hitPolicy="COLLECT", aggregation="SUM").value is None


def test_several_outputs_make_a_context():
    outputs = output("level") + output("days", default="30")
    assert decided([["-", '"clerk"', "14"]], outputs=outputs).value == {"level": "clerk", "days": 14}
    assert decided([["> 900", '"clerk"', "14"]], outputs=outputs).value == {"level": None, "days": 30}


def test_an_output_that_is_not_listed_is_a_violation():
    with pytest.raises(DecisionViolation, match='The output level is "director"; allowed are "clerk"') as found:
        decided(OVERLAPPING, amount=150, outputs=output("level", values='"clerk"'), hitPolicy="FIRST")
    assert found.value.element_id == "o_level"


@pytest.mark.parametrize(
    ("attributes", "message"),
    [({"hitPolicy": "GUESS"}, "no hit policy GUESS"), ({"hitPolicy": "COLLECT", "aggregation": "AVG"}, "no aggregation AVG")],
)
def test_an_unknown_policy_is_refused_when_the_model_is_read(attributes, message):
    with pytest.raises(DmnError, match=message) as found:
        decided(NUMBERS, **attributes)
    assert found.value.element_id == "t1"
    assert "Choose one of" in found.value.next_step
