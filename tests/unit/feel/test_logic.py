import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.feel import compile_expression, compile_unary_tests

TERNARY = (True, False, None)
truths = st.sampled_from(TERNARY)


def value(text, **context):
    return compile_expression(text).evaluate(context)


def conjunction(a, b):
    if a is False or b is False:
        return False
    return True if a is True and b is True else None


@pytest.mark.parametrize("a", TERNARY)
@pytest.mark.parametrize("b", TERNARY)
def test_and_or_are_three_valued(a, b):
    inverse = {True: False, False: True, None: None}
    assert value("a and b", a=a, b=b) is conjunction(a, b)
    assert value("a or b", a=a, b=b) is inverse[conjunction(inverse[a], inverse[b])]


@given(st.lists(truths, min_size=2, max_size=6))
def test_a_long_chain_is_the_same_as_its_pairs(operands):
    names = {f"v{place}": operand for place, operand in enumerate(operands)}
    expected = operands[0]
    for operand in operands[1:]:
        expected = conjunction(expected, operand)
    assert value(" and ".join(names), **names) is expected


@given(truths, truths)
def test_de_morgan_holds_with_null(a, b):
    assert value("not(a and b)", a=a, b=b) is value("not(a) or not(b)", a=a, b=b)


def test_what_is_no_boolean_counts_as_null():
    assert value('true and "yes"') is None
    assert value('false and "yes"') is False
    assert value('if "yes" then 1 else 2') == 2


def test_comparing_with_null_is_allowed_comparing_types_is_not():
    assert value("missing = null") is True
    assert value("1 = null") is False
    assert value('1 = "1"') is None


@pytest.mark.parametrize(
    ("cell", "tested", "expected"),
    [
        ("> 1000", 1500, True),
        ("> 1000", "many", None),
        ("[18..65)", 65, False),
        ("(18..65]", 18, False),
        ("]18..65[", 40, True),
        ('"gold", "silver"', "silver", True),
        ('not("gold", "silver")', "bronze", True),
        ("not(< 5)", 4, False),
        ("-", None, True),
        ("null", None, True),
        ("? > 5 and ? < limit", 7, True),
        ("even(?)", 7, False),
        ("[1, 2, 3]", 2, True),
        ("levels", "a", True),
        ("limit > 5", "anything", True),
        ('date("2026-01-01")', "2026-01-01", None),
    ],
)
def test_a_cell_passes_or_fails_its_value(cell, tested, expected):
    context = {"?": tested, "limit": 10, "levels": ["a", "b"]}
    assert compile_unary_tests(cell).evaluate(context) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5 in (< 3, > 4)", True),
        ("5 in [1..5)", False),
        ("5 in (1..5]", True),
        ("5 in [5, 6] and true", True),
        ("5 in (levels[1])", True),
        ("5 between 5 and 6", True),
        ("5 in (? > 3)", True),
        ("some x in [1, 2] satisfies x > 1", True),
        ("every x in [] satisfies x > 1", True),
        ("some x in null satisfies x > 1", None),
        ("every x in [2, null] satisfies x > 1", None),
        ("[1..5] = [1..5]", True),
        ("1 instance of number", True),
        ("[1, 2] instance of list<number>", True),
        ("{a: 1} instance of context<a: string>", False),
    ],
)
def test_membership_and_quantifiers(text, expected):
    assert value(text, levels=[5]) is expected
