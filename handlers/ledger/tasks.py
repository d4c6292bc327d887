"""The service tasks of the books, as the diagrams name them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.problems import Invalid
from engine.service_tasks import Refused, ServiceTasks, TaskContext
from handlers.changes import Author, note
from handlers.ledger import manual
from handlers.ledger.accounts import CHART

tasks = ServiceTasks()
_NAMES: Mapping[str, str] = {entry.number: entry.name for entry in CHART}


@dataclass(frozen=True, slots=True)
class Reference:
    """A manual entry by its reference."""

    reference: str


@dataclass(frozen=True, slots=True)
class EntryLine:
    """A line as people see it: the account with its name, one of debit and credit."""

    account: str
    name: str
    debit: Decimal
    credit: Decimal
    reference: str


@dataclass(frozen=True, slots=True)
class CheckedEntry:
    """What an entry says, who wrote it, and why it cannot be posted (empty when it can). `total` is one side of it, in `currency`."""

    currency: str
    total: Decimal
    gl_date: date
    narration: str
    lines: list[EntryLine]
    authors: list[str]
    objection: str


@dataclass(frozen=True, slots=True)
class RevisedLine:
    """A line as it was corrected."""

    account: str
    debit: Decimal | None = None
    credit: Decimal | None = None
    reference: str | None = None


@dataclass(frozen=True, slots=True)
class Revision:
    """What an entry is to say instead."""

    reference: str
    gl_date: date
    narration: str
    lines: list[RevisedLine]


@dataclass(frozen=True, slots=True)
class PostedEntry:
    """The journal of the entry."""

    journal_id: int


@tasks.register("ledger.check_manual_entry")
def check_manual_entry(given: Reference, tx: Session) -> CheckedEntry:
    """Read a manual entry, and whether it can be posted as it stands."""
    entry = manual.find(tx, given.reference)
    lines = [
        EntryLine(row["account"], _NAMES.get(row["account"], ""), Decimal(row["debit"]), Decimal(row["credit"]), row["reference"])
        for row in entry.lines
    ]
    total = sum((line.debit for line in lines), Decimal(0))
    objection = manual.objection(tx, given.reference)
    return CheckedEntry(entry.currency, total, entry.gl_date, entry.narration, lines, list(entry.authors), objection)


@tasks.register("ledger.revise_manual_entry")
def revise_manual_entry(given: Revision, tx: Session, context: TaskContext) -> None:
    """Replace what a manual entry says."""
    none = Decimal(0)
    lines = [
        manual.ManualLine(account=line.account, debit=line.debit or none, credit=line.credit or none, reference=line.reference or "")
        for line in given.lines
    ]
    revised = manual.ManualJournal(reference=given.reference, currency="", lines=lines, narration=given.narration, gl_date=given.gl_date)
    manual.revise(tx, revised, _decided_by(tx, context))


@tasks.register("ledger.withdraw_manual_entry")
def withdraw_manual_entry(given: Reference, tx: Session) -> None:
    """Give a manual entry up."""
    manual.withdraw(tx, given.reference)


@tasks.register("ledger.post_manual_entry", errors=("NOT_POSTABLE",), moves_money=True)
def post_manual_entry(given: Reference, tx: Session, context: TaskContext) -> PostedEntry:
    """Post a manual entry that a second person has agreed to.

    Refused NOT_POSTABLE when the books do not take it, such as in a closed period.
    """
    approver = _decided_by(tx, context)
    try:
        journal_id = manual.post(tx, given.reference, approver)
    except Invalid as problem:
        raise Refused("NOT_POSTABLE", problem.detail) from problem
    note(tx, Author(approver), "post", f"journal:{journal_id}", {"reference": given.reference})
    return PostedEntry(journal_id)


def _decided_by(tx: Session, context: TaskContext) -> str:
    """Who decided last. Their task is still open in the tables while the step that follows it runs at once; repeated later, it is not."""
    found: Any = tx.execute(_LATEST, {"instance_id": context.instance_id}).first()
    return str((found.completed_by if found else None) or context.actor or "system")


_LATEST = text("""
SELECT completed_by FROM user_task WHERE instance_id = :instance_id AND state IN ('open', 'completed')
ORDER BY created_at DESC, id LIMIT 1
""")
