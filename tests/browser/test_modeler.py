"""The modeler: nothing of a file is lost, what is wrong is said while one draws and mended by one press, and no save is lost."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

import bpmn
from engine.models.bundle import Bundle
from tests import tiny_models as m
from tests.browser.accessibility import THEMES, show_in, violations, violations_in_both_themes
from tests.browser.camunda_samples import everything
from tests.browser.round_trip import changed, few
from tests.browser.workshop import Workshop, drawn, serve_workshop

DIAGRAMS = sorted(Path(bpmn.__path__[0]).glob("*/*.bpmn"))
SHARED_DATA = Path(os.environ.get("ORDERCRAFT_SHARED_DATA") or Path(__file__).parents[2].parent / "shared" / "data")
#: A diagram with most of what BPMN has and we do not draw, and those of other tools where somebody has fetched them (of the BPMN MIWG).
SAMPLES = [*Path(__file__).parent.glob("samples/*.bpmn"), *sorted((SHARED_DATA / "bpmn").rglob("*.bpmn"))]
#: Saves what is opened, in the editor that is on the page.
ROUND_TRIP = "async (xml) => { const editor = document.querySelector('diagram-editor'); await editor.open(xml); return editor.xml(); }"


@pytest.fixture
def workshop(database, address) -> Iterator[Workshop]:
    with serve_workshop(database, address) as running:
        yield running


@pytest.fixture
def page(analyst: Page) -> Page:
    return analyst


def approval(inputs: str = "quote_no", **more) -> Bundle:
    start = m.start("begin", f"<bpmn:extensionElements>{m.properties(inputs=inputs)}</bpmn:extensionElements>")
    elements = start + m.user("approve", candidateGroups="sales", dueIn="PT4H", resultVariable="approval") + m.end()
    return drawn(m.bundle("approval", elements, "begin -> approve -> done", **more))


def ready(page: Page) -> None:
    """The editor has opened its file: the largest page of the product, which a busy machine takes a while to load."""
    expect(page.locator("diagram-editor, text-editor")).to_have_attribute("data-ready", "true", timeout=30_000)


def open_editor(page: Page, workshop: Workshop, path: str = "approval.bpmn") -> None:
    page.goto(f"{workshop.url}/processes/approval/draft/{path}")
    ready(page)
    expect(page.locator("diagram-editor, text-editor")).to_have_attribute("data-checked", re.compile("[0-9]+"))


def select(page: Page, element_id: str) -> None:
    """Select an element as the table of steps does."""
    page.evaluate("id => document.querySelector('diagram-editor').select(id)", element_id)


def saved(page: Page) -> None:
    expect(page.locator("[data-save-state]")).to_have_text("Saved")


def test_every_diagram_is_saved_as_it_was_opened_and_what_other_tools_wrote_is_kept(workshop: Workshop, page: Page):
    workshop.draft(approval())
    open_editor(page, workshop)
    ours, others = ({path.name: path.read_bytes() for path in paths} for paths in (DIAGRAMS, SAMPLES))
    found = changed(lambda xml: page.evaluate(ROUND_TRIP, xml), {**others, **everything(), **ours, "foreign": FOREIGN.encode()})
    [(place, _, _)] = found["foreign"][1]  # the collection of a loop is declared, else modelers drop what refers to it
    assert place[-1] == "{http://www.omg.org/spec/BPMN/20100524/MODEL}property#items"
    assert few({name: pieces for name, pieces in found.items() if name in ours or pieces[0]}) == {}
    expect(page.locator("[data-opened]")).to_be_hidden()
    saved(page)


FOREIGN = """<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI"
 xmlns:dc="http://www.omg.org/spec/DD/20100524/DC" xmlns:camunda="http://camunda.org/schema/1.0/bpmn" xmlns:x="urn:somebody"
 xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" xmlns:modeler="http://camunda.org/schema/modeler/1.0"
 xmlns:spiffworkflow="http://spiffworkflow.org/bpmn/schema/1.0/core"
 id="d" targetNamespace="urn:t" modeler:executionPlatform="Camunda Cloud">
