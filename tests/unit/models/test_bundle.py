"""A bundle is a folder, taken as one version."""

from pathlib import Path

import pytest

from engine.models.bundle import MAX_FILE_BYTES, MAX_FILES, Bundle, FileKind, kind_of, read_bundle, stem_of
from engine.models.check import check, reload
from engine.problems import Invalid, NotFound, TooLarge
from engine.service_tasks import ServiceTasks
from tests.unit.models.drawing import around, bundle, document, script, service, service_tasks


def test_the_hash_does_not_depend_on_the_order_of_files() -> None:
    one = Bundle("a", {"x.bpmn": b"1", "y.form": b"2"})
    assert one.sha256 == Bundle("b", {"y.form": b"2", "x.bpmn": b"1"}).sha256


@pytest.mark.parametrize(
    "other",
    [{"x.bpmn": b"1", "y.form": b"3"}, {"x.bpmn": b"12", "y.form": b""}, {"x.bpmn": b"1"}, {"x.bpm": b"n1", "y.form": b"2"}],
)
def test_the_hash_tells_other_contents_and_names(other: dict[str, bytes]) -> None:
    assert Bundle("a", {"x.bpmn": b"1", "y.form": b"2"}).sha256 != Bundle("a", other).sha256


def test_a_folder_is_read_with_what_a_deployment_knows(tmp_path: Path) -> None:
    (tmp_path / "forms").mkdir()
    (tmp_path / ".git").mkdir()
    for name in ("quote.bpmn", "forms/approve-quote.form", "g1.scenario.json", "README.md", "notes.txt", ".git/x.bpmn"):
        (tmp_path / name).write_bytes(name.encode())
    assert sorted(read_bundle(tmp_path).files) == ["README.md", "forms/approve-quote.form", "g1.scenario.json", "quote.bpmn"]
    assert read_bundle(tmp_path).files["quote.bpmn"] == b"quote.bpmn"


def test_a_huge_file_is_refused_before_it_is_read(tmp_path: Path) -> None:
    with (tmp_path / "huge.bpmn").open("wb") as file:
        file.truncate(MAX_FILE_BYTES + 1)
    with pytest.raises(TooLarge, match=r"huge\.bpmn has 2000001 bytes"):
        read_bundle(tmp_path)


def test_too_many_files_are_refused(tmp_path: Path) -> None:
    for number in range(MAX_FILES + 1):
        (tmp_path / f"{number}.md").write_bytes(b"")
    with pytest.raises(TooLarge, match="more than 200 files"):
        read_bundle(tmp_path)


def test_an_empty_folder_and_no_folder_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="holds no diagram"):
        read_bundle(tmp_path)
    with pytest.raises(NotFound, match="no folder 'nowhere'"):
        read_bundle(tmp_path / "nowhere")


def test_a_folder_is_checked_in_one_call(tmp_path: Path) -> None:
    (tmp_path / "quote.bpmn").write_bytes(document(around("a", script("a"))))
    result = check(read_bundle(tmp_path), service_tasks())
    assert result.ok
    assert [compiled.key for compiled in result.processes] == ["quote_to_order"]


def test_the_stored_bytes_are_the_analysts_own() -> None:
    content = document(around("a", script("a"))) + b"\n<!-- mine -->\n"
    result = check(Bundle("a", {"a.bpmn": content}), service_tasks())
    assert result.ok
    assert result.bundle.files["a.bpmn"] == content


def test_a_bundle_without_diagram_and_a_file_nobody_knows_are_told() -> None:
    result = check(Bundle("a", {"virus.exe": b"MZ"}), service_tasks())
    assert {finding.rule for finding in result.findings} == {"no-diagram", "unknown-file"}


@pytest.mark.parametrize(
    ("path", "kind", "stem"),
    [
        ("forms/approve-quote.form", FileKind.FORM, "approve-quote"),
        ("G1.scenario.json", FileKind.SCENARIO, "G1"),
        ("data.json", None, "data.json"),
        ("QUOTE.BPMN", FileKind.DIAGRAM, "QUOTE"),
    ],
)
def test_kinds_are_told_by_the_end_of_the_name(path: str, kind: FileKind | None, stem: str) -> None:
    assert kind_of(path) is kind
    assert stem_of(path) == stem


def test_a_deployed_bundle_is_compiled_again_though_its_service_task_has_gone() -> None:
    deployed = bundle(around("price", service("price", "quoting.price_quote", quote_no="quote_no")))
    assert check(deployed, service_tasks()).ok
    assert not check(deployed, ServiceTasks()).ok
    again = reload(deployed)
    assert again.findings == ()
    assert [process.key for process in again.processes] == ["quote_to_order"]


def test_a_deployed_bundle_that_does_not_compile_any_more_says_so() -> None:
    spoiled = Bundle("b", {"b.bpmn": b"<a/>", "c.bpmn": document(around("a", script("a")))})
    assert [finding.rule for finding in reload(spoiled).findings] == ["root-element"]
