"""Checks, applies, undoes and discards imports.

What is checked is kept with its verdicts and changes nothing else. It is judged again when it is applied, on rows that are locked; its
good rows are written together and the others stay, to be corrected. The same file is never taken in twice.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from sqlalchemy import RowMapping, func, insert, select, text, update
from sqlalchemy.orm import Session

from engine.problems import Conflict, NotFound
from engine.runtime.state import audit
from engine.runtime.state.runtime import Runtime
from engine.runtime.verbs.pending_changes import Wanting, ask_or_do, expire
from engine.store.locks import Advisory, Lock, advisory, take
from handlers.bulk import WRITTEN, Kind, Row, Verdict, Work
from handlers.imports.kinds import find_kind, rows_of
from handlers.imports.model import DataImport, DataImportRow
from handlers.imports.sheets import Line, read_sheet
from handlers.rowsets import as_json, insert_rows

#: What stands in the way of an undo is said up to here.
_MOST_OBSTACLES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file as it came: `kind` says of what its rows are."""

    kind: str
    name: str
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardedRows:
    """The rows of an import that wait for a second person."""

    import_id: int


def check(runtime: Runtime, tx: Session, file: File, by: str) -> int:
    """Read a file, say what each row would do, and answer the import's number; the same file again is the same import.

    Raises NotFound (kind), Invalid and TooLarge where the file cannot be read at all.
    """
    kind = find_kind(file.kind)
    digest = sha256(file.data).hexdigest()
    advisory(tx, Advisory.IMPORT, kind.code)
    known = tx.execute(_KNOWN, {"kind": kind.code, "sha256": digest}).one_or_none()
    if known is not None:
        if known.state == "CHECKED":
            _judge_again(runtime, tx, hold(tx, known.id))
        return int(known.id)
    sheet = read_sheet(file.data, [column.name for column in kind.columns])
    rows = rows_of(kind, sheet.lines, commas=sheet.commas)
    _judge(runtime, tx, kind, rows, writing=False)
    values = {
        "kind": kind.code,
        "file_name": file.name[:200],
        "sha256": digest,
        "headings": list(sheet.headings),
        "commas": sheet.commas,
        "counts": _counts(rows),
        "created_by": by,
    }
    import_id: int = tx.execute(insert(DataImport).values(values).returning(DataImport.id)).scalar_one()
    cells = {line.line_no: line.cells for line in sheet.lines}
    insert_rows(tx, DataImportRow, [{"import_id": import_id, "cells": cells[row.line_no], **_kept(row)} for row in rows])
    return import_id


def apply(runtime: Runtime, tx: Session, import_id: int, by: Wanting) -> int | None:
    """Write the good rows of an import; answer the change that waits for a second person, where rows take one.

    Applied before, it stays as it is. Raises NotFound, Conflict where it was undone or discarded.
    """
    expire(tx)  # locked before the import
    kept = hold(tx, import_id)
    if kept["state"] == "APPLIED":
        return kept["pending_change_id"]  # type: ignore[no-any-return]
    if kept["state"] != "CHECKED":
        raise Conflict(
            f"Import {import_id} was {kept['state'].lower()}.", code="import_over", next_step="Send the file again: it is a new import."
        )
    kind, rows = find_kind(kept["kind"]), _rows(tx, kept)
    advisory(tx, Advisory.IMPORT, kind.code)
    rule = _judge(runtime, tx, kind, rows, writing=True)
    _write(tx, kind, rows, Work(runtime=runtime, import_id=import_id, actor=by.name))
    values = {"state": "APPLIED", "applied_by": by.name, "applied_at": func.business_now(), "counts": _counts(rows)}
    _update(tx, import_id, values)
    detail = {"kind": kind.code, "file": kept["file_name"], "sha256": kept["sha256"], "rows": values["counts"]}
    audit.record(tx, audit.Entry(by.name, "apply_import", f"import:{import_id}", by.reason or None, detail))
    if not rule:
        return None
    pending = ask_or_do(runtime, tx, kind.guarded_by, GuardedRows(import_id=import_id), by).pending
    _update(tx, import_id, {"pending_change_id": pending})
    return pending


def write_guarded(runtime: Runtime, tx: Session, given: GuardedRows, by: Wanting) -> int:
    """Write the rows that waited for a second person; answer how many."""
    kept = hold(tx, given.import_id)
    kind = find_kind(kept["kind"])
    rows = _rows(tx, kept, verdict=Verdict.WAITS)
    kind.judge(tx, rows, writing=True)
    written = _write(tx, kind, rows, Work(runtime=runtime, import_id=given.import_id, actor=by.name))
    _update(tx, given.import_id, {"counts": _recount(kept["counts"], rows)})
    return written


def undo(runtime: Runtime, tx: Session, import_id: int, by: Wanting) -> None:
    """Take an import back, all of it, where nothing was built on it. Raises NotFound, and Conflict that names what stands in the way."""
    kept = hold(tx, import_id)
    kind = find_kind(kept["kind"])
    if kept["state"] != "APPLIED":
        raise Conflict(
            f"Import {import_id} is {kept['state'].lower()}.", code="import_not_applied", next_step="Only what was applied can be undone."
        )
    if kept["pending_change_id"] is not None and tx.execute(_STILL_WAITS, {"id": kept["pending_change_id"]}).scalar_one():
        raise Conflict(
            f"Rows of import {import_id} wait for a second person.",
            code="change_pending",
            next_step=f"Take change {kept['pending_change_id']} back first.",
        )
    advisory(tx, Advisory.IMPORT, kind.code)
    obstacles = kind.undo(tx, _written_rows(tx, import_id), Work(runtime=runtime, import_id=import_id, actor=by.name))
    if obstacles:
        raise Conflict(
            f"Import {import_id} cannot be undone. {' '.join(obstacles[:_MOST_OBSTACLES])}",
            code="import_built_on",
            next_step="Undo what was built on it first, or correct the rows one by one.",
        )
    _update(tx, import_id, {"state": "UNDONE", "undone_by": by.name, "undone_at": func.business_now()})
    audit.record(tx, audit.Entry(by.name, "undo_import", f"import:{import_id}", by.reason or None, {"kind": kind.code}))


