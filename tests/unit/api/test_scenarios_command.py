"""`ordercraft scenarios` says of each scenario how it went, needs no database, and fails when one does."""

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

import bpmn
from api.commands.scenarios import command

OURS = Path(bpmn.__path__[0]) / "unheard-message"


@pytest.fixture
def folder(tmp_path) -> Path:
    copied = tmp_path / "unheard-message"
    shutil.copytree(OURS, copied)
    return copied


def test_scenarios_that_pass_are_told_with_what_they_cover():
    told = CliRunner().invoke(command, [str(OURS)])
    assert told.exit_code == 0
    assert told.output.count("passes  ") == len(list(OURS.glob("*.scenario.json")))
    assert "elements reached." in told.output


def test_one_that_fails_says_why_and_the_exit_code_too(folder):
    file = folder / "closed.scenario.json"
    scenario = json.loads(file.read_text())
    scenario["expect"]["path"].append("one_step_more")
    file.write_text(json.dumps(scenario))
    told = CliRunner().invoke(command, [str(folder)])
    assert told.exit_code == 1
    assert "is missing; expected was one_step_more." in told.output
    as_json = CliRunner().invoke(command, [str(folder), "--json"])
    assert as_json.exit_code == 1
    run = json.loads(as_json.output)["run"]
    assert {each["path"]: each["ok"] for each in run["scenarios"]}["closed.scenario.json"] is False


def test_a_folder_that_cannot_run_says_what_was_found(folder):
    (folder / "unheard-message.bpmn").write_text("<no diagram>")
    told = CliRunner().invoke(command, [str(folder)])
    assert told.exit_code == 1
    assert told.output.startswith("error: unheard-message.bpmn")
    assert json.loads(CliRunner().invoke(command, [str(folder), "--json"]).output)["run"] is None
