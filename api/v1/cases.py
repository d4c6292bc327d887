"""The case of a subject: all that one should know before deciding on it, in one shape for every kind."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, Field

from api.auth.roles import Role
from api.json_provider import as_it_is, in_utc
from api.requests import operation, person, transaction
from api.v1.shapes import Page, Search
from api.v1.user_tasks import TaskPath
from engine.problems import NotFound
from engine.runtime.read import worklist
from handlers import cases
from handlers.case_lists import ListFilter, list_subjects
from handlers.sight import OF_SUBJECT, refuse_unseen

api = APIBlueprint("cases", __name__, url_prefix="/api/v1", abp_tags=[Tag(name="cases")])


class CasePath(BaseModel):
    """A subject in the address.

    `kind` is quote, order, group, shipment, purchase-order, invoice, receipt, statement, dispute, late-charge, customer or item.
    """

    kind: str = Field(max_length=40)
    number: str = Field(max_length=100)


class KindPath(BaseModel):
    """A kind of subject in the address that has a list: group, shipment, purchase-order, invoice, statement, dispute or late-charge."""

    kind: str = Field(max_length=40)


class CaseQuery(Search):
    """Which subjects to list: `search` finds the beginning of a number and any part of who it is about."""

    state: str = Field("", max_length=40)


class FactOut(BaseModel):
    """A value, with its currency or unit `beside` it, whether it is `odd` (out of the ordinary), and what explains it `under` it.

    `written` is text, code, money, quantity, percent, points, days, day, moment, flag, address, mono, decider (a person, or a rule), or the
    kind of subject that the value is the number of.
    """

    name: str
    label: str
    written: str
    value: Any
    beside: str
    odd: bool
    under: str


class CaseRowOut(BaseModel):
    """A subject in a list."""

    number: str
    name: str
    state: str
    facts: list[FactOut]


class SectionOut(BaseModel):
    """A part of a case: facts, or the rows of a table. The first one has no title: it is the head."""

    title: str
    facts: list[FactOut]
    rows: list[list[FactOut]]


class PaperOut(BaseModel):
    """A document, to be read under /api/v1/documents."""

    id: int
    kind: str
    number: str
    media_type: str
    created_at: datetime


class RulingOut(BaseModel):
    """What was decided before: by a person (`who`), or by the `rules` of a decision table that matched; `found` is what came out."""

    at: datetime
    what: str
    who: str
    rules: list[int]
    found: dict[str, Any]
    instance_id: UUID


class CaseOut(BaseModel):
    """A case; `name` is who it is about."""

    kind: str
    number: str
    name: str
    state: str
    sections: list[SectionOut]
    papers: list[PaperOut]
    decided: list[RulingOut]


@api.get("/cases/<kind>", responses={200: Page[CaseRowOut]})
@operation(Role.READ)
def list_cases(path: KindPath, query: CaseQuery) -> Page[CaseRowOut]:
    """List fulfilment groups, shipments, purchase orders, invoices, bank statements, disputes or late charges, the latest number first."""
    refuse_unseen(person().roles, OF_SUBJECT.get(path.kind), f"The list of {path.kind}")
    found = list_subjects(transaction(), path.kind, ListFilter(query.search, query.state), query.asked)
    rows = [CaseRowOut(number=row.number, name=row.name, state=row.state, facts=_facts(row.facts)) for row in found.rows]
    return Page(items=rows, next_cursor=found.next)


@api.get("/cases/<kind>/<number>", responses={200: CaseOut})
@operation(Role.READ)
def get_case(path: CasePath) -> dict[str, Any]:
    """The case of a quote, order, group, shipment, purchase order, invoice, receipt, statement, dispute, customer or item."""
    refuse_unseen(person().roles, OF_SUBJECT.get(path.kind), f"{path.kind} {path.number}")
    return _out(cases.read_case(transaction(), path.kind, path.number))


@api.get("/user-tasks/<uuid:task_id>/case", responses={200: CaseOut})
@operation(Role.WORK)
def get_case_of_task(path: TaskPath) -> dict[str, Any]:
    """The case of what a task is about."""
    task = worklist.get_task(transaction(), person(), path.task_id)
    subject = cases.subject_of(transaction(), task.form_data, task.business_key, task.variables)
    if subject is None:
        raise NotFound("The task names nothing that has a case.", code="case_unknown", next_step="Look at the data of its form.")
    return _out(cases.read_case(transaction(), *subject))


def _out(case: cases.Case) -> dict[str, Any]:
    made = CaseOut(
        kind=case.kind,
        number=case.number,
        name=case.name,
        state=case.state,
        sections=[
            SectionOut(title=part.title, facts=_facts(part.facts), rows=[_facts(row) for row in part.rows]) for part in case.sections
        ],
        papers=[PaperOut.model_validate(paper, from_attributes=True) for paper in case.papers],
        decided=[],
    )
    decided = [
        {name: in_utc(getattr(ruling, name)) for name in ("at", "what", "who", "rules", "instance_id")} | {"found": as_it_is(ruling.found)}
        for ruling in case.decided
    ]
    return {**in_utc(made).model_dump(mode="json"), "decided": decided}


def _facts(facts: Any) -> list[FactOut]:
    return [
        FactOut(**{name: getattr(fact, name) for name in FactOut.model_fields if name != "value"}, value=_sent(fact.value))
        for fact in facts
    ]


def _sent(value: Any) -> Any:
    """Decimals leave as text, so that no client rounds them; days and moments as RFC 3339 writes them."""
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime):
        return in_utc(value).isoformat().replace("+00:00", "Z")
    return value.isoformat() if isinstance(value, date) else value
