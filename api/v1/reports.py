"""Reports: the list of them, and one as of a day, a page at a time."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

from flask import Response
from flask_openapi3 import APIBlueprint, Tag
from pydantic import Field

from api.auth.roles import Role
from api.product import product
from api.requests import operation, person, transaction
from api.v1.shapes import Listing, Shape
from engine.runtime.state import audit
from handlers.reporting import audit_file
from handlers.reporting import report as reporting
from handlers.reporting.report import Given
from handlers.reporting.reports import REPORTS

api = APIBlueprint("reports", __name__, url_prefix="/api/v1", abp_tags=[Tag(name="reports")])


class ColumnOut(Shape):
    """A column: `money` is in the currency of the books, `own` in that of the row."""

    name: str
    label: str
    kind: str


class ReportOut(Shape):
    """A report: what it counts, which parameters it takes beside `as_of`, and its columns."""

    key: str
    title: str
    says: str
    takes: list[str]
    columns: list[ColumnOut]


class ReportsOut(Shape):
    """Every report there is."""

    items: list[ReportOut]


class ReportPath(Shape):
    """A report by its key."""

    key: str = Field(max_length=40)


class ReportQuery(Listing):
    """As of which day (today), from which day (the first of that month), and which rows."""

    as_of: date | None = None
    since: date | None = None
    account: str = Field("", max_length=8)
    party: str = Field("", max_length=100)
    bucket: str = Field("", max_length=100)


class AuditFileQuery(Shape):
    """The first and the last day of the books that are asked for."""

    since: date
    until: date


class ReportPage(Shape):
    """One page of a report; `totals` are those of all pages, in the currency of the books."""

    key: str
    as_of: date
    currency: str
    items: list[dict[str, Any]]
    totals: dict[str, Decimal]
    next_cursor: str | None


@api.get("/reports", responses={200: ReportsOut})
@operation(Role.READ)
def list_reports() -> ReportsOut:
    """List the reports, each with what it counts."""
    return ReportsOut(
        items=[
            ReportOut(
                key=each.key,
                title=each.title,
                says=each.says,
                takes=list(each.takes),
                columns=[ColumnOut(name=column.name, label=column.label, kind=column.kind) for column in each.columns],
            )
            for each in REPORTS
        ]
    )


@api.get("/reports/<string:key>", responses={200: ReportPage})
@operation(Role.SEE_BOOKS)
def show_report(path: ReportPath, query: ReportQuery) -> ReportPage:
    """One page of a report as of a day."""
    report = reporting.find(REPORTS, path.key)
    given = Given(query.as_of, query.since, query.account, query.party, query.bucket)
    shown = reporting.read(transaction(), report, given, query.asked)
    names = [column.name for column in report.columns]
    return ReportPage(
        key=report.key,
        as_of=shown.parameters["as_of"],
        currency=shown.currency,
        items=[{name: getattr(row, name) for name in names} for row in shown.page.rows],
        totals=dict(shown.totals),
        next_cursor=shown.page.next,
    )


@api.get("/audit-file", responses={200: {"description": "A ZIP of CSV files with a manifest", "content": {"application/zip": {}}}})
@operation(Role.BOOK)
def get_audit_file(query: AuditFileQuery) -> Response:
    """The books of some days for an auditor, sent while they are read."""
    audit_file.check_days(query.since, query.until)
    database = product().database
    told = {"since": query.since.isoformat(), "until": query.until.isoformat()}
    audit.record(transaction(), audit.Entry(person().name, "export", "export:audit-file", detail=told))

    def pieces() -> Iterator[bytes]:
        with database.transaction() as tx:
            yield from audit_file.pieces(tx, query.since, query.until)

    return Response(pieces(), mimetype="application/zip")
