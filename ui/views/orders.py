"""Orders: the list with its filters and its export, one order's whole story, and the documents that belong to it."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from flask import Response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from engine.runtime.read.steps import Model, list_names
from handlers.documents.store import read_document
from handlers.fulfillment import commands
from handlers.holdings import holdings_of
from handlers.open_things import of_order, told
from handlers.orders import views as read
from handlers.orders.commands import may_be_cancelled, request_cancellation
from handlers.orders.rules import HOLDS
from ui.csv_export import csv_response
from ui.facts import entered, facts, said
from ui.formats import words
from ui.product import ORDER, SHIP, asked, needs, person, product

_SAFE_INLINE = {"application/pdf"}
_SORT_NAMES = {
    "newest": "Newest first",
    "oldest": "Oldest first",
    "number": "Number",
    "customer": "Customer",
    "total": "Largest first",
    "promise": "Promise first",
}


@dataclass(frozen=True, slots=True)
class Event:
    """One line of an order's timeline."""

    at: datetime
    what: str
    detail: str = ""
    who: str = ""
    tone: str = ""
    href: str = ""


@dataclass(frozen=True, slots=True)
class Waiting:
    """An instance of an order that goes on by itself or by a message: each step with its time, if it has one."""

    href: str
    what: str
    steps: Sequence[tuple[str, datetime | None]]


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
        may_cancel = ORDER in person().roles and may_be_cancelled(tx, order_no) is None
        holdings = holdings_of(tx, order_no) if may_cancel else []
        unmoved = [(thing, told(thing)) for thing in of_order(tx, order_no) if thing.instance_id is None]
        waits = list(_waits(story, list_names(tx, ((row.deployment_id, row.path) for row in story.waits))))
    journals = [list(lines) for _, lines in groupby(story.journals, key=lambda line: line.id)]
    timeline = latest_first(_timeline(story))
    open_tasks = [task for task in story.decisions if task.state == "open"]
    may_ship = SHIP in person().roles
    shown = {"journals": journals, "timeline": timeline, "open_tasks": open_tasks, "waits": waits, "may_ship": may_ship}
    shown |= {"may_order": ORDER in person().roles, "groups": person().groups, "hold_kinds": HOLDS, "done": request.args.get("done", "")}
    shown |= {"unmoved": unmoved, "may_cancel": may_cancel, "holdings": holdings}
    return render_template("order.html", story=story, order=story.order, **shown)


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
        document = read_document(tx, document_id)
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


def latest_first(events: Iterable[Event]) -> list[tuple[Event, bool]]:
    """The events, each with whether its seconds are needed to tell it from another one. Of one moment, what comes later is first."""
    found = sorted(events, key=lambda event: event.at)[::-1]
    minutes = Counter(second.replace(second=0) for second in {event.at.replace(microsecond=0) for event in found})
    return [(event, minutes[event.at.replace(second=0, microsecond=0)] > 1) for event in found]


def _waits(story: read.Story, names: Mapping[Model, Mapping[str, str]]) -> Iterator[Waiting]:
    """What goes on by itself or by a message, by instance."""
    for _, rows in groupby(story.waits, key=lambda row: row.id):
        of_one = list(rows)
        known = names.get((of_one[0].deployment_id, of_one[0].path), {})
        steps = [(known.get(row.element_id) or words(row.name or row.element_id), row.due_at) for row in of_one]
        yield Waiting(f"/operations/instances/{of_one[0].id}", of_one[0].business_key or of_one[0].process_name, steps)


def _timeline(story: read.Story) -> Iterator[Event]:
    """Of one transaction, the cause before what follows from it."""
    for task in story.decisions:
        if task.completed_at:
            href = f"/operations/instances/{task.instance_id}"
            yield Event(task.completed_at, task.title, said(entered(task)), task.completed_by or "", "", href)
    for instance in story.instances:
        yield Event(instance.started_at, f"{instance.process_name} began", instance.business_key or "", href=_address(instance))
    for event in story.events:
        what = words(event.kind) + (f", line {event.line_no}" if event.line_no else "")
        yield Event(event.at, what, said(facts(event.detail)), event.actor, _tone(event.kind))
    yield from _of_goods_and_money(story)
    for instance in story.instances:
        if instance.ended_at:
            tone = "bad" if instance.state == "cancelled" else ""
            yield Event(
                instance.ended_at, f"{instance.process_name} {instance.state}", instance.end_reason or "", "", tone, _address(instance)
            )


def _of_goods_and_money(story: read.Story) -> Iterator[Event]:
    for shipment in story.shipments:
        if shipment.shipped_at:
            yield _left(shipment)
        if shipment.delivered_at:
            yield Event(shipment.delivered_at, f"Shipment {shipment.shipment_no} delivered", "", "", "good")
    for invoice in story.invoices:
        if invoice.posted_at:
            yield Event(invoice.posted_at, f"Invoice {invoice.invoice_no} posted", "", "", "good")
    for receipt in story.receipts:
        yield Event(receipt.applied_at, f"Receipt {receipt.receipt_no} applied to {receipt.invoice_no}", words(receipt.action), "", "good")


def _left(shipment: Any) -> Event:
    what = f"Shipment {shipment.shipment_no} left"
    if shipment.kind != "DROP":
        return Event(shipment.shipped_at, what, shipment.tracking_no, "", "good")
    # A supplier names a day and no time: what counts is when we heard of it.
    detail = f"on {shipment.shipped_at.day} {shipment.shipped_at:%b %Y} {shipment.tracking_no}".strip()
    return Event(shipment.created_at, what, detail, "", "good")


def _address(instance: Any) -> str:
    return f"/operations/instances/{instance.id}"


def _tone(kind: str) -> str:
    lowered = kind.lower()
    if any(word in lowered for word in ("hold", "reject", "cancel", "short", "fail")) and "release" not in lowered:
        return "bad"
    return ""
