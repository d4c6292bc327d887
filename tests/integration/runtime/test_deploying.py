"""Deploying compares with what the processes run now, not with the name of the folder."""

from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from api.commands import deploy as command
from engine.models.bundle import Bundle
from engine.problems import Invalid
from engine.runtime.verbs.deploy import Author
from engine.runtime.verbs.deploy_files import Sent, Taken, deploy_files
from tests import tiny_models as m
from tests.waiting import until


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


def test_a_process_is_found_in_the_file_that_draws_it_whatever_a_comment_of_another_says(world):
    other = m.bundle("asking", m.start("asked") + m.end("told"), "asked -> told").files["asking.bpmn"]
    misleading = other.replace(b"<bpmn:process", b'<!-- <process id="quoting" ' + b"<process " * 30_000 + b" -->\n<bpmn:process")
    world.deploy(Bundle("both", {"a.bpmn": misleading, **short().files}))
    rows = world.all("SELECT process_key, path FROM process_version ORDER BY process_key")
    assert [tuple(row) for row in rows] == [("asking", "a.bpmn"), ("quoting", "quoting.bpmn")]


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


def sent(world, tx, **files: bytes) -> Taken:
    """Files sent alone by a tool, by name with `__` for the dot."""
    named = {name.replace("__", "."): content for name, content in files.items()}
    return deploy_files(world.runtime, tx, Sent("Quoting", named), Author("ada"))


def test_two_who_send_a_file_each_at_once_lose_neither(world):
    diagram = long("quoting").files["quoting.bpmn"]
    world.deploy(Bundle("quoting", {"quoting.bpmn": diagram, "README.md": b"# Quoting"}))

    def second() -> Taken:
        with world.database.transaction() as tx:
            return sent(world, tx, README__md=b"# Quotes")

    with ThreadPoolExecutor(1) as pool:
        with world.database.transaction() as tx:
            sent(world, tx, x__bpmn=diagram.replace(b'name="check"', b'name="Check it"'))
            waiting = pool.submit(second)
            until(lambda: world.one("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")[0])
        assert waiting.result().made.version == 3
    newest = "SELECT f.path, f.content FROM deployment_file f JOIN deployment d ON d.id = f.deployment_id WHERE d.version = 3"
    found = {row.path: bytes(row.content) for row in world.all(newest)}
    assert found == {"quoting.bpmn": diagram.replace(b'name="check"', b'name="Check it"'), "README.md": b"# Quotes"}


def test_files_of_two_bundles_are_not_sent_together_nor_two_for_one_place(world):
    world.deploy(m.bundle("asking", m.start() + m.end(), "start -> done"))
    world.deploy(short())
    diagrams = {
        key: m.bundle(key, m.start(f"{key}_s") + m.end(f"{key}_e"), f"{key}_s -> {key}_e").files[f"{key}.bpmn"]
        for key in ("asking", "quoting")
    }
    with world.database.transaction() as tx, pytest.raises(Invalid, match="run in several bundles: asking, quoting"):
        sent(world, tx, a__bpmn=diagrams["asking"], b__bpmn=diagrams["quoting"])
    with world.database.transaction() as tx, pytest.raises(Invalid, match="Two of the files are quoting.bpmn of the bundle"):
        sent(world, tx, a__bpmn=diagrams["quoting"], b__bpmn=diagrams["quoting"])
