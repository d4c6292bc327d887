"""Orders: the list with its filters and its export, one order's whole story, and the documents that belong to it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from flask import Response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from handlers.documents.store import read_document
from handlers.fulfillment import desk
from ui.csv_export import csv_response
from ui.facts import entered, facts, said
from ui.formats import words
from ui.product import SHIP, asked_number, needs, person, product
from ui.read import orders as read

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


def show_list() -> str:
    """The list of orders."""
    wanted = _wanted()
    with product().database.transaction() as tx:
        return render_template(
            "orders.html", orders=read.list_orders(tx, wanted), wanted=wanted, statuses=(*read.STATUSES, "ON_HOLD"), sorts=_SORT_NAMES
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
    journals = [list(lines) for _, lines in groupby(story.journals, key=lambda line: line.id)]
    timeline = sorted(_timeline(story), key=lambda event: event.at, reverse=True)
    open_tasks = [task for task in story.decisions if task.state == "open"]
    may_ship = SHIP in person().roles
    return render_template(
        "order.html", story=story, order=story.order, journals=journals, timeline=timeline, open_tasks=open_tasks, may_ship=may_ship
    )


@needs(SHIP)
def release_group(order_no: str, group_no: str) -> AnyResponse:
    """Let the warehouse pick a group before its day."""
    with product().database.transaction() as tx:
        desk.release_group(product().runtime, tx, group_no, person().name)
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
        sort=given.get("sort", "newest") if given.get("sort") in read.SORTS else "newest",
        page=asked_number(),
    )


def _file_name(document: Any) -> str:
    plain = "".join(sign for sign in f"{document.number}-{document.kind}".lower() if sign.isalnum() or sign in "-_")
    ending = {"application/pdf": "pdf", "application/xml": "xml", "text/csv": "csv", "text/plain": "txt"}.get(document.media_type, "bin")
    return f"{plain}.{ending}"


def _timeline(story: read.Story) -> Iterator[Event]:
    for event in story.events:
        what = words(event.kind) + (f", line {event.line_no}" if event.line_no else "")
        yield Event(event.at, what, said(facts(event.detail)), event.actor, _tone(event.kind))
    for task in story.decisions:
        if task.completed_at:
            href = f"/operations/instances/{task.instance_id}"
            yield Event(task.completed_at, task.title, said(entered(task)), task.completed_by or "", "", href)
    for instance in story.instances:
        yield from _of_instance(instance)
    yield from _of_goods_and_money(story)


def _of_goods_and_money(story: read.Story) -> Iterator[Event]:
    for shipment in story.shipments:
        if shipment.shipped_at:
            yield Event(shipment.shipped_at, f"Shipment {shipment.shipment_no} left", shipment.tracking_no, "", "good")
        if shipment.delivered_at:
            yield Event(shipment.delivered_at, f"Shipment {shipment.shipment_no} delivered", "", "", "good")
    for invoice in story.invoices:
        if invoice.posted_at:
            yield Event(invoice.posted_at, f"Invoice {invoice.invoice_no} posted", "", "", "good")
    for receipt in story.receipts:
        yield Event(receipt.applied_at, f"Receipt {receipt.receipt_no} applied to {receipt.invoice_no}", words(receipt.action), "", "good")


def _of_instance(instance: Any) -> Iterator[Event]:
    href = f"/operations/instances/{instance.id}"
    yield Event(instance.started_at, f"{instance.process_name} began", instance.business_key or "", "", "", href)
    if instance.ended_at:
        tone = "bad" if instance.state == "cancelled" else ""
        yield Event(instance.ended_at, f"{instance.process_name} {instance.state}", instance.end_reason or "", "", tone, href)


def _tone(kind: str) -> str:
    lowered = kind.lower()
    if any(word in lowered for word in ("hold", "reject", "cancel", "short", "fail")) and "release" not in lowered:
        return "bad"
    return ""
