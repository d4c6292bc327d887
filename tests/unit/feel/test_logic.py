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


@pytest.mark.parametrize("tested", [None, 7, "Vienna", True])
@pytest.mark.parametrize(
    "cell",
    [
        *("[0..missing]", "[missing..9]", "(missing..9]", "<= missing", "> missing", "= missing", "!= missing", "missing", "not(missing)"),
        *("order.missing", "[missing]", "not([0..missing])", "not(contains(missing, ?))", "list contains(missing, 1)"),
    ],
)
def test_a_cell_that_compares_with_null_passes_nothing(cell, tested):
    assert compile_unary_tests(cell).evaluate({"?": tested, "missing": None, "order": {}}) is not True


@pytest.mark.parametrize(
    "cell",
    [
        *(
            "true",
            "false",
            "0",
            '"gold"',
            "[0..9]",
            "< 5",
            "3 > 1",
            "approved",
            'not("gold")',
            "not(5)",
            "not(true)",
            "not([0..9])",
            '!= "gold"',
        ),
        *('"gold", "silver"', '["gold", "silver"]', "levels", "not(levels)", "not(3 < 1)", "not(? > 3)", "? > 3", 'not(contains(?, "x"))'),
        *("not(null)", 'not("gold", null)', "!= null"),
    ],
)
def test_null_passes_no_cell_that_does_not_name_it(cell):
    assert compile_unary_tests(cell).evaluate({"?": None, "approved": True, "levels": ["a", None]}) is not True


@pytest.mark.parametrize("cell", ["null", '"gold", null', '["gold", null]', "= null", "? = null"])
def test_null_passes_where_it_is_named(cell):
    assert compile_unary_tests(cell).evaluate({"?": None}) is True


@pytest.mark.parametrize(("cell", "tested"), [("true", "no"), ("true", 0), ("true", 1), ("false", ""), ("null", False), ("null", 0)])
def test_a_literal_passes_its_own_kind_only(cell, tested):
    assert compile_unary_tests(cell).evaluate({"?": tested}) is not True


def test_a_condition_without_the_tested_value_is_negated_as_a_condition():
    cell = compile_unary_tests('not(list contains(codes, "TEST"))')
    assert cell.evaluate({"?": "input", "codes": ["A", "B"]}) is True
    assert cell.evaluate({"?": "input", "codes": ["A", "TEST"]}) is False
    assert cell.evaluate({"?": "input", "codes": None}) is not True


@pytest.mark.parametrize("text", ["5 in [1..null)", "5 in (null..9]", "5 in [null, missing][1]", "5 in [1..missing]"])
def test_what_lies_within_an_end_that_is_null_is_not_known(text):
    assert value(text, missing=None) is None


def test_an_open_end_is_another_thing_than_one_that_is_null():
    assert value("(< 10) = (null..10)") is False
    assert value("(< 10) = (< 10)") is True
    assert value("3 in (< 10)") is True
    assert value("0 in [1..null]") is False
    assert value("(< 10).start") is None
