"""Service tasks as queues, with what stops them; suspending and resuming them and whole processes; the workers."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from flask import redirect, render_template, request
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from engine.lexical import read_count
from engine.runtime.operate import suspensions
from engine.runtime.operate.suspensions import Stop
from engine.runtime.read.lists import list_processes
from engine.runtime.read.work import list_queues, list_suspended_processes
from engine.runtime.read.workers import list_workers
from engine.runtime.state.runtime import Runtime
from ui.csv_export import csv_response
from ui.forms import reason
from ui.product import OPERATE, needs, person, product

_ACTS: Final[Mapping[str, Callable[[Runtime, Session, Stop], Any]]] = {
    "suspend": suspensions.suspend,
    "resume": suspensions.resume,
    "close-breaker": suspensions.close_breaker,
}
_DONE: Final = {
    "suspend": "Suspended: it is kept, and goes on when it is resumed.",
    "resume": "Resumed: what was held back is tried now.",
    "close-breaker": "It is called again.",
}


def show() -> str:
    """The queues, and what is suspended."""
    with product().database.transaction() as tx:
        return render_template(
            "work.html",
            queues=list_queues(product().runtime, tx),
            suspended=list_suspended_processes(tx),
            processes=list_processes(tx),
            known=sorted(task.name for task in product().runtime.service_tasks),
            done=_DONE.get(request.args.get("done", ""), ""),
            may_operate=OPERATE in person().roles,
        )


def export() -> AnyResponse:
    """The queues as CSV."""
    with product().database.transaction() as tx:
        queues = list_queues(product().runtime, tx)
    counts = ("Ready", "Being called", "Waiting for the next attempt", "Offered outside", "Failed", "Done in the last hour")
    head = ("Service task", *counts, "Oldest ready since", "Circuit", "Suspended by", "Why")
    lines = (
        (
            row.name, row.ready, row.called, row.retrying, row.offered, row.failed, row.done,
            row.oldest_ready.isoformat() if row.oldest_ready else "", row.circuit or "",
            row.suspended.suspended_by if row.suspended else "", row.suspended.reason if row.suspended else "",
        )
        for row in queues
    )  # fmt: skip
    return csv_response("work", head, lines)


@needs(OPERATE)
def act(verb: str) -> AnyResponse:
    """Suspend or resume a service task or a process, or close a circuit; the reason goes to the audit log."""
    form = request.form
    version = form.get("version_id", "")
    version_id = read_count(version) or 0
    stop = Stop(form.get("level", "")[:40], form.get("name", "").strip()[:200], person().name, reason(), version_id)
    product().database.run(lambda tx: _ACTS[verb](product().runtime, tx, stop))
    return redirect(f"/operations/work?done={verb}", 303)


def show_workers() -> str:
    """The workers, and what each holds."""
    with product().database.transaction() as tx:
        return render_template("workers.html", workers=list_workers(tx))
