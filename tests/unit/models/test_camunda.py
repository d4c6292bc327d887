"""What Camunda Modeler writes: read as our own where that is certain, and else refused by name."""

import pytest

from engine.models.bundle import Bundle
from engine.models.camunda import value_of
from engine.models.check import check
from engine.models.diff.bpmn import compare_diagrams
from engine.models.diff.elements import take_apart
from engine.models.reading.drawing import read_drawing
from tests.unit.models.drawing import END, START, around, bundle, chain, node, process, service, service_tasks

CAMUNDA = 'xmlns:camunda="http://camunda.org/schema/1.0/bpmn"'
#: What Camunda Modeler writes when a template of ours is chosen and its fields are filled in.
FILLED = """<bpmn:serviceTask id="price" name="Price it" camunda:modelerTemplate="ordercraft.quoting.price_quote" camunda:type="external"
 camunda:topic="quoting.price_quote"><bpmn:extensionElements><camunda:inputOutput>
  <camunda:inputParameter name="quote_no">=quote_no</camunda:inputParameter>
  <camunda:inputParameter name="comment">Say "hello" to C:\\new</camunda:inputParameter></camunda:inputOutput>
 <camunda:properties><camunda:property name="resultVariable" value="margin"/>
  <camunda:property name="retry" value="R2/PT1M"/></camunda:properties>
 </bpmn:extensionElements></bpmn:serviceTask>"""


OPERATOR = """<spiffworkflow:serviceTaskOperator id="quoting.price_quote"><spiffworkflow:parameters>
 <spiffworkflow:parameter id="quote_no" type="str" value="quote_no"/></spiffworkflow:parameters></spiffworkflow:serviceTaskOperator>"""
#: A service task of ours that is given a topic too.
TWICE = service("price", "quoting.price_quote", quote_no="quote_no").replace(
    "<bpmn:serviceTask", '<bpmn:serviceTask camunda:type="external" camunda:topic="x"'
)


def camunda(step: str) -> Bundle:
    return declared(bundle(around("price", step)))


def declared(made: Bundle) -> Bundle:
    return with_bytes(made, b"xmlns:xsi", f"{CAMUNDA} xmlns:xsi".encode())


def with_bytes(made: Bundle, old: bytes, new: bytes) -> Bundle:
    return Bundle(made.name, {path: content.replace(old, new) for path, content in made.files.items()})


def task(attributes: str, inside: str = "") -> str:
    extensions = f"<bpmn:extensionElements>{inside}</bpmn:extensionElements>" if inside else ""
    return f'<bpmn:serviceTask id="price" name="Price" {attributes}>{extensions}</bpmn:serviceTask>'


def given(value: str, *, before: str = "", behind: str = "") -> str:
    """A template of ours with one field filled in, and something else in its extensions."""
    inputs = f'<camunda:inputParameter name="quote_no">{value}</camunda:inputParameter>'
    inside = f"{before}<camunda:inputOutput>{inputs}{behind}</camunda:inputOutput>"
    return task('camunda:type="external" camunda:topic="quoting.price_quote"', inside)


def user(attributes: str, inside: str = "") -> str:
    extensions = f"<bpmn:extensionElements>{inside}</bpmn:extensionElements>" if inside else ""
    return f'<bpmn:userTask id="price" name="Price" {attributes}>{extensions}</bpmn:userTask>'


def errors(bundle) -> list[str]:
    return [found.message for found in check(bundle, service_tasks(), {"sales"}).findings if found.severity == "error"]


def test_an_external_task_runs_the_service_task_that_its_topic_names():
    found = check(camunda(FILLED), service_tasks(), {"sales"})
    assert [each for each in found.findings if each.severity == "error"] == []
    [step] = [each for each in found.processes[0].elements.values() if each.id == "price"]
    assert step.handler == "topic:quoting.price_quote"
    assert step.result_variable == "margin"
    assert step.properties["retry"] == "R2/PT1M"
    assert step.parameters["quote_no"] == "quote_no"
    assert step.parameters["comment"] == r'"Say \"hello\" to C:\\new"'


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("=quote_no", "quote_no"),
        (" = a + 1 ", "a + 1"),
        ("${order.number}", "order.number"),
        ("#{ number }", "number"),
        ("4711", '"4711"'),
        ('say "no" \\', '"say \\"no\\" \\\\"'),
        ("${a + 1}", None),
        ("Order ${number}", None),
        ("${bean.call()}", None),
    ],
)
def test_a_value_is_text_or_feel_or_one_variable(written: str, read: str | None):
    assert value_of(written) == read


