"""Calls that give null whatever the variables are: they are told before anything runs."""

import pytest

from engine.feel import compile_assignments, compile_expression
from engine.feel.library import BUILTINS


@pytest.mark.parametrize(
    ("text", "why", "next_step"),
    [
        ("frobnicate(n)", "there is no function frobnicate", "Call a built-in function of FEEL."),
        ("ceil(n)", "there is no function ceil", "Write ceiling, if that is meant."),
        ("is defined(n)", "there is no function is defined", "Write x != null."),
        ("lines[upper(sku) = 1]", "there is no function upper", "Write upper case, if that is meant."),
        ("{ a: 1, b: a(2) }.b", "", ""),
        (
            "substring(n)",
            "substring does not take 1 argument",
            "Call it as substring(string, start position, length?); what has a ? may be left out.",
        ),
        ("now(1)", "now does not take 1 argument", "Call it as now(); what has a ? may be left out."),
        ("count()", "count does not take no arguments", "Call it as count(list); what has a ? may be left out."),
        (
            'substring(string: "a", begin: 2)',
            "substring does not take the names string, begin",
            "Call it as substring(string, start position, length?); what has a ? may be left out.",
        ),
        ("if n > 3 then abs(1, 2) else 0", "abs does not take 2 arguments", "Call it as abs(n); what has a ? may be left out."),
        ('substring("abc", 2)', "", ""),
        ('substring(start position: 2, string: "abc")', "", ""),
        ("max(1, 2, 3, 4)", "", ""),
        ('date(2026, 1, 1) = date("2026-01-01")', "", ""),
        ("{ twice: function(x) x * 2, four: twice(2) }.four", "", ""),
        ("{ f: function(n) if n = 0 then 0 else n + f(n - 1), r: f(5) }.r", "", ""),
        ("{ even: function(n) n = 0 or odd(n - 1), odd: function(n) n != 0 and even(n - 1), r: even(4) }.r", "", ""),
        ("{ f: function(n) g(n) }.f", "there is no function g", "Call a built-in function of FEEL."),
        ("for f in [1] return f + count([f])", "", ""),
        ("sort(lines, function(a, b) a.no < b.no)", "", ""),
    ],
)
def test_a_call_that_can_give_nothing_is_told_with_what_to_write(text, why, next_step):
    assert [(wrong.why, wrong.next_step) for wrong in compile_expression(text).wrong_calls] == ([(why, next_step)] if why else [])


def test_a_script_may_call_what_it_has_made_before():
    assert compile_assignments("{ twice: function(x) x * 2, four: twice(2) }").wrong_calls == ()
    (wrong,) = compile_assignments("{ four: twice(2), twice: function(x) x * 2 }").wrong_calls
    assert wrong.why == "there is no function twice"


@pytest.mark.parametrize("name", sorted(BUILTINS))
def test_every_function_may_be_called_as_its_own_signature_says(name):
    for signature in BUILTINS[name].signature.split(f" or {name}("):
        arguments = signature.removeprefix(f"{name}(").rstrip(")").replace("?", "")
        call = f"{name}({', '.join('null' for part in arguments.split(',') if part.strip())})"
        assert compile_expression(call).wrong_calls == ()
