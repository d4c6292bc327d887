"""What is deployed: the list of bundles, and one version of one with its diagrams, decisions, forms, scenarios, README and files."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Response, render_template, request, url_for
from sqlalchemy.orm import Session

from engine.models.archive import write_archive
from engine.models.bundle import FileKind, kind_of
from engine.models.media import media_type_of
from engine.models.reading.drawing import read_drawing
from engine.problems import Problem
from engine.runtime.read import bundles as read
from ui.csv_export import csv_response
from ui.product import DEPLOY, MIGRATE, OPERATE, asked, person, product
from ui.views.bundle_tabs import SHOWN, Opened

#: The tabs of a version, and the kind of files each shows.
TABS: Mapping[str, str] = {
    "diagram": "Diagram",
    "decisions": "Decisions",
    "forms": "Forms",
    "scenarios": "Scenarios",
    "readme": "README",
    "files": "Files",
    "versions": "Versions",
}
_COUNTED = {"diagram": FileKind.DIAGRAM, "decisions": FileKind.DECISION, "forms": FileKind.FORM, "scenarios": FileKind.SCENARIO}


def show_list(problem: Problem | None = None, typed: Mapping[str, str] | None = None) -> str:
    """Every bundle by its newest version."""
    search = request.args.get("q", "").strip()[:200]
    with product().database.transaction() as tx:
        found = read.list_bundles(tx, search, asked(), count=True)
    return render_template(
        "bundles.html",
        found=found,
        search=search,
        may_deploy=DEPLOY in person().roles,
        problem=problem,
        findings=getattr(problem, "findings", ()),
        typed=typed or {},
    )


def export() -> Response:
    """The list, as it is searched, as CSV."""
    with product().database.transaction() as tx:
        rows = read.export_bundles(tx, request.args.get("q", "").strip()[:200])
    head = ("Process", "Bundle", "Processes", "Version", "Since", "Deployed by", "Note", "Under way", "Stuck")
    return csv_response(
        "processes",
        head,
        (
            [row.title, row.name, ", ".join(row.processes), row.version, row.deployed_at, row.deployed_by, row.note, row.running, row.stuck]
            for row in rows
        ),
    )


def show_newest(bundle: str) -> str:
    """The newest version of a bundle."""
    return show(bundle, read.LATEST)


def show_version(bundle: str, version: int) -> str:
    """One version of a bundle."""
    return show(bundle, str(version))


@dataclass(frozen=True, slots=True)
class Refused:
    """What was refused in a dialog of the page: of one version, or of an import with what was typed."""

    problem: Problem
    version_id: int = 0
    typed: Mapping[str, str] | None = None


def show(bundle: str, version: str, *, tab: str = "", refused: Refused | None = None) -> str:
    """A version, with the tab that the address asks for. A constant number of statements."""
    wanted = tab or request.args.get("show", "")
    tab = wanted if wanted in TABS else "diagram"
    with product().database.transaction() as tx:
        found = read.get_version(tx, bundle, version)
        files = read.files_of(tx, found.id)
        processes = read.processes_of(tx, [found.id])[found.id]
        context = _versions(tx, bundle) if tab == "versions" else {}
    shown = {kind: {path: files[path] for path in files if kind_of(path) is kind} for kind in FileKind}
    opened = Opened(found, shown, [read_drawing(path, content) for path, content in shown[FileKind.DIAGRAM].items()])
    context |= SHOWN[tab](opened) if tab in SHOWN else {}
    counts = {name: len(shown[kind]) for name, kind in _COUNTED.items()} | {"files": len(files), "versions": found.newest}
    return render_template(
        "bundle.html",
        bundle=found,
        title=next((each.name for each in processes if each.process_key == bundle), processes[0].name if processes else bundle),
        processes=processes,
        tab=tab,
        tabs=TABS,
        counts=counts,
        address=url_for("ui.bundles_show_newest", bundle=bundle) if version == read.LATEST else opened.address,
        version_address=opened.address,
        files=files,
        may_deploy=DEPLOY in person().roles,
        may_start=OPERATE in person().roles,
        may_migrate=MIGRATE in person().roles,
        done=request.args.get("done", ""),
        problem=refused and refused.problem,
        refused=refused.version_id if refused else 0,
        typed=refused and refused.typed,
        findings=getattr(refused and refused.problem, "findings", ()),
        **context,
    )


def show_versions(bundle: str, problem: Problem, refused: int) -> str:
    """The versions of a bundle, with what was refused in the dialog that asked for it."""
    return show(bundle, read.LATEST, tab="versions", refused=Refused(problem, refused))


def show_file(bundle: str, version: int, path: str) -> Response:
    """One file, byte for byte as it was deployed."""
    with product().database.transaction() as tx:
        content = read.file_of(tx, bundle, str(version), path)
    return download(content, media_type_of(path), path.rsplit("/", 1)[-1])


def show_archive(bundle: str, version: int) -> Response:
    """All files of a version as a zip."""
    with product().database.transaction() as tx:
        found, whole = read.bundle_of(tx, bundle, str(version))
    return download(write_archive(whole), "application/zip", f"{found.name}-{found.version}.zip")


def download(content: bytes, media_type: str, name: str) -> Response:
    """Bytes to be kept, never to be shown as a page of ours."""
    plain = "".join(letter if letter.isascii() and letter.isprintable() and letter not in '"\\' else "_" for letter in name)
    return Response(content, mimetype=media_type, headers={"Content-Disposition": f'attachment; filename="{plain}"'})


def _versions(tx: Session, bundle: str) -> dict[str, Any]:
    """The list of versions with their processes. Three statements."""
    rows = read.list_bundle_versions(tx, bundle, asked(), count=True)
    return {"versions": rows, "processes_by_version": read.processes_of(tx, [row.id for row in rows.rows])}
