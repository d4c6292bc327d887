"""Models of Camunda as ours: what our settings say, what changes nothing, and what a person must decide; nothing is lost in silence."""

import json

import pytest
from lxml import etree

from engine.models.bundle import Bundle
from engine.models.check import check
from engine.models.converting import Fate, as_markdown, convert, is_foreign
from engine.models.converting.cron import crontab_of
from engine.models.converting.juel import feel_of
from engine.problems import Invalid
from engine.service_tasks import ServiceTasks
from tests.camunda_models import CAMUNDA_7, CAMUNDA_8

FOREIGN = ("http://camunda.org/schema/zeebe/1.0", "http://camunda.org/schema/1.0/bpmn")
LISTENER = b'<camunda:executionListener class="org.acme.Audit" event="start"/>'


def converted(content: bytes):
    return convert("order.bpmn", content)


def left(content: bytes) -> list[str]:
    return [note.what for note in converted(content).notes if note.fate is Fate.LEFT]


def elements_of(content: bytes):
    made = converted(content)
    checked = check(Bundle("order", {"order.bpmn": made.content, **made.files}), ServiceTasks(), {"sales", "finance", "executive"})
    assert [found.message for found in checked.findings if found.severity == "error"] == []
    return checked.processes[0].elements


@pytest.mark.parametrize("content", [CAMUNDA_8, CAMUNDA_7])
def test_every_setting_is_in_the_report_and_nothing_of_another_tool_is_left_but_what_changes_nothing(content):
    made = converted(content)
    assert [note for note in made.notes if note.fate is Fate.LEFT] == []
    told = "\n".join(note.what for note in made.notes)
    for element in etree.fromstring(content).iter(etree.Element):
        name = etree.QName(element)
        if name.namespace in FOREIGN and (element.attrib or (element.text or "").strip()):
            assert f":{name.localname}" in told, etree.tostring(element)
        for key in element.attrib:
            if etree.QName(key).namespace in FOREIGN:
                assert f":{etree.QName(key).localname}=" in told
    assert set(etree.fromstring(made.content).nsmap.values()) >= {"http://spiffworkflow.org/bpmn/schema/1.0/core"}
    assert converted(made.content).content == made.content


def test_settings_of_camunda_8_are_settings_of_ours():
    elements = elements_of(CAMUNDA_8)
    assert elements["check"].properties == {
        "formKey": "checkForm", "candidateGroups": "sales", "priority": "=importance", "dueIn": '=now() + duration("PT4H")',
        "formData": "={number: orderId}", "outputs": '={approved: decision = "yes"}',
    }  # fmt: skip
    assert elements["sum"].script == "{ total: sum(for line in lines return line.price) }"
    assert (elements["pack"].handler, elements["pack"].repeats) == ("topic:pack-item", "parallel")
    assert elements["pack"].parameters == {"station": '"A 1"', "item": "{sku: line.sku, order: orderId}"}
    assert elements["wait"].properties == {"correlation": "={orderId: orderId}"}
    assert (elements["thank"].type, elements["thank"].handler) == ("serviceTask", "topic:send-mail")
    assert json.loads(converted(CAMUNDA_8).files["checkForm.form"])["components"][0]["key"] == "decision"


