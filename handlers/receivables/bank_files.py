"""The one intake of a bank's files, whatever their format: kept as it came, known by its hash, and each of its parts taken once.

Statements are booked by `statement-intake`. Notices (camt.052, camt.054) announce what a statement will book: they are kept and watched
by `bank-notice`, and give a lump of a statement its details; they are never booked. What cannot be taken is told, the rest goes on.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from hashlib import sha256
from typing import Any, TypeVar

from sqlalchemy import RowMapping, text
from sqlalchemy.orm import Session

from engine.problems import Conflict, Invalid, Problem, TooLarge
from engine.store import locks
from engine.store.clock import business_today
from engine.store.locks import Advisory
from engine.store.unit_of_work import savepoint
from handlers.documents.numbers import next_numbers
from handlers.ledger.bank_accounts import find_bank_account
from handlers.receivables.bai2 import read_bai2
from handlers.receivables.bank_csv import Rows, find_layout, read_rows
from handlers.receivables.bank_layouts import layouts_in_use
from handlers.receivables.bank_shapes import MOST_BYTES, BankEntry, Contents, Notice, Refusal, Statement
from handlers.receivables.camt import read_camt
from handlers.receivables.model import BankNotice, BankStatement
from handlers.receivables.mt940 import read_mt940
from handlers.receivables.statements import seal_statements
from handlers.rowsets import as_json, insert_rows

Part = TypeVar("Part", Statement, Notice)
#: How far a bank's day may be ahead of ours.
_AHEAD = timedelta(days=1)
_ENCODINGS = ("utf-8-sig", "cp1252", "latin-1")


@dataclass(frozen=True, slots=True)
class TakenIn:
    """What became of a file: the statements and notices it brought, and what of it was not taken."""

    file_id: int
    format: str
    statement_nos: list[str]
    notice_nos: list[str]
    refusals: list[Refusal]


def take_in_file(tx: Session, content: bytes, by: str | None = None, layout_no: str = "") -> TakenIn:
    """Keep a bank's file that somebody brought, and number its statements and notices; `layout_no` says how a CSV is written.

    A statement that does not balance is kept: treasury looks at it. Raises Conflict for a file taken before, unless all that was taken of
    it was refused; Invalid or TooLarge, and keeps nothing, for one of which nothing can be taken.
    """
    if len(content) > MOST_BYTES:
        raise TooLarge(
            f"The file has {len(content)} bytes; at most {MOST_BYTES} are taken.",
            code="statement_too_large",
            next_step="Split it into several files.",
        )
    found = _read(tx, content, layout_no)
    today = business_today(tx)
    refusals = list(found.refusals)
    statements = _ours(tx, "statement", found.statements, today, refusals)
    notices = _ours(tx, "notice", found.notices, today, refusals)
    digest = sha256(content).hexdigest()
    kept = {
        "sha256": digest,
        "content": content,
        "format": found.format,
        "by": by,
        "refusals": as_json([asdict(each) for each in refusals]),
    }
    file_id = tx.execute(_KEEP_FILE, kept).scalar_one()
    known = tx.execute(_TAKEN, {"file_id": file_id}).all()
    taken = {(row.kind, row.place) for row in known}
    new_statements = {place: each for place, each in statements.items() if ("statement", place) not in taken}
    new_notices = {place: each for place, each in notices.items() if ("notice", place) not in taken}
    if known and not new_statements and not new_notices:
        numbers = [row.number for row in known]
        raise Conflict(
            f"This file was taken before as {', '.join(numbers)}.",
            code="statement_duplicate",
            next_step=f"Nothing is to be done; look at {numbers[0]}.",
        )
    notice_nos = _add_notices(tx, file_id, new_notices)
    return TakenIn(file_id, found.format, _add_statements(tx, file_id, new_statements, by), notice_nos, refusals)


# ---- reading


def _read(tx: Session, content: bytes, layout_no: str) -> Contents:
    """Read a file by what it looks like. Raises Invalid or TooLarge with what to do."""
    start = content.lstrip(b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n")[:400]
    if start.startswith(b"<"):
        return read_camt(content)
    text_of = _decoded(content)
    if start.startswith(b"01,"):
        return read_bai2(text_of)
    if b":20:" in start:
        return read_mt940(text_of)
    layouts = layouts_in_use(tx, layout_no)
    if layout_no and not layouts:
        raise Invalid(f"There is no layout {layout_no}.", code="layout_unknown", next_step="Choose one under Master data, Bank files.")
    return _continued(tx, read_rows(text_of, *find_layout(text_of, layouts)))


def _decoded(content: bytes) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", errors="replace")
    for encoding in _ENCODINGS:
        try:
            return content.decode(encoding).replace("\r\n", "\n").replace("\r", "\n")
        except UnicodeDecodeError:
            continue
    raise Invalid("The file is no text.", code="bank_file_encoding", next_step="Send it as UTF-8.")


def _continued(tx: Session, rows: Rows) -> Contents:
    """The rows of a CSV as a statement: by its own balances, or after the last closing balance without the rows that were booked before."""
    layout, entries, refusals = rows.layout, rows.entries, list(rows.refusals)
    account = find_bank_account(tx, layout.account, layout.currency).iban
    opening, closing = rows.opening, rows.closing
    if opening is None or closing is None:
        locks.advisory(tx, Advisory.BANK_ACCOUNT, f"{account}/{layout.currency}")
        left, repeated = _without_repeated(tx, account, entries)
        entries = tuple(left)
        refusals += [Refusal(where, f"It is booked already, as {line}.", "Nothing is to be done.") for where, line in repeated]
        opening = Decimal(tx.execute(_LAST_CLOSING, {"account": account, "currency": layout.currency}).scalar() or 0)
        closing = opening + sum((each.amount for each in entries), Decimal(0))
    if not entries:
        raise Conflict(
            f"All rows of the file are booked already, such as {refusals[0].where}: {refusals[0].detail}",
            code="statement_duplicate",
            next_step="Nothing is to be done.",
        )
    days = [each.booked_on for each in entries]
    statement = Statement(account, "", layout.currency, opening, closing, min(days), max(days), tuple(entries), rows.faults)
    return Contents("CSV", (statement,), refusals=tuple(refusals))


def _without_repeated(tx: Session, account: str, entries: Sequence[BankEntry]) -> tuple[list[BankEntry], list[tuple[str, str]]]:
    """The entries without those that a statement has in everything they say: the first with the first, the second with the second."""
    given = [asdict(each) | {"id": place} for place, each in enumerate(entries)]
    twins = {row.id: row.line for row in tx.execute(_REPEATED, {"account": account, "rows": as_json(given)})}
    return (
        [each for place, each in enumerate(entries) if place not in twins],
        [(f"entry {place + 1} of {entries[place].booked_on}", line) for place, line in sorted(twins.items())],
    )


# ---- whose it is, and when


def _ours(tx: Session, what: str, parts: Sequence[Part], today: date, refusals: list[Refusal]) -> dict[int, Part]:
    """The parts of a file that are of our accounts and not of tomorrow, by place; the others are told, or raised when none is left."""
    taken: dict[int, Part] = {}
    problems: list[Problem] = []
    for place, part in enumerate(parts, start=1):
        try:
            with savepoint(tx):
                taken[place] = _checked(tx, part, today)
        except Problem as problem:
            problems.append(problem)
            refusals.append(Refusal(f"{what} {place}", problem.detail, problem.next_step))
    if problems and not taken and len(refusals) == len(parts):
        raise problems[0]
    return taken


def _checked(tx: Session, part: Part, today: date) -> Part:
    currency = part.currency if isinstance(part, Statement) else None
    account = find_bank_account(tx, part.account, currency).iban
    days = [each.booked_on for each in part.entries]
    if isinstance(part, Statement):
        days += [part.opened_on, part.closed_on]
    if max(days, default=today) > today + _AHEAD:
        raise Invalid(
            f"The statement of {account} is dated {max(days)}, which is yet to come: today is {today}.",
            code="statement_date",
            next_step="Ask the bank for the statement with its right dates.",
        )
    return replace(part, account=account)


# ---- keeping


def _add_statements(tx: Session, file_id: int, statements: Mapping[int, Statement], by: str | None) -> list[str]:
    if not statements:
        return []
    numbers = next_numbers(tx, "BS", len(statements))
    detailed = {place: replace(each, entries=_detailed(tx, each)) for place, each in statements.items()}
    headers, lines = [], []
    for number, (place, each) in zip(numbers, detailed.items(), strict=True):
        headers.append({**_header(each), "statement_no": number, "file_id": file_id, "file_position": place, "taken_in_by": by})
        lines += [
            {**asdict(entry), "statement_no": number, "account": each.account, "position": position}
            for position, entry in enumerate(each.entries, start=1)
        ]
    insert_rows(tx, BankStatement, headers)
    seal_statements(tx, numbers, lines)
    return numbers


def _header(statement: Statement) -> dict[str, Any]:
    copied = ("account", "bank_ref", "currency", "opening", "closing", "opened_on", "closed_on", "faults")
    return {name: getattr(statement, name) for name in copied}


def _detailed(tx: Session, statement: Statement) -> tuple[BankEntry, ...]:
    """The entries, a lump that a notice gave the parts of as these parts: they have its reference, and add up to it."""
    lumps = [
        each.bank_ref for each in statement.entries if each.bank_ref and not (each.payer_name or each.payer_iban or each.structured_refs)
    ]
    given = {"account": statement.account, "currency": statement.currency, "refs": lumps}
    parts: dict[tuple[str, str], list[RowMapping]] = defaultdict(list)
    for row in tx.execute(_PARTS, given).mappings() if lumps else ():
        parts[row["bank_ref"], row["notice_no"]].append(row)
    found: list[BankEntry] = []
    for entry in statement.entries:
        fits = [rows for (ref, _), rows in parts.items() if ref == entry.bank_ref and sum(row["amount"] for row in rows) == entry.amount]
        found += [_part(entry, row) for row in fits[0]] if len(fits) == 1 and entry.bank_ref in lumps else [entry]
    return tuple(found)


def _part(entry: BankEntry, row: RowMapping) -> BankEntry:
    said = ("amount", "payer_name", "payer_iban", "remittance")
    return replace(entry, **{name: row[name] for name in said}, structured_refs=tuple(row["structured_refs"]))


def _add_notices(tx: Session, file_id: int, notices: Mapping[int, Notice]) -> list[str]:
    if not notices:
        return []
    numbers = next_numbers(tx, "BN", len(notices))
    headers, lines = [], []
    for number, (place, each) in zip(numbers, notices.items(), strict=True):
        copied = {name: getattr(each, name) for name in ("account", "bank_ref", "message")}
        headers.append({**copied, "notice_no": number, "file_id": file_id, "file_position": place})
        lines += [{**asdict(entry), "notice_no": number, "position": position} for position, entry in enumerate(each.entries, start=1)]
    insert_rows(tx, BankNotice, headers)
    tx.execute(_ADD_NOTICE_LINES, {"rows": as_json(lines)})
    return numbers


#: Also waits for another transaction that takes the same file.
_KEEP_FILE = text("""
INSERT INTO bank_file AS kept (sha256, content, format, taken_in_by, refusals)
VALUES (:sha256, :content, :format, :by, CAST(:refusals AS jsonb))
ON CONFLICT (sha256) DO UPDATE SET refusals = excluded.refusals RETURNING id
""")
_TAKEN = text("""
SELECT 'statement' AS kind, file_position AS place, statement_no AS number FROM bank_statement
WHERE file_id = :file_id
  AND EXISTS (SELECT FROM bank_statement AS kept WHERE kept.file_id = :file_id AND kept.refused_at IS NULL)
