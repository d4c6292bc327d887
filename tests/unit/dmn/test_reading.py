import gzip

import pytest

from engine.dmn import DmnError, DmnFinding, load_decisions
from tests.unit.dmn.dmn_models import decision, input_data, literal, model, needs, output, table, text

BOMB = b"""<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">
<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]><definitions>&c;</definitions>"""
FILE = b'<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]><definitions>&x;</definitions>'


@pytest.mark.parametrize(
    ("xml", "message"),
    [
        (BOMB, "declares a DOCTYPE"),
        (FILE, "declares a DOCTYPE"),
        (FILE.decode().encode("utf-16"), "declares a DOCTYPE"),
        (b"", "not well-formed"),
        (b"<definitions", "not well-formed"),
        (b"<definitions>&unknown;</definitions>", "not well-formed"),
        (b"<definitions/>", "no DMN 1.1 to 1.5 model"),
        (b'<decision xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/"/>', "no DMN 1.1 to 1.5 model"),
        (b'<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"/>', "no DMN 1.1 to 1.5 model"),
        (model("<x>" * 300 + "</x>" * 300), "not well-formed"),
        (model("<x/>" * 100_001), "more than 20000 elements"),
        (b" " * 4_000_001, "4000000 are allowed"),
        (gzip.compress(model(decision(literal("1")))), "not well-formed"),
        (model(decision('<decisionTable id="t1"/>')), "no output"),
        (model(decision(table([["1", "2", "3"]]))), "Rule 1 has 1 inputs and 2 outputs; the table has 1 and 1"),
        (model(decision("<list>" * 60 + literal("1") + "</list>" * 60)), "nest deeper than 40"),
        (
            model(
                '<itemDefinition name="t" id="i_t"><itemComponent name="more"><typeRef>t</typeRef></itemComponent>'
                "</itemDefinition>" + input_data("x", "t")
            ),
            "made of itself",
        ),
    ],
)
def test_hostile_and_broken_models_are_refused_with_advice(xml, message):
    with pytest.raises(DmnError, match=message) as found:
        load_decisions(xml)
    assert found.value.next_step


@pytest.mark.parametrize(
    "namespace",
    [
        "http://www.omg.org/spec/DMN/20151101/dmn.xsd",
        "http://www.omg.org/spec/DMN/20151101/dmn11.xsd",
        "http://www.omg.org/spec/DMN/20180521/MODEL/",
        "https://www.omg.org/spec/DMN/20191111/MODEL/",
        "https://www.omg.org/spec/DMN/20211108/MODEL/",
        "https://www.omg.org/spec/DMN/20230324/MODEL/",
    ],
)
def test_models_of_dmn_1_1_to_1_5_are_read(namespace):
    assert load_decisions(model(decision(literal("6 * 7")), namespace)).find("answer").evaluate({}).value == 42


def test_a_decision_is_found_by_id_and_by_name_and_else_the_names_are_listed():
    found = load_decisions(model(decision(literal("1"), name="Credit limit")))
    assert found.find("d_Credit limit") is found.find("Credit  limit") is found.decisions["d_Credit limit"]
    with pytest.raises(DmnError, match="no decision Credit") as missing:
        found.find("Credit")
    assert "Credit limit" in missing.value.next_step


def test_what_a_decision_wants_from_the_process_is_told():
    body = (
        input_data("amount")
        + decision(literal("amount + bonus"), needs("Input", "i_amount"), "risk")
        + decision(literal("risk * factor"), needs("Decision", "d_risk"))
    )
    assert load_decisions(model(body)).find("answer").variables == {"amount", "bonus", "factor"}


def problems(body):
    return load_decisions(model(body)).problems()


def errors(body):
    return [(found.element_id, found.message) for found in problems(body) if found.severity == "error"]


def test_every_cell_that_does_not_compile_is_told_at_once_with_its_place():
    body = decision(table([["> ", '"a"'], ["[1..", "1 +"], ["> 5", '"fine"']]))
    found = errors(body)
    assert [element for element, _ in found] == ["c1.1", "c2.1", "c2.2"]
    assert "expected a value, found the end (line 1, column 4 of '1 +')" in found[2][1]


def test_a_broken_cell_is_refused_when_it_is_needed():
    found = load_decisions(model(decision(table([["> 5", '"fine"'], ["> ", '"a"']], hitPolicy="FIRST")))).find("answer")
    assert found.evaluate({"amount": 6}).value == "fine"
    with pytest.raises(DmnError, match="expected a value") as refused:
        found.evaluate({"amount": 5})
    assert refused.value.element_id == "c2.1"


def test_ranking_without_output_values_is_an_error():
    assert "needs output values" in errors(decision(table([["-", "1"]], hitPolicy="PRIORITY")))[0][1]


def test_aggregating_several_outputs_is_an_error():
    two = output("a") + output("b")
    body = decision(table([["-", "1", "2"]], outputs=two, hitPolicy="COLLECT", aggregation="SUM"))
    assert "needs a table with a single output" in errors(body)[0][1]


def test_an_expression_of_another_language_is_an_error():
    body = decision(text("literalExpression", "import os", expressionLanguage="http://www.python.org"))
    assert "only FEEL is evaluated" in errors(body)[0][1]
    assert errors(decision(literal("1", expressionLanguage="https://www.omg.org/spec/DMN/20191111/FEEL/"))) == []


def test_requirements_that_are_missing_dangling_or_unused_are_told():
    body = (
        input_data("amount")
        + input_data("idle")
        + decision(literal("1"), "", "risk")
        + decision(literal("amount + risk + other"), needs("Input", "i_idle") + needs("Input", "i_ghost"))
    )
    assert {(found.severity, found.message) for found in problems(body)} == {
        ("error", "answer requires i_ghost, which is not in the model."),
        ("error", "answer reads amount, but does not require it."),
        ("error", "answer reads risk, but does not require it."),
        ("warning", "answer requires idle, but no expression reads it."),
        ("warning", "answer reads other, which is not in the model; it must be a variable of the process."),
    }


def test_a_missing_requirement_is_refused_when_it_is_needed():
    with pytest.raises(DmnError, match="requires i_ghost") as found:
        load_decisions(model(decision(literal("1"), needs("Input", "i_ghost")))).find("answer").evaluate({})
    assert found.value.element_id == "d_answer"


@pytest.mark.parametrize(
    ("body", "finding"),
    [
        (
            '<import id="im" name="other"/>' + decision(literal("1")),
            DmnFinding("im", "The import other is not among the files: none has the namespace (none).", "error"),
        ),
        (decision(""), DmnFinding("d_answer", "There is no expression in this decision, or one that is not supported.", "error")),
        (decision(literal("1"), type_ref="tGhost"), DmnFinding("d_answer", "There is no type tGhost.", "error")),
        ("", DmnFinding("defs", "The model has no decision.", "warning")),
        (decision(table([])), DmnFinding("t1", "The table has no rules.", "warning")),
        (decision(literal("1")) + input_data("answer"), DmnFinding("defs", "2 elements are called answer.", "error")),
    ],
)
def test_what_is_not_evaluated_is_told(body, finding):
    assert finding in problems(body)


def test_names_with_operators_are_read_as_they_are_declared():
    body = input_data("profit/loss") + decision(literal("profit/loss * 2"), needs("Input", "i_profit/loss"))
    assert load_decisions(model(body)).find("answer").evaluate({"profit/loss": 21}).value == 42
