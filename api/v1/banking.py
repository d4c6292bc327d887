"""What banks send: their files, the statements in them, and how their CSV is written."""

from dataclasses import asdict
from typing import Any

from flask import request
from flask_openapi3 import APIBlueprint, Tag
from pydantic import Field, RootModel

from api.auth.roles import Role
from api.product import product
from api.requests import operation, person, transaction
from api.v1.shapes import ChangedOut, Changing, Done, DraftBody, Listing, NumberPath, Page, Search, Shape, listed, partial
from handlers.changes import Author
from handlers.receivables import bank_layouts, commands
from handlers.receivables import views as receivables

api = APIBlueprint("banking", __name__, url_prefix="/api/v1", abp_tags=[Tag(name="finance")])

_TEXT = {"schema": {"type": "string", "format": "binary"}}
_BANK_FILE = {
    "requestBody": {
        "required": True,
        "content": dict.fromkeys(("application/xml", "text/csv", "text/plain", "application/octet-stream"), _TEXT),
    }
}


class BankFileQuery(Shape):
    """Which layout a CSV file has, where several fit; see `/bank-layouts`."""

    layout: str = Field("", max_length=100)


class RefusalOut(Shape):
    """A part of a file that was not taken, why, and what to do."""

    where: str
    detail: str
    next_step: str


class BankFileOut(Shape):
    """What a bank's file brought: statements that are booked, notices that are watched, and what of it was not taken.

    `statement_no` is the first statement by itself; none where the file only announces.
    """

    file_id: int
    format: str
    statement_no: str | None
    statement_nos: list[str]
    notice_nos: list[str]
    refused: list[RefusalOut]


class LayoutIn(DraftBody[bank_layouts.LayoutDraft]):
    """How a bank's CSV is written."""


class LayoutChange(Changing):
    """What is to be changed of a layout."""

    changes: partial(bank_layouts.LayoutDraft, "LayoutChanges", without={"layout_no"}, also={"active": bool | None})  # type: ignore[valid-type]


class LayoutOut(Shape):
    """A layout, and its version for a change."""

    layout: dict[str, Any]
    version: str


class ShownStatementOut(RootModel[receivables.ShownStatement]):
    """One bank statement with its lines."""


@api.post("/statements", responses={202: BankFileOut}, openapi_extensions=_BANK_FILE)
@operation(Role.COLLECT)
def post_statement(query: BankFileQuery) -> tuple[BankFileOut, int]:
    """Take in a bank's file: camt.053, camt.052, camt.054, BAI2, MT940, or CSV by a layout of ours.

    Each statement is booked, its receipts are matched and applied, by `statement-intake`; what is only announced (camt.052, camt.054) is
    never booked. What of the file cannot be taken is told in the answer, and the rest goes on.
    """
    taken = commands.take_in(product().runtime, transaction(), request.get_data(), person().name, query.layout)
    first = taken.statement_nos[0] if taken.statement_nos else None
    refused = [RefusalOut.model_validate(asdict(each)) for each in taken.refusals]
    answer = BankFileOut(
        file_id=taken.file_id,
        format=taken.format,
        statement_no=first,
        statement_nos=taken.statement_nos,
        notice_nos=taken.notice_nos,
        refused=refused,
    )
    return answer, 202


@api.get("/bank-files", responses={200: Page[receivables.BankFileRow]})
@operation(Role.SEE_BANK)
def list_bank_files(query: Listing) -> Page[receivables.BankFileRow]:
    """List the banks' files with what each brought and what of it was not taken, the latest first."""
    return listed(receivables.list_bank_files(transaction(), query.asked))


@api.get("/bank-layouts", responses={200: Page[bank_layouts.LayoutSummary]})
@operation(Role.SEE_BANK)
def list_layouts(query: Search) -> Page[bank_layouts.LayoutSummary]:
    """List how the banks' CSV files are written; `search` finds number and account."""
    return listed(bank_layouts.list_layouts(transaction(), query.search, query.asked))


@api.post("/bank-layouts", responses={201: Done})
@operation(Role.COLLECT)
def add_layout(body: LayoutIn) -> tuple[Done, int]:
    """Say how a bank's CSV is written."""
    return Done(id=bank_layouts.add_layout(transaction(), body.root, Author(person().name)), state="added"), 201


@api.get("/bank-layouts/<number>", responses={200: LayoutOut})
@operation(Role.SEE_BANK)
def show_layout(path: NumberPath) -> LayoutOut:
    """One layout, with its version for a change."""
    shown = bank_layouts.show_layout(transaction(), path.number)
    return LayoutOut(layout=dict(shown.row), version=shown.version)


@api.get("/statements", responses={200: Page[receivables.StatementSummary]})
@operation(Role.SEE_BANK)
def list_statements(query: Listing) -> Page[receivables.StatementSummary]:
    """List bank statements with their balances, the latest first."""
    return listed(receivables.list_statements(transaction(), query.asked))


@api.get("/statements/<number>", responses={200: ShownStatementOut})
@operation(Role.SEE_BANK)
def get_statement(path: NumberPath) -> ShownStatementOut:
    """One bank statement with its lines and what became of each."""
    return ShownStatementOut(receivables.show_statement(transaction(), path.number))


@api.patch("/bank-layouts/<number>", responses={200: ChangedOut})
@operation(Role.COLLECT)
def change_layout(path: NumberPath, body: LayoutChange) -> ChangedOut:
    """Change a layout; what is not named stays."""
    return ChangedOut(id=path.number, changed=bank_layouts.change_layout(transaction(), path.number, body.given, body.author(person())))
