"""The editors of decisions and forms, and the FEEL playground: nothing of a file is lost, and what is tried is answered."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Error, Page, expect

import bpmn
from engine.dmn.source import NAMESPACES
from engine.models.bundle import Bundle
from tests.browser.accessibility import THEMES, show_in, violations_in_both_themes
from tests.browser.round_trip import changed, few
from tests.browser.test_modeler import approval, saved
from tests.browser.workshop import Workshop, serve_workshop
from tests.unit.dmn.dmn_models import decision, model, table

HOUSE = Path(bpmn.__path__[0])
DECISIONS, FORMS = sorted(HOUSE.glob("*/*.dmn")), sorted(HOUSE.glob("*/*.form"))
OPEN_DECISION = "async (xml) => { const editor = document.querySelector('decision-editor'); await editor.open(xml); return editor.xml(); }"
OPEN_FORM = "async (text) => { const editor = document.querySelector('form-file-editor'); await editor.open(text); return editor.text(); }"
LEVELS = model(
    decision(
        table([["> 1000", '"A"', '"director"'], ["-", "-", '"clerk"'], ["3", "-", '"nobody"']], ("amount", "class"), hitPolicy="FIRST")
    )
)
DISCOUNT = {
    "type": "default",
    "id": "approve",
    "components": [
        {"type": "number", "id": "f1", "key": "discount", "label": "Discount", "validate": {"required": True}},
        {"type": "textfield", "id": "f2", "key": "customer", "label": "Customer", "readonly": True},
    ],
}
EDITORS = "decision-editor, form-file-editor"


@pytest.fixture
def workshop(database, address) -> Iterator[Workshop]:
    with serve_workshop(database, address) as running:
        running.draft(workbench())
        yield running


@pytest.fixture
def page(analyst: Page) -> Page:
    return analyst


def workbench() -> Bundle:
    return approval(files={"levels.dmn": LEVELS, "approve.form": json.dumps(DISCOUNT).encode()})


def open_editor(page: Page, workshop: Workshop, path: str) -> None:
    page.goto(f"{workshop.url}/processes/approval/draft/{path}")
    expect(page.locator(EDITORS)).to_have_attribute("data-ready", "true")
    expect(page.locator(EDITORS)).to_have_attribute("data-checked", re.compile("[0-9]+"))


def without(schema, *, ids: bool):
    """A form's tree without what its editor adds: the version of the schema, and ids and places where there were none."""
    if isinstance(schema, dict):
        added = {"schemaVersion", *(() if ids else ("id", "layout"))}
        return {key: without(value, ids=ids) for key, value in schema.items() if key not in added}
    return [without(item, ids=ids) for item in schema] if isinstance(schema, list) else schema


def kept(before, after) -> bool:
    """Whether all that stood in a tree still stands there; more may."""
    if isinstance(before, dict):
        return isinstance(after, dict) and all(key in after and kept(value, after[key]) for key, value in before.items())
    if isinstance(before, list):
        return isinstance(after, list) and len(before) == len(after) and all(map(kept, before, after))
    return before == after


def of_version(namespace: str) -> bytes:
    """A drawn decision model of one version of DMN."""
    drawing = (
        f'<dmndi:DMNDI xmlns:dmndi="{namespace.replace("MODEL", "DMNDI")}" xmlns:dc="http://www.omg.org/spec/DMN/20180521/DC/">'
        '<dmndi:DMNDiagram id="drawn"><dmndi:DMNShape id="shape" dmnElementRef="d_answer"><dc:Bounds height="80" width="180" x="5" y="5"/>'
        "</dmndi:DMNShape></dmndi:DMNDiagram></dmndi:DMNDI>"
    )
    return model(decision(table([["> 1000", '"director"'], ["-", '"clerk"']], hitPolicy="FIRST")) + drawing, namespace)