def test_settings_of_camunda_7_are_settings_of_ours():
    elements = elements_of(CAMUNDA_7)
    approve, archive = elements["approve"], elements["archive"]
    assert approve.properties == {
        "priority": "70", "candidateGroups": '=if amount > 10000 then "executive" else "finance"', "dueIn": "P3D",
    }  # fmt: skip
    assert (archive.handler, archive.properties) == ("topic:org.acme.ArchiveInvoice", {"outputs": "={archived: place != null}"})
    assert archive.parameters == {"shelf": '"B 2"', "title": '"Invoice of " + string(creditor)', "tags": '["paid", creditor]'}
    assert (elements["double"].type, elements["double"].script) == ("scriptTask", "{ twice: amount * 2 }")
    assert (elements["pay"].type, elements["pay"].handler) == ("serviceTask", "topic:payService")
    assert (elements["tell"].handler, elements["tell"].repeats) == ("topic:tell-creditor", "sequential")
    form = json.loads(converted(CAMUNDA_7).files["begin.form"])
    assert [(each["key"], each["type"], each.get("validate")) for each in form["components"]] == [
        ("amount", "number", {"min": 1}), ("creditor", "textfield", None),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (b'camunda:class="org.acme.ArchiveInvoice"', b'camunda:class="org.acme.ArchiveInvoice" camunda:jobPriority="5"', ""),
        (b"${amount * 2}", b"${calculator.twice(amount)}", ""),
        (b"${amount &gt;= 1000 &amp;&amp; !empty creditor}", b"${rules.isLarge(execution)}", "conditionExpression"),
        (b'<camunda:field name="shelf" stringValue="B 2"/>', LISTENER, "camunda:executionListener"),
        (b"${dateTime().plusDays(3).toDate()}", b"${calendar.next(amount)}", "camunda:dueDate"),
        (b'type="long"', b'type="colour"', "camunda:formData"),
        (b"Invoice of ${creditor}", b'<camunda:script scriptFormat="groovy">1 + 1</camunda:script>', "camunda:inputParameter"),
        (b"${people}", b"${people.all()}", "camunda:collection"),
    ],
)
def test_what_has_no_counterpart_stays_in_the_file_and_is_named_with_what_to_do(old, new, told):
    assert old in CAMUNDA_7
    made = converted(CAMUNDA_7.replace(old, new))
    decide = [note for note in made.notes if note.fate is Fate.LEFT]
    assert bool(told) == bool(decide)
    if told:
        assert any(note.what.startswith(told) and note.became for note in decide), decide
        checked = check(Bundle("order", {"order.bpmn": made.content, **made.files}), ServiceTasks(), None)
        assert any(found.severity == "error" for found in checked.findings)
        assert "To be decided" in as_markdown("order.bpmn", made.notes)


def test_each_setting_is_told_once_with_its_step_and_what_it_became():
    notes = {note.what: note for note in converted(CAMUNDA_7.replace(b'type="long"', b'type="colour"')).notes}
    shelf = notes['camunda:inputParameter name="title": Invoice of ${creditor}']
    assert (shelf.element, shelf.became) == ("Archive (archive)", "A parameter of the service task.")
    assert notes['camunda:priority="70"'].became == "The setting 'priority'."
    assert notes['camunda:constraint name="min" config="1"'].fate is Fate.LEFT
    told = [note.what for note in converted(CAMUNDA_7).notes if note.element_id == "begin"]
    assert len(told) == len(set(told))


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("${order.total > 1000 && !vip}", "order.total > 1000 and not(vip)"),
        ("#{empty note ? 'none' : note}", 'if list contains([null, "", []], note) then "none" else note'),
        ("Order ${no} of ${name}", '"Order " + string(no) + " of " + string(name)'),
        ("${lines[0].sku eq 'A-1' or lines.size() lt 2}", 'lines[1].sku = "A-1" or count(lines) < 2'),
        ("${a % 2 == 0 ? -b : (b + 1) * 2}", "if modulo(a, 2) = 0 then -b else (b + 1) * 2"),
        ("${execution.getVariable('total') ne null}", "total != null"),
        ("${order['total'] div 2}", "order.total / 2"),
        ("= total + 1", "total + 1"),
        ('say "hi"', r'"say \"hi\""'),
        ("${bean.call(x)}", None),
        ("${a -> b}", None),
        ("${a[i]}", None),
        ("${unfinished", None),
        ("= a +", None),
    ],
)
def test_expressions_of_java_are_feel_where_they_mean_the_same(written, read):
    assert feel_of(written) == read


