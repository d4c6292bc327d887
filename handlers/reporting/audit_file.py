"""The books of some days as a file for an auditor: a ZIP of CSV files with a manifest of what is in them (`docs/audit-file.md`).

Everything is read in one view of the database, a thousand rows at a time, and sent while it is read, whatever there is of it.
"""

import csv
import hashlib
import json
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from io import StringIO
from typing import IO, Any, cast

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.problems import Invalid
from engine.store.clock import business_now
from handlers.ledger.books import books_currency
from handlers.ledger.movements import MOVEMENTS
from handlers.reporting.spreadsheets import safe

VERSION = "1"
_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Part:
    """One file: its query, with the parameters `since` and `until`, and which of its columns are added up in the manifest."""

    name: str
    sql: str
    sums: tuple[str, ...] = ()


def _balances(day: str) -> str:
    return f"""
    WITH {MOVEMENTS.replace(":as_of", day)}
    SELECT account, sum(debits) AS debits, sum(credits) AS credits, sum(debits - credits) AS balance FROM movement
    GROUP BY account ORDER BY account
    """


_IN_DAYS = "journal.gl_date BETWEEN :since AND :until"
PARTS = (
    Part("accounts", "SELECT number, name, kind, needs_party FROM account ORDER BY number"),
    Part("opening_balances", _balances("(CAST(:since AS date) - 1)"), ("debits", "credits", "balance")),
    Part(
        "journals",
        f"""
        SELECT id, gl_date, event_type, source_id, sequence, currency, fx_rate, narration, reverses_id, posted_at, digest FROM journal
        WHERE {_IN_DAYS} ORDER BY id
        """,
    ),
    Part(
        "journal_lines",
        f"""
        SELECT line.journal_id, line.line_no, line.account, line.party_no, line.reference, line.debit, line.credit, line.accounted
        FROM journal JOIN journal_line AS line ON line.journal_id = journal.id WHERE {_IN_DAYS} ORDER BY line.journal_id, line.line_no
        """,
        ("accounted",),
    ),
    Part("closing_balances", _balances(":until"), ("debits", "credits", "balance")),
    Part("customers", "SELECT customer_no, name, country, vat_no, currency FROM customer ORDER BY customer_no"),
    Part("suppliers", "SELECT supplier_no, name, country, vat_no, currency FROM supplier ORDER BY supplier_no"),
    Part(
        "invoices",
        f"""
        SELECT invoice_no, invoice.kind, customer_no, order_no, invoice_date, due_date, invoice.currency, invoice.fx_rate, net_total,
          freight_total, tax_total, gross_total, credits_invoice_no, journal_id
        FROM invoice JOIN journal ON journal.id = invoice.journal_id WHERE {_IN_DAYS} ORDER BY invoice_no
        """,
    ),
    Part(
        "invoice_taxes",
        f"""
        SELECT invoice_no, tax.order_no, category, rate_pct, taxable, tax FROM invoice_tax AS tax JOIN invoice USING (invoice_no)
        JOIN journal ON journal.id = invoice.journal_id WHERE {_IN_DAYS} ORDER BY invoice_no, tax.order_no, category, rate_pct
        """,
    ),
    Part(
        "supplier_invoices",
        f"""
        SELECT supplier_invoice_no, supplier_no, document_no, po_no, invoice_date, bill.currency, net_total, freight, tax_total,
          gross_total,
          journal_id
        FROM supplier_invoice AS bill JOIN journal ON journal.id = bill.journal_id WHERE {_IN_DAYS} ORDER BY supplier_invoice_no
        """,
    ),
    Part("exchange_rates", "SELECT currency, valid_from, rate FROM fx_rate WHERE valid_from <= :until ORDER BY currency, valid_from"),
    Part("closed_periods", "SELECT starts_on, ends_on, closed_at, closed_by FROM ledger_period ORDER BY starts_on"),
)


class _Sink:
    """Where the archive is written to, and taken away from piece by piece."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, data: bytes) -> int:
        """Keep what is written until it is taken."""
        self._pieces.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """There is nothing to flush."""

    def take(self) -> bytes:
        """What was written since."""
        taken, self._pieces = b"".join(self._pieces), []
        return taken


def pieces(tx: Session, since: date, until: date) -> Iterator[bytes]:
    """The archive, piece by piece; the transaction must be new, because it is made to see one state of the database.

    Raises Invalid for days the wrong way round, and while the books are not open.
    """
    check_days(since, until)
    tx.connection(execution_options={"isolation_level": "REPEATABLE READ"})
    sink = _Sink()
    told: dict[str, Any] = {
        "format": "ordercraft-audit-file",
        "version": VERSION,
        "since": since.isoformat(),
        "until": until.isoformat(),
        "currency": books_currency(tx),
        "made_at": business_now(tx).isoformat(),
        "files": {},
    }
    with zipfile.ZipFile(cast(IO[bytes], sink), "w", zipfile.ZIP_DEFLATED) as archive:
        for part in PARTS:
            with archive.open(f"{part.name}.csv", "w", force_zip64=True) as member:
                counted = _Counted(part)
                for lines in _lines(tx, part, {"since": since, "until": until}, counted):
                    member.write(lines)
                    if piece := sink.take():
                        yield piece
            told["files"][f"{part.name}.csv"] = counted.told
        told["agrees"] = agrees(told["files"])
        archive.writestr("manifest.json", json.dumps(told, indent=2, ensure_ascii=False) + "\n")
    yield sink.take()


def agrees(files: dict[str, Any]) -> bool:
    """Whether the balances add up to zero, before and after, and so do the lines between."""
    named = (("opening_balances.csv", "balance"), ("journal_lines.csv", "accounted"), ("closing_balances.csv", "balance"))
    return all(Decimal(files[name]["sums"][column]) == 0 for name, column in named)


def check_days(since: date, until: date) -> None:
    """Refuse days the wrong way round. Raises Invalid."""
    if since > until:
        raise Invalid(
            f"It begins on {since}, after it ends on {until}.",
            code="report_days",
            next_step="Give the first day before the last.",
            errors={"since": ["lies after the last day"]},
        )


class _Counted:
    """What the manifest says of a file: rows, sums, and the SHA-256 of its bytes."""

    def __init__(self, part: Part) -> None:
        self._sums = dict.fromkeys(part.sums, Decimal(0))
        self._rows = 0
        self._hash = hashlib.sha256()

    def row(self, values: Any) -> None:
        """Count one row."""
        self._rows += 1
        for name in self._sums:
            self._sums[name] += values[name]

    def bytes(self, data: bytes) -> bytes:
        """Count what is written."""
        self._hash.update(data)
        return data

    @property
    def told(self) -> dict[str, Any]:
        """As the manifest says it."""
        return {"rows": self._rows, "sha256": self._hash.hexdigest(), "sums": {name: f"{amount:f}" for name, amount in self._sums.items()}}


def _lines(tx: Session, part: Part, given: dict[str, date], counted: _Counted) -> Iterator[bytes]:
    """A file's lines in UTF-8, some thousand at a time."""
    named = {name: value for name, value in given.items() if f":{name}" in part.sql}
    with closing(tx.execute(text(part.sql).execution_options(yield_per=_AT_ONCE), named)) as result:
        yield counted.bytes(_csv([list(result.keys())]))
        for rows in result.mappings().partitions():
            for row in rows:
                counted.row(row)
            yield counted.bytes(_csv([[safe(value) for value in row.values()] for row in rows]))


def _csv(rows: Sequence[Sequence[Any]]) -> bytes:
    out = StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue().encode()
