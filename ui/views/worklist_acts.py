"""What is done from the list: several tasks at once, each with its own result, and the list as a file."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from flask import make_response, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from engine.problems import Invalid, Problem
from engine.runtime.read import worklist as read
from engine.runtime.read.worklist import TaskRow
from engine.runtime.verbs import many_tasks
from engine.runtime.verbs.many_tasks import MOST_TASKS, TaskResult
from engine.store import json_text
from engine.store.paging import Asked
from handlers.briefs import briefs_of
from ui.csv_export import csv_response
from ui.product import WORK, needs, person, product
from ui.task_why import about, why_asked
from ui.views.worklist import wanted_tasks

_REFUSED = 422
#: Rows of an export: whoever wants more narrows the filter.
_MOST_EXPORTED: Final = 5_000
_HEAD = ("Task", "Process", "About", "Who", "Amount", "Currency", "Why", "Due", "Priority", "With", "State", "Id")
_NO_FORM: Mapping[str, Any] = {"type": "default", "schemaVersion": 19, "components": []}


@needs(WORK)
def show_decide() -> AnyResponse:
    """The chosen tasks, and one form for all of them."""
    return _decide(_chosen())


@needs(WORK)
def decide() -> AnyResponse:
    """Give the chosen tasks the same answer, and say for each what became of it."""
    chosen = _chosen()
    if "data" not in request.form:  # they come from the list, ticked
        return _decide(chosen)
    try:
        data = json_text.decode(request.form["data"] or "{}")
        if not isinstance(data, dict):
            raise ValueError  # noqa: TRY004,TRY301  # answered like what is no JSON at all
    except ValueError:
        return _decide(
            chosen,
            Invalid("What was filled in cannot be read.", code="form_invalid", next_step="Choose the tasks again."),
        )
    results = many_tasks.complete_many(product().runtime, product().database.run, chosen, data, person())
    wrong = [each for each in results if each.errors]
    if wrong and len(wrong) == len(results):  # the answer itself is wrong, nothing has changed
        first = wrong[0]
        problem = Invalid(first.detail, code=first.code, next_step="Correct the marked fields.", errors=first.errors)
        return _decide(chosen, problem, data)
    return _results(results, "decided")


@needs(WORK)
def act(verb: str) -> AnyResponse:
    """Claim the chosen tasks, or give them back."""
    does = many_tasks.claim_many if verb == "claim" else many_tasks.release_many
    results = does(product().runtime, product().database.run, _chosen(), person())
    return _results(results, "claimed" if verb == "claim" else "given back")


def export() -> AnyResponse:
    """The list as it is filtered, as CSV."""
    with product().database.transaction() as tx:
        wanted, unknown = wanted_tasks(tx)
        if unknown:  # what is left out of the filter would be in the file
            raise Invalid(
                f"Part of the filter is not understood: {', '.join(unknown)}.",
                code="filter_unreadable",
                next_step="Choose the filter in the worklist, and export what it shows.",
            )
        rows = read.list_tasks(tx, person(), wanted, Asked(_MOST_EXPORTED)).rows
        briefs = briefs_of(tx, [number for row in rows for number in about(row)])
    lines = []
    for row in rows:
        brief = next((briefs[number] for number in about(row) if number in briefs), None)
        lines.append(
            (
                row.title, row.process_name, row.business_key, brief.name if brief else "", brief.amount if brief else None,
                brief.currency if brief else "", why_asked(row), row.due_at.isoformat() if row.due_at else "", row.priority,
                row.completed_by or row.assignee or ", ".join(row.candidate_groups), row.state, str(row.id),
            )
        )  # fmt: skip
    return csv_response("worklist", _HEAD, lines)


def _decide(chosen: Sequence[UUID], problem: Problem | None = None, typed: Mapping[str, Any] | None = None) -> AnyResponse:
    with product().database.transaction() as tx:
        tasks = read.list_chosen(tx, person(), chosen)
        briefs = briefs_of(tx, [number for row in tasks for number in about(row)])
        kinds: dict[tuple[str, str, str | None], list[TaskRow]] = {}
        for row in tasks:
            kinds.setdefault((row.process_key, row.element_id, row.form_key), []).append(row)
        schema = _NO_FORM
        if len(kinds) == 1:
            opened = read.get_task(tx, person(), tasks[0].id)
            schema = json_text.decode(opened.form) if opened.form else _NO_FORM
    answer = make_response(
        render_template(
            "worklist_decide.html",
            kinds=list(kinds.values()),
            gone=len(chosen) - len(tasks),
            briefs=briefs,
            about=about,
            why_asked=why_asked,
            schema=schema,
            data={**_same_in_all(tasks), **(typed or {})},
            problem=problem,
        )
    )
    answer.status_code = _REFUSED if problem else 200
    return answer


def _same_in_all(tasks: Sequence[TaskRow]) -> dict[str, Any]:
    if not tasks:
        return {}
    first, *others = tasks
    return {name: value for name, value in first.form_data.items() if all(each.form_data.get(name) == value for each in others)}


def _results(results: Sequence[TaskResult], done: str) -> AnyResponse:
    with product().database.transaction() as tx:
        titles = read.titles_of(tx, [each.id for each in results])
    return make_response(render_template("worklist_results.html", results=results, titles=titles, done=done))


def _chosen() -> list[UUID]:
    try:
        found = list(dict.fromkeys(UUID(each) for each in request.values.getlist("task")))
    except ValueError:
        found = []
    if not 0 < len(found) <= MOST_TASKS:
        raise Invalid(
            "No task is chosen." if not found else f"More than {MOST_TASKS} tasks are chosen.",
            code="tasks_missing" if not found else "too_many_tasks",
            next_step="Choose some in the list, of one kind.",
        )
    return found
