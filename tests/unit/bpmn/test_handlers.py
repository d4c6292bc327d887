"""The diagrams and the service tasks they call know each other's names, parameters and errors."""

import json

import pytest
from lxml import etree

from handlers.orders.hold_rules import HOLDS
from tests.unit.bpmn.scenario_runner import FILES, FOLDERS, ROOT, checked_folder, id_of, tasks


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_every_service_task_is_called_as_it_is_written(folder):
    found = checked_folder(folder)

    assert {process.key for process in found.processes} == {file.stem for file in folder.glob("*.bpmn")}


@pytest.mark.parametrize("file", FILES, ids=id_of)
def test_a_scenario_answers_for_service_tasks_that_there_are(file):
    assert [name for name in json.loads(file.read_bytes())["answers"] if name not in tasks()] == []


@pytest.mark.parametrize(
    ("task", "hold"), [("settle_price_discrepancy", "PRICE_DISCREPANCY"), ("decide_credit_hold", "CREDIT_CHECK_FAILURE")]
)
def test_a_hold_is_released_by_the_group_that_the_diagram_asks(task, hold):
    root = etree.parse(ROOT / "order-to-promise" / "order-to-promise.bpmn").getroot()
    asked = root.xpath(f"//*[@id='{task}']//*[local-name()='property'][@name='candidateGroups']/@value")
    assert asked == [HOLDS[hold].release_group]
