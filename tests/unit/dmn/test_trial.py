"""Somebody tries a decision out and is told what every rule said, and which cell of a silent one said no to what."""

from decimal import Decimal

import pytest

from engine.dmn import WantedInput, load_decisions
from engine.feel import FeelLimitExceeded
from engine.feel.limits import Limits
from tests.unit.dmn.dmn_models import decision, input_data, literal, model, needs, table
from tests.unit.dmn.test_gaps import with_values

LEVELS = table(
    [["> 1000", '"A"', '"director"'], ["[100..1000]", "-", '"manager"'], ["-", "-", '"clerk"']], ("amount", "class"), hitPolicy="FIRST"
)


def tried(body: str, **inputs):
    return load_decisions(model(body)).find("answer").try_out(inputs)


def said(trial) -> list[tuple[int, str, str | None]]:
    [asked] = trial.tables
    return [(rule.index, rule.verdict, rule.cell and rule.cell.element_id) for rule in asked.rules]


def test_a_silent_rule_names_its_first_cell_that_said_no_and_what_it_was_shown():
    trial = tried(decision(LEVELS), amount=5000, **{"class": "B"})
    assert trial.value == "clerk"
    assert said(trial) == [(1, "refused", "c1.2"), (2, "refused", "c2.1"), (3, "matched", None)]
    cell = trial.tables[0].rules[0].cell
    assert (cell.label, cell.test, cell.value) == ("class", '"A"', "B")
    assert [(column.label, column.value) for column in trial.tables[0].inputs] == [("amount", 5000), ("class", "B")]


def test_rules_below_the_first_that_matched_are_not_asked():
    assert said(tried(decision(LEVELS), amount=500, **{"class": "B"})) == [
        (1, "refused", "c1.1"),
        (2, "matched", None),
        (3, "not asked", None),
    ]


def test_where_two_rules_match_but_one_may_both_are_shown_with_the_problem():
    trial = tried(decision(table([["> 10", "1"], ["> 20", "2"], ["< 5", "3"]])), amount=30)
    assert trial.value is None
    assert trial.problem.code == "decision_violation"
    assert [verdict for _, verdict, _ in said(trial)] == ["matched", "matched", "refused"]


def test_an_input_that_is_missing_is_null_to_every_cell_and_told():
    trial = tried(decision(table([["> 10", "1"]])))
    assert (trial.value, trial.tables[0].rules[0].cell.value) == (None, None)
    assert "there is no variable amount" in [found.reason for found in trial.diagnostics]


def test_a_value_that_is_not_allowed_stops_it_before_a_rule_is_asked():
    trial = tried(decision(with_values(table([["> 10", "1"]]), "[0..100]")), amount=500)
    assert (trial.tables, trial.problem.element_id) == ((), "in1")


def test_a_cell_that_does_not_compile_stops_it_after_the_rules_above():
    trial = tried(decision(table([["> 10", "1"], ["> (", "2"]])), amount=1)
    assert trial.problem.element_id == "c2.1"
    assert said(trial) == [(1, "refused", "c1.1")]


def test_required_decisions_are_told_of_too():
    inner = decision(table([["> 10", "2"], ["-", "1"]], hitPolicy="FIRST"), name="level")
    trial = tried(inner + decision(literal("level * 10"), needs("Decision", "d_level")), amount=20)
    assert (trial.value, [each.decision_id for each in trial.tables]) == (Decimal(20), ["d_level"])


def test_trying_has_the_budget_of_deciding():
    hostile = load_decisions(model(decision(table([["-", "count(for i in 1..1000000000 return i)"]])))).find("answer")
    with pytest.raises(FeelLimitExceeded):
        hostile.try_out({"amount": 1}, Limits(steps=1_000))


def test_what_a_decision_wants_is_offered_with_types_and_options():
    columns = with_values(table([["> 1", "-", "1"]], ("amount", "class")), "[0..100]", '"A", "B"')
    typed = columns.replace("<inputExpression>", '<inputExpression typeRef="string">').replace('typeRef="string"', 'typeRef="number"', 1)
    body = input_data("flag", "boolean") + decision(typed, needs("Input", "i_flag"))
    assert load_decisions(model(body)).find("answer").inputs == (
        WantedInput("amount", "number"),
        WantedInput("class", "string", ("A", "B")),
        WantedInput("flag", "boolean"),
    )
