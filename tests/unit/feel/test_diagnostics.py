import pytest

from engine.feel import compile_expression, compile_unary_tests

CONTEXT = {"order": {"total": 1500, "due": "2026-11-21", "lines": []}, "name": "Alice", "nothing": None}


@pytest.mark.parametrize(
    ("text", "part", "reason"),
    [
        ("total + 1", "total", "there is no variable total"),
        ("order.totl * 2 > 5", "order.totl", "the context has no entry totl; it has total, due, lines"),
        ("1 + order.total / 0", "order.total / 0", "division by zero"),
        ('order.due < @"2026-12-01"', 'order.due < @"2026-12-01"', "convert the string with date(…)"),
        ('order.total > "1000"', 'order.total > "1000"', "convert with number(…) or string(…)"),
        ("nothing + 1", "nothing + 1", "null + number is null"),
        ("name.length", "name.length", "a string has no length"),
        ("order.lines[1].sku", "order.lines[1]", "no item at this position"),
        ("true and name", "true and name", "'and' needs booleans, not string"),
        ('substring(name, "2")', 'substring(name, "2")', 'has no result for (string "Alice", string "2")'),
        ("frobnicate(1)", "frobnicate(1)", "there is no function frobnicate"),
        ("for x in nothing return x", "for x in nothing return x", "a list or range is needed"),
        ("every x in nothing satisfies x", "every x in nothing satisfies x", "a list to go through is missing"),
        ("nothing[1]", "nothing[1]", "the null has no item at this position"),
        ("1 between nothing and 5", "1 between nothing and 5", "number between null and number cannot be compared"),
        ('@"10:00:00".time offset', '@"10:00:00".time offset', "this time has no time offset"),
        ("true and nothing", "true and nothing", "'and' needs booleans, not null"),
        ("9 ** 999999999", "9 ** 999999999", "within range"),
        ("-name", "-name", "a string has no negative"),
        ("name instance of person", "name instance of person", "there is no type person"),
    ],
)
def test_the_part_that_gave_null_is_named_with_its_reason(text, part, reason):
    evaluation = compile_expression(text).diagnose(CONTEXT)
    assert evaluation.value is None
    first = evaluation.diagnostics[0]
    assert first.text == part
    assert first.position == text.index(part)
    assert reason in first.reason
    assert len(evaluation.diagnostics) == 1


def test_a_condition_that_is_neither_is_reported_though_the_result_is_not_null():
    evaluation = compile_expression('if name > 5 then "big" else "small"').diagnose(CONTEXT)
    assert evaluation.value == "small"
    assert [found.position for found in evaluation.diagnostics] == [0, 3]


def test_a_cell_says_why_it_could_not_tell():
    evaluation = compile_unary_tests("> 100").diagnose({"?": "many"})
    assert evaluation.diagnostics[0].reason == "the tested string cannot be compared with these"


def test_where_all_is_well_there_is_nothing_to_say():
    assert compile_expression("sum(order.lines.price) = null or order.total > 5").diagnose(CONTEXT).value is True
    assert compile_expression("order.total * 2").diagnose(CONTEXT).diagnostics == ()


def test_watching_does_not_change_the_value():
    for text in ("for i in 1..5 return if i = 1 then 1 else i * partial[-1]", "[1, 2, 3][item > 1]", "5 in (1..5]"):
        expression = compile_expression(text)
        assert expression.diagnose({}).value == expression.evaluate({})


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("sum(prices)", "sum(list) has no result for (list whose item 2 is null)"),
        ('max(1, "a")', 'max(list) has no result for (number 1, string "a")'),
        ('date("2026-02-30")', 'date(from) or date(year, month, day) has no result for (string "2026-02-30")'),
        ("mean([])", "mean(list) has no result for (empty list)"),
        ("number(name)", 'has no result for (string "Alice")'),
    ],
)
def test_a_call_without_a_result_says_which_item_and_which_value(text, reason):
    found = compile_expression(text).diagnose({**CONTEXT, "prices": [1, None, 3]}).diagnostics
    assert [reason in each.reason for each in found] == [True], found


def test_a_filter_says_what_an_item_has_and_nothing_of_an_empty_list():
    found = compile_expression("sum(lines[qty > 1].price)").diagnose({"lines": [{"quantity": 2, "price": 5}]}).diagnostics
    assert found[1].reason == "neither the item nor the variables have qty; the item has quantity, price"
    assert compile_expression("count(lines[qty > 1]) = 0").diagnose({"lines": []}).diagnostics == ()


def test_a_part_that_begins_with_a_bracket_is_quoted_whole():
    assert compile_expression('(@"P1D") / (@"PT0S")').diagnose({}).diagnostics[0].text.startswith('(@"P1D")')


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("gold", "there is no variable gold"),
        ("order.tire", "the context has no entry tire; it has tier"),
        ("[0..limit]", "the upper end of the range is null"),
        ("[limit..9]", "the lower end of the range is null"),
        ("limit", "what it is compared with is null"),
        ("not(limit)", "what it is compared with is null"),
    ],
)
@pytest.mark.parametrize("tested", [5, None])
def test_a_cell_whose_text_is_null_says_so_whatever_is_tested(cell, reason, tested):
    evaluation = compile_unary_tests(cell).diagnose({"?": tested, "limit": None, "order": {"tier": "gold"}})
    assert evaluation.value is None
    assert [found.reason for found in evaluation.diagnostics] == [reason]
