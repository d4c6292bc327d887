import contextlib
import copy
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.feel import FeelLimitExceeded, FeelSyntaxError, FeelValueError, compile_assignments

keys = st.sampled_from(["order", "status", "lines", "total"])
data = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=12,
)


def test_each_assignment_sees_the_earlier_ones():
    script = compile_assignments("= { total: price * quantity, approved: total > 100 }")
    assert script.apply({"price": 30, "quantity": 4}) == {"total": Decimal(120), "approved": True}
    assert script.targets == ("total", "approved")
    assert script.variables == {"price", "quantity"}


def test_a_dotted_target_changes_a_copy():
    order = {"id": 7, "status": "new", "buyer": {"name": "Alice"}}
    script = compile_assignments('{ "order.status": "priced", "order.buyer.tier": "gold", "carton.size": 2 }')

    changed = script.apply({"order": order})

    assert changed == {
        "order": {"id": 7, "status": "priced", "buyer": {"name": "Alice", "tier": "gold"}},
        "carton": {"size": 2},
    }
    assert order == {"id": 7, "status": "new", "buyer": {"name": "Alice"}}
    assert script.variables == {"order", "carton"}


def test_only_changed_variables_come_back():
    assert compile_assignments("{ a: b }").apply({"a": 1, "b": 2, "c": 3}) == {"a": 2}


def test_a_dotted_target_into_a_number_is_refused():
    with pytest.raises(FeelValueError, match=r"Cannot set order\.status: order is a number"):
        compile_assignments('{ "order.status": 1 }').apply({"order": 5})


def test_what_would_grow_without_end_is_stopped():
    with pytest.raises(FeelLimitExceeded):
        compile_assignments("{ a: for i in 1..400000 return i, b: for x in a return x, c: a = b }").apply({})


@given(st.dictionaries(keys, data, max_size=4), st.sampled_from(["order", "order.status", "order.lines.total", "total.x"]))
def test_the_input_is_never_changed(context, target):
    before = copy.deepcopy(context)
    script = compile_assignments(f'{{ "{target}": [order, lines, total], again: concatenate(lines, [1]) }}')
    with contextlib.suppress(FeelValueError):
        script.apply(context)
    assert context == before


def test_an_unclosed_body_is_a_syntax_error():
    with pytest.raises(FeelSyntaxError):
        compile_assignments("{ a: 1")
