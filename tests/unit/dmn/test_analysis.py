"""A table is read as a whole: rules that meet where one may speak, rules nothing reaches, values of another type."""

import pytest
from lxml import etree

from engine.dmn import load_decisions
from engine.dmn.items import Types
from engine.dmn.sweep import Sweep, tracks_of
from engine.dmn.tables import TableReader
from engine.dmn.texts import Workshop
from tests.unit.dmn.dmn_models import decision, literal, model, output, table
from tests.unit.dmn.test_gaps import gaps_of, with_values


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


def test_a_cell_with_a_value_that_may_not_be_is_told():
    rows = [['"A"', "1"], ['"C"', "2"], ['"B"', "3"]]
    assert told(with_values(table(rows, ("class",)), '"A", "B"')) == [("c2.1", '"C" is not among the input values of the column.')]


def test_a_rule_that_nothing_can_pass_is_told():
    rows = [["? > 10 and ? < 5", "1"], ["-", "2"]]
    assert told(table(rows, hitPolicy="FIRST")) == [("r1", "Rule 1 matches nothing: no value passes all its cells.")]
    assert told(table([["? > 5 and ? < 10", "1"], ["-", "2"]], hitPolicy="FIRST")) == []


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("[100..50]", "The range [100..50] holds nothing: it ends before it begins, or its ends are no values of one kind."),
        ('[1.."b"]', 'The range [1.."b"] holds nothing: it ends before it begins, or its ends are no values of one kind.'),
        ('date("2026-02-30")', 'date("2026-02-30") is null, so this cell matches nothing.'),
        ('"> 10"', '"> 10" is a text; a comparison stands without the quotation marks.'),
    ],
)
def test_a_cell_that_cannot_be_meant_so_is_told(cell, message):
    assert told(table([[cell, "1"], ["-", "2"]], hitPolicy="FIRST")) == [("c1.1", message)]


def test_a_word_without_quotation_marks_among_texts_is_told_in_inputs_and_outputs():
    rows = [["gold", '"ten"'], ['"silver"', "five"], ["-", '"none"']]
    assert told(table(rows, ("tier",), hitPolicy="FIRST")) == [
        ("c1.1", 'gold is read as a variable; write "gold" if the text is meant.'),
        ("c2.2", 'five is read as a variable; write "five" if the text is meant.'),
    ]
    assert told(table([["limit", "1"], ["5", "2"], ["-", "3"]], hitPolicy="FIRST")) == []


@pytest.mark.parametrize(
    ("cells", "example"),
    [
        (['date("2026-01-01")', '> date("2026-01-01")'], "amount = 2025-12-31"),
        (['< @"2026-01-01"', '> @"2026-01-01"'], "amount = 2026-01-01"),
        (['<= @"P1D"', '> @"P3D"'], "amount = P2D"),
        (['"a"', '"b"'], "amount = any other text"),
        (["null", "> 5"], "amount = 4"),
        (["not(null)", "not(null)"], "amount = null"),
        (["true", "null"], "amount = false"),
        (["? < 5", "? > 5"], "amount = 5"),
        (["? in [1..5]", "? > 5 or ? < 0"], "amount = 0.5"),
        (['!= "a"', '!= "a"'], 'amount = "a"'),
    ],
)
def test_a_gap_is_found_among_values_of_every_kind(cells, example):
    assert [each[2] for each in gaps_of(table([[cell, "1"] for cell in cells], hitPolicy="COLLECT"))] == [f"No rule answers {example}"]


def test_between_whole_numbers_and_days_is_nothing():
    rows = table([["<= 4", "1"], [">= 5", "2"]])
    assert gaps_of(rows) == [("t1", "warning", "No rule answers amount = 4.5")]
    assert gaps_of(rows.replace("<inputExpression>", '<inputExpression typeRef="integer">')) == []
    days = table([['<= @"2026-01-01"', "1"], ['>= @"2026-01-02"', "2"]])
    assert gaps_of(days) == []


def test_two_columns_that_read_the_same_are_no_two_dimensions():
    rows = [["< 5", ">= 5", "1"], [">= 5", "< 5", "2"]]
    assert gaps_of(table(rows, ("amount", "amount"))) == []


def test_dates_and_repeated_rows_meet_too():
    rows = [['>= @"2026-01-01"', "1"], ['<= @"2026-12-31"', "2"], ['>= @"2026-01-01"', "3"]]
    assert [message.split(" both")[0] for _, message in told(table(rows))] == [
        "Rule 2 and rule 1",
        "Rule 3 and rule 2",
        "Rule 3 and rule 1",
    ]


def test_an_output_that_is_not_listed_is_an_error():
    listed = table([["-", '"tin"']], outputs=output("level", values='"gold", "silver"'))
    assert [(found.severity, found.message) for found in load_decisions(model(decision(listed))).problems()] == [
        ("error", '"tin" is not among the output values ("gold", "silver"); the rule would be refused.')
    ]


def test_a_table_that_tells_too_much_apart_is_left_alone_after_a_while():
    width = 18
    rows = [["[1..2]" if place == row else "-" for place in range(width)] + ["1"] for row in range(width)]
    assert told(table(rows, tuple(f"v{place}" for place in range(width)), hitPolicy="FIRST")) == []


def test_many_rows_are_looked_at_in_a_few_steps_each():
    rows = [[f"[{row}..{row + 1})", f'"{row % 7}"', str(row)] for row in range(500)]
    xml = model(decision(table([*rows, ["< 0, >= 500", "-", "0"]], ("amount", "class"))))
    element = next(etree.fromstring(xml).iter("{*}decisionTable"))
    workshop = Workshop()
    sweep = Sweep(tracks_of(TableReader(workshop, Types(element, workshop)).read(element)), lambda _one, _other: True)
    found = sweep.over(501)
    assert found.gap is not None
    assert (found.gap.example, found.meetings, found.dead) == ('amount = 0.5, class = "1"', {}, ())
    assert sweep.work < 5 * 501


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


def test_a_function_that_nobody_has_is_told_with_the_one_that_may_be_meant():
    body = decision(table([["> 5", "uper case(name)"], ["-", "frobnicate(1)"]], hitPolicy="FIRST"))
    assert [(found.element_id, found.message) for found in load_decisions(model(body)).problems()] == [
        ("c1.2", "There is no function uper case; upper case is one."),
        ("c2.2", "There is no function frobnicate."),
    ]
    fine = decision(literal("{twice: function(x) x * 2, answer: twice(4) + sum([1])}.answer"))
    assert load_decisions(model(fine)).problems() == []


@pytest.mark.parametrize(
    ("cell", "fix"),
    [('"> 10"', "> 10"), ('"not(5)"', "not(5)"), ('"> "', None), ('"> 10", 5', None)],
)
def test_a_comparison_in_quotes_is_mended_where_it_is_one(cell, fix):
    found = load_decisions(model(decision(table([[cell, "1"], ["-", "2"]], hitPolicy="FIRST")))).problems()
    assert [each.fix for each in found if "stands without" in each.message] == [fix]


def test_a_word_and_a_misspelt_function_are_mended_where_they_stand():
    rows = [["gold", "uper case(name)"], ['"silver"', "1"], ["-", "2"]]
    found = load_decisions(model(decision(table(rows, ("tier",), hitPolicy="FIRST")))).problems()
    assert {each.element_id: each.fix for each in found} == {"c1.1": '"gold"', "c1.2": "upper case(name)"}
