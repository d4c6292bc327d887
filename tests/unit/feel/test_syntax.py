import pytest

from engine.feel import FeelSyntaxError, compile_assignments, compile_expression, compile_unary_tests


def refused(text, compile_text=compile_expression):
    with pytest.raises(FeelSyntaxError) as found:
        compile_text(text)
    return found.value


@pytest.mark.parametrize(
    ("text", "line", "column", "message"),
    [
        ("1 +", 1, 4, "expected a value, found the end"),
        ("order.total >", 1, 14, "expected a value, found the end"),
        ("if paid then 1", 1, 15, "expected 'else', found the end"),
        ("sum(1,\n    2", 2, 6, "expected ',' or ')', found the end"),
        ('"unfinished', 1, 1, "this string is not closed"),
        ("a $ b", 1, 3, "'$' has no meaning here"),
        ("a && b", 1, 3, "write 'and'"),
        ("name = 'Alice'", 1, 8, "strings stand in double quotes"),
        ("in stock", 1, 1, "found the word in"),
        ("[1, 2", 1, 6, "expected ',' or ']', found the end"),
        ("a == b", 1, 4, "expected a value, found symbol =; a single = compares"),
        ("1 2", 1, 3, "expected an operator or the end, found number 2"),
        ("[1..2", 1, 6, "expected ']' or ')' to close the range, found the end"),
        ("{a: 1, a: 2}", 1, 8, "the entry 'a' occurs twice"),
        ("f(a: 1, 2)", 1, 9, "either all arguments are named or none is"),
        ('@"2024-02-30"', 1, 1, "is no date, time, date and time or duration"),
        ("1e999999", 1, 1, "is too large"),
        ("function(x) external {java: {}}", 1, 13, "external functions are not allowed"),
        ("/* no end", 1, 1, "expected a value, found symbol /"),
        ("", 1, 1, "expected a value, found the end"),
        ("{1: 2}", 1, 2, "the name of an entry"),
    ],
)
def test_an_error_says_where_and_what_was_expected(text, line, column, message):
    error = refused(text)
    assert (error.line, error.column) == (line, column)
    assert message in error.detail
    assert error.next_step


def test_the_place_counts_in_the_text_as_it_was_given():
    assert refused("=  1 +").position == 6
    assert refused("\n  a $ b").line == 2


def test_the_equals_sign_of_camunda_is_dropped():
    assert compile_expression("= 1 + 1").evaluate({}) == 2
    assert compile_expression("=order.paid").text == "order.paid"


def test_names_may_hold_spaces_and_those_with_operators_are_declared():
    assert compile_expression("12 * Monthly  Salary").evaluate({"Monthly Salary": 100}) == 1200
    assert compile_expression("Approved/Declined", ["Approved/Declined"]).evaluate({"Approved/Declined": "yes"}) == "yes"
    assert compile_expression("Approved/Declined").evaluate({"Approved": 6, "Declined": 3}) == 2
    assert compile_expression("order.profit and loss", ["profit and loss"]).evaluate({"order": {"profit and loss": 7}}) == 7


def test_comments_are_skipped():
    assert compile_expression("1 // one\n + /* and */ 1").evaluate({}) == 2


def test_strings_know_their_escapes():
    assert compile_expression(r'"\"a\"\n\u00e9\uD83D\uDE00"').evaluate({}) == '"a"\né😀'


def test_free_variables_are_told():
    expression = compile_expression("a + sum(lines[quantity > limit].price) + (for x in y return x + z) + count(y)")
    assert expression.variables == {"a", "lines", "y", "z"}
    assert expression.possible_variables == {"quantity", "limit"}
    assert compile_unary_tests("> limit, ? < 5").variables == {"limit"}
    assert compile_expression("{a: 1, b: a + c}.b + (function(n) n + m)(1)").variables == {"c", "m"}
    assert compile_expression("PMT(loan.amount)").variables == {"PMT", "loan"}


def test_compiling_twice_gives_the_same_object():
    assert compile_expression("order.total > 17") is compile_expression("order.total > 17")


def test_assignments_want_a_context():
    assert "a list of assignments" in refused("total = 1", compile_assignments).detail
    assert refused('{"order..status": 1}', compile_assignments).column == 2
