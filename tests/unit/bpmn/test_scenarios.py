"""Every scenario of bpmn/ runs as its file says."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import bpmn
from engine.models.bundle import read_bundle
from engine.models.check import CheckedBundle, check
from tests.unit.bpmn.scenario_runner import Rehearsal, play, read_scenario, scenario_files, service_tasks_of

ROOT = Path(bpmn.__file__).parent
FILES = scenario_files(ROOT)
PEOPLE = {
    *("sales", "sales-manager", "deal-desk", "finance", "order-desk", "credit", "warehouse", "buyer"),
    *("accounts-receivable", "accounts-payable", "treasury", "operator", "analyst", "admin", "executive"),
}


@cache
def checked_bundle(folder: Path) -> CheckedBundle:
    bundle = read_bundle(folder)
    return check(bundle, service_tasks_of(bundle), PEOPLE)


def said_and_found(expected: Mapping[str, Any], found: Mapping[str, Any]) -> dict[str, Any]:
    return {name: found.get(name) for name in expected}


def sent_by(rehearsal: Rehearsal) -> list[dict[str, Any]]:
    return [{"message": sent.name, "payload": dict(sent.payload), "business_key": sent.business_key} for sent in rehearsal.sent]


@pytest.mark.parametrize("folder", sorted({file.parent for file in FILES}), ids=lambda folder: folder.name)
def test_the_check_finds_nothing_to_say_about_the_folder(folder):
    assert checked_bundle(folder).findings == ()


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.name.removesuffix('.scenario.json')}")
def test_the_scenario_runs_as_written(file):
    scenario = read_scenario(file.read_bytes())
    expected = scenario["expect"]

    rehearsal = play(checked_bundle(file.parent), scenario)

    assert rehearsal.path == expected["path"]
    assert rehearsal.execution.completed, rehearsal.waiting()
    assert said_and_found(expected["variables"], rehearsal.execution.variables) == expected["variables"]
    assert sent_by(rehearsal) == expected["sent"]


@pytest.mark.parametrize("folder", sorted({file.parent for file in FILES}), ids=lambda folder: folder.name)
def test_every_element_of_a_process_is_reached_by_some_scenario(folder):
    scenarios = [read_scenario(file.read_bytes()) for file in FILES if file.parent == folder]
    reached = {step for scenario in scenarios for step in scenario["expect"]["path"]}  # ids differ within a folder
    for process in checked_bundle(folder).processes:
        assert sorted(set(process.elements) - reached) == []


def test_a_scenario_that_the_form_refuses_is_told_so():
    scenario = read_scenario((ROOT / "quote-to-order" / "happy-path.scenario.json").read_bytes())
    scenario["steps"][0]["does"] = {"approved": "no"}

    with pytest.raises(AssertionError, match="The form approve-quote refuses this: .*comment"):
        play(checked_bundle(ROOT / "quote-to-order"), scenario)
