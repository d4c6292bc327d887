"""Every scenario of bpmn/ runs as its file says, and together they pass every element."""

import pytest

from engine.runtime.dry_run.coverage import cover
from engine.runtime.dry_run.suite import reasons
from tests.unit.bpmn.scenario_runner import FILES, FOLDERS, checked_folder, id_of, played


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_the_check_finds_nothing_to_say_about_the_folder(folder):
    assert [finding for finding in checked_folder(folder).findings if finding.severity != "info"] == []


@pytest.mark.parametrize("file", FILES, ids=id_of)
def test_the_scenario_runs_as_written_and_to_the_end(file):
    run = played(file)

    assert reasons(run) == []
    assert run.state == "completed"
    assert {each.what for each in run.comparisons} >= {"path", "sent", "end"}


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_every_element_of_a_process_is_reached_by_some_scenario(folder):
    runs = [played(file) for file in FILES if file.parent == folder]
    reached = {step for run in runs for step in run.path}  # ids differ within a folder

    for process in checked_folder(folder).processes:
        assert sorted(set(process.elements) - reached) == []
    drawn = cover(checked_folder(folder).bundle, runs).elements
    assert [each.id for each in drawn if not each.scenarios] == []
