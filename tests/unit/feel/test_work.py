"""What a request may cause all together, and what is kept of what was compiled."""

import contextvars
from base64 import b64decode

import pytest

from engine import work
from engine.dmn import load_decisions
from engine.feel import compile_expression
from engine.forms import parse_form, validate
from engine.kept import bytes_of, kept
from engine.work import TooMuchWork
from tests.system.test_worst_inputs import fields, form, lines, table


def within(units, act):
    """Do something as a request that may cause so much work, and leave nothing behind."""

    def run():
        work.begin(units)
        return act()

    return contextvars.copy_context().run(run)


def test_a_request_pays_for_each_step_and_is_refused_with_the_first_beyond():
    loop = compile_expression("count(for i in 1..30000 return i)")
    assert within(40_000, lambda: loop.evaluate({})) == 30_000
    with pytest.raises(TooMuchWork) as refused:
        within(20_000, lambda: loop.evaluate({}))
    assert "ordercraft deploy" in refused.value.next_step


def test_many_small_expressions_are_paid_together():
    loop = compile_expression("count(for i in 1..5000 return i)")
    with pytest.raises(TooMuchWork):
        within(100_000, lambda: [loop.evaluate({}) for _ in range(1000)])


def test_what_runs_instances_and_what_nobody_asked_for_pays_nothing():
    loop = compile_expression("count(for i in 1..30000 return i)")

    def advance():
        with work.unbounded():
            return loop.evaluate({})

    assert within(10, advance) == 30_000
    assert contextvars.Context().run(loop.evaluate, {}) == 30_000


def test_what_a_thread_does_after_a_request_is_paid_by_nobody():
    loop = compile_expression("count(for i in 1..30000 return i)")

    def two():
        work.begin(10)
        work.end()
        return loop.evaluate({})

    assert contextvars.copy_context().run(two) == 30_000


def test_a_text_is_paid_for_when_it_is_compiled_and_not_when_it_is_known():
    text = "1 + 2 + 3 + 4711 * 11"
    assert within(10_000, lambda: (compile_expression(text), work.spent(10_000))[1]) > 0
    assert within(10_000, lambda: (compile_expression(text), work.spent(10_000))[1]) == 0


def test_cells_that_each_loop_are_refused_while_the_table_is_read():
    with pytest.raises(TooMuchWork):
        within(1_000_000, lambda: load_decisions(table(2000, "count(for i in 1..5000 return i) &gt; ?")))


def test_fields_rows_options_and_patterns_count_in_the_budget_of_their_form():
    chosen = {"type": "select", "id": "s", "key": "s", "label": "S", "valuesExpression": "=offered"}
    many = parse_form(b64decode(form(lines(1000, of=[chosen]))))
    offered = {"offered": [{"label": "x", "value": f"v{n}"} for n in range(20_000)]}
    judged = validate(many, {"lines": [{"s": "none"} for _ in range(1000)]}, offered)
    assert "It cannot be judged" in judged.errors["form"][0]
    rows = {"lines": [{f"k{n}": "a" for n in range(30)} for _ in range(1000)]}
    assert validate(parse_form(b64decode(form(lines(1000, of=fields(30))))), rows, {}).ok


def test_what_was_used_last_is_kept_as_long_as_all_together_weigh_no_more_than_they_may():
    asked = []

    @kept(10, len)
    def doubled(text):
        asked.append(text)
        return text * 2

    assert [doubled(text) for text in ("aaaa", "bbbb", "aaaa", "cccc", "aaaa", "bbbb")] == [
        "aa" * 4,
        "bb" * 4,
        "aa" * 4,
        "cc" * 4,
        "aa" * 4,
        "bb" * 4,
    ]
    assert asked == ["aaaa", "bbbb", "cccc", "bbbb"]
    assert doubled("far too long for it") == "far too long for it" * 2
    assert doubled("aaaa") == "aa" * 4
    assert asked[-1] == "far too long for it", "what is too heavy takes nobody's place"


def test_files_weigh_their_bytes():
    assert bytes_of("price.dmn", b"12345") == 5
    assert bytes_of("bundle", (("a", b"123"), ("b", b"45")), object()) == 5
