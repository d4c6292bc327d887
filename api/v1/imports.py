"""Imports: files of masters, stock, orders and open items, CSV or XLSX, checked row by row before anything is written."""

from typing import Any

from flask import Response, request
from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, Field

from api.auth.roles import Role
from api.product import product
from api.requests import operation, person, transaction
from api.v1.shapes import Listing, Page, ReasonIn, Shape, listed
from engine.runtime.verbs.pending_changes import Wanting
from engine.store.paging import Asked
from handlers.bulk import Kind
from handlers.imports import files, verbs, views
from handlers.imports.cells import types_of, word_for
from handlers.imports.kinds import all_kinds, find_kind, refuse_without_role

api = APIBlueprint("imports", __name__, url_prefix="/api/v1", abp_tags=[Tag(name="imports")])

_FILE = {"schema": {"type": "string", "format": "binary"}}
_BODY = {
    "requestBody": {
        "required": True,
        "content": dict.fromkeys((*files.FORMATS.values(), "application/octet-stream"), _FILE),
    }
}


class ImportColumnOut(Shape):
    """A column of a kind: what it holds, whether a new row needs it, what it means, and an example."""

    name: str
    holds: str
    needed: bool
    meaning: str
    example: str


class KindOut(Shape):
    """A kind of rows that can be brought in, and the role that whoever does so needs."""

    code: str
    title: str
    about: str
    role: str
    key: list[str]
    columns: list[ImportColumnOut]


class KindsOut(Shape):
    """Every kind, in the order in which a new company brings them in."""

    items: list[KindOut]


class KindPath(BaseModel):
    """A kind in the address."""

    kind: str = Field(max_length=50)


class ImportPath(BaseModel):
    """An import in the address."""

    import_id: int = Field(ge=1, le=2**62)


class FormatQuery(Shape):
    """As which file."""

    file_format: str = Field("csv", pattern="^(csv|xlsx)$", alias="format")


class FileQuery(Shape):
    """What the file is called, whether its good rows are only checked (`dry_run`), and why they are brought in."""

    file_name: str = Field("", max_length=200)
    dry_run: bool = False
    reason: str = Field("", max_length=2000)


class ImportsQuery(Listing):
    """Which imports to list."""

    kind: str = Field("", max_length=50)


class RowsQuery(Listing):
    """Which rows to list."""

    verdict: str = Field("", pattern="^(ADD|CHANGE|SAME|WRONG|WAITS)?$")


class RowOut(Shape):
    """A row by its line: its verdict, by column what is wrong with it and what to do, and what it changes."""

    line_no: int
    row_key: str
    verdict: str
    cells: dict[str, str]
    errors: dict[str, list[str]]
    before: dict[str, Any] | None
    after: dict[str, Any] | None


class ImportOut(Shape):
    """An import with its figures by verdict, and the first of its rows that are to be corrected."""

    summary: views.ImportSummary
    wrong: list[RowOut]


@api.get("/imports/kinds", responses={200: KindsOut})
@operation(Role.READ)
def list_kinds() -> KindsOut:
    """List what can be brought in, with its columns."""
    return KindsOut(items=[_kind(kind) for kind in all_kinds()])


@api.get("/imports/kinds/<kind>/template")
@operation(Role.READ)
def download_template(path: KindPath, query: FormatQuery) -> Response:
    """A file with the headings of a kind and a row of examples."""
    return _file(files.template(find_kind(path.kind), query.file_format), f"{path.kind}.{query.file_format}", query.file_format)


@api.post("/imports/kinds/<kind>", responses={201: ImportOut}, openapi_extensions=_BODY)
@operation(Role.READ)
def post_file(path: KindPath, query: FileQuery) -> tuple[ImportOut, int]:
    """Check a file and write its good rows; with `dry_run` nothing is written yet. The same file again is the same import."""
    kind = find_kind(path.kind)
    refuse_without_role(kind, person())
    given = verbs.File(kind=kind.code, name=query.file_name, data=request.get_data())
    import_id = verbs.check(product().runtime, transaction(), given, person().name)
    if not query.dry_run:
        verbs.apply(product().runtime, transaction(), import_id, Wanting(person().name, query.reason))
    return _import(import_id), 201


