"""The worklist: what I hold and what my groups may claim; a task opens beside the list, with its form and the facts of its case."""

from collections.abc import Collection
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from flask import g, redirect, render_template, request
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from engine.problems import Invalid, Problem
from engine.runtime.read import worklist as read
from engine.runtime.read.acts import ActFilter, list_acts
from engine.runtime.read.case_comments import count_unseen
from engine.runtime.read.colleagues import who_could, whom_to_ask
from engine.runtime.read.decision_limits import authority_over
from engine.runtime.read.lists import list_processes
from engine.runtime.read.pending_changes import ChangeFilter, count_to_confirm, list_changes
from engine.runtime.verbs import user_tasks
from engine.runtime.verbs.task_hands import ways_back
from engine.runtime.verbs.visible_tasks import behalf_of, may_take
from engine.store import json_text
from engine.store.paging import AnyRow, Asked
from handlers.briefs import briefs_of
from handlers.cases import Case, read_case, subject_of
from handlers.discussing import about_shown
from ui.facts import entered, facts, said
from ui.forms import reason
from ui.product import OPERATE, WORK, asked, needs, person, product, wants_fragment
from ui.task_form import part_facts
from ui.task_why import about, why_asked
from ui.views.comments import comments_of_task

_PRIORITIES = {"": "Any", "51": "High"}
_CHANGES_SHOWN = 3
#: What an address says of the act before it: nothing that stays.
_SAID_ONCE = ("done", "handed_to")
_NO_FORM: dict[str, Any] = {"type": "default", "schemaVersion": 19, "components": []}


def show_list() -> str:
    """The list, nothing opened."""
    with product().database.transaction() as tx:
        return render_template("worklist.html", **_list(tx), task=None)


def show_task(task_id: UUID, problem: Problem | None = None) -> str:
    """One task: beside the list, or alone when htmx asks for it; with the `problem` that something done to it met."""
    with product().database.transaction() as tx:
        opened = {**_task(tx, task_id), "problem": problem}
        if wants_fragment() and request.headers.get("HX-Target", "").endswith("#task"):
            return render_template("_task.html", **opened)
        if g.get("only_task"):  # by a link in a mail: this task and nothing beside it
            return render_template("task_alone.html", **{**opened, "next_task": None})
        return render_template("worklist.html", **_list(tx), **opened)


@needs(WORK)
def assign(task_id: UUID) -> AnyResponse:
    """Hand a task to somebody else: its holder or an operator may."""
    to = request.form.get("to", "").strip()[:200]
    if not to:
        raise Invalid("Nobody is chosen.", code="person_missing", next_step="Choose who is to do it.", errors={"to": ["is missing"]})
    product().database.run(lambda tx: user_tasks.assign(product().runtime, tx, task_id, to, person()))
    kept = [(name, value) for name, value in request.args.items(multi=True) if name not in _SAID_ONCE]
    return redirect(f"/worklist/{task_id}?{urlencode([*kept, ('handed_to', to)])}", 303)


@needs(OPERATE)
def override(task_id: UUID) -> AnyResponse:
    """Take a task in place of its candidates, with a reason."""
    why = reason()
    product().database.run(lambda tx: user_tasks.claim(product().runtime, tx, task_id, person(), why))
    return redirect(f"/worklist/{task_id}", 303)


def _views() -> dict[str, str]:
    """An overseer is not asked to do everybody's tasks, but finds them."""
    return {**read.VIEWS, read.EVERYBODY: "Everybody's"} if person().oversees else read.VIEWS


def wanted_tasks(tx: Session) -> tuple[read.Filter, list[str]]:
    """Which tasks the address asks for, and what of it is not understood: that is left out, and said."""
    given = {name: request.args.get(name, "").strip()[:200] for name in ("view", "sort", "due", "process", "q", "group", "priority")}
    allowed: dict[str, Collection[str]] = {"view": _views(), "sort": read.SORTS, "due": read.DUE, "priority": _PRIORITIES}
    allowed |= {"group": {*person().groups, *(product().groups or ())}}
    if given["process"]:
        allowed |= {"process": {each.process_key for each in list_processes(tx)}}
    unknown = [f"{name}={given[name]}" for name, values in allowed.items() if given[name] and given[name] not in values]
    known = {name: value if name not in allowed or value in allowed[name] else "" for name, value in given.items()}
    wanted = read.Filter(
        view=known["view"] or "all",
        process=known["process"],
        search=known["q"],
        sort=known["sort"] or "due",
        due=known["due"],
        group=known["group"],
        least_priority=int(known["priority"]) if known["priority"] else None,
    )
    return wanted, unknown


