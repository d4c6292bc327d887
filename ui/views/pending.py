"""What is pending in the whole house, as lists: timers, awaited messages, messages that nobody has heard, and what leaves the house."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from flask import redirect, render_template, request
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from engine.runtime.operate.sending import send_again
from engine.runtime.read import pending
from engine.runtime.read.lists import list_processes
from engine.runtime.read.pending import Wanted
from engine.runtime.read.steps import list_names_of
from engine.store.json_text import encode
from engine.store.paging import Asked, Page
from ui.csv_export import csv_response
from ui.forms import reason
from ui.product import OPERATE, asked, needs, person, product

_MOST_EXPORTED: Final = 50_000


@dataclass(frozen=True, slots=True)
class Pending:
    """A list: its title, what its states are called, how it is read, and its columns as a spreadsheet has them."""

    title: str
    search: str
    states: Mapping[str, str]
    read: Callable[..., Page[Any]]
    head: Sequence[str]
    line: Callable[[Any], Sequence[Any]]
    of_process: bool = True


def routes() -> Iterator[tuple[str, Callable[..., Any], list[str]]]:
    """The address of each list, and of its CSV."""
    for what in LISTS:
        yield f"/operations/{what}", _of(what, show), ["GET"]
        yield f"/operations/{what}.csv", _of(what, export), ["GET"]


def _of(what: str, view: Callable[..., Any]) -> Callable[..., Any]:
    def answer() -> Any:
        return view(what)

    answer.__name__, answer.__module__ = f"{view.__name__}_{what}", __name__
    return answer


def show(what: str) -> str:
    """One page of a list."""
    chosen, wanted = LISTS[what], _wanted()
    with product().database.transaction() as tx:
        found = chosen.read(tx, wanted, asked(), count=True)
        processes = list_processes(tx) if chosen.of_process else []
        names = _names(tx, found) if chosen.of_process else {}
    given = {"q": wanted.search, "process": wanted.process, "state": wanted.state}
    return render_template(
        f"{what}.html",
        what=what,
        page=chosen,
        found=found,
        wanted=wanted,
        given=given,
        processes=processes,
        names=names,
        may_operate=OPERATE in person().roles,
        done=request.args.get("done", ""),
    )


def export(what: str) -> AnyResponse:
    """What the filter finds, as CSV."""
    chosen = LISTS[what]
    with product().database.transaction() as tx:
        rows = chosen.read(tx, _wanted(), Asked(_MOST_EXPORTED)).rows
    return csv_response(what, chosen.head, map(chosen.line, rows))


@needs(OPERATE)
def send() -> AnyResponse:
    """Send an effect again, under the same key."""
    key, why = request.form.get("key", "")[:500], reason()
    product().database.run(lambda tx: send_again(tx, key, person().name, why))
    return redirect("/operations/effects?done=again", 303)


def _wanted() -> Wanted:
    """What the address asks for."""
    given = {name: request.args.get(name, "").strip()[:200] for name in ("q", "process", "state")}
    return Wanted(given["q"], given["process"], given["state"])


def _names(tx: Session, found: Page[Any]) -> Mapping[Any, Mapping[str, str]]:
    """The names of the steps of the rows, by instance."""
    return list_names_of(product().runtime, tx, {row.instance_id for row in found.rows})


def _keys(correlation: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value}" for name, value in correlation.items())


LISTS: Final[Mapping[str, Pending]] = {
    "timers": Pending(
        "Timers",
        "Business key or step",
        pending.TIMER_STATES,
        pending.list_timers,
        ("Due at", "Kind", "Step", "Process", "Business key", "Instance", "State"),
        lambda row: (
            row.due_at.isoformat(), row.kind, row.element_id, row.process_name, row.business_key, str(row.instance_id), row.instance_state,
        ),
    ),
    "waits": Pending(
        "Waits",
        "Business key, message or its keys",
        pending.WAIT_STATES,
        pending.list_waits,
        ("Since", "Kind", "Name", "Keys", "Step", "Process", "Business key", "Instance"),
        lambda row: (
            row.created_at.isoformat(), row.kind, row.name, _keys(row.correlation), row.element_id, row.process_name, row.business_key,
            str(row.instance_id),
        ),
    ),
    "messages": Pending(
        "Unheard messages",
        "Message or business key",
        pending.MESSAGE_STATES,
        pending.list_messages,
        ("Number", "Name", "Keys", "Business key", "State", "Sent at", "Sent by", "Kept until"),
        lambda row: (
            row.id, row.name, _keys(row.correlation), row.business_key, row.state, row.sent_at.isoformat(), row.sent_by,
            row.expires_at.isoformat(),
        ),
        of_process=False,
    ),
    "effects": Pending(
        "Effects",
        "Business key, kind or receiver",
        pending.EFFECT_STATES,
        pending.list_effects,
        ("Key", "Kind", "To", "State", "Attempts", "Business key", "Created at", "Last sent at", "Due at", "Answer"),
        lambda row: (
            row.key, row.kind, row.target, row.state, row.attempts, row.business_key, row.created_at.isoformat(),
            row.last_sent_at.isoformat() if row.last_sent_at else "", row.due_at.isoformat(), encode(row.answer or {}).decode(),
        ),
        of_process=False,
    ),
}  # fmt: skip