@api.get("/imports", responses={200: Page[views.ImportSummary]})
@operation(Role.READ)
def list_imports(query: ImportsQuery) -> Page[views.ImportSummary]:
    """List imports, the latest first."""
    return listed(views.list_imports(transaction(), query.kind, query.asked))


@api.get("/imports/<int:import_id>", responses={200: ImportOut})
@operation(Role.READ)
def get_import(path: ImportPath) -> ImportOut:
    """One import; whoever sees its rows has the role of its kind."""
    _refuse_strangers(path.import_id)
    return _import(path.import_id)


@api.get("/imports/<int:import_id>/rows", responses={200: Page[RowOut]})
@operation(Role.READ)
def list_rows(path: ImportPath, query: RowsQuery) -> Page[RowOut]:
    """List the rows of an import by line."""
    _refuse_strangers(path.import_id)
    page = views.list_rows(transaction(), path.import_id, query.verdict, query.asked)
    return Page(items=[_row(row) for row in page.rows], next_cursor=page.next)


@api.get("/imports/<int:import_id>/corrections")
@operation(Role.READ)
def download_corrections(path: ImportPath, query: FormatQuery) -> Response:
    """The rows that are to be corrected, as a file that is sent again once it is right."""
    _refuse_strangers(path.import_id)
    headings, rows = views.wrong_rows(transaction(), path.import_id)
    return _file(
        files.corrections(headings, rows, query.file_format), f"to-correct-{path.import_id}.{query.file_format}", query.file_format
    )


@api.post("/imports/<int:import_id>/apply", responses={200: ImportOut})
@operation(Role.READ)
def apply_import(path: ImportPath, body: ReasonIn) -> ImportOut:
    """Write the good rows of an import that was checked; rows that take a second person wait for one."""
    _refuse_strangers(path.import_id)
    verbs.apply(product().runtime, transaction(), path.import_id, Wanting(person().name, body.reason))
    return _import(path.import_id)


@api.post("/imports/<int:import_id>/undo", responses={200: ImportOut})
@operation(Role.READ)
def undo_import(path: ImportPath, body: ReasonIn) -> ImportOut:
    """Take an import back where nothing was built on it."""
    _refuse_strangers(path.import_id)
    verbs.undo(product().runtime, transaction(), path.import_id, Wanting(person().name, body.reason))
    return _import(path.import_id)


@api.post("/imports/<int:import_id>/discard", responses={200: ImportOut})
@operation(Role.READ)
def discard_import(path: ImportPath) -> ImportOut:
    """Put an import aside that was only checked."""
    _refuse_strangers(path.import_id)
    verbs.discard(transaction(), path.import_id, person().name)
    return _import(path.import_id)


def _refuse_strangers(import_id: int) -> None:
    refuse_without_role(find_kind(views.show_import(transaction(), import_id).kind), person())


def _import(import_id: int) -> ImportOut:
    shown = views.show_import(transaction(), import_id)
    wrong = views.list_rows(transaction(), import_id, "WRONG", Asked()).rows
    return ImportOut(summary=shown, wrong=[_row(row) for row in wrong])


def _row(row: views.ImportRow) -> RowOut:
    return RowOut.model_validate(row)


def _kind(kind: Kind) -> KindOut:
    types = types_of(kind.draft)
    columns = [
        ImportColumnOut(
            name=each.name, holds=word_for(types[each.name]), needed=each.name in kind.required, meaning=each.meaning, example=each.example
        )
        for each in kind.columns
    ]
    return KindOut(code=kind.code, title=kind.title, about=kind.about, role=kind.role, key=list(kind.key), columns=columns)


def _file(data: bytes, name: str, file_format: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(data, mimetype=files.FORMATS[file_format], headers=headers)
