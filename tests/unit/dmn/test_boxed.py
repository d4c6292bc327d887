from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from engine.dmn import DecisionViolation, DmnError, MatchedRule, load_decisions
from engine.feel import FeelLimitExceeded, Limits
from tests.unit.dmn.dmn_models import decision, input_data, literal, model, needs, table, text

MARGIN = (
    '<businessKnowledgeModel id="b_margin" name="margin"><variable name="margin"/><encapsulatedLogic>'
    '<formalParameter name="price" typeRef="number"/><formalParameter name="cost" typeRef="number"/>'
    + literal("(price - cost) / price")
    + "</encapsulatedLogic></businessKnowledgeModel>"
)


def result_of(body, name="answer", **context):
    return load_decisions(model(body)).find(name).evaluate(context)


def value_of(body, **context):
    return result_of(body, **context).value


def entry(name, logic):
    variable = f'<variable name="{name}"/>' if name else ""
    return f"<contextEntry>{variable}{logic}</contextEntry>"


def test_a_literal_expression_reads_the_variables_of_the_process():
    assert value_of(decision(literal("order.total * 1.2")), order={"total": 100}) == 120


def test_entries_of_a_context_see_earlier_ones_and_a_nameless_one_is_the_result():
    entries = entry("net", literal("price * 2")) + entry("tax", literal("net * 0.19"))
    whole = decision(f"<context>{entries}</context>")
    assert value_of(whole, price=50) == {"net": 100, "tax": Decimal("19.00")}
    assert value_of(decision(f"<context>{entries}{entry('', literal('net + tax'))}</context>"), price=50) == 119


def test_an_invocation_calls_a_knowledge_model_with_named_arguments():
    bindings = "".join(
        f'<binding><parameter name="{name}"/>{literal(source)}</binding>' for name, source in (("cost", "80"), ("price", "100"))
    )
    invocation = f"<invocation>{literal('margin')}{bindings}</invocation>"
    assert value_of(MARGIN + decision(invocation, needs("Knowledge", "b_margin"))) == Decimal("0.2")


def test_a_knowledge_model_is_a_function_in_expressions():
    body = MARGIN + decision(literal("margin(price: 100, cost: c) * 100"), needs("Knowledge", "b_margin"))
    assert value_of(body, c=75) == 25


def test_arguments_that_do_not_fit_are_reported():
    invocation = f'<invocation>{literal("margin")}<binding><parameter name="prize"/>{literal("1")}</binding></invocation>'
    result = result_of(MARGIN + decision(invocation, needs("Knowledge", "b_margin")))
    assert result.value is None
    assert result.diagnostics[0].reason == "the arguments do not fit the parameters: cost, price, prize"


def test_a_knowledge_model_may_be_a_table():
    body = (
        '<businessKnowledgeModel id="b_level" name="level of"><variable name="level of"/><encapsulatedLogic>'
        '<formalParameter name="amount" typeRef="number"/>'
        + table([["> 100", '"director"'], ["<= 100", '"clerk"']])
        + "</encapsulatedLogic></businessKnowledgeModel>"
        + decision(literal("level of(order.total)"), needs("Knowledge", "b_level"))
    )
    result = result_of(body, order={"total": 500})
    assert result.value == "director"
    assert result.matched == (MatchedRule("b_level", "r1", 1),)


def test_relations_and_lists_are_lists():
    columns = '<column name="sku"/><column name="price"/>'
    rows = "".join(f"<row>{literal(sku)}{literal(price)}</row>" for sku, price in (('"A-1"', "5"), ('"B-2"', "factor * 2")))
    assert value_of(decision(f"<relation>{columns}{rows}</relation>"), factor=4) == [
        {"sku": "A-1", "price": 5},
        {"sku": "B-2", "price": 8},
    ]
    assert value_of(decision(f"<list>{literal('1')}{literal('factor')}</list>"), factor=4) == [1, 4]


def test_conditionals_and_functions_may_be_boxed():
    choice = "".join(f"<{part}>{literal(said)}</{part}>" for part, said in (("if", "n > 1"), ("then", '"many"'), ("else", '"one"')))
    assert value_of(decision(f"<conditional>{choice}</conditional>"), n=3) == "many"
    double = f'<functionDefinition><formalParameter name="n"/>{literal("n * 2")}</functionDefinition>'
    entries = entry("double", double) + entry("", literal("double(21)"))
    assert value_of(decision(f"<context>{entries}</context>")) == 42


def test_required_decisions_are_made_once_and_their_rules_are_told():
    body = (
        input_data("amount")
        + decision(table([["> 100", '"high"']]), needs("Input", "i_amount"), "risk")
        + decision(literal('risk + "!"'), needs("Decision", "d_risk"), "left")
        + decision(literal('risk + "?"'), needs("Decision", "d_risk"), "right")
        + decision(literal("left + right"), needs("Decision", "d_left") + needs("Decision", "d_right"))
    )
    result = result_of(body, amount=500)
    assert result.value == "high!high?"
    assert result.matched == (MatchedRule("d_risk", "r1", 1),)


