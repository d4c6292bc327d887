"""What a report is: a query as of a day, its columns, and how a row leads to the rows it counts. One page, or all of it, row by row."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, Date, Numeric, Select, Subquery, Text, func, select, text
from sqlalchemy.orm import Session

from engine.problems import Invalid, NotFound
from engine.store.clock import business_today
from engine.store.paging import AnyRow, Asked, Key, Page, read_page
from handlers.ledger.books import kept_in

#: How a column is read and shown: text, a day, an amount in the currency of the books, an amount in the row's, a quantity, a count.
TYPES: Mapping[str, Any] = {"text": Text, "day": Date, "money": Numeric, "own": Numeric, "number": Numeric, "count": BigInteger}


@dataclass(frozen=True, slots=True)
class Column:
    """One column: `total` adds it up below the list; `link` is an address with the names of columns and parameters in braces."""

    name: str
    label: str
    kind: str = "text"
    total: bool = False
    link: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """One report: `says` tells what it counts and what it leaves out; `takes` are the parameters of its query beside `as_of`."""

    key: str
    title: str
    says: str
    sql: str
    columns: tuple[Column, ...]
    #: The columns it is sorted by; together they are unique.
    order: tuple[str, ...]
    takes: tuple[str, ...] = ()
    #: Whether the list of reports names it, or only another one leads to it.
    listed: bool = True
    #: The section of the list it stands in.
    section: str = "Ledger"


@dataclass(frozen=True, slots=True)
class Given:
    """What a report is asked for: its day (None is today), the day it begins (None is the first of that month), and which rows."""

    as_of: date | None = None
    since: date | None = None
    account: str = ""
    party: str = ""
    bucket: str = ""


@dataclass(frozen=True, slots=True)
class Shown:
    """One page of a report with its totals (of all pages), the currency of the books, and what was asked for."""

    report: Report
    page: Page[AnyRow]
    totals: Mapping[str, Decimal]
    currency: str
    parameters: Mapping[str, Any] = field(default_factory=dict)


def read(tx: Session, report: Report, given: Given, asked: Asked) -> Shown:
    """One page of a report. Raises Invalid for days the wrong way round, UnknownCursor."""
    parameters = parameters_of(tx, report, given)
    rows = _rows(report, parameters)
    page = read_page(tx, select(*rows.c), [Key(rows.c[name]) for name in report.order], asked)
    summed = [column.name for column in report.columns if column.total]
    totals: dict[str, Decimal] = {}
    if summed:
        row = tx.execute(select(*(func.coalesce(func.sum(rows.c[name]), 0).label(name) for name in summed))).one()
        totals = dict(row._mapping)  # noqa: SLF001  # its public name
    return Shown(report, page, totals, kept_in(tx), parameters)


def stream(tx: Session, report: Report, given: Given) -> Iterator[Sequence[Any]]:
    """All rows of a report in their order, a thousand at a time, whatever their number."""
    rows = _rows(report, parameters_of(tx, report, given))
    statement: Select[Any] = select(*rows.c).order_by(*(rows.c[name] for name in report.order))
    with closing(tx.execute(statement.execution_options(yield_per=1000))) as result:
        yield from result


def parameters_of(tx: Session, report: Report, given: Given) -> dict[str, Any]:
    """The parameters of a report's query, with the days that were left open. Raises Invalid for days the wrong way round."""
    as_of = given.as_of or business_today(tx)
    since = given.since or as_of.replace(day=1)
    if "since" in report.takes and since > as_of:
        raise Invalid(
            f"It begins on {since}, after it ends on {as_of}.",
            code="report_days",
            next_step="Give the first day before the last.",
            errors={"since": ["lies after the last day"]},
        )
    everything = {"since": since, "account": given.account, "party": given.party, "bucket": given.bucket}
    return {"as_of": as_of, **{name: everything[name] for name in report.takes}}


def find(reports: Sequence[Report], key: str) -> Report:
    """A report by its key. Raises NotFound."""
    found = next((each for each in reports if each.key == key), None)
    if found is None:
        raise NotFound(f"There is no report {key[:40]!r}.", code="report_unknown", next_step="Look at the list of reports.")
    return found


def _rows(report: Report, parameters: Mapping[str, Any]) -> Subquery:
    typed = {column.name: TYPES[column.kind] for column in report.columns}
    named = {name: value for name, value in parameters.items() if f":{name}" in report.sql}
    return text(report.sql).bindparams(**named).columns(**typed).subquery("report")
