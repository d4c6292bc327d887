"""The diagrams and the service tasks they call know each other's names, parameters and errors."""

from dataclasses import fields
from functools import cache
from pathlib import Path

import pytest
from lxml import etree
from pydantic import TypeAdapter

import bpmn
from engine.models.bundle import read_bundle
from engine.models.check import check
from handlers.orders.rules import HOLDS
from handlers.registry import service_tasks
from tests.unit.bpmn.scenario_runner import play, read_scenario, scenario_files

ROOT = Path(bpmn.__file__).parent
FOLDERS = sorted(file.parent for file in ROOT.glob("*/README.md"))


@cache
def checked(folder):
    """Looked at once for all scenarios of a folder: what is compiled is not changed by running it."""
    return check(read_bundle(folder), service_tasks())


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_every_service_task_is_called_as_it_is_written(folder):
    found = checked(folder)

    assert [finding.message for finding in found.findings if finding.severity != "info"] == []
    assert {process.key for process in found.processes} == {file.stem for file in folder.glob("*.bpmn")}


@pytest.mark.parametrize("file", scenario_files(ROOT), ids=lambda file: f"{file.parent.name}/{file.name.removesuffix('.scenario.json')}")
def test_a_scenario_answers_what_the_service_task_could_answer(file):
    known = service_tasks()
    for name, given in read_scenario(file.read_bytes())["answers"].items():
        task = known[name]
        for answer in given if isinstance(given, list) else [given]:
            if answer is None:
                continue
            if "refused" in answer:
                assert answer["refused"] in task.errors
                continue
            TypeAdapter(task.output_type).validate_python(answer)
            assert set(answer) <= {field.name for field in fields(task.output_type)}, name


@pytest.mark.parametrize("file", scenario_files(ROOT), ids=lambda file: f"{file.parent.name}/{file.name.removesuffix('.scenario.json')}")
def test_a_rehearsal_gives_each_service_task_an_input_it_takes(file):
    known = service_tasks()
    rehearsal = play(checked(file.parent), read_scenario(file.read_bytes()))

    assert rehearsal.answers.asked or not rehearsal.answers.by_handler
    for call in rehearsal.answers.asked:
        known[call.handler].read(call.parameters)


@pytest.mark.parametrize(
    ("task", "hold"), [("settle_price_discrepancy", "PRICE_DISCREPANCY"), ("decide_credit_hold", "CREDIT_CHECK_FAILURE")]
)
def test_a_hold_is_released_by_the_group_that_the_diagram_asks(task, hold):
    root = etree.parse(ROOT / "order-to-promise" / "order-to-promise.bpmn").getroot()
    asked = root.xpath(f"//*[@id='{task}']//*[local-name()='property'][@name='candidateGroups']/@value")
    assert asked == [HOLDS[hold].release_group]
