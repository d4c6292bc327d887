"""Whatever is written and whatever it is given, FEEL answers with a value, a syntax error or a limit; never with anything else."""

from datetime import UTC

from hypothesis import given
from hypothesis import strategies as st

from engine.feel import (
    FeelLimitExceeded,
    FeelSyntaxError,
    Limits,
    compile_expression,
    compile_unary_tests,
    to_feel,
)
from engine.feel.library import BUILTINS
from engine.feel.limits import DEFAULT_LIMITS, Run
from engine.feel.text import text_of
from tests.examples import examples

WORDS = (
    *("1", "0", "-1", "2.5", "1e30", "0.1", "true", "false", "null", "a", "b", "x", "i", "order", "order.total", "order.lines"),
    *("item", "?", "partial", "if", "then", "else", "for", "in", "return", "some", "every", "satisfies", "and", "or", "between"),
    *("not", "function", "instance", "of", "number", "string", "date", "time", "duration", "[", "]", "(", ")", "{", "}", ","),
    *(":", ".", "..", "+", "-", "*", "/", "**", "=", "!=", "<", "<=", ">", ">=", '"x"', '""', '@"2024-03-31"', '@"-P1Y"'),
    *('@"2024-03-31T02:30:00@Europe/Paris"', '@"10:00:00Z"', '@"P1D"'),
)
LIMITS = Limits(steps=5_000, seconds=1.0)
words = st.lists(st.sampled_from((*WORDS, *BUILTINS)), max_size=14).map(" ".join)
leaves = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.decimals()
    | st.text(max_size=5)
    | st.dates()
    | st.times()
    | st.datetimes(timezones=st.none() | st.just(UTC) | st.timezones())
    | st.timedeltas()
)
values = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "total"]), inner, max_size=3),
    max_leaves=6,
)


def survives(text, context):
    for compile_text in (compile_expression, compile_unary_tests):
        try:
            expression = compile_text(text)
            value = expression.evaluate(context, LIMITS)
            expression.diagnose(context, LIMITS)
            text_of(to_feel(value), Run(DEFAULT_LIMITS))
        except (FeelSyntaxError, FeelLimitExceeded):
            pass


@given(st.text(max_size=40))
def test_any_characters(text):
    survives(text, {})


@examples(200)
@given(words, values, values, values)
def test_any_words_of_the_language(text, a, b, tested):
    survives(text, {"a": a, "b": b, "?": tested, "order": {"total": a, "lines": b}, "x": [a, b]})


@examples(200)
@given(st.sampled_from(sorted(BUILTINS)), st.lists(values, max_size=4))
def test_any_function_with_any_arguments(name, arguments):
    context = {f"v{place}": argument for place, argument in enumerate(arguments)}
    survives(f"{name}({', '.join(context)})", context)


@examples(150)
@given(st.sampled_from(["+", "-", "*", "/", "**", "=", "!=", "<", "<=", ">", ">=", "and", "or", "in"]), values, values)
def test_any_operator_between_any_values(operator, a, b):
    survives(f"a {operator} b", {"a": a, "b": b})
    survives(f"[a {operator} b, -a, a.total, a[b], string(a), [a..b], a between b and b]", {"a": a, "b": b})
