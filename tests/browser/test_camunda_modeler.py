"""The core of Camunda Modeler as published: our diagrams are edited and saved in it, and steps made with our templates run."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

import bpmn
from engine.element_templates import templates_of
from engine.models.bundle import Bundle
from engine.models.check import check
from engine.service_tasks import topic_of
from handlers.registry import service_tasks
from tests import tiny_models as m
from tests.browser.complaints import without_complaints
from tests.browser.round_trip import Piece, pieces
from tests.browser.workshop import drawn
from tests.camunda_modeler import find_script

DIAGRAMS = sorted(Path(bpmn.__path__[0]).glob("*/*.bpmn"))
OPEN = "window.modeler = new BpmnModeler({ container: '#canvas', propertiesPanel: { parent: '#panel' } })"
#: Renames a step, appends another one behind it, selects it with the panel open, and saves.
EDIT = """async (xml) => {
  const get = (name) => window.modeler.get(name);
  const { warnings } = await window.modeler.importXML(xml);
  const [step] = get('elementRegistry').filter((each) => each.type.endsWith('Task'));
  get('modeling').updateProperties(step, { name: 'Renamed' });
  const made = get('elementFactory').createShape({ type: 'bpmn:ServiceTask' });
  get('autoPlace').append(step, made);
  get('selection').select(made);
  return { xml: (await window.modeler.saveXML({ format: true })).xml, step: step.id, warnings: warnings.map(({ message }) => message) };
}"""
#: Loads templates, which are validated on the way, and chooses one for each step, by the order of both.
CHOOSE = """async ([xml, templates, chosen]) => {
  const get = (name) => window.modeler.get(name);
  const refused = [];
  get('eventBus').on('elementTemplates.errors', ({ errors }) => refused.push(...errors.map(({ message }) => message)));
  get('elementTemplatesLoader').setTemplates(templates);
  await window.modeler.importXML(xml);
  for (const [step, id] of chosen) get('elementTemplates').applyTemplate(get('elementRegistry').get(step), get('elementTemplates').get(id));
  return { xml: (await window.modeler.saveXML({ format: true })).xml, refused };
}"""


@pytest.fixture(scope="module")
def modeler(browser: Browser) -> Iterator[Page]:
    """A page of its own with nothing but the modeler."""
    script = find_script()
    if script is None:
        pytest.skip("no camunda-bpmn-js: run `python -m tests.camunda_modeler`")
    page = browser.new_page()
    with without_complaints(page):
        page.set_content('<div id="canvas" style="height: 700px"></div><div id="panel"></div>')
        page.add_script_tag(path=script)
        page.evaluate(OPEN)
        yield page
    page.close()


def is_lost(piece: Piece, renamed: str) -> bool:
    """Whether what is gone is neither the step that was renamed nor the place of a pool or lane that grew."""
    place = piece[0][-1]
    return not place.endswith((f"#{renamed}", "{http://www.omg.org/spec/DD/20100524/DC}Bounds#"))


def test_our_diagrams_are_edited_and_saved_in_it_without_a_loss(modeler: Page):
    lost = {}
    for path in DIAGRAMS:
        saved = modeler.evaluate(EDIT, path.read_text())
        before, after = pieces(path.read_bytes()), pieces(saved["xml"].encode())
        gone = [piece for piece in before - after if is_lost(piece, saved["step"])]
        if gone or saved["warnings"] or not any("Renamed" in dict(attributes).values() for _, attributes, _ in after):
            lost[path.name] = (gone[:3], saved["warnings"])
    assert lost == {}


def test_every_template_is_accepted_and_steps_made_with_them_are_sound_and_run_what_they_say(modeler: Page):
    templates = [each.model_dump(by_alias=True, exclude_none=True) for each in templates_of(service_tasks())]
    chosen = {f"step_{number}": each for number, each in enumerate(templates[::12])}
    inputs = {each["binding"]["name"] for template in chosen.values() for each in template["properties"]}
    start = m.start("begin", f"<bpmn:extensionElements>{m.properties(inputs=', '.join(sorted(inputs)))}</bpmn:extensionElements>")
    steps = "".join(f'<bpmn:task id="{step}" name="{each["name"]}"/>' for step, each in chosen.items())
    model = drawn(m.bundle("made-there", start + steps + m.end(), " -> ".join(["begin", *chosen, "done"])))
    ids = [(step, each["id"]) for step, each in chosen.items()]
    saved = modeler.evaluate(CHOOSE, [model.files["made-there.bpmn"].decode(), templates, ids])
    assert saved["refused"] == []
    found = check(Bundle("made-there", {"made-there.bpmn": saved["xml"].encode()}), service_tasks())
    assert [each.message for each in found.findings if each.severity == "error"] == []
    [process] = found.processes
    # A topic with the name of a function of ours runs that function: no worker outside is asked.
    assert {step: topic_of(process.elements[step].handler) for step in chosen} == {step: each["name"] for step, each in chosen.items()}
