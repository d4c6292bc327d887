"""What pages and programs see of imports: the list, one with its figures, and its rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from engine.problems import NotFound, refuse_unknown
from engine.store.paging import Asked, Key, Page, read_page
from handlers.imports.kinds import all_kinds
from handlers.imports.model import DataImport, DataImportRow


@dataclass(frozen=True, slots=True)
class ImportSummary:
    """An import as a list shows it; `counts` says how many rows have which verdict."""

    id: int
    kind: str
    file_name: str
    state: str
    counts: Mapping[str, int]
    created_by: str
    created_at: datetime
    applied_by: str | None
    applied_at: datetime | None
    undone_by: str | None
    undone_at: datetime | None
    pending_change_id: int | None


@dataclass(frozen=True, slots=True)
class ImportRow:
    """A row: what it says, what is wrong with it by column, what it changed."""

    line_no: int
    row_key: str
    verdict: str
    cells: Mapping[str, str]
    errors: Mapping[str, Sequence[str]]
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None

    @property
    def wrong(self) -> str:
        """What is wrong with it, in a sentence."""
        return "; ".join(f"{name} {message}".strip() for name, messages in self.errors.items() for message in messages)

    @property
    def changes(self) -> dict[str, tuple[Any, Any]]:
        """By column what it changes: what was and what is."""
        before, after = self.before or {}, self.after or {}
        return {name: (before.get(name), value) for name, value in after.items() if self.before is not None and before.get(name) != value}


def list_imports(tx: Session, kind: str, asked: Asked, *, count: bool = False) -> Page[ImportSummary]:
    """The imports, the latest first; of one kind where it is named. Raises Invalid for a kind there is none of."""
    refuse_unknown(kind, [each.code for each in all_kinds()], "kind of import", "kind")
    statement = _imports()
    if kind:
        statement = statement.where(DataImport.kind == kind)
    keys = [Key(DataImport.created_at, descending=True), Key(DataImport.id, descending=True)]
    return read_page(tx, statement, keys, asked, count=count).typed(ImportSummary)


def show_import(tx: Session, import_id: int) -> ImportSummary:
    """One import. Raises NotFound."""
    found = tx.execute(_imports().where(DataImport.id == import_id)).mappings().one_or_none()
    if found is None:
        raise NotFound(f"There is no import {import_id}.", code="import_unknown", next_step="Look at the list of imports.")
    return ImportSummary(**found)


def list_rows(tx: Session, import_id: int, verdict: str, asked: Asked, *, count: bool = False) -> Page[ImportRow]:
    """The rows of an import by line; of one verdict where it is named."""
    statement = _rows(import_id)
    if verdict:
        statement = statement.where(DataImportRow.verdict == verdict)
    return read_page(tx, statement, [Key(DataImportRow.line_no)], asked, count=count).typed(ImportRow)


def wrong_rows(tx: Session, import_id: int) -> tuple[list[str], list[ImportRow]]:
    """The headings of the file, and the rows that are to be corrected. Raises NotFound."""
    headings = tx.execute(select(DataImport.headings).where(DataImport.id == import_id)).scalar_one_or_none()
    if headings is None:
        raise NotFound(f"There is no import {import_id}.", code="import_unknown", next_step="Look at the list of imports.")
    found = tx.execute(_rows(import_id).where(DataImportRow.verdict == "WRONG").order_by(DataImportRow.line_no)).mappings()
    return headings, [ImportRow(**row) for row in found]


def _imports() -> Select[Any]:
    columns = DataImport.__table__.c
    return select(*(columns[name] for name in ImportSummary.__dataclass_fields__))


def _rows(import_id: int) -> Select[Any]:
    columns = DataImportRow.__table__.c
    return select(*(columns[name] for name in ImportRow.__dataclass_fields__)).where(DataImportRow.import_id == import_id)