def test_every_decision_and_every_form_is_saved_as_it_was_opened(workshop: Workshop, page: Page):
    open_editor(page, workshop, "levels.dmn")
    said = model(decision(table([["> 1000", '"director"'], ["-", '"clerk"']], hitPolicy="UNIQUE"))).replace(
        b'name="', b'name="A&#13;&#10;', 1
    )
    files = {path.name: path.read_bytes() for path in DECISIONS} | {"what a default says too": said}
    files |= {f"DMN {NAMESPACES[name]}": of_version(name) for name in NAMESPACES if NAMESPACES[name] != "1.1"}
    tables = changed(lambda xml: page.evaluate(OPEN_DECISION, xml), files)
    assert few(tables) == {}
    newer = "https://www.omg.org/spec/DMN/20211108/MODEL/"
    with pytest.raises(Error, match="is of DMN 1.4 and has a conditional"):
        page.evaluate(OPEN_DECISION, model(decision("<conditional/>"), newer).decode())
    saved(page)
    open_editor(page, workshop, "approve.form")
    others = {}
    for path in FORMS:
        before, after = json.loads(path.read_text()), json.loads(page.evaluate(OPEN_FORM, path.read_text()))
        if not kept(before, after) or without(before, ids=False) != without(after, ids=False):
            others[path.name] = (before, after)
    saved(page)
    assert others == {}


def test_an_analyst_sees_what_is_wrong_with_a_table_tries_it_and_changes_a_cell(workshop: Workshop, page: Page):
    open_editor(page, workshop, "levels.dmn")
    problems = page.locator("[data-problems]")
    expect(problems).to_contain_text("Rule 3 never decides: rules above it match whatever it matches.")
    problems.get_by_text("Rule 3 never decides").click()
    page.get_by_role("tab", name="Try these inputs").click()
    page.get_by_label("amount").fill("5000")
    page.get_by_label("class").fill("B")
    page.get_by_role("button", name="Try these inputs").click()
    answer = page.locator("[data-answer]")
    expect(answer).to_contain_text('It says"clerk"')
    rules = answer.get_by_role("row")
    expect(rules.nth(1)).to_contain_text('class is "B", the cell asks for "A"')
    expect(rules.nth(2)).to_contain_text("Every cell lets it pass.")
    expect(rules.nth(3)).to_contain_text("Not asked")
    matched = page.locator('.decision-canvas td[data-row-id="r2"]').first
    expect(matched).to_have_css("background-color", "rgb(222, 251, 230)")
    expect(page.locator('[data-element-id="c1.2"]')).to_have_css("background-color", "rgb(255, 241, 241)")
    rules.nth(1).get_by_role("button").click()
    page.keyboard.press("ControlOrMeta+A")
    page.keyboard.type('"B"')
    page.keyboard.press("Enter")
    expect(answer).to_contain_text('It says"director"')
    saved(page)
    workshop.saved_with("approval", "levels.dmn", b'<text>"B"</text>')
    undo = page.get_by_role("button", name="Undo")
    while undo.is_enabled():
        undo.click()
    expect(answer).to_contain_text('It says"clerk"')


def test_a_form_is_previewed_on_data_and_judged_by_the_server(workshop: Workshop, page: Page):
    open_editor(page, workshop, "approve.form")
    page.get_by_role("tab", name="Preview").click()
    page.get_by_label("Data the form is shown with, as JSON").fill('{"customer": "Hanna Huber"}')
    preview = page.locator(".form-preview")
    expect(preview.get_by_label("Customer")).to_have_value("Hanna Huber")
    page.get_by_role("button", name="Submit to the check").click()
    answer = page.locator("[data-answer]")
    expect(answer).to_contain_text("The server would refuse it.")
    expect(answer).to_contain_text("Field is required.")
    expect(preview.locator(".fjs-form-field-error")).to_contain_text("Field is required.")
    preview.get_by_label("Discount").fill("7.5")
    page.get_by_role("button", name="Submit to the check").click()
    expect(answer).to_contain_text('"discount": 7.5')
    page.get_by_label("Data the form is shown with, as JSON").fill("{")
    expect(page.locator("#preview-data-error")).to_contain_text("no JSON object")


def comment(page: Page, text: str, about: str) -> None:
    """Say something about what is selected, and see of what it is said."""
    page.get_by_role("tab", name="Comments").click()
    page.get_by_label("Comment", exact=True).fill(text)
    page.get_by_role("button", name="Comment", exact=True).click()
    said = page.locator("[data-comments] ol")
    expect(said).to_contain_text(about)
    expect(said).to_contain_text(text)
    expect(page.locator('[data-tab="comments"] .count')).to_have_text("1")


