"""A large table is looked up, and answers as if every row were asked."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.dmn import DecisionViolation, load_decisions
from engine.dmn import index as index_room
from engine.feel.limits import Limits
from tests.unit.dmn.dmn_models import decision, model, table

CELLS = st.one_of(
    st.just("-"),
    st.integers(0, 9).map(str),
    st.tuples(st.integers(0, 9), st.integers(0, 9)).map(lambda pair: f"{pair[0]}, {pair[1]}"),
    st.tuples(st.sampled_from("[("), st.integers(0, 4), st.integers(4, 9), st.sampled_from("])")).map(
        lambda parts: f"{parts[0]}{parts[1]}..{parts[2]}{parts[3]}"
    ),
    st.tuples(st.sampled_from(["<", "<=", ">", ">="]), st.integers(0, 9)).map(lambda parts: f"{parts[0]} {parts[1]}"),
)
VALUES = st.one_of(st.integers(-1, 10), st.decimals(0, 9, places=1), st.none(), st.sampled_from(["5", True]))


def answer_of(xml, context):
    found = load_decisions(xml).find("answer").evaluate(context)
    return found.value, found.matched, found.diagnostics


@settings(max_examples=60, deadline=None)
@given(rows=st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=12), a=VALUES, b=VALUES, policy=st.sampled_from(["FIRST", "RULE ORDER"]))
def test_a_table_that_is_looked_up_says_what_asking_every_rule_says(rows, a, b, policy):
    xml = model(decision(table([[*row, str(place)] for place, row in enumerate(rows)], ("a", "b"), hitPolicy=policy)))
    with pytest.MonkeyPatch.context() as patch:
        asked = answer_of(xml, {"a": a, "b": b})
        patch.setattr(index_room, "MIN_RULES", 1)
        assert answer_of(xml, {"a": a, "b": b}) == asked


def test_of_a_thousand_rows_only_those_are_asked_that_may_match():
    rows = [[f'"SKU-{row}"', f"[{row}..{row + 10}]", str(row)] for row in range(1_000)]
    found = load_decisions(model(decision(table(rows, ("sku", "qty")))))
    few = Limits(steps=40)
    assert found.find("answer").evaluate({"sku": "SKU-700", "qty": 705}, few).value == Decimal(700)
    assert found.find("answer").evaluate({"sku": "SKU-700", "qty": 5}, few).value is None


def test_two_rows_with_one_key_still_break_the_promise_of_unique():
    rows = [[f'"{row % 20}"', str(row)] for row in range(40)]
    with pytest.raises(DecisionViolation, match=r"Rules 4 \(r4\), 24 \(r24\) match|4 .* 24"):
        load_decisions(model(decision(table(rows, ("sku",))))).find("answer").evaluate({"sku": "3"})
