from decimal import Decimal

import pytest

from engine.feel import FeelLimitExceeded, FeelSyntaxError, Limits, compile_expression

TENFOLD = ", ".join(f"{b}: [{','.join([a] * 10)}]" for a, b in zip("1abcdefgh", "abcdefghi", strict=True))


#: Time is kept out of these tests, but for the one about it.
PATIENT = Limits(seconds=60)


def stopped(text, limits=PATIENT, **context):
    with pytest.raises(FeelLimitExceeded) as found:
        compile_expression(text).evaluate(context, limits)
    assert found.value.next_step
    return found.value.detail


@pytest.mark.parametrize(
    ("attack", "reason"),
    [
        ("for a in 1..1000000, b in 1..1000000 return a", "steps"),
        ("some i in 1..1e300 satisfies i < 0", "steps"),
        ("for i in 1..30 return if i = 1 then [1] else concatenate(partial[-1], partial[-1])", "entries"),
        ('for i in 1..40 return if i = 1 then "ab" else partial[-1] + partial[-1]', "characters"),
        ('for i in 1..40 return if i = 1 then "ab" else replace(partial[-1], "b", "$0abab")', "characters"),
        ('string join(for i in 1..100000 return "OMINOUS-MIRROR", ", ")', "characters"),
        ("(function(f) f(f))(function(f) f(f))", "deep"),
        ("for i in 1..300 return [partial]", "steps"),
        (f"{{{TENFOLD}}}", "steps"),
        (f"{{{TENFOLD}, text: string(h)}}.text", "steps"),
        (f"{{{TENFOLD}, same: h = h}}.same", "steps"),
        (f"{{{TENFOLD}, flat: count(flatten(h))}}.flat", "steps"),
        ('matches("' + "a" * 60 + '!", "^(a|aa)+$")', "pattern"),
        ('replace("' + "a" * 60 + '!", "^(a|aa)+$", "b")', "pattern"),
        ('matches("a", "a{999999999}")', "repeats"),
        ('matches("a", "((a{999}){999}){999}")', "repeats"),
    ],
)
def test_an_expression_that_grows_without_end_is_stopped(attack, reason):
    assert reason in stopped(attack)


def test_the_clock_stops_what_steps_do_not():
    assert "seconds" in stopped("for i in 1..400000 return i * i", Limits(steps=10**9, items=10**9, seconds=0.01))


def test_a_recursion_that_ends_is_allowed():
    factorial = "{f: function(n, f) if n = 0 then 1 else n * f(n - 1, f), r: f(20, f)}.r"
    assert compile_expression(factorial).evaluate({}) == Decimal(2432902008176640000)


def test_data_that_nest_too_deeply_are_refused():
    deep = []
    for _ in range(200):
        deep = [deep]
    assert "nest" in stopped("count(deep)", deep=deep)


def test_data_that_hold_themselves_are_refused():
    circle = {}
    circle["again"] = circle
    assert "nest" in stopped("get entries(circle)", circle=circle)


def test_powers_of_powers_end_at_once():
    assert compile_expression("9 ** 9 ** 9 ** 9 ** 9").evaluate({}) is None


def test_the_smallest_budget_still_does_a_comparison():
    assert compile_expression("order.total > 1000").evaluate({"order": {"total": 2000}}, Limits(steps=1)) is True
    with pytest.raises(FeelLimitExceeded):
        compile_expression("for i in 1..5 return i").evaluate({}, Limits(steps=3))


@pytest.mark.parametrize(
    "attack",
    [
        "(" * 500 + "1" + ")" * 500,
        "[" * 100 + "]" * 100,
        "if " * 100,
        "not(" * 3000,
        "x in (" * 200,
        "a" + "[1]" * 3000,
        "a" + "()" * 3000,
        "1" + "=1" * 5000,
        "1 instance of " + "list<" * 100,
        '"' + "a" * 70_000 + '"',
        "/*" * 10_000,
    ],
)
def test_a_text_that_nests_or_is_long_beyond_reason_is_a_syntax_error(attack):
    with pytest.raises(FeelSyntaxError):
        compile_expression(attack)


def test_long_but_flat_texts_are_fine():
    assert compile_expression("1" + " + 1" * 5000).evaluate({}) == 5001
    assert compile_expression("true" + " and true" * 5000).evaluate({}) is True
    assert compile_expression("a" + ".a" * 3000).evaluate({"a": {"a": 1}}) is None
