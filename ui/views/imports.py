"""Imports: what can be brought in by file, each file with what its rows would do, and the verbs on it."""

from typing import Any

from flask import Response, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from engine.problems import Invalid, Problem
from engine.runtime.verbs.pending_changes import Wanting
from handlers.bulk import Verdict
from handlers.imports import files, verbs, views
from handlers.imports.cells import types_of, word_for
from handlers.imports.kinds import all_kinds, find_kind, refuse_without_role
from handlers.imports.sheets import MOST_ROWS
from ui.product import READ, asked, needs, person, product
from ui.records import TABS
from ui.second_person import page_of_change

_REFUSED = 422
_ADDRESS = "/master-data/imports"


def show_list() -> str:
    """The latest imports, and a form for a file."""
    return _list({})


def show_kind(kind: str) -> str:
    """A kind with the meaning of its columns."""
    found = find_kind(kind)
    types = types_of(found.draft)
    words = {column.name: word_for(types[column.name]) for column in found.columns}
    return render_template("import_kind.html", kind=found, words=words, tabs=TABS, may_import=found.role in person().roles)


def download_template(kind: str, file_format: str) -> Response:
    """The headings of a kind with a row of examples."""
    return _file(files.template(find_kind(kind), file_format), f"{kind}.{file_format}", file_format)


@needs(READ)  # and the role of the kind, which the file says
def take_file() -> AnyResponse:
    """Check a file; nothing of it is written yet."""
    code, file = request.form.get("kind", ""), request.files.get("file")
    data = file.read() if file else b""
    try:
        kind = find_kind(code)
        refuse_without_role(kind, person())
        if file is None or not file.filename:
            raise Invalid("No file was chosen.", code="file_missing", next_step="Choose a file.", errors={"file": ["is missing"]})
        given = verbs.File(kind=kind.code, name=file.filename, data=data)
        import_id = product().database.run(lambda tx: verbs.check(product().runtime, tx, given, person().name))
    except Problem as problem:
        return make_response(_list({"problem": problem, "errors": problem.errors, "chosen": code}), _REFUSED)
    return redirect(f"{_ADDRESS}/{import_id}", 303)


def show(import_id: int) -> str:
    """One import and its rows."""
    return _page(import_id, None)


def download_corrections(import_id: int, file_format: str) -> Response:
    """The rows that are to be corrected."""
    with product().database.transaction() as tx:
        refuse_without_role(find_kind(views.show_import(tx, import_id).kind), person())
        headings, rows = views.wrong_rows(tx, import_id)
    return _file(files.corrections(headings, rows, file_format), f"to-correct-{import_id}.{file_format}", file_format)


@needs(READ)
def act(import_id: int, verb: str) -> AnyResponse:
    """Apply an import, undo or discard it."""
    by = Wanting(person().name, request.form.get("reason", "").strip()[:2000])

    def do(tx: Any) -> int | None:
        refuse_without_role(find_kind(views.show_import(tx, import_id).kind), person())
        if verb == "apply":
            return verbs.apply(product().runtime, tx, import_id, by)
        if verb == "undo":
            verbs.undo(product().runtime, tx, import_id, by)
        else:
            verbs.discard(tx, import_id, by.name)
        return None

    try:
        pending = product().database.run(do)
    except Problem as problem:
        return make_response(_page(import_id, problem), _REFUSED)
    return redirect(page_of_change(pending) if pending else f"{_ADDRESS}/{import_id}", 303)


def _list(given: dict[str, Any]) -> str:
    code = request.args.get("kind", "")
    with product().database.transaction() as tx:
        found = views.list_imports(tx, code, asked(), count=True)
    shown = {"problem": None, "errors": {}, "chosen": code, "tabs": TABS, "most": MOST_ROWS, **given}
    kinds = all_kinds()
    mine = [kind for kind in kinds if kind.role in person().roles]
    titles = {kind.code: kind.title for kind in kinds}
    return render_template("imports.html", found=found, kinds=kinds, mine=mine, titles=titles, code=code, **shown)


def _page(import_id: int, problem: Problem | None) -> str:
    verdict = request.args.get("verdict", "")
    verdict = verdict if verdict in set(Verdict) else ""
    with product().database.transaction() as tx:
        each = views.show_import(tx, import_id)
        refuse_without_role(find_kind(each.kind), person())
        verdict = verdict or (
            "WRONG" if each.counts.get("WRONG") and not request.args.get("cursor") and "verdict" not in request.args else ""
        )
        rows = views.list_rows(tx, import_id, verdict, asked(), count=True)
    kind = find_kind(each.kind)
    return render_template(
        "import.html", each=each, kind=kind, rows=rows, verdict=verdict, problem=problem, may_import=kind.role in person().roles
    )


def _file(data: bytes, name: str, file_format: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(data, mimetype=files.FORMATS[file_format], headers=headers)
