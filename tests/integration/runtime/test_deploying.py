"""Deploying compares with what the processes run now, not with the name of the folder."""

from types import SimpleNamespace

from click.testing import CliRunner

from api.commands import deploy as command
from engine.models.bundle import Bundle
from tests import tiny_models as m


def short() -> Bundle:
    return m.bundle("quoting", m.start() + m.end(), "start -> done")


def long(folder: str) -> Bundle:
    files = m.bundle("quoting", m.start() + m.user("check", candidateGroups="sales") + m.end(), "start -> check -> done").files
    return Bundle(folder, files)


def test_a_bundle_comes_into_force_again_after_a_copy_from_another_folder(world):
    first = world.deploy(short())
    gap = world.deploy(long("gap"))
    back = world.deploy(short())
    assert (first.new, gap.new, back.new) == (True, True, True)
    assert (back.version, world.deploy(short()).id) == (2, back.id)


def test_the_same_bytes_from_another_folder_deploy_nothing_while_they_run(world):
    first = world.deploy(long("quoting"))
    again = world.deploy(long("gap"))
    assert (again.id, again.new) == (first.id, False)


def test_the_command_tells_the_versions_of_the_process(world, monkeypatch, tmp_path):
    monkeypatch.setattr(command, "build", lambda _: SimpleNamespace(runtime=world.runtime, database=world.database))

    def told(folder: str, bundle: Bundle) -> str:
        (tmp_path / folder).mkdir(exist_ok=True)
        for path, content in bundle.files.items():
            (tmp_path / folder / path).write_bytes(content)
        return CliRunner().invoke(command.command, [str(tmp_path / folder)]).output.splitlines()[-1]

    assert told("quoting", short()) == "Deployed: quoting is now version 1."
    assert told("gap", long("gap")) == "Deployed: quoting is now version 2 (was 1)."
    assert told("quoting", short()) == "Deployed: quoting is now version 3 (was 2)."
    assert told("quoting", short()) == "Unchanged: quoting stays at version 3."
