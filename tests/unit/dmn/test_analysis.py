"""A table is read as a whole: rules that meet where one may speak, rules nothing reaches, values of another type."""

import pytest

from engine.dmn import load_decisions
from tests.unit.dmn.dmn_models import decision, model, output, table
from tests.unit.dmn.test_gaps import with_values


def told(logic: str) -> list[tuple[str, str]]:
    found = load_decisions(model(decision(logic))).problems()
    assert {item.severity for item in found} <= {"warning"}
    return [(item.element_id, item.message) for item in found if "No rule answers" not in item.message]


def test_two_rules_that_meet_where_one_may_match_are_told_with_an_example():
    rows = [["< 1000", "0"], ["[500..2000]", "1"], ["> 2000", "2"]]
    assert told(table(rows)) == [("r2", "Rule 2 and rule 1 both match when amount = 750, but the hit policy UNIQUE allows one.")]
    assert told(table(rows, hitPolicy="COLLECT")) == []


def test_rules_of_which_any_may_answer_meet_only_with_the_same_outputs():
    rows = [["< 1000", '"a"'], ["[500..2000]", '"b"'], ["> 1500", '"b"']]
    assert told(table(rows, hitPolicy="ANY")) == [
        ("r2", "Rule 2 and rule 1 both match when amount = 750, but the hit policy ANY allows the same outputs only.")
    ]


def test_a_class_that_no_rule_names_meets_two_rules_for_the_rest():
    rows = [['"A"', "1"], ['not("A")', "2"], ['not("A", "B")', "3"]]
    assert told(table(rows, ("class",), hitPolicy="FIRST")) == [("r3", "Rule 3 never decides: rules above it match whatever it matches.")]
    assert [place for place, _ in told(table(rows, ("class",)))] == ["r3"]
    assert told(table(rows[:2], ("class",))) == []


def test_a_rule_below_one_that_takes_everything_never_decides():
    rows = [["> 5", "1"], ["-", "2"], ["3", "3"]]
    assert told(table(rows, hitPolicy="FIRST")) == [("r3", "Rule 3 never decides: rules above it match whatever it matches.")]
    assert told(table(rows, hitPolicy="COLLECT")) == []


def test_a_rule_for_a_value_that_may_not_be_matches_nothing():
    rows = [['"A"', "1"], ['"C"', "2"], ['"B"', "3"]]
    assert told(with_values(table(rows, ("class",)), '"A", "B"')) == [("r2", "Rule 2 matches nothing: no value passes all its cells.")]


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ('"many"', '"many" is a string, but the column is of type number: it never matches.'),
        ('> "5"', '"5" is a string, but the column is of type number: it never matches.'),
        ("true", "true is a boolean, but the column is of type number: it never matches."),
    ],
)
def test_a_cell_that_compares_with_a_value_of_another_type_is_told(cell, message):
    typed = table([[cell, "1"], ["> limit", "2"]]).replace("<inputExpression>", '<inputExpression typeRef="number">')
    assert told(typed) == [("c1.1", message)]


def test_an_output_of_another_type_is_told():
    typed = table([["-", "1"]], outputs=output("level", typeRef="string"))
    assert told(typed) == [("c1.2", "1 is a number, but the output is of type string: it gives null.")]
