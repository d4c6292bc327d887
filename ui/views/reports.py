"""Reports: the list of them, one report as of a day with the rows behind each figure, and the same as CSV."""

from collections.abc import Iterator
from datetime import date
from typing import Any
from urllib.parse import quote

from flask import Response, render_template, request, stream_with_context

from engine.problems import Forbidden
from engine.store.clock import business_today
from handlers.reporting import audit_file, order_kpis
from handlers.reporting import report as reporting
from handlers.reporting.report import Column, Given, Report, Shown
from handlers.reporting.reports import REPORTS
from ui.csv_export import stream_csv, tell_export
from ui.forms import day_of
from ui.product import BOOK, SEE_BOOKS, asked, needs, person, product

#: Reports that anybody may see who sees orders: the rows behind the key figures of orders.
OF_ORDERS = frozenset(each.report.key for each in order_kpis.KPIS)


def show_list() -> str:
    """The reports, by section."""
    sections: dict[str, list[Report]] = {}
    for report in REPORTS:
        if report.listed:
            sections.setdefault(report.section, []).append(report)
    return render_template("reports.html", sections=sections, may_export=BOOK in person().roles)


def show(key: str) -> str:
    """One report, one page of it."""
    report = _report(key)
    given = _given()
    with product().database.transaction() as tx:
        shown = reporting.read(tx, report, given, asked())
    return render_template(
        "report.html",
        report=report,
        shown=shown,
        rows=[[_cell(shown, column, row._mapping) for column in _columns(report)] for row in shown.page.rows],  # noqa: SLF001
        columns=_columns(report),
        given={name: "" if value is None else str(value) for name, value in shown.parameters.items()},
    )


def export(key: str) -> Response:
    """One report, all of it."""
    report = _report(key)
    given = _given()
    columns = _columns(report)

    def rows() -> Iterator[list[Any]]:
        with product().database.transaction() as tx:
            for row in reporting.stream(tx, report, given):
                yield [row._mapping[column.name] for column in columns]  # type: ignore[attr-defined]  # noqa: SLF001

    with product().database.transaction() as tx:
        reporting.parameters_of(tx, report, given)
    return stream_csv(report.key, [column.label for column in columns], rows())


def _report(key: str) -> Report:
    """A report that the person may see: of the books only by role, of orders by anybody. Raises NotFound, Forbidden."""
    report = reporting.find(REPORTS, key)
    if report.key not in OF_ORDERS and SEE_BOOKS not in person().roles:
        raise Forbidden(f"{report.title} is of the books.", code="role_missing", next_step="Ask an administrator for the role `see-books`.")
    return report


def _columns(report: Report) -> list[Column]:
    return [column for column in report.columns if column.label]


def _cell(shown: Shown, column: Column, row: Any) -> dict[str, Any]:
    """What a cell shows, and where it leads."""
    value = row[column.name]
    known = {name: quote(str(each), safe="") for name, each in {**shown.parameters, **row}.items() if each is not None}
    link = column.link.format_map(known) if column.link and value not in (None, "") else ""
    return {"value": value, "kind": column.kind, "link": link, "currency": row.get("currency", shown.currency)}


def _given() -> Given:
    """What the address asks for. Raises Invalid for what is no day."""
    texts = {name: request.args.get(name, "").strip()[:100] for name in ("account", "party", "bucket")}
    return Given(as_of=_day("as_of"), since=_day("since"), **texts)


def _day(name: str) -> date | None:
    typed = request.args.get(name, "").strip()
    return day_of(typed, name) if typed else None


@needs(BOOK)
def export_books() -> Response:
    """The books of some days for an auditor."""
    with product().database.transaction() as tx:
        until = _day("until") or business_today(tx)
    since = _day("since") or until.replace(month=1, day=1)
    audit_file.check_days(since, until)
    tell_export("audit-file")

    def pieces() -> Iterator[bytes]:
        with product().database.transaction() as tx:
            yield from audit_file.pieces(tx, since, until)

    answer = Response(stream_with_context(pieces()), mimetype="application/zip")
    answer.headers["Content-Disposition"] = f'attachment; filename="books-{since}-{until}.zip"'
    return answer
