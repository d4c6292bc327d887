"""Which names a text may read, and under which names what is required is handed on."""

from decimal import Decimal

import pytest

from engine.dmn import load_decisions
from tests.unit.dmn.dmn_models import decision, input_data, literal, model, needs, output, table, text

CAMUNDA = 'xmlns:camunda="http://camunda.org/schema/1.0/dmn"'


def answer(body, context=None, name="answer"):
    return load_decisions(model(body)).find(name).evaluate(context or {}).value


@pytest.mark.parametrize("title", ["price-discount", "order.total", "if approved", "total / 2", "price-discount * 2"])
def test_no_title_of_anything_changes_what_a_text_means(title):
    body = (
        f'<itemDefinition name="tThing"><itemComponent name="{title}"><typeRef>number</typeRef></itemComponent></itemDefinition>'
        + input_data("price")
        + input_data("discount")
        + decision(literal("1"), name=title)
        + decision(literal("price-discount"), needs("Input", "i_price") + needs("Input", "i_discount"))
    )
    titled = model(body).replace(b'name="Ordercraft"', f'name="{title}"'.encode())
    assert load_decisions(titled).find("answer").evaluate({"price": 10, "discount": 3}).value == 7


def test_a_parameter_is_a_name_in_its_own_function_only():
    body = (
        '<businessKnowledgeModel id="k" name="k"><variable name="k"/><encapsulatedLogic><formalParameter name="Person.Age"/>'
        + literal("Person.Age + 1")
        + "</encapsulatedLogic></businessKnowledgeModel>"
        + input_data("Person")
        + decision(literal("k(Person.Age)"), needs("Input", "i_Person") + needs("Knowledge", "k"))
    )
    assert answer(body, {"Person": {"Age": 41}}) == 42


def test_an_entry_of_a_context_is_a_name_for_those_below_it():
    entries = "".join(f'<contextEntry><variable name="{name}"/>{literal(said)}</contextEntry>' for name, said in (
        ("net/tax", "7"), ("double", "net/tax * 2")))  # fmt: skip
    assert answer(decision(f"<context>{entries}</context>")) == {"net/tax": 7, "double": 14}


@pytest.mark.parametrize("read", ["Class of light", "d_jedi", "side"])
def test_a_required_decision_is_read_by_name_id_or_output(read):
    first = table([['"blue"', '"Jedi"'], ["-", '"Sith"']], ("color",), output("side"), hitPolicy="FIRST")
    body = (
        f'<decision id="d_jedi" name="Title"><variable name="Class of light"/>{first}</decision>'
        + decision(literal(f'{read} + "!"'), needs("Decision", "d_jedi"))
    )  # fmt: skip
    found = load_decisions(model(body))
    assert found.find("answer").evaluate({"color": "blue"}).value == "Jedi!"
    assert found.find("answer").variables == {"color"}
    assert [each for each in found.problems() if each.severity == "error" or read in each.message] == []


def test_each_output_of_a_required_table_is_read_by_itself_also_from_a_list_of_rows():
    one = table([["-", "1", "2"]], ("color",), output("low") + output("high"))
    many = table([["-", "1", "2"], ["-", "3", "4"]], ("color",), output("from") + output("to"), hitPolicy="COLLECT")
    body = (
        decision(one, name="bounds")
        + decision(many, name="steps")
        + decision(literal("[low, high, sum(from), sum(to)]"), needs("Decision", "d_bounds") + needs("Decision", "d_steps"))
    )
    assert answer(body, {"color": "blue"}) == [1, 2, 4, 6]


def test_what_is_required_by_name_goes_before_an_output_of_the_same_name():
    body = (
        input_data("season")
        + decision(table([["-", '"of the table"']], ("color",), output("season")), name="weather")
        + decision(literal("season"), needs("Decision", "d_weather") + needs("Input", "i_season"))
    )
    assert answer(body, {"season": "given", "color": "blue"}) == "given"