def test_a_picture_of_the_business_is_taken_as_it_is_and_what_is_no_diagram_is_refused():
    picture = (
        CAMUNDA_8.split(b"<bpmn:message")[0].replace(b"zeebe", b"other")
        + b'<bpmn:process id="p"><bpmn:task id="t"/></bpmn:process></bpmn:definitions>'
    )
    assert not is_foreign(CAMUNDA_8.split(b"xmlns:zeebe")[0])
    assert (
        convert(
            "picture.bpmn",
            picture.replace(b'isExecutable="true"', b"").replace(b' xmlns:camunda="http://camunda.org/schema/1.0/bpmn"', b""),
        ).notes
        == ()
    )
    twice = picture.replace(b'<bpmn:task id="t"/>', b'<bpmn:task id="t"/><bpmn:task id="t"/>')
    assert b'<bpmn:task id="t"/><bpmn:task id="t"/>' in convert("picture.bpmn", twice).content
    latin = b'<?xml version="1.0" encoding="ISO-8859-1"?>' + CAMUNDA_8.replace(b"Check the order", "Pr\u00fcfen".encode("latin-1"))
    assert "Prüfen".encode() in convert("order.bpmn", latin).content
    with pytest.raises(Invalid, match="cannot be converted"):
        convert("order.bpmn", b"PK\x03\x04 no diagram")


_HEARING = """<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0"
  id="d" targetNamespace="t"><message id="m" name="order.changed"><extensionElements>
  <zeebe:subscription correlationKey="=order_no"/></extensionElements></message>
  <process id="picking" isExecutable="true"><startEvent id="s"/><task id="pick"/><endEvent id="e"/>
  <sequenceFlow id="f1" sourceRef="s" targetRef="pick"/><sequenceFlow id="f2" sourceRef="pick" targetRef="e"/>
  <subProcess id="changed" triggeredByEvent="true"><startEvent id="came" isInterrupting="false">{}</startEvent><endEvent id="noted"/>
  <sequenceFlow id="f3" sourceRef="came" targetRef="noted"/></subProcess></process></definitions>"""


def test_event_subprocesses_keep_whom_they_wait_for_and_conditions_of_java_are_feel():
    heard = _HEARING.format('<messageEventDefinition messageRef="m"/>')
    assert elements_of(heard.encode())["came"].properties == {"correlation": "={order_no: order_no}"}
    low = _HEARING.format("<conditionalEventDefinition><condition>${left &lt; 3}</condition></conditionalEventDefinition>")
    event = elements_of(low.encode())["came"].event
    assert event is not None
    assert (event.kind, event.expression) == ("conditional", "left < 3")


@pytest.mark.parametrize(
    ("written", "camunda_7", "camunda_8"),
    [
        ("0 0 9 ? * MON-FRI", "0 9 * * mon-fri", "0 9 * * mon-fri"),
        ("0 0/5 * * * ?", "0-59/5 * * * *", "0-59/5 * * * *"),
        ("0 30 6,18 1 JAN,JUL ? *", "30 6,18 1 jan,jul *", "30 6,18 1 jan,jul *"),
        ("0 0 8 ? * 2-6", "0 8 * * 1-5", "0 8 * * 2-6"),
        ("0 0 8 ? * 1/2", "0 8 * * 0-6/2", "0 8 * * 1-7/2"),
        ("0 0 8 L * ?", None, None),
        ("0 0 8 ? * 6#3", None, None),
        ("30 0 8 ? * MON", None, None),
        ("0 0 8 1 1 ? 2027", None, None),
        ("0 9 * * 1-5", None, None),
        ("0 61 8 * * ?", None, None),
    ],
)
def test_cron_with_seconds_is_a_crontab_where_that_says_the_same(written, camunda_7, camunda_8):
    assert [crontab_of(written, sunday_is_one=each) for each in (True, False)] == [camunda_7, camunda_8]


def test_a_schedule_and_who_began_are_taken_over_from_camunda_7():
    begin = b'<bpmn:startEvent id="begin" camunda:initiator="asker"><bpmn:extensionElements>'
    timer = b"<bpmn:timerEventDefinition><bpmn:timeCycle>0 15 7 ? * 2</bpmn:timeCycle></bpmn:timerEventDefinition></bpmn:startEvent>"
    scheduled = CAMUNDA_7.replace(b'<bpmn:startEvent id="begin"><bpmn:extensionElements>', begin, 1)
    assert elements_of(scheduled)["begin"].properties["initiator"] == "asker"
    made = converted(scheduled.replace(b"</bpmn:startEvent>", timer, 1))
    assert b"<bpmn:timeCycle>15 7 * * 1</bpmn:timeCycle>" in made.content
    assert {"timeCycle: 0 15 7 ? * 2", 'camunda:initiator="asker"'} <= {note.what for note in made.notes if note.fate is Fate.TRANSLATED}
