"""`ordercraft deploy` plays the folder's scenarios first, and deploys nothing when one fails, unless it is told not to ask them."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import bpmn
from api.commands import deploy
from engine.runtime.read.bundles import LATEST, get_version


@pytest.fixture
def run(installation, monkeypatch) -> Callable[..., Result]:
    """The command on the installation of the test."""
    monkeypatch.setattr(deploy, "build", lambda _settings: installation)
    return lambda *arguments: CliRunner().invoke(deploy.command, [str(each) for each in arguments])


@pytest.fixture
def failing(tmp_path) -> Path:
    """A folder of ours in which one scenario expects what does not come."""
    folder = tmp_path / "unheard-message"
    shutil.copytree(Path(bpmn.__path__[0]) / folder.name, folder)
    file = folder / "closed.scenario.json"
    scenario = json.loads(file.read_text())
    file.write_text(json.dumps({**scenario, "expect": {"variables": {"weather": "fine"}}}))
    return folder


def test_a_folder_whose_scenario_fails_is_not_deployed_unless_scenarios_are_left_out(run, failing, installation):
    refused = run(failing)
    assert refused.exit_code == 1
    assert "weather is not as expected." in refused.output
    assert "Deployed" not in refused.output
    done = run(failing, "--no-scenarios", "--note", "The weather is looked at later")
    assert (done.exit_code, "Deployed: unheard-message is now version 1." in done.output) == (0, True)
    with installation.database.transaction() as tx:
        assert get_version(tx, "unheard-message", LATEST).note == "The weather is looked at later"


def test_what_passes_is_deployed_and_a_check_alone_deploys_nothing(run):
    folder = Path(bpmn.__path__[0]) / "unheard-message"
    checked = run(folder, "--check")
    assert (checked.exit_code, "may be deployed" in checked.output) == (0, True)
    assert "Deployed: unheard-message is now version 1." in run(folder).output
    again = run(folder).output
    assert "Against version 1, no scenario turns out differently." in again
    assert "Unchanged: unheard-message stays at version 1." in again