@pytest.mark.parametrize(("cell", "name"), [("temp > 10", "temp"), ("cellInput > 10", ""), ("cellInput > 10 and temp < limit", "temp")])
@pytest.mark.parametrize(("given", "expected"), [(20, "warm"), (5, "cold"), (None, "cold")])
def test_camunda_s_names_of_the_tested_value_are_known(cell, name, given, expected):
    logic = table([[cell, '"warm"'], ["-", '"cold"']], ("degrees",), hitPolicy="FIRST")
    if name:
        logic = logic.replace('<input id="in1"', f'<input id="in1" {CAMUNDA} camunda:inputVariable="{name}"')
    found = load_decisions(model(decision(logic)))
    assert found.find("answer").evaluate({"degrees": given, "limit": 30}).value == expected
    assert found.find("answer").variables <= {"degrees", "limit"}


def test_a_condition_on_camunda_s_name_is_true_of_false_too():
    logic = table([["cellInput = false", '"open"'], ["-", '"closed"']], ("locked",), hitPolicy="FIRST")
    assert answer(decision(logic), {"locked": False}) == "open"


ORDER = (
    '<itemDefinition name="tOrder"><itemComponent name="total"><typeRef>number</typeRef></itemComponent>'
    '<itemComponent name="note"><typeRef>string</typeRef></itemComponent></itemDefinition>'
)


def test_a_structure_that_lacks_a_component_keeps_the_others():
    body = (
        ORDER
        + input_data("order", "tOrder")
        + decision(table([["> 1000", '"manager"'], ["-", '"auto"']], ("order.total",), hitPolicy="FIRST"), needs("Input", "i_order"))
    )
    assert answer(body, {"order": {"total": 5000}}) == "manager"


def test_a_component_of_another_type_is_named():
    body = ORDER + input_data("order", "tOrder") + decision(literal("order"), needs("Input", "i_order"))
    result = load_decisions(model(body)).find("answer").evaluate({"order": {"total": "much"}})
    assert result.value is None
    assert result.diagnostics[0].reason == "its total: a string is no number, so the value is null"


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ('{total: 5, note: "x"} instance of tOrder', True),
        ("{total: 5, note: null} instance of tOrder", True),
        ('{total: "5", note: "x"} instance of tOrder', False),
        ("{total: 5} instance of tOrder", False),
        ("5 instance of tOrder", False),
        ("[{total: 1, note: null}] instance of list<tOrder>", True),
        ('"silver" instance of tTier', True),
        ('"tin" instance of tTier', False),
        ("{a: null} instance of context<a: string>", True),
        ("1 instance of tGhost", None),
    ],
)
def test_a_type_of_the_model_is_one_for_instance_of(said, expected):
    allowed = text("allowedValues", '"gold", "silver"')
    tier = f'<itemDefinition name="tTier"><typeRef>string</typeRef>{allowed}</itemDefinition>'
    assert answer(ORDER + tier + decision(literal(said))) is expected


def test_types_of_dmn_1_1_are_names_in_a_namespace():
    body = input_data("amount", "feel:number") + decision(literal("amount + 1"), needs("Input", "i_amount"), type_ref="feel:number")
    found = load_decisions(model(body, "http://www.omg.org/spec/DMN/20151101/dmn.xsd"))
    assert found.problems() == []
    assert found.find("answer").evaluate({"amount": 1}).value == 2


@pytest.mark.parametrize("policy", ["COLLECT", "RULE ORDER", "OUTPUT ORDER"])
def test_a_list_of_rules_that_match_may_be_empty(policy):
    outputs = output("level", values="1, 2")
    assert answer(decision(table([["> 100", "1"]], outputs=outputs, hitPolicy=policy)), {"amount": 5}) == []


def boxed(kind, parts, **attributes):
    given = "".join(f' {name}="{value}"' for name, value in attributes.items())
    inner = "".join(f"<{name}>{literal(said)}</{name}>" for name, said in parts.items())
    return decision(f"<{kind}{given}>{inner}</{kind}>")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (boxed("for", {"in": "lines", "return": "line.qty * 2"}, iteratorVariable="line"), [2, 6]),
        (boxed("for", {"in": "[1..3]", "return": "n + count(partial)"}, iteratorVariable="n"), [1, 3, 5]),
        (boxed("some", {"in": "lines", "satisfies": "line.qty > 2"}, iteratorVariable="line"), True),
        (boxed("every", {"in": "lines", "satisfies": "line.qty > 2"}, iteratorVariable="line"), False),
        (boxed("every", {"in": "missing", "satisfies": "true"}, iteratorVariable="line"), None),
        (boxed("filter", {"in": "lines", "match": "qty > 2"}), [{"qty": Decimal(3)}]),
        (boxed("filter", {"in": "lines", "match": "1"}), {"qty": Decimal(1)}),
    ],
)
def test_iterators_may_be_boxed(body, expected):
    assert answer(body, {"lines": [{"qty": 1}, {"qty": 3}]}) == expected