def test_a_circle_of_requirements_is_refused_with_its_element():
    body = decision(literal("b"), needs("Decision", "d_b"), "a") + decision(literal("a"), needs("Decision", "d_a"), "b")
    with pytest.raises(DmnError, match="a requires itself: a → b → a") as found:
        load_decisions(model(body))
    assert found.value.element_id == "d_a"


def test_too_long_a_chain_of_requirements_is_refused():
    chain = [decision(literal(f"x{n + 1}"), needs("Decision", f"d_x{n + 1}"), f"x{n}") for n in range(60)]
    with pytest.raises(DmnError, match="chain of more than 30 decisions"):
        load_decisions(model("".join(chain) + decision(literal("1"), "", "x60")))


def test_a_knowledge_model_that_calls_itself_is_stopped():
    body = (
        '<businessKnowledgeModel id="b_f" name="f"><variable name="f"/><encapsulatedLogic><formalParameter name="g"/>'
        + literal("g(g)")
        + "</encapsulatedLogic></businessKnowledgeModel>"
        + decision(literal("f(f)"), needs("Knowledge", "b_f"))
    )
    with pytest.raises(FeelLimitExceeded):
        value_of(body)


def test_a_decision_that_computes_without_end_is_stopped():
    endless = load_decisions(model(decision(literal("count(for a in 1..10000, b in 1..10000 return a)")))).find("answer")
    with pytest.raises(FeelLimitExceeded, match="more than 50000 steps"):
        endless.evaluate({}, Limits(steps=50_000, seconds=60))


def test_the_time_of_a_decision_can_be_given():
    found = load_decisions(model(decision(literal("today()")))).find("answer")
    assert found.evaluate({}, now=datetime(2026, 12, 24, 20, tzinfo=UTC)).value == date(2026, 12, 24)


ITEMS = (
    '<itemDefinition name="tTier"><typeRef>string</typeRef>'
    + text("allowedValues", '"gold", "silver"')
    + '</itemDefinition><itemDefinition name="tBuyer"><itemComponent name="tier"><typeRef>tTier</typeRef></itemComponent>'
    '<itemComponent name="since"><typeRef>date</typeRef></itemComponent></itemDefinition>'
    '<itemDefinition name="tAmounts" isCollection="true"><typeRef>number</typeRef></itemDefinition>'
)


def typed(type_ref, logic="given"):
    return ITEMS + input_data("given", type_ref) + decision(literal(logic), needs("Input", "i_given"))


def test_text_of_json_becomes_the_date_the_model_asks_for():
    assert value_of(typed("date", 'given + @"P1D"'), given="2026-11-21") == date(2026, 11, 22)
    assert value_of(typed("dayTimeDuration"), given="PT36H") == timedelta(hours=36)
    buyer = {"tier": "gold", "since": "2020-01-01", "extra": 1}
    assert value_of(typed("tBuyer", "given.since.year"), given=buyer) == 2020


def test_a_single_value_and_a_list_of_one_stand_for_each_other():
    assert value_of(typed("tAmounts"), given=5) == [5]
    assert value_of(typed("number"), given=[5]) == 5


def test_a_value_of_another_type_is_null_and_said_so():
    result = result_of(typed("number"), given="five")
    assert result.value is None
    assert (result.diagnostics[0].element_id, result.diagnostics[0].reason) == (
        "i_given",
        "a string is no number, so the value is null",
    )


def test_a_value_that_is_not_allowed_is_a_violation():
    with pytest.raises(DecisionViolation, match='"lead" is not allowed for tTier; allowed are "gold", "silver"'):
        value_of(typed("tBuyer"), given={"tier": "lead", "since": "2020-01-01"})


def test_an_input_outside_the_input_values_is_a_violation():
    allowed = text("inputValues", '"high", "low"')
    column = f'<input id="in1" label="Risk">{text("inputExpression", "risk")}{allowed}</input>'
    row = f'<rule id="r1">{text("inputEntry", "-")}{text("outputEntry", "1")}</rule>'
    found = load_decisions(model(decision(f'<decisionTable id="t1">{column}<output id="o1"/>{row}</decisionTable>'))).find("answer")
    assert found.evaluate({"risk": "low"}).value == 1
    with pytest.raises(DecisionViolation, match='The input Risk is "medium"') as violation:
        found.evaluate({"risk": "medium"})
    assert violation.value.element_id == "in1"


def test_the_type_of_the_decision_is_applied_to_its_result():
    assert value_of(decision(literal("[7]"), type_ref="number")) == 7
    assert value_of(decision(literal('"seven"'), type_ref="number")) is None
