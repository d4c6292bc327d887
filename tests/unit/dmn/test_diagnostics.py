import contextlib
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.dmn import DmnError, load_decisions
from engine.feel import FeelLimitExceeded
from engine.feel.limits import Limits
from tests.unit.dmn.dmn_models import decision, input_data, literal, model, needs, output, table

LEVELS = decision(table([["> 1000", '"director"'], ["> 100", '"manager"'], ["> 10", '"clerk"']], hitPolicy="FIRST"))


def result_of(body, limits=None, **context):
    return load_decisions(model(body)).find("answer").evaluate(context, *([limits] if limits else []))


def test_a_missing_input_is_told_once_not_in_every_cell():
    result = result_of(LEVELS)
    assert result.value is None
    assert [(found.element_id, found.reason) for found in result.diagnostics] == [
        ("in1", "there is no variable amount"),
        ("t1", "no rule matches and there is no default output"),
    ]


def test_a_value_of_the_wrong_type_is_told_at_the_cell_that_met_it():
    result = result_of(LEVELS, amount="much")
    assert result.diagnostics[0].element_id == "c1.1"
    assert result.diagnostics[0].reason == "the tested string cannot be compared with these"


def test_an_output_that_is_null_is_explained():
    result = result_of(decision(table([["-", "base / 0"]])), amount=1, base=5)
    assert [(found.element_id, found.text, found.reason) for found in result.diagnostics] == [("c1.2", "base / 0", "division by zero")]


def test_an_input_that_was_not_given_is_told():
    result = result_of(input_data("amount") + decision(literal("amount * 2"), needs("Input", "i_amount")))
    assert ("i_amount", "this input was not given") in [(found.element_id, found.reason) for found in result.diagnostics]


def test_a_limit_says_in_which_cell_it_was_passed():
    body = decision(table([["-", "count(for i in 1..1000000000 return i)"]]))
    with pytest.raises(FeelLimitExceeded) as stopped:
        result_of(body, Limits(steps=1_000), amount=1)
    assert stopped.value.element_id == "c1.2"


def test_a_number_that_is_none_matches_nothing():
    assert result_of(LEVELS, amount=Decimal("NaN")).value is None


cells = st.sampled_from(
    ["-", "", "> 5", "1", '"a"', "[1..", "?", "not(1)", "1 / 0", "f(", "null", "a, b", "amount", "[1]", "for i in 1..9 return i", "{"]
)
outputs = st.sampled_from(
    [output("x"), output("x", values="1, 2"), output("x", values="1,", default="1 +"), output("x", typeRef="number"), ""]
)
policies = st.sampled_from(["UNIQUE", "ANY", "FIRST", "PRIORITY", "RULE ORDER", "OUTPUT ORDER", "COLLECT", "ODD"])
values = st.none() | st.booleans() | st.integers() | st.text(max_size=3) | st.lists(st.integers(), max_size=2)


@given(st.lists(st.lists(cells, min_size=1, max_size=3), max_size=4), outputs, policies, values)
def test_any_table_is_decided_or_refused_as_a_problem_of_the_model(rows, column, policy, amount):
    with contextlib.suppress(DmnError, FeelLimitExceeded):
        found = load_decisions(model(decision(table(rows, outputs=column, hitPolicy=policy))))
        assert isinstance(found.problems(), list)
        found.find("answer").evaluate({"amount": amount})


@given(st.binary(max_size=60) | st.integers(0, 400).map(lambda cut: model(LEVELS)[:cut] + model(LEVELS)[cut + 9 :]))
def test_any_bytes_are_read_or_refused(xml):
    with contextlib.suppress(DmnError):
        load_decisions(xml)
