"""Acts on many instances: previewed, begun, and followed on a page that tells of each instance what became of it."""

from collections.abc import Callable, Mapping
from typing import Any, Final
from uuid import UUID

from flask import make_response, redirect, render_template, request
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from engine.lexical import read_count
from engine.problems import Invalid, Problem
from engine.runtime.operate import batches, guarded_batches
from engine.runtime.operate.batches import BATCH_VERBS
from engine.runtime.read import batches as read
from engine.runtime.read.batch_choices import ChosenStep, messages_of_chosen, steps_of_chosen
from engine.runtime.state.chosen import Filter
from engine.runtime.state.people import Person
from engine.store.paging import Asked
from ui.csv_export import csv_response
from ui.forms import json_object, reason
from ui.product import OPERATE, asked, needs, person, product, wants_fragment
from ui.second_person import page_of

_STEER: Final[Mapping[str, Callable[[Session, int, Person], None]]] = {
    "pause": batches.pause,
    "go-on": batches.go_on,
    "abandon": batches.abandon,
}
_REFUSED = 422
#: The filter of a batch as an address has it: `instance` may come more than once.
_FIELDS = {"state": "state", "process": "process", "q": "search", "variable": "variable", "cause": "fingerprint", "element": "element_id"}

#: What is typed for a batch, beside its filter.
_SAID = ("verb", "reason", "stop_after", "key", "from", "to", "name", "payload", "variables")


def show_list() -> str:
    """Every batch, the latest first."""
    with product().database.transaction() as tx:
        return render_template("batches.html", batches=read.list_batches(tx, asked(), count=True), verbs=BATCH_VERBS)


@needs(OPERATE)
def show_new() -> AnyResponse:
    """What a verb would be done to, and to which it would not and why."""
    return _preview()


@needs(OPERATE)
def begin() -> AnyResponse:
    """Begin it, and follow it."""
    try:
        order = batches.Order(
            _verb(),
            chosen(),
            person().name,
            reason(),
            stop_after=_stop_after(),
            key=request.form.get("key", "")[:100] or None,
            arguments=_arguments(),
        )
        begun = product().database.run(lambda tx: guarded_batches.begin(product().runtime, tx, order))
    except Problem as problem:
        return _preview(problem)
    return redirect(f"/operations/batches/{begun.done}", 303) if begun.pending is None else page_of(begun)


def show(batch_id: int) -> str:
    """How far it is; while anything of it is under way the page asks again by itself."""
    return _page(batch_id)


@needs(OPERATE)
def steer(batch_id: int, verb: str) -> AnyResponse:
    """Pause, go on or stop for good."""
    product().database.run(lambda tx: _STEER[verb](tx, batch_id, person()))
    return make_response(_page(batch_id)) if wants_fragment() else redirect(f"/operations/batches/{batch_id}", 303)


def export(batch_id: int) -> AnyResponse:
    """What became of each instance, as CSV."""
    with product().database.transaction() as tx:
        read.get_batch(tx, batch_id)
        rows = read.list_items(tx, batch_id, Asked(product().runtime.limits.batch_instances)).rows
    head = ("Number", "Instance", "Business key", "Process", "State", "Detail", "Next step", "Ended")
    return csv_response(
        f"batch-{batch_id}",
        head,
        (
            (
                row.number, str(row.instance_id), row.business_key, row.process_name, row.state, row.detail, row.next_step,
                row.ended_at.isoformat() if row.ended_at else "",
            )
            for row in rows
        ),
    )  # fmt: skip


def chosen() -> Filter:
    """Which instances the address or the form means. Raises Invalid when an id is none."""
    given: dict[str, Any] = {name: request.values.get(field, "").strip()[:400] for field, name in _FIELDS.items()}
    try:
        ids = tuple(UUID(each) for each in request.values.getlist("instance"))
    except ValueError:
        raise Invalid("An instance is named by what is no id.", code="filter_unreadable", next_step="Choose them in the list.") from None
    return Filter(ids=ids, **given)


def _page(batch_id: int) -> str:
    state = request.args.get("show", "")
    with product().database.transaction() as tx:
        shown = read.get_batch(tx, batch_id)
        items = read.list_items(tx, batch_id, asked(), state=state if state in read.ITEM_STATES else "")
    steers = OPERATE in person().roles or shown.started_by == person().name
    template = "_batch.html" if wants_fragment() else "batch.html"
    return render_template(template, batch=shown, items=items, verbs=BATCH_VERBS, states=read.ITEM_STATES, show=state, may_steer=steers)


def _preview(problem: Problem | None = None) -> AnyResponse:
    seen, for_two, steps, awaited = None, False, list[ChosenStep](), list[Any]()
    try:
        with product().database.transaction() as tx:
            seen, for_two = guarded_batches.preview(product().runtime, tx, _verb(), chosen())
            steps = steps_of_chosen(product().runtime, tx, chosen()) if _verb() == "move" else []
            awaited = [*messages_of_chosen(tx, chosen())] if _verb() == "message" else []
    except Problem as wrong:
        problem = problem or wrong
    given: dict[str, Any] = {name: request.values.get(name, "") for name in (*_FIELDS, *_SAID)}
    answer = make_response(
        render_template(
            "batch_new.html",
            preview=seen,
            for_two=for_two,
            steps=steps,
            awaited=awaited,
            problem=problem,
            given=given,
            chosen={name: request.values.getlist(name) for name in (*_FIELDS, "instance") if any(request.values.getlist(name))},
            verb=BATCH_VERBS.get(given["verb"], ""),
        )
    )
    answer.status_code = _REFUSED if problem else 200
    return answer


def _arguments() -> dict[str, Any]:
    """What a verb is told beside the instances."""
    given = {name: request.form.get(name, "").strip()[:200] for name in ("from", "to", "name")}
    if _verb() == "move":
        return batches.move_of(given["from"], given["to"], {})
    if _verb() == "data":
        return batches.data_of(json_object("variables"))
    return batches.message_of(given["name"], json_object("payload")) if _verb() == "message" else {}


def _verb() -> str:
    return request.values.get("verb", "")[:40]


def _stop_after() -> int | None:
    text = request.form.get("stop_after", "").strip()
    if not text:
        return None
    found = read_count(text)
    if found is None or not 0 < found < product().runtime.limits.batch_instances:
        raise Invalid(
            f"{text[:20]!r} is no number of failures.",
            code="form_invalid",
            next_step="Give a whole number, or leave it empty.",
            errors={"stop_after": ["must be a whole number above 0"]},
        )
    return found