UNION ALL SELECT 'notice', file_position, notice_no FROM bank_notice WHERE file_id = :file_id
ORDER BY 1 DESC, 2
""")
_LAST_CLOSING = text("""
SELECT closing FROM bank_statement WHERE account = :account AND currency = :currency AND refused_at IS NULL
ORDER BY closed_on DESC, statement_no DESC LIMIT 1
""")
#: Entries that are alike in everything the bank says of them.
_ALIKE = "amount, currency, booked_on, value_on, bank_ref, payer_iban, payer_name, remittance, structured_refs"
_REPEATED = text(f"""
WITH given AS (
  SELECT *, row_number() OVER (PARTITION BY {_ALIKE} ORDER BY id) AS place
  FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS given(id bigint, amount numeric, currency text, booked_on date, value_on date,
    bank_ref text, payer_iban text, payer_name text, remittance text, structured_refs jsonb)
), booked AS (
  SELECT line.statement_no || '/' || line.position AS line, {", ".join(f"line.{name.strip()}" for name in _ALIKE.split(","))},
    row_number() OVER (PARTITION BY {", ".join(f"line.{name.strip()}" for name in _ALIKE.split(","))} ORDER BY line.id) AS place
  FROM bank_line AS line JOIN bank_statement AS statement USING (statement_no)
  WHERE line.account = :account AND statement.refused_at IS NULL AND line.duplicate_of IS NULL
    AND line.booked_on BETWEEN (SELECT min(booked_on) FROM given) AND (SELECT max(booked_on) FROM given)
)
SELECT given.id, booked.line FROM given JOIN booked USING ({_ALIKE}, place) ORDER BY given.id
""")
_PARTS = text("""
SELECT told.notice_no, told.bank_ref, told.amount, told.payer_name, told.payer_iban, told.remittance, told.structured_refs
FROM bank_notice_line AS told JOIN bank_notice AS notice USING (notice_no)
WHERE notice.account = :account AND told.currency = :currency AND told.bank_ref = ANY(:refs) AND notice.message = 'camt.054'
ORDER BY told.notice_no, told.position
""")
_ADD_NOTICE_LINES = text("""
INSERT INTO bank_notice_line (notice_no, position, bank_ref, amount, currency, booked_on, value_on, payer_name, payer_iban, structured_refs,
  remittance)
SELECT notice_no, position, bank_ref, amount, currency, booked_on, value_on, payer_name, payer_iban, structured_refs, remittance
FROM jsonb_populate_recordset(NULL::bank_notice_line, CAST(:rows AS jsonb)) AS given
""")