def _list(tx: Session) -> dict[str, Any]:
    wanted, unknown = wanted_tasks(tx)
    tasks = read.list_tasks(tx, person(), wanted, asked(), count=True)
    return {
        "tasks": tasks,
        "briefs": briefs_of(tx, [number for row in tasks.rows for number in about(row)]),
        "about": about,
        "behalf_of": behalf_of,
        "why_asked": why_asked,
        "counts": read.count_tasks(tx, person()),
        "unseen": count_unseen(tx, person()),
        "changes": list_changes(tx, person(), ChangeFilter("confirm"), Asked(_CHANGES_SHOWN)).rows,
        "changes_to_confirm": count_to_confirm(tx, person()),
        "wanted": wanted,
        "unknown": unknown,
        "views": _views(),
        "sorts": read.SORTS,
        "dues": read.DUE,
        "priorities": _PRIORITIES,
        "groups": sorted(person().groups),
    }


def _task(tx: Session, task_id: UUID) -> dict[str, Any]:
    task = read.get_task(tx, person(), task_id)
    schema = json_text.decode(task.form) if task.form else _NO_FORM
    shown = {**task.form_data, **(task.outcome or task.draft or {})}
    done = task.state != "open"
    mine = not done and task.assignee == person().name
    held = read.held_decision_on(tx, person(), task_id) if mine else None
    if held is not None:
        shown |= held.data
    case = _case(tx, task)
    schema, labels = part_facts(schema)
    said_already = _keys(schema) | {label.unit.removeprefix("=") for label in labels.values()} | ({"order_no"} if task.order_no else set())
    return {
        "task": task,
        "schema": schema,
        "data": shown,
        "case": case,
        "facts": facts(_beside(task.form_data, case), without=said_already, labels=labels),
        "comments": comments_of_task(tx, about_shown(case, task.id), task.id),
        "before": [(earlier, said(entered(earlier))) for earlier in read.decisions_before(tx, task)],
        "offered": may_take(task, person()),
        "mine": mine,
        "held": held,
        "hold": product().runtime.limits.undo_seconds,
        "behalf": behalf_of(task, person()) if not done else None,
        "next_task": _next(tx) if done or held else None,
        "hand_to": who_could(product().runtime, tx, task) if _may_hand_on(task) else (),
        "authority": authority_over(tx, person(), task),
        "ask_whom": whom_to_ask(product().runtime, tx, task, person()) if mine and task.delegation != "pending" else (),
        "ways_back": ways_back(product().runtime, tx, task.process_version_id, task.element_id) if mine else (),
        "acts": list_acts(tx, ActFilter(target=f"user_task:{task.id}"), Asked(20)).rows,
        "kept": urlencode([(name, value) for name, value in request.args.items(multi=True) if name not in _SAID_ONCE]),
        "done_to_it": request.args.get("done", ""),
        "handed_to": request.args.get("handed_to", "") == task.assignee and task.assignee,
    }


def _case(tx: Session, task: AnyRow) -> Case | None:
    """The case of what the task is about; none where it is about nothing that has one."""
    subject = subject_of(tx, task.form_data, task.business_key, task.variables)
    return read_case(tx, *subject) if subject else None


def _beside(form_data: dict[str, Any], case: Case | None) -> dict[str, Any]:
    """What the process says beside the case: what its case shows already is not said twice."""
    if case is None:
        return form_data
    return {name: value for name, value in form_data.items() if name not in case.names and value != case.number}


def _may_hand_on(task: AnyRow) -> bool:
    return task.state == "open" and (task.assignee == person().name or person().oversees)


def _next(tx: Session) -> read.TaskRow | None:
    return next((row for row in read.list_tasks(tx, person(), read.Filter(), Asked(10)).rows if not row.held), None)


def _keys(part: Any) -> set[str]:
    """The names a form shows, as fields or beside them (`=currency`), so that the case does not say the same twice."""
    if isinstance(part, dict):
        own = {part[name] for name in ("key", "path") if isinstance(part.get(name), str)}
        return own.union(*(_keys(value) for value in part.values()))
    if isinstance(part, list):
        return set().union(*(_keys(value) for value in part))
    return {part[1:].strip()} if isinstance(part, str) and part.startswith("=") else set()