def test_an_empty_field_of_a_template_is_not_given():
    assert errors(camunda(given(""))) == ["'Price' (price) does not give quoting.price_quote its parameter 'quote_no'."]


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        (task('camunda:class="com.acme.Price"'), "camunda:class='com.acme.Price'"),
        (task('camunda:delegateExpression="${price}"'), "camunda:delegateExpression='${price}'"),
        (task('camunda:expression="${price.now()}"'), "camunda:expression='${price.now()}'"),
        (task('camunda:type="mail"'), "camunda:type='mail'"),
        (given("${bean.call()}"), "camunda:inputParameter 'quote_no'"),
        (given("<camunda:list><camunda:value>1</camunda:value></camunda:list>"), "camunda:inputParameter 'quote_no'"),
        (given("=quote_no", behind='<camunda:outputParameter name="x">1</camunda:outputParameter>'), "camunda:outputParameter 'x'"),
        (given("=quote_no", before='<camunda:executionListener event="end" class="A"/>'), "camunda:executionListener 'end'"),
        (TWICE, "camunda:topic='x'"),
        (user('camunda:formKey="embedded:app:forms/approve.html"'), "camunda:formKey='embedded:app:forms/approve.html'"),
        (user('camunda:assignee="${people.boss(1)}"'), "camunda:assignee='${people.boss(1)}'"),
        (user('camunda:assignee="vera" camunda:candidateGroups="sales"'), "camunda:assignee='vera'"),
        (user('camunda:dueDate="${now()}"'), "camunda:dueDate='${now()}'"),
        (user("", "<camunda:formData/>"), "camunda:formData"),
    ],
)  # fmt: skip
def test_what_would_run_there_and_not_here_is_refused_by_name(wrong: str, named: str):
    found = [each for each in check(camunda(wrong), service_tasks(), {"sales"}).findings if each.rule == "camunda"]
    assert [(each.message, each.element_id, each.severity) for each in found] == [
        (f"Nothing here reads {named} of Price.", "price", "error")
    ]
    assert found[0].next_step


def test_a_step_of_ours_that_is_given_a_topic_too_is_told_so_once_and_not_of_each_parameter():
    step = given("=quote_no").replace("<camunda:inputOutput>", f"{OPERATOR}<camunda:inputOutput>").replace("price_quote", "send_quote", 1)
    found = [each.message for each in check(camunda(step), service_tasks(), {"sales"}).findings if each.rule == "camunda"]
    assert found == ["Nothing here reads camunda:topic='quoting.send_quote' of Price."]


def test_what_is_sent_or_decided_by_code_is_to_be_a_service_task():
    step = node("sendTask", "price", **{"camunda:type": "external", "camunda:topic": "mail.send"})
    [found] = [each for each in check(camunda(step), service_tasks(), {"sales"}).findings if each.rule == "camunda"]
    assert (found.message, found.next_step) == (
        "Nothing here reads camunda:topic='mail.send' of Price.", "Draw a service task instead, whose topic names what runs.",
    )  # fmt: skip


def test_a_person_has_what_is_assigned_to_them_and_a_form_of_the_bundle():
    written = user('camunda:assignee="${boss}" camunda:formKey="camunda-forms:deployment:forms/approve.form" camunda:priority="70"')
    drawn = camunda(written)
    [step] = [each for each in read_drawing("quote.bpmn", drawn.files["quote.bpmn"]).steps if each.id == "price"]
    assert ("Candidate users", "=boss") in step.says
    assert ("form", "approve") in {(each.kind, each.name) for each in step.references}


def test_what_says_nothing_of_how_it_runs_passes_and_what_is_so_anyway_is_said():
    written = given("=quote_no").replace("camunda:topic", 'camunda:asyncBefore="true" camunda:modelerTemplateVersion="3" camunda:topic')
    found = check(camunda(written), service_tasks(), {"sales"})
    assert [(each.severity, each.message) for each in found.findings if each.rule == "camunda"] == [
        ("info", "Nothing here reads camunda:asyncBefore='true' of Price.")
    ]
    assert found.ok


def test_a_picture_may_say_what_it_likes():
    picture = process(START, END, node("serviceTask", "x"), chain("start", "x", "end"), isExecutable="false", key="picture")
    drawn = declared(bundle(picture.replace("<bpmn:serviceTask", '<bpmn:serviceTask camunda:class="A"')))
    assert [each for each in check(drawn, service_tasks(), None).findings if each.rule == "camunda"] == []


def test_two_versions_differ_by_what_is_called_whoever_wrote_it():
    before, after = (take_apart(camunda(given(value)).files["quote.bpmn"]) for value in ("=quote_no", "${other}"))
    assert [(each.id, each.setting, each.old, each.new) for each in compare_diagrams(before, after)] == [
        ("price", "parameter quote_no", "quote_no", "other")
    ]


@pytest.mark.parametrize("space", ["operaton.org/schema/1.0/bpmn", "activiti.org/bpmn", "flowable.org/bpmn"])
def test_the_engines_around_camunda_are_read_as_it_is(space):
    assert errors(with_bytes(camunda(FILLED), b"camunda.org/schema/1.0/bpmn", space.encode())) == []