<bpmn:process id="p" isExecutable="true" camunda:versionTag="7" x:owner="nobody">
 <bpmn:serviceTask id="a" name="A" isForCompensation="false" startQuantity="1"
  camunda:asyncBefore="false" camunda:type="external" camunda:topic="ship" x:colour="teal"
  zeebe:modelerTemplate="t1" camunda:modelerTemplate="t2">
  <bpmn:extensionElements>
   <zeebe:taskDefinition type="ship" retries="3"/><zeebe:ioMapping><zeebe:input source="=a" target="b"/></zeebe:ioMapping>
   <camunda:inputOutput><camunda:inputParameter name="n">1</camunda:inputParameter></camunda:inputOutput>
   <spiffworkflow:serviceTaskOperator id="o" resultVariable="r" colour="red"><spiffworkflow:parameters>
    <spiffworkflow:parameter id="n" type="str" value="1"/></spiffworkflow:parameters><spiffworkflow:retry retries="3" backoff_base="2"/>
   </spiffworkflow:serviceTaskOperator>
   <spiffworkflow:preScript>x = 1</spiffworkflow:preScript><spiffworkflow:variableName>v</spiffworkflow:variableName>
   <spiffworkflow:unitTests><spiffworkflow:unitTest id="u"><spiffworkflow:inputJson>{}</spiffworkflow:inputJson>
    <spiffworkflow:expectedOutputJson>{}</spiffworkflow:expectedOutputJson></spiffworkflow:unitTest></spiffworkflow:unitTests>
   <x:anything at="all"><x:inside>text</x:inside></x:anything>
  </bpmn:extensionElements>
  <bpmn:multiInstanceLoopCharacteristics><bpmn:loopDataInputRef>items</bpmn:loopDataInputRef></bpmn:multiInstanceLoopCharacteristics>
 </bpmn:serviceTask>
 <bpmn:intermediateThrowEvent id="t"><bpmn:messageEventDefinition id="m" messageRef="elsewhere"/></bpmn:intermediateThrowEvent>
</bpmn:process>
<bpmndi:BPMNDiagram id="g"><bpmndi:BPMNPlane id="pl" bpmnElement="p">
 <bpmndi:BPMNShape id="a_s" bpmnElement="a"><dc:Bounds x="100" y="100" width="100" height="80"/></bpmndi:BPMNShape>
 <bpmndi:BPMNShape id="t_s" bpmnElement="t"><dc:Bounds x="300" y="120" width="36" height="36"/></bpmndi:BPMNShape>
