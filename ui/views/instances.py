"""Instances: the list with its filters; one instance with its explanation, diagram, steps, history, data and the operator's verbs."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from flask import Response, jsonify, make_response, redirect, render_template, request
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from engine.lexical import read_count
from engine.problems import Invalid
from engine.runtime.operate import batches, operations
from engine.runtime.read import explain
from engine.runtime.read import lists as read
from engine.runtime.read.batches import item_of
from engine.runtime.read.elements import ElementStory, get_element
from engine.runtime.read.flows import called_diagrams, list_flows
from engine.runtime.read.hierarchy import callers
from engine.runtime.read.steps import list_marks, list_names, list_steps, model_file
from engine.runtime.read.variables import list_variables
from engine.runtime.state.tokens import tokens_of
from engine.store.paging import AnyRow, Asked, Page
from engine.store.tables import InstanceState
from handlers.holdings import holdings_of
from ui.csv_export import csv_response
from ui.forms import reason
from ui.product import OPERATE, SEE_DATA, asked, needs, person, product, wants_fragment

#: A number of more digits is none of ours.
_DIGITS: Final = 19
_MOST_EXPORTED: Final = 50_000
_COLUMNS: Final = (
    "id", "process_key", "process_version", "business_key", "state", "waits_for", "retrying", "started_at", "started_by", "updated_at",
    "ended_at", "end_reason",
)  # fmt: skip
_HEAD: Final = (
    "Id", "Process", "Version", "Business key", "State", "Waits for", "Tried again", "Started", "By", "Changed", "Ended", "Why",
)  # fmt: skip
_VERBS = {"suspend": operations.suspend, "resume": operations.resume, "cancel": operations.cancel}
#: What an act has come to, as the page says it afterwards.
_DONE: Final[Mapping[str, str]] = {
    "suspend": "Suspended. Nothing moves until it is resumed.",
    "resume": "Resumed.",
    "cancel": "Cancelled.",
    "acknowledge": "Acknowledged: others see that you look after it.",
    "retry": "It is tried again.",
    "complete": "Completed with your result: it went on behind the step.",
    "skip": "Skipped: it went on behind the step.",
    "move": "Moved: it goes on at the other step.",
    "go-back": "It begins again at the earlier step, with the data of that time.",
    "data": "The data is changed.",
    "move-timer": "The timer is moved.",
    "message": "The message has come.",
    "migrate": "It runs on the latest version now.",
    "start-anew": "A new instance has begun.",
}


def redirect_to_list() -> AnyResponse:
    """`/operations` is the list of instances."""
    return redirect("/operations/instances")


def _wanted() -> read.Filter:
    given = request.args
    return read.Filter(
        state=given.get("state", "active"),
        process=given.get("process", "")[:200],
        search=given.get("q", "").strip()[:200],
        variable=given.get("variable", "").strip()[:400] if SEE_DATA in person().roles else "",
    )


def export() -> AnyResponse:
    """What the filter finds, as CSV; the latest change first, no more than a spreadsheet opens."""
    with product().database.transaction() as tx:
        rows = read.list_instances(tx, _wanted(), Asked(_MOST_EXPORTED), count=False).rows
    return csv_response("instances", _HEAD, [[_cell(getattr(row, name)) for name in _COLUMNS] for row in rows])


def _cell(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else str(value) if isinstance(value, UUID) else value


def show_list() -> str:
    """The list of instances."""
    wanted = _wanted()
    try:
        with product().database.transaction() as tx:
            return _list(tx, wanted, read.list_instances(tx, wanted, asked()))
    except Invalid as unreadable:
        with product().database.transaction() as tx:
            return _list(tx, wanted, Page((), None, None, 1), unreadable)


def _list(tx: Session, wanted: read.Filter, instances: Page[read.InstanceRow], problem: Invalid | None = None) -> str:
    return render_template(
        "instances.html",
        instances=instances,
        problem=problem,
        names=list_names(product().runtime, tx, ((row.deployment_id, row.path) for row in instances.rows)),
        counts=read.count_states(tx),
        processes=read.list_processes(tx),
        wanted=wanted,
        states=list(InstanceState),
        may_operate=OPERATE in person().roles,
    )


def show_instance(instance_id: UUID) -> AnyResponse:
    """One instance, and what became of the retry that is followed."""
    template = "_instance.html" if wants_fragment() else "instance.html"
    with product().database.transaction() as tx:
        followed = _followed(tx, instance_id)
        shown = {**instance_context(tx, instance_id), "followed": followed, "done": _DONE.get(request.args.get("done", ""), "")}
        answer: Response = make_response(render_template(template, **shown))
    if wants_fragment() and followed and followed.state not in {"pending", "running"}:
        answer.headers["HX-Trigger"] = "ordercraft:changed"  # the diagram paints anew
    return answer


def retry_followed(instance_id: UUID, why: str, arguments: Mapping[str, Any] = MappingProxyType({})) -> AnyResponse:
    """Let workers try again what has failed of an instance; the page follows it to its end."""
    order = batches.Order("retry", read.Filter(ids=(instance_id,)), person().name, why, arguments=arguments)
    batch_id = product().database.run(lambda tx: batches.begin(product().runtime, tx, order))
    address = f"/operations/instances/{instance_id}?follow={batch_id}"
    if not wants_fragment():
        return redirect(address, 303)
    with product().database.transaction() as tx:
        followed = item_of(tx, batch_id, instance_id)
        answer: Response = make_response(render_template("_instance.html", **instance_context(tx, instance_id), followed=followed))
    answer.headers["HX-Push-Url"] = address
    return answer


def _followed(tx: Session, instance_id: UUID) -> AnyRow | None:
    """What became of the batch that the address follows, or of one that tries the instance again at this moment."""
    given = request.args.get("follow", "")
    batch_id = read_count(given)
    return item_of(tx, batch_id, instance_id)


def show_tokens(instance_id: UUID) -> Response:
    """Where an instance stands on a diagram and which flows it went along, as JSON: the same marks as in the table of steps."""
    with product().database.transaction() as tx:
        shown = read.get_instance(tx, instance_id)
        path = request.args.get("diagram", "")[:500] or shown.path
        marks = list_marks(tx, instance_id)
        flows = list_flows(tx, instance_id, path, model_file(tx, shown.deployment_id, path))
    # An element that is waited at for the first time has been passed no time yet, but a token stands on it.
    tokens = [{"element_id": element, "state": state, "count": max(1, count)} for element, (state, count, _) in marks.items()]
    return jsonify(tokens + [{"element_id": flow, "state": "passed", "count": 1} for flow in flows])


@needs(SEE_DATA)
def show_element(instance_id: UUID, element_id: str) -> str:
    """One element of an instance: its runs with their data, what it waits for, what failed, what it sent, who acted."""
    with product().database.transaction() as tx:
        shown = read.get_instance(tx, instance_id)
        steps = list_steps(tx, instance_id, model_file(tx, shown.deployment_id, request.args.get("diagram", "")[:500] or shown.path))
        story = get_element(tx, instance_id, element_id)
    name = next((step.name for step in steps if step.id == element_id), element_id)
    return render_template("_element.html", instance=shown, name=name, story=story, may_operate=OPERATE in person().roles)


@needs(OPERATE)
def operate(instance_id: UUID, verb: str) -> AnyResponse:
    """Suspend, resume or cancel an instance, with a reason that goes to the audit log."""
    why = reason()
    product().database.run(lambda tx: _VERBS[verb](product().runtime, tx, instance_id, person().name, why))
    return answer_changed(instance_id, verb)


def answer_changed(instance_id: UUID, verb: str) -> AnyResponse:
    """The instance as it is after a verb, and what that came to: in place for htmx, by redirect for everyone else."""
    if not wants_fragment():
        return redirect(f"/operations/instances/{instance_id}?done={verb}", 303)
    with product().database.transaction() as tx:
        answer: Response = make_response(render_template("_instance.html", **instance_context(tx, instance_id), done=_DONE[verb]))
    answer.headers["HX-Trigger"] = "ordercraft:changed"
    return answer


def instance_context(tx: Session, instance_id: UUID) -> dict[str, Any]:
    """Everything the page of one instance shows. A constant number of statements."""
    shown = read.get_instance(tx, instance_id)
    path = request.args.get("diagram", "")[:500] or shown.path
    own = model_file(tx, shown.deployment_id, shown.path)
    steps = list_steps(tx, instance_id, own if path == shown.path else model_file(tx, shown.deployment_id, path))
    tokens = tokens_of(tx, instance_id)
    may_see = SEE_DATA in person().roles
    story = _story(tx, instance_id, tokens) if may_see else None
    names = {step.id: step.name for step in steps}
    return {
        "instance": shown,
        "path": path,
        "called": called_diagrams(tx, shown, own),
        "why": explain.explain(tx, instance_id),
        "steps": steps,
        "names": names,
        "story": story,
        "name": names.get(story.element_id, story.element_id) if story else "",
        "history": read.list_history(tx, instance_id),
        "variables": list_variables(tx, instance_id, shown.variables) if may_see else (),
        "may_see": may_see,
        "incidents": read.list_incidents_of(tx, instance_id),
        "callers": callers(tx, instance_id),
        "relatives": read.relatives(tx, shown),
        "acts": read.list_acts(tx, instance_id),
        "tokens": tokens,
        "may_operate": OPERATE in person().roles,
        "holdings": holdings_of(tx, shown.business_key),
        "undone": operations.undoes(product().runtime, tx, instance_id),
    }


def _story(tx: Session, instance_id: UUID, tokens: list[dict[str, Any]]) -> ElementStory | None:
    """The story of the element that the address names, else of where it has failed, else of where it waits."""
    standing = sorted(tokens, key=lambda token: token["kind"] != "incident")
    element_id = request.args.get("element", "")[:200] or (standing[0]["element_id"] if standing else "")
    return get_element(tx, instance_id, element_id) if element_id else None
