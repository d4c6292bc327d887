"""What the warehouse decides of many groups of a wave in one act. Each group goes on by its own diagram, with its own result."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from sqlalchemy.orm import Session

from engine.problems import Conflict, Invalid
from engine.runtime.post.mailbox import Message
from engine.runtime.read import worklist
from engine.runtime.state.people import Person
from engine.runtime.state.runtime import Runtime
from engine.runtime.verbs import messages
from engine.runtime.verbs.many_tasks import TaskResult, complete_each
from handlers.fulfillment.wave_views import GroupRow, WaveShown, read_wave
from handlers.fulfillment.waves import kinds_waiting
from handlers.identifiers import Amount, Number
from handlers.imports.cells import Unreadable, read_cell
from handlers.imports.sheets import read_sheet

_COLUMNS: Final = ("group_no", "sku", "found", "packages", "weight_kg")
_RUN_REQUESTED: Final = "wave_run.requested"


@dataclass(frozen=True, slots=True, kw_only=True)
class Packed:
    """How a group was packed otherwise than planned: so much found of an item, or so many packages, or what they weigh in all."""

    group_no: Number
    sku: str = ""
    found: Amount | None = None
    packages: int | None = None
    weight_kg: Amount | None = None


@dataclass(frozen=True, slots=True)
class GroupResult:
    """What became of a group: `state` is completed, accepted (a worker is at it) or refused, and then why and what to do."""

    group_no: str
    state: str
    code: str = ""
    detail: str = ""
    next_step: str = ""
    errors: Mapping[str, Sequence[str]] | None = None


def begin_run(runtime: Runtime, tx: Session, by: str) -> None:
    """Have what waits to be picked gathered into waves now. Raises Conflict when nothing waits."""
    if not kinds_waiting(tx):
        raise Conflict(
            "No group waits to be picked outside of a wave.", code="nothing_to_pick", next_step="Look at the waves that are there."
        )
    messages.note(runtime, tx, Message(_RUN_REQUESTED, {}, {"requested_by": by}, actor=by))


def pack(runtime: Runtime, wave_no: str, chosen: Sequence[str], otherwise: Sequence[Packed], person: Person) -> list[GroupResult]:
    """Pack groups of a wave as planned, but for what is said to be otherwise; without a choice all that are to be picked.

    Raises NotFound, Invalid with the errors by row (a group that is not in the wave, an item that is not in it) before anything is done.
    """
    with runtime.database.transaction() as tx:
        groups = _chosen(read_wave(tx, wave_no), "TO_PICK", chosen)
        forms = {row.id: row.form_data for row in worklist.list_chosen(tx, person, [each.task_id for each in groups if each.task_id])}
    _refuse_unknown(otherwise, {each.group_no: forms.get(each.task_id, {}) for each in groups if each.task_id})
    answers = {
        each.task_id: _answer(each, forms.get(each.task_id, {}), [row for row in otherwise if row.group_no == each.group_no])
        for each in groups
        if each.task_id
    }
    results = complete_each(runtime, runtime.database.run, answers, person)
    return _by_group(results, {each.task_id: each.group_no for each in groups})


def hand_over(runtime: Runtime, wave_no: str, chosen: Sequence[str], person: Person) -> list[GroupResult]:
    """Confirm that the carrier has what is ready of a wave; without a choice all of it. Raises NotFound, Invalid."""
    with runtime.database.transaction() as tx:
        groups = _chosen(read_wave(tx, wave_no), "READY", chosen)
    answers = {each.hand_over_id: {"handed_over": True} for each in groups if each.hand_over_id}
    results = complete_each(runtime, runtime.database.run, answers, person)
    return _by_group(results, {each.hand_over_id: each.group_no for each in groups})


def read_packed(data: bytes) -> list[Packed]:
    """What was packed otherwise, from a CSV or XLSX with the columns of `Packed`. Raises Invalid, TooLarge."""
    sheet = read_sheet(data, _COLUMNS)
    rows, errors = [], {}
    for line in sheet.lines:
        given: dict[str, Any] = {}
        for name, cell in line.cells.items():
            kind = {"group_no": str, "sku": str, "packages": int}.get(name, Decimal)
            try:
                given[name] = read_cell(kind, cell, commas=sheet.commas)
            except Unreadable as error:
                errors[f"line {line.line_no} {name}"] = [str(error)]
        if not given.get("group_no"):
            errors[f"line {line.line_no} group_no"] = ["is missing; fill the cell"]
        else:
            rows.append(Packed(**given))
    if errors:
        raise _wrong(errors)
    return rows


def _chosen(shown: WaveShown, state: str, chosen: Sequence[str]) -> list[GroupRow]:
    there = {each.group_no: each for each in shown.of_state(state)}
    foreign = [number for number in chosen if number not in there]
    if foreign or not there:
        what = {"TO_PICK": "to be picked", "READY": "ready to be handed over"}[state]
        named = f"{foreign[0]} of wave {shown.wave_no} is not" if foreign else f"Nothing of wave {shown.wave_no} is"
        raise Invalid(
            f"{named} {what}.",
            code="group_not_there",
            next_step="Look at the groups of the wave.",
            errors={"group_nos": [f"{named} {what}"]},
        )
    return [there[number] for number in dict.fromkeys(chosen)] or list(there.values())


def _refuse_unknown(otherwise: Sequence[Packed], forms: Mapping[str, Mapping[str, Any]]) -> None:
    errors: dict[str, list[str]] = {}
    for place, row in enumerate(otherwise):
        if row.group_no not in forms:
            errors[f"otherwise.{place}.group_no"] = [f"{row.group_no} is not among the groups to be packed"]
        elif bool(row.sku) != (row.found is not None):
            errors[f"otherwise.{place}.found"] = ["an item and how much of it was found belong together"]
    if errors:
        raise _wrong(errors)


def _answer(group: GroupRow, form: Mapping[str, Any], otherwise: Sequence[Packed]) -> dict[str, Any]:
    """The form of the task as somebody fills it in: everything found and packed as planned, but for what is otherwise."""
    found = {row.sku: row.found for row in otherwise if row.sku}
    listed = [dict(item) for item in form.get("items") or []]
    names = {item["sku"] for item in listed}
    packages = next((row.packages for row in otherwise if row.packages is not None), group.packages or None)
    weight = next((row.weight_kg for row in otherwise if row.weight_kg is not None), group.weight_kg)
    answer: dict[str, Any] = {"short": bool(found), "packages": packages, "weight_kg": weight}
    if found:
        answer["items"] = [{**item, "found": found.get(item["sku"], item["found"])} for item in listed]
        answer["other_items"] = [{"sku": sku, "found": qty} for sku, qty in found.items() if sku not in names]
    return answer


def _by_group(results: Sequence[TaskResult], groups: Mapping[Any, str]) -> list[GroupResult]:
    return [GroupResult(groups[each.id], each.state, each.code, each.detail, each.next_step, each.errors) for each in results]


def _wrong(errors: dict[str, list[str]]) -> Invalid:
    return Invalid(
        f"{len(errors)} of what was packed otherwise cannot be.",
        code="packed_otherwise",
        next_step="Correct what is marked, then send it again.",
        errors=errors,
    )
