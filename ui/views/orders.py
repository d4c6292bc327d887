"""Orders: the list with its filters and its export, one order's whole story, and the documents that belong to it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from flask import Response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from engine.runtime.read.steps import Model, list_names
from engine.store.paging import Asked, page_of
from handlers.documents.store import read_document
from handlers.fulfillment import commands
from handlers.holdings import holdings_of
from handlers.open_things import of_order, told
from handlers.orders import views as read
from handlers.orders.commands import may_be_cancelled, request_cancellation
from handlers.orders.hold_kinds import catalogue
from ui.company_time import now, zone
from ui.csv_export import csv_response
from ui.formats import words
from ui.order_events import latest_first, timeline
from ui.order_stages import attempts, stages
from ui.product import ORDER, SHIP, asked, needs, person, product

_SAFE_INLINE = {"application/pdf"}
#: Of an order, on a page: thousands at once are megabytes that no browser shows in time.
_LINES_SHOWN = 100
_SORT_NAMES = {
    "newest": "Newest first",
    "oldest": "Oldest first",
    "number": "Number",
    "customer": "Customer",
    "total": "Largest first",
    "promise": "Promise first",
}


@dataclass(frozen=True, slots=True)
class Waiting:
    """An instance of an order that goes on by itself or by a message: each step with its time, if it has one."""

    href: str
    what: str
    steps: Sequence[tuple[str, datetime | None]]


@dataclass(frozen=True, slots=True)
class Stopped:
    """An instance of an order that has failed (kind incident), is tried again by itself (retry) or was suspended by an operator.

    Of a suspension `why` is its reason, and `cure` who ordered it.
    """

    kind: str
    href: str
    what: str
    step: str
    why: str
    cure: str
    since: datetime | None
    again_at: datetime | None
    attempts: str


def show_list() -> str:
    """The list of orders."""
    wanted = _wanted()
    with product().database.transaction() as tx:
        return render_template(
            "orders.html",
            orders=read.list_orders(tx, wanted, asked(), count=True),
            wanted=wanted,
            statuses=(*read.STATUSES, read.ON_HOLD),
            sorts=_SORT_NAMES,
        )


def export() -> Response:
    """The filtered list as a file."""
    with product().database.transaction() as tx:
        rows = read.export_orders(tx, _wanted())
    head = ("Order", "Status", "Customer", "Customer name", "Customer PO", "Ordered", "Promised", "Net", "Gross", "Currency", "On hold")
    names = ("order_no", "status", "customer_no", "customer_name", "customer_po", "ordered_on", "last_promised", "net_total", "gross_total")
    return csv_response(
        "orders", head, ([*(getattr(row, name) for name in names), row.currency, "yes" if row.on_hold else ""] for row in rows)
    )


def show_order(order_no: str) -> str:
    """One order's whole story."""
    with product().database.transaction() as tx:
        story = read.tell(tx, order_no)
        may_change = story.order.state == "SUBMITTED" and not story.order.change_pending
        may_cancel = ORDER in person().roles and may_be_cancelled(tx, order_no) is None
        holdings = holdings_of(tx, order_no) if may_cancel else []
        kinds = {code: kind for code, kind in catalogue(tx).items() if not person().groups.isdisjoint(kind.applied_by)}
        unmoved = [(thing, told(thing)) for thing in of_order(tx, order_no) if thing.instance_id is None]
        names = list_names(product().runtime, tx, ((row.deployment_id, row.path) for row in (*story.waits, *story.stops)))
        waits, stops = list(_waits(story, names)), [_stopped(row, names) for row in story.stops]
    lines = page_of(story.lines, lambda line: (line.line_no,), Asked(_LINES_SHOWN, request.args.get("cursor") or None))
    journals = [list(rows) for _, rows in groupby(story.journals, key=lambda line: line.id)]
    events = latest_first(timeline(story))
    open_tasks = [task for task in story.decisions if task.state == "open"]
    may_ship = SHIP in person().roles
    shown = {"journals": journals, "events": events, "open_tasks": open_tasks, "waits": waits, "may_ship": may_ship}
    shown |= {"stages": stages(story, now().astimezone(zone()).date()), "stops": stops}
    shown |= {"may_order": ORDER in person().roles, "groups": person().groups, "hold_kinds": kinds, "done": request.args.get("done", "")}
    shown |= {"may_change": may_change, "unmoved": unmoved, "may_cancel": may_cancel, "holdings": holdings}
    return render_template("order.html", story=story, order=story.order, lines=lines, **shown)


@needs(SHIP)
def release_group(order_no: str, group_no: str) -> AnyResponse:
    """Let the warehouse pick a group before its day."""
    product().database.run(lambda tx: commands.release_group(product().runtime, tx, group_no, person().name))
    return redirect(f"/orders/{order_no}", 303)


@needs(ORDER)
def cancel_order(order_no: str) -> AnyResponse:
    """Ask for the order to be cancelled, as far as it has not left."""
    reason = request.form.get("reason", "")
    product().database.run(lambda tx: request_cancellation(product().runtime, tx, order_no, reason, person().name))
    return redirect(f"/orders/{order_no}", 303)


def download(document_id: int) -> Response:
    """A document's bytes. Only kinds a browser shows harmlessly open in place; everything else is a download."""
    with product().database.transaction() as tx:
        document = read_document(tx, document_id, request.args.get("of", "")[:100], person().roles)
    answer = Response(document.content, mimetype=document.media_type)
    how = "inline" if document.media_type in _SAFE_INLINE else "attachment"
    answer.headers["Content-Disposition"] = f'{how}; filename="{_file_name(document)}"'
    answer.headers["X-Content-Type-Options"] = "nosniff"
    return answer


def _wanted() -> read.Filter:
    given = request.args
    return read.Filter(
        search=given.get("q", "").strip()[:200],
        status=given.get("status", "")[:40],
        sort=given.get("sort", "newest")[:40],
    )


def _file_name(document: Any) -> str:
    plain = "".join(sign for sign in f"{document.number}-{document.kind}".lower() if sign.isalnum() or sign in "-_")
    ending = {"application/pdf": "pdf", "application/xml": "xml", "text/csv": "csv", "text/plain": "txt"}.get(document.media_type, "bin")
    return f"{plain}.{ending}"


def _waits(story: read.Story, names: Mapping[Model, Mapping[str, str]]) -> Iterator[Waiting]:
    """What goes on by itself or by a message, by instance."""
    for _, rows in groupby(story.waits, key=lambda row: row.id):
        of_one = list(rows)
        known = names.get((of_one[0].deployment_id, of_one[0].path), {})
        steps = [(known.get(row.element_id) or words(row.name or row.element_id), row.due_at) for row in of_one]
        yield Waiting(f"/operations/instances/{of_one[0].id}", of_one[0].business_key or of_one[0].process_name, steps)


def _stopped(row: Any, names: Mapping[Model, Mapping[str, str]]) -> Stopped:
    known = names.get((row.deployment_id, row.path), {})
    return Stopped(
        kind=row.kind,
        href=f"/operations/instances/{row.instance_id}",
        what=f"{row.process_name} {row.business_key or ''}".strip(),
        step=known.get(row.element_id) or words(row.element_id),
        why=row.why or "",
        cure=row.next_step or "",
        since=row.since,
        again_at=row.due_at,
        attempts=attempts(row) if row.kind == "retry" else "",
    )