def service(name, output_id, inputs="", decisions=""):
    parts = f'<outputDecision href="#{output_id}"/>' + decisions + inputs
    return f'<decisionService id="s_{name}" name="{name}"><variable name="{name}"/>{parts}</decisionService>'


GREETING = (
    input_data("whom", "string")
    + decision(literal('"never made"'), name="word", type_ref="string")
    + decision(literal('word + " " + whom'), needs("Decision", "d_word") + needs("Input", "i_whom"), name="greeting")
    + service("greet", "d_greeting", '<inputData href="#i_whom"/>', '<inputDecision href="#d_word"/>')
)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ('greet("Ann", "Hello")', "Hello Ann"),
        ('greet(word: "Hello", whom: "Ann")', "Hello Ann"),
        ('greet("Ann")', None),
        ('greet(who: "Ann", word: "Hello")', None),
        ('greet("Ann", 5)', None),
    ],
)
def test_a_decision_service_is_a_function_of_what_it_names_as_inputs(said, expected):
    assert answer(GREETING + decision(literal(said), needs("Knowledge", "s_greet"))) == expected


def test_a_decision_service_is_asked_like_a_decision():
    found = load_decisions(model(GREETING))
    assert found.problems() == []
    assert found.find("greet").evaluate({"whom": "Ann", "word": "Hello"}).value == "Hello Ann"
    assert found.find("greet").variables == {"whom", "word"}
    two = GREETING.replace('<outputDecision href="#d_greeting"/>', '<outputDecision href="#d_greeting"/><outputDecision href="#d_word"/>')
    assert load_decisions(model(two)).find("greet").evaluate({"whom": "Ann", "word": "Hello"}).value == {
        "greeting": "Hello Ann", "word": "Hello"}  # fmt: skip


IMPORTED = model(
    '<itemDefinition name="tRate"><typeRef>number</typeRef></itemDefinition>'
    + input_data("base", "tRate")
    + decision(literal("base * 2"), needs("Input", "i_base"), name="doubled rate")
    + '<businessKnowledgeModel id="k_add" name="add one"><variable name="add one"/><encapsulatedLogic><formalParameter name="x"/>'
    + literal("x + 1")
    + "</encapsulatedLogic></businessKnowledgeModel>"
).replace(b"<definitions ", b'<definitions namespace="urn:rates" ')


def importing(said, requires):
    body = '<import id="im" name="rates" namespace="urn:rates" importType="https://www.omg.org/spec/DMN/20191111/MODEL/"/>'
    xml = model(body + decision(literal(said), requires, type_ref="rates.tRate"))
    return xml.replace(b"<definitions ", b'<definitions namespace="urn:me" ')


@pytest.mark.parametrize(
    ("said", "kind", "wanted"),
    [
        ("rates.doubled rate + 1", "Decision", "d_doubled rate"),
        ("rates.add one(20)", "Knowledge", "k_add"),
        ("rates.base + 11", "Input", "i_base"),
    ],
)
def test_what_another_file_of_the_bundle_decides_is_imported(said, kind, wanted):
    xml = importing(said, needs(kind, wanted).replace("#", "urn:rates#"))
    found = load_decisions(xml, [model(""), IMPORTED])
    assert found.problems() == []
    assert list(found.decisions) == ["d_answer"]
    assert found.find("answer").evaluate({"base": 10}).value == 21
    assert found.find("answer").evaluate({"rates": {"base": 10}}).value == 21


def test_an_import_that_is_not_there_or_leads_back_is_told():
    xml = importing("1", "")
    assert "none has the namespace urn:rates" in load_decisions(xml).problems()[0].message
    back = IMPORTED.replace(b"<inputData", b'<import name="me" namespace="urn:me"/><inputData', 1)
    with pytest.raises(Exception, match="leads back to this model"):
        load_decisions(xml, [back])
