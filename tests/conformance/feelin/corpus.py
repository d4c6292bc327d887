"""Expressions and cells as analysts write them, in every combination of operators and kinds, with what our FEEL says to them."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import product
from typing import Final

from engine.feel import FeelLimitExceeded, FeelSyntaxError, Function, Range, YearsMonths, compile_expression, compile_unary_tests
from engine.feel.temporal import parse_duration
from engine.feel.text import scalar_text

Case = tuple[str, str, object]

CONTEXT: Final = {
    "amount": 1500,
    "rate": 0.5,
    "name": "Ada",
    "approved": True,
    "nothing": None,
    "tags": ["gold", "new"],
    "order": {"total": 1500, "note": "", "lines": [{"sku": "A", "qty": 2, "price": 10}, {"sku": "B", "qty": 5, "price": 4}]},
}
_VALUES: Final = ("1500", "0", '"Ada"', "true", "null", "[1, 2]", "{a: 1}", 'date("2026-03-01")', 'duration("P1D")', "missing")
_OPERATORS: Final = ("+", "-", "*", "/", "**", "=", "!=", "<", ">=", "and", "or")
_CELLS: Final = (
    *("true", "false", "null", "5", '"gold"', "< 5", ">= 5", "[1..5]", "(1..5)", "[1..missing]", "< missing", "missing", "not(5)"),
    *(
        'not("gold")',
        "not(null)",
        "5, 6",
        '"gold", "new"',
        "tags",
        "not(tags)",
        "? > 3",
        "not(? > 3)",
        "amount > 5",
        "not(amount < 5)",
        "-",
    ),
    *('list contains(tags, "gold")', 'not(list contains(tags, "old"))', "[1, 2, 5]", "= 5", "!= 5", "approved"),
)
_TESTED: Final = (None, 5, 1, "gold", True, False)
_CALLS: Final = (
    *("sum([1, 2, 3])", "sum([])", "sum([1, null])", "min([3, 1])", "max([])", "count(tags)", "mean([1, 2])", "median([1, 2, 9])"),
    *('substring("Ada", 2)', 'substring("Ada", -1)', 'substring("Ada", 0)', 'upper case("a")', 'contains("Ada", "d")', "contains(null, 1)"),
    *('string length("Ada")', 'starts with(name, "A")', 'matches("abc", "b")', 'matches("a\\rb", "a.b")', 'replace("abab", "a", "x")'),
    *(
        'split("a,b", ",")',
        'number("1.5")',
        'number("x")',
        'number("1 000,5", " ", ",")',
        "string(1.50)",
        "string(null)",
        "string([1, null])",
    ),
    *("decimal(1/3, 2)", "decimal(2.5, 0)", "round half up(2.5, 0)", "round down(-2.5, 0)", "floor(-1.5)", "ceiling(-1.5)", "abs(-1)"),
    *("modulo(-5, 3)", "modulo(5, 0)", "sqrt(16)", "sqrt(-1)", "log(0)", "odd(3)", "even(0)", "append([1], 2)", "reverse([1, 2])"),
    *(
        "index of([1, 2, 1], 1)",
        "union([1], [1, 2])",
        "distinct values([1, 1])",
        "flatten([[1], [[2]]])",
        "sort([3, 1, 2], function(a, b) a < b)",
    ),
    *("list contains([1, null], null)", "sublist([1, 2, 3], 2)", "sublist([1, 2, 3], -1)", "insert before([1], 1, 0)", "remove([1, 2], 1)"),
    *('get value({a: 1}, "a")', 'get value({a: 1}, "b")', "get entries({a: 1})", "all([true, null])", "any([false, null])", "all([])"),
    *(
        'date("2026-02-30")',
        'date("2026-03-01")',
        'time("10:15")',
        'time("10:15:00")',
        'date and time("2026-03-01T10:15:00")',
        'duration("P1DT2H")',
    ),
    *(
        'date("2026-01-31") + duration("P1M")',
        'date("2026-03-01") - date("2026-02-01")',
        'duration("P1D") * 2',
        'duration("P1Y") + duration("P1M")',
    ),
    *('date("2026-03-01").year', 'day of week(date("2026-03-01"))', 'date("2026-03-01") < date("2026-03-02")', 'duration("PT36H")'),
    *(
        'string join(["a", "b"], "-")',
        "is defined(missing)",
        "1 instance of number",
        "null instance of number",
        "tags instance of list<string>",
    ),
)
_FORMS: Final = (
    *(
        "order.total * 2",
        "order.totl",
        "order.lines.qty",
        "order.lines[1].sku",
        "order.lines[-1].sku",
        "order.lines[5]",
        "order.lines[qty > 3]",
    ),
    *(
        "order.lines[item.qty > 3].price",
        "sum(order.lines[qty > 1].price)",
        "tags[1]",
        "tags[0]",
        'tags[item = "new"]',
        "amount[1]",
        "missing[1]",
    ),
    *(
        "for x in [1, 2] return x * 2",
        "for x in 1..3 return x",
        "for x in 3..1 return x",
        "for x in [], y in [1] return x",
        "for x in nothing return x",
    ),
    *(
        "some x in [1, 2] satisfies x > 1",
        "every x in [] satisfies false",
        "every x in [1, null] satisfies x > 0",
        "some x in [] satisfies true",
    ),
    *(
        "if null then 1 else 2",
        'if amount > 5 then "a" else "b"',
        'if "yes" then 1 else 2',
        "amount in [1000..2000]",
        "amount in (< 5, > 1000)",
    ),
    *(
        "5 in [1..null]",
        "null in [1, null]",
        "5 in (1, 5)",
        "amount between 1 and 2000",
        "null between 1 and 2",
        "not(true)",
        "not(null)",
        "not(1)",
    ),
    *(
        "{a: 1, b: a + 1}.b",
        "{a: 1} = {a: 1}",
        "[1, 2] = [1, 2]",
        "[1] = 1",
        "0.1 + 0.2",
        "0.1 + 0.2 = 0.3",
        "1 / 3 * 3",
        "2 ** 0.5",
        "0 ** 0",
        "10 ** 20",
    ),
    *(
        "-amount",
        "- -1",
        "1 - -1",
        "(1 + 2) * 3",
        "2 + 3 * 4",
        "2 ** 3 ** 2",
        "-2 ** 2",
        '"a" + 1',
        '"a" < "b"',
        "true < false",
        "name.length",
    ),
    *(
        "function(x) x + 1",
        "(function(x) x + 1)(2)",
        "[1..5]",
        '@"2026-03-01"',
        '@"P1D"',
        '@"10:15:00"',
        '"\\u00e9" = "é"',
        "amount >",
        '1 = "1"',
    ),
)


def _cases() -> Iterator[Case]:
    for left, operator, right in product(_VALUES, _OPERATORS, _VALUES):
        if (len(left) * 7 + len(operator) * 3 + len(right) * 5) % 3 == 0 or left == right:
            yield "expression", f"{left} {operator} {right}", None
    for text in (*_CALLS, *_FORMS):
        yield "expression", text, None
    for cell, tested in product(_CELLS, _TESTED):
        yield "cell", cell, tested


CASES: Final = tuple(_cases())


def ours(kind: str, text: str, tested: object) -> object:
    """What our FEEL says, as plainly as the other is made to say it."""
    try:
        if kind == "cell":
            return compile_unary_tests(text).evaluate({**CONTEXT, "?": tested}) is True
        return _plain(compile_expression(text).evaluate(CONTEXT))
    except (FeelSyntaxError, FeelLimitExceeded):
        return {"is": "error"}


def _plain(value: object) -> object:
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, Range | Function):
        return {"is": type(value).__name__.lower()}
    if isinstance(value, date | datetime | time | timedelta | YearsMonths):
        return {"is": scalar_text(value)}
    return value


def alike(one: object, other: object) -> bool:
    """The same, numbers within what a binary float can tell, moments and durations however they are written."""
    if isinstance(one, Decimal) and isinstance(other, int | float) and not isinstance(other, bool):
        return abs(float(one) - other) <= 1e-12 * max(1.0, abs(float(one)))
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(alike, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        said, told = str(one.get("is", "")), str(other.get("is", ""))
        same_moment = bool(said) and (said in told.removeprefix("1900-01-01T") or parse_duration(said) == parse_duration(told) is not None)
        return same_moment or (one.keys() == other.keys() and all(alike(one[key], other[key]) for key in one))
    return type(one) is type(other) and one == other