def discard(tx: Session, import_id: int, by: str) -> None:
    """Put aside what was only checked; its rows are forgotten. Raises NotFound, Conflict."""
    kept = hold(tx, import_id)
    if kept["state"] != "CHECKED":
        raise Conflict(
            f"Import {import_id} is {kept['state'].lower()}.", code="import_not_checked", next_step="Undo it, where it was applied."
        )
    tx.execute(_FORGET, {"id": import_id})
    _update(tx, import_id, {"state": "DISCARDED"})
    audit.record(tx, audit.Entry(by, "discard_import", f"import:{import_id}"))


def hold(tx: Session, import_id: int) -> RowMapping:
    """The import, locked. Raises NotFound."""
    take(tx, Lock.DATA_IMPORT, [import_id])
    found = tx.execute(select(*DataImport.__table__.c).where(DataImport.id == import_id)).mappings().one_or_none()
    if found is None:
        raise NotFound(f"There is no import {import_id}.", code="import_unknown", next_step="Look at the list of imports.")
    return found


def _judge_again(runtime: Runtime, tx: Session, kept: RowMapping) -> None:
    """What was checked earlier may be otherwise by now."""
    kind, rows = find_kind(kept["kind"]), _rows(tx, kept)
    _judge(runtime, tx, kind, rows, writing=False)
    _save(tx, kept["id"], rows)
    _update(tx, kept["id"], {"counts": _counts(rows)})


def _judge(runtime: Runtime, tx: Session, kind: Kind, rows: Sequence[Row], *, writing: bool) -> str:
    kind.judge(tx, rows, writing=writing)
    return kind.guard(runtime, tx, rows) if kind.guard is not None else ""


def _write(tx: Session, kind: Kind, rows: Sequence[Row], work: Work) -> int:
    good = [row for row in rows if row.verdict in WRITTEN]
    if good:
        kind.write(tx, good, work)
    _save(tx, work.import_id, rows)
    return len(good)


def _rows(tx: Session, kept: RowMapping, verdict: Verdict | None = None) -> list[Row]:
    found = tx.execute(_CELLS, {"id": kept["id"], "verdict": verdict}).mappings()
    lines = [Line(row["line_no"], row["cells"], " ".join(row["wrong"] or ())) for row in found]
    return rows_of(find_kind(kept["kind"]), lines, commas=kept["commas"])


def _written_rows(tx: Session, import_id: int) -> list[Row]:
    return [
        Row(line_no=row["line_no"], given={}, verdict=Verdict(row["verdict"]), key=row["row_key"], before=row["before"], after=row["after"])
        for row in tx.execute(_WRITTEN, {"id": import_id}).mappings()
    ]


def _kept(row: Row) -> dict[str, Any]:
    return {
        "line_no": row.line_no,
        "row_key": row.key,
        "verdict": str(row.verdict),
        "errors": row.errors,
        "before": row.before,
        "after": row.after if row.verdict is not Verdict.WRONG else None,
    }


def _save(tx: Session, import_id: int, rows: Sequence[Row]) -> None:
    if rows:
        tx.execute(_KEEP, {"id": import_id, "rows": as_json([_kept(row) for row in rows])})


def _counts(rows: Sequence[Row]) -> dict[str, int]:
    counted = Counter(str(row.verdict) for row in rows)
    return {str(verdict): counted[str(verdict)] for verdict in Verdict}


def _recount(before: dict[str, int], rows: Sequence[Row]) -> dict[str, int]:
    now = _counts(rows)
    return {name: many - (len(rows) if name == Verdict.WAITS else 0) + now[name] for name, many in before.items()}


def _update(tx: Session, import_id: int, values: dict[str, Any]) -> None:
    tx.execute(update(DataImport).where(DataImport.id == import_id).values(values).execution_options(synchronize_session=False))


_KNOWN = text("SELECT id, state FROM data_import WHERE kind = :kind AND sha256 = :sha256 AND state IN ('CHECKED', 'APPLIED')")
_CELLS = text("""
SELECT line_no, cells, errors -> 'line' AS wrong FROM data_import_row
WHERE import_id = :id AND verdict = coalesce(CAST(:verdict AS text), verdict) ORDER BY line_no
""")
_WRITTEN = text("""
SELECT line_no, row_key, verdict, before, after FROM data_import_row
WHERE import_id = :id AND verdict IN ('ADD', 'CHANGE') ORDER BY line_no
""")
_KEEP = text("""
UPDATE data_import_row AS kept
SET verdict = given.verdict, row_key = given.row_key, errors = given.errors, before = given.before, after = given.after
FROM jsonb_populate_recordset(NULL::data_import_row, CAST(:rows AS jsonb)) AS given
WHERE kept.import_id = :id AND kept.line_no = given.line_no
""")
_STILL_WAITS = text("SELECT EXISTS (SELECT FROM pending_change WHERE id = :id AND state = 'pending')")
_FORGET = text("DELETE FROM data_import_row WHERE import_id = :id")