def test_an_analyst_mends_by_a_button_and_talks_about_a_rule_and_a_field(workshop: Workshop, page: Page):
    open_editor(page, workshop, "levels.dmn")
    problems = page.locator("[data-problems]")
    page.locator('[data-element-id="c1.3"]').click()
    page.keyboard.press("ControlOrMeta+A")
    page.keyboard.type("manager")
    page.keyboard.press("Enter")
    expect(problems).to_contain_text("manager is read as a variable")
    page.get_by_role("button", name='Write "manager"', exact=True).click()
    expect(problems).not_to_contain_text("manager is read as a variable")
    saved(page)
    workshop.saved_with("approval", "levels.dmn", b'<text>"manager"</text>')
    page.locator('[data-element-id="c1.3"]').click()
    comment(page, "Or the director?", "rule 1 of answer")

    open_editor(page, workshop, "approve.form")
    page.evaluate(OPEN_FORM, json.dumps({**DISCOUNT, "components": [{**DISCOUNT["components"][0], "readOnly": True}]}))
    expect(problems).to_contain_text("The property 'readOnly' of 'discount' is not known.")
    page.get_by_role("button", name="Write readonly", exact=True).click()
    expect(problems).not_to_contain_text("is not known")
    saved(page)
    workshop.saved_with("approval", "approve.form", b'"readonly": true')
    page.locator('.form-edit-canvas [data-id="f1"]').click()
    comment(page, "In percent?", "Discount")
    expect(page.locator(".form-edit-canvas [data-talk]")).to_have_attribute("data-talk", "1")


def test_the_playground_says_value_type_and_where_it_is_wrong(workshop: Workshop, page: Page):
    page.goto(f"{workshop.url}/processes/feel")
    playground = page.locator("feel-playground")
    expect(playground.locator(".feel-value")).to_have_text("true")
    page.get_by_label("Text", exact=True).fill("order.discount * 2")
    expect(playground).to_contain_text("the context has no entry discount")
    page.get_by_label("Text", exact=True).fill("1 +\n * 2")
    playground.get_by_role("button", name="Show line 2, column 2").click()
    assert page.get_by_label("Text", exact=True).evaluate("area => [area.selectionStart, area.selectionEnd]") == [5, 6]
    playground.get_by_role("button", name="[1000..5000)").click()
    expect(page.get_by_label("The value that is tested, as JSON")).to_have_value("1250.5")
    expect(playground.locator(".feel-value")).to_have_text("true")


def test_the_editors_are_accessible_in_both_themes_and_their_watermarks_are_seen(workshop: Workshop, page: Page):
    found = {}
    for path, tab, mark in (
        ("levels.dmn", "Try these inputs", ".bjs-powered-by"),
        ("approve.form", "Preview", ".form-preview .fjs-powered-by-link"),
    ):
        open_editor(page, workshop, path)
        found[path] = violations_in_both_themes(page)
        page.get_by_role("tab", name=tab).click()
        found[f"{path}, {tab}"] = violations_in_both_themes(page)
        expect(page.locator(mark)).to_be_visible()
        for theme in THEMES:
            show_in(page, theme)
            assert page.locator(mark).evaluate("mark => getComputedStyle(mark).backgroundColor") == "rgb(255, 255, 255)"
    page.goto(f"{workshop.url}/processes/feel")
    expect(page.locator("feel-playground")).to_have_attribute("data-answered", re.compile("[0-9]+"))
    found["feel"] = violations_in_both_themes(page)
    assert found == {name: [] for name in found}


def test_none_of_the_editors_is_wider_than_a_phone(workshop: Workshop, page: Page):
    page.set_viewport_size({"width": 390, "height": 844})
    wide = {}
    for path in ("approval/draft/levels.dmn", "approval/draft/approve.form", "feel"):
        page.goto(f"{workshop.url}/processes/{path}")
        expect(page.locator(f"{EDITORS}, feel-playground")).to_have_attribute("data-ready", "true")
        wide[path] = page.evaluate("document.documentElement.scrollWidth")
    assert {path: width for path, width in wide.items() if width > 390} == {}