</bpmndi:BPMNPlane></bpmndi:BPMNDiagram></bpmn:definitions>"""


def test_a_file_without_a_picture_is_laid_out_and_the_picture_is_saved_with_the_first_change(workshop: Workshop, page: Page):
    elements = m.start("begin") + m.gateway("large") + m.user("approve", candidateGroups="sales") + m.end()
    bare = m.bundle("approval", elements, "begin -> large\nlarge -> approve [amount > 100]\napprove -> done\nlarge -> done [default]")
    workshop.draft(bare)
    open_editor(page, workshop)
    expect(page.locator("[data-opened]")).to_contain_text("laid out for you")
    expect(page.locator('.djs-shape[data-element-id="approve"]')).to_be_visible()
    assert workshop.saved("approval", "approval.bpmn") == bare.files["approval.bpmn"], "looking at it changes nothing"
    select(page, "approve")
    page.locator(".bio-properties-panel-group-header", has_text="General").click()
    page.get_by_label("Name", exact=True).fill("Approve it")
    page.locator(".djs-context-pad [data-action=replace]").click()
    expect(page.locator(".djs-popup-results"), "a press on the pad counts though it ends what was typed").to_be_visible()
    page.keyboard.press("Escape")
    saved_file = workshop.saved_with("approval", "approval.bpmn", b"Approve it", b'bpmnElement="approve"')
    assert saved_file.count(b"<bpmndi:BPMNEdge ") == 4
    workshop.deploy(Bundle("approval", {"approval.bpmn": saved_file}))


def test_an_analyst_adds_a_step_sees_a_mistake_mends_it_and_finds_it_saved(workshop: Workshop, page: Page):
    workshop.deploy(approval())
    page.goto(f"{workshop.url}/processes/approval/draft")
    page.get_by_role("button", name="Begin with version 1").click()
    page.get_by_role("link", name="approval.bpmn").click()
    ready(page)
    page.goto(f"{page.url}#approve")
    page.reload()
    expect(page.locator(".modeler-panel")).to_contain_text("Candidate groups", timeout=30_000)
    problems, count = page.locator("[data-problems]"), page.locator("[data-tab=problems] .count")
    expect(problems).to_contain_text("has no form")
    expect(problems.locator(".finding-why").first).to_have_attribute("href", "/processes/rules?name=missing-form")
    expect(count).to_have_text("0")
    page.get_by_role("tab", name="Steps").click()
    page.get_by_role("button", name="approve", exact=True).click()
    page.locator(".djs-context-pad [data-action='append.append-task']").click()
    page.keyboard.type("Send the quote")
    page.keyboard.press("Enter")
    page.locator(".djs-context-pad [data-action=replace]").click()
    page.locator(".djs-popup-results").get_by_text("Service task", exact=True).click()
    page.get_by_role("tab", name="Problems").click()
    expect(problems).to_contain_text("names no service task")
    page.get_by_label("Service task", exact=True).select_option("quoting.send_quote")
    mistake = problems.get_by_text("does not give quoting.send_quote its parameter 'quote_no'")
    expect(mistake).to_be_visible()
    expect(count).to_have_class(re.compile("count-bad"))
    problems.get_by_role("button", name="Give it the variable quote_no").click()
    expect(mistake).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(mistake).to_be_visible()
    page.get_by_role("button", name="Redo").click()
    expect(mistake).to_have_count(0)
    saved(page)
    called, given = b'serviceTaskOperator id="quoting.send_quote"', b'parameter id="quote_no" type="str" value="quote_no"'
    workshop.saved_with("approval", "approval.bpmn", called, given)


MADE_IN_CAMUNDA = """<bpmn:serviceTask xmlns:camunda="http://camunda.org/schema/1.0/bpmn" id="made" name="made"
 camunda:type="external" camunda:topic="quoting.send_quote" camunda:modelerTemplate="ordercraft.quoting.send_quote">
 <bpmn:extensionElements><camunda:inputOutput><camunda:inputParameter name="quote_no">=quote_no</camunda:inputParameter>
 </camunda:inputOutput></bpmn:extensionElements></bpmn:serviceTask>"""


def test_the_panel_offers_what_the_server_knows(workshop: Workshop, page: Page):
    boundary = (
        '<bpmn:boundaryEvent id="missing" name="missing" attachedToRef="price"><bpmn:errorEventDefinition id="e"/></bpmn:boundaryEvent>'
    )
    start = m.start("begin", f"<bpmn:extensionElements>{m.properties(inputs='quote_no')}</bpmn:extensionElements>")
    wait = m.timer("wait", "R/P1D", "timeCycle")
    ours = m.service("price", "quoting.price_quote", quote_no="quote_no")
    elements = start + ours + boundary + MADE_IN_CAMUNDA + wait + m.end() + m.end("lost")
    workshop.draft(drawn(m.bundle("approval", elements, "begin -> price -> made -> wait -> done\nmissing -> lost")))
    open_editor(page, workshop)
    select(page, "made")
    expect(page.get_by_label("Service task", exact=True)).to_have_value("quoting.send_quote")
    expect(page.locator(".modeler-panel")).to_contain_text("Made in Camunda Modeler")
    page.get_by_label("Service task", exact=True).select_option("quoting.produce_document")
    expect(page.locator("[data-problems]")).to_contain_text("does not give quoting.produce_document its parameter 'quote_no'")
    taken_over = workshop.saved_with("approval", "approval.bpmn", b'Operator id="quoting.produce_document"')
    assert b" camunda:" not in taken_over
    assert b"<camunda:" not in taken_over
    select(page, "missing")
    page.get_by_label("Refusal").select_option("PRICE_MISSING")
    select(page, "wait")
    expect(page.locator(".timer-times li")).to_have_count(3)
    select(page, "price")
    expect(page.locator(".modeler-panel")).to_contain_text("May refuse with PRICE_MISSING, QUOTE_CLOSED.")
    page.get_by_label("Result variable").fill("pricing")
    page.locator("[data-entry-id=parameter-quote_no] .cm-content").click()
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("quo")
    page.locator(".cm-tooltip-autocomplete").get_by_text("quote_no", exact=True).click()
    workshop.saved_with(
        "approval",
        "approval.bpmn",
        b'<bpmn:error id="error_price_missing" name="PRICE_MISSING" errorCode="PRICE_MISSING" />',
        b'errorRef="error_price_missing"',
        b'resultVariable="pricing"',
        b'parameter id="quote_no" type="str" value="quote_no"',
    )
    page.locator(".djs-context-pad [data-action=replace]").click()
    page.locator(".djs-popup-results").get_by_text("User task", exact=True).click()
    page.get_by_label("Add a group").select_option("sales")
    expect(page.get_by_label("Candidate groups")).to_have_value("sales")
    page.get_by_label("Add a group").select_option("finance")
    expect(page.get_by_label("Add a group").locator("option[value=sales]")).to_have_count(0)
    task = workshop.saved_with("approval", "approval.bpmn", b"<bpmn:userTask", b'"candidateGroups" value="sales, finance"')
    assert b'Operator id="quoting.price_quote"' not in task


def test_each_kind_of_fix_mends_what_it_is_offered_for_in_one_step(workshop: Workshop, page: Page):
    elements = (
        m.start("begin", f"<bpmn:extensionElements>{m.properties(inputs='quote_no, size')}</bpmn:extensionElements>")
        + m.gateway("big")
        + m.user("check", candidateGroups="salse", dueln="PT4H", formData="{ a: quote_no }", formKey="aprove-quote")
        + m.service("send", "quoting.send_qoute", qoute_no="quote_no")
        + m.end()
    )
    bundle = m.bundle("approval", elements, "begin -> big\nbig -> check [size > 2]\nbig -> send\ncheck -> send -> done")
    form = {"approve-quote.form": b'{"type": "default", "components": [{"type": "textfield", "key": "a", "label": "A"}]}'}
    workshop.draft(drawn(Bundle("approval", {**bundle.files, **form})))
    open_editor(page, workshop)
    fixes = page.locator("[data-problems] .finding-fix")
    for label in (
        "Call quoting.send_quote",
        "Offer it to sales",
        "Make the flow to 'send' the default",
        "Begin formData with =",
        "Show the form approve-quote",
    ):
        fixes.get_by_text(label, exact=True).click()
        expect(fixes.get_by_text(label, exact=True)).to_have_count(0)
    for label in ("Rename qoute_no to quote_no", "Rename dueln to dueIn"):
        fixes.get_by_text(label, exact=True).click()
        expect(fixes.get_by_text(label, exact=True)).to_have_count(0)
    expect(fixes).to_have_count(0)
    expect(page.locator(".finding-error")).to_have_count(0)
    undo, presses = page.get_by_role("button", name="Undo"), 0
    while undo.is_enabled():
        undo.click()
        presses += 1
    assert presses == 7
    expect(fixes.get_by_text("Call quoting.send_quote")).to_be_visible()


def test_a_lost_race_shows_both_and_writes_over_the_other_only_when_told(workshop: Workshop, page: Page):
    workshop.draft(approval(files={"README.md": b"# Approval"}))
    open_editor(page, workshop, "README.md")
    workshop.save("approval", "README.md", b"# Edith was here")
    page.get_by_label("Text of README.md").fill("# Ravi was here")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("edith has saved this file since you opened it")
    expect(dialog.locator("[data-side=theirs]")).to_have_text("# Edith was here")
    expect(dialog.locator("[data-side=ours]")).to_have_text("# Ravi was here")
    assert workshop.saved("approval", "README.md") == b"# Edith was here"
    dialog.get_by_role("button", name="Save yours over theirs").click()
    saved(page)
    assert workshop.saved("approval", "README.md") == b"# Ravi was here"
    workshop.save("approval", "README.md", b"# Edith again")
    page.get_by_label("Text of README.md").fill("# Ravi again")
    dialog.get_by_role("button", name="Go on with theirs").click()
    expect(page.get_by_label("Text of README.md")).to_have_value("# Edith again")


def test_two_who_draw_the_same_diagram_are_shown_both_side_by_side(workshop: Workshop, page: Page):
    workshop.draft(approval())
    open_editor(page, workshop)
    theirs = workshop.saved("approval", "approval.bpmn").replace(b'name="approve"', b'name="Ediths step"')
    workshop.save("approval", "approval.bpmn", theirs)
    page.get_by_role("tab", name="Steps").click()
    page.get_by_role("button", name="approve", exact=True).click()
    page.keyboard.press("e")
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("Ravis step")
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog.locator("[data-side=theirs]")).to_contain_text("Ediths step")
    expect(dialog.locator("[data-side=ours]")).to_contain_text("Ravis step")
    dialog.get_by_role("button", name="Go on with theirs").click()
    saved(page)
    expect(page.get_by_role("button", name="Ediths step", exact=True)).to_be_visible()
    assert workshop.saved("approval", "approval.bpmn") == theirs


def test_without_a_connection_the_work_is_kept_in_the_browser_and_saved_when_it_is_back(workshop: Workshop, page: Page):
    workshop.draft(approval(files={"README.md": b"# Approval"}))
    open_editor(page, workshop, "README.md")
    state = page.locator("[data-save-state]")
    page.route("**/files/README.md", lambda route: route.abort() if route.request.method == "PUT" else route.continue_())
    page.get_by_label("Text of README.md").fill("# Written on a train")
    expect(state).to_have_text("Not saved: no connection, kept in this browser")
    page.on("dialog", lambda dialog: dialog.accept())
    page.reload()
    expect(page.get_by_label("Text of README.md")).to_have_value("# Written on a train")
    expect(state).not_to_have_text("Saved")
    page.unroute("**/files/README.md")
    page.evaluate("dispatchEvent(new Event('online'))")
    page.get_by_label("Text of README.md").press("End")
    page.keyboard.type("!")
    saved(page)
    assert workshop.saved("approval", "README.md") == b"# Written on a train!"


def test_the_workshop_is_accessible_in_both_themes_fits_a_phone_and_its_watermark_is_seen(workshop: Workshop, page: Page):
    workshop.draft(approval(files={"README.md": b"# Approval"}))
    found = {}
    page.goto(f"{workshop.url}/processes/drafts")
    found["drafts"] = violations_in_both_themes(page)
    page.goto(f"{workshop.url}/processes/approval/draft")
    found["draft"] = violations_in_both_themes(page)
    open_editor(page, workshop, "README.md")
    found["text"] = violations_in_both_themes(page)
    open_editor(page, workshop)
    for tab, pressed in (("Steps", "approve"), ("Variables", "quote_no")):
        page.get_by_role("tab", name=tab).click()
        page.get_by_role("tabpanel").get_by_role("button", name=pressed, exact=True).click()
    page.evaluate("scrollTo(0, 0)")  # what lies below the sticky head is no target
    found["modeler"] = violations_in_both_themes(page)
    mark = page.locator(".bjs-powered-by")
    expect(mark).to_be_visible()
    for theme in THEMES:
        show_in(page, theme)
        assert mark.evaluate("mark => getComputedStyle(mark).backgroundColor") == "rgb(255, 255, 255)"
    assert found == {name: [] for name in found}
    page.set_viewport_size({"width": 390, "height": 844})
    for path in ("approval/draft/approval.bpmn", "approval/draft", "drafts"):
        page.goto(f"{workshop.url}/processes/{path}")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, path


def test_an_element_is_commented_on_and_the_comment_resolved(workshop: Workshop, page: Page):
    workshop.draft(approval())
    open_editor(page, workshop)
    page.get_by_role("tab", name="Steps").click()
    page.get_by_role("button", name="approve", exact=True).click()
    page.get_by_role("tab", name="Comments").click()
    page.get_by_label("Comment", exact=True).fill("Who does this on a holiday?")
    page.get_by_role("button", name="Comment", exact=True).click()
    comments = page.locator("[data-comments] li")
    expect(comments).to_contain_text("Who does this on a holiday?")
    expect(page.locator("[data-tab=comments] .count")).to_have_text("1")
    expect(page.locator(".djs-overlay .talk")).to_have_text("1")
    comments.get_by_role("button", name="Resolve").click()
    expect(comments).to_contain_text("Resolved by ravi")
    expect(page.locator("[data-tab=comments] .count")).to_have_text("0")
    expect(page.locator(".djs-overlay .talk")).to_have_count(0)


def test_a_simulation_is_looked_at_and_leaves_the_file_its_history_and_the_watermark_alone(workshop: Workshop, page: Page):
    loaded = []
    page.on("response", lambda response: loaded.append(response.url))
    workshop.draft(approval())
    open_editor(page, workshop)
    page.get_by_role("tab", name="Steps").click()
    page.get_by_role("button", name="approve", exact=True).click()
    page.keyboard.press("Delete")
    workshop.saved_with("approval", "approval.bpmn", b'<bpmn:endEvent id="done"')
    saved(page)
    before, undo = workshop.saved("approval", "approval.bpmn"), page.get_by_role("button", name="Undo")
    undo.click()
    saved(page)
    assert not any("simulation" in url for url in loaded)
    page.get_by_role("button", name="Simulate").press("Enter")
    page.get_by_title("Trigger Event").first.press("Enter")
    expect(page.locator(".bts-notification").filter(has_text=re.compile("finished"))).to_be_visible(timeout=20_000)
    expect(page.get_by_role("button", name="Redo")).to_be_disabled()
    expect(page.locator(".modeler-simulation .bjs-powered-by")).to_be_visible()
    assert violations(page) == []
    page.get_by_role("button", name="Simulate").press("Enter")
    expect(page.locator(".modeler-simulation")).to_be_hidden()
    saved(page)
    page.get_by_role("button", name="Redo").click()
    saved(page)
    assert workshop.saved("approval", "approval.bpmn") == before
