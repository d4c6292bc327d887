"""Collecting: what customers promise to pay, late charges that are waived, and the statement of account."""

from datetime import date
from urllib.parse import quote

from flask import Response
from flask_openapi3 import APIBlueprint, Tag
from pydantic import Field

from api.auth.roles import Role
from api.requests import operation, person, transaction
from api.second_person import Answer, PendingOut, act
from api.v1.shapes import Done, Exact, NumberPath, Shape
from engine.store.clock import business_now, business_today
from handlers.receivables import promises
from handlers.receivables.account_statement import print_account_statement, send_account_statement
from handlers.receivables.guarded import Waiver

api = APIBlueprint("collecting", __name__, url_prefix="/api/v1", abp_tags=[Tag(name="finance")])


class PromiseIn(Shape):
    """The day on which a customer will pay all that is open of an invoice."""

    promised_on: date
    note: str = Field("", max_length=500)


@api.post("/invoices/<number>/promises", responses={201: Done})
@operation(Role.COLLECT)
def promise_payment(path: NumberPath, body: PromiseIn) -> tuple[Done, int]:
    """Keep what a customer promised: nobody reminds of the invoice until then, and when it is broken somebody calls."""
    tx = transaction()
    promises.promise_payment(tx, path.number, body.promised_on, body.note, business_today(tx))
    return Done(id=path.number, state="promised"), 201


class WaiveIn(Shape):
    """Why a late charge is let go."""

    reason: str = Field(min_length=3, max_length=2000)


class WaivedOut(Shape):
    """What was let go of a late charge, in `currency`."""

    charge_no: str
    amount: Exact
    currency: str


@api.post("/late-charges/<number>/waiver", responses={200: WaivedOut, 202: PendingOut})
@operation(Role.COLLECT)
def waive_late_charge(path: NumberPath, body: WaiveIn) -> Answer:
    """Let go of all that is open of a late charge; above the number `second_person.late_charge` a second person confirms it."""
    given = Waiver(charge_no=path.number, reason=body.reason)
    return act("late_charge.waive", given, body.reason, lambda waived: (WaivedOut.model_validate(waived), 200))


@api.post("/customers/<number>/statement-of-account", responses={202: Done})
@operation(Role.COLLECT)
def send_statement_of_account(path: NumberPath) -> tuple[Done, int]:
    """Send a customer the statement of account as of today, once a day, by mail to its contact for accounts or its own address."""
    key = send_account_statement(transaction(), path.number, person().name)
    return Done(id=key, state="pending"), 202


@api.get("/customers/<number>/statement-of-account")
@operation(Role.SEE_CREDIT)
def get_statement_of_account(path: NumberPath) -> Response:
    """What a customer owes by document and age, what is disputed, and what we hold of theirs, as PDF."""
    tx = transaction()
    paper = print_account_statement(tx, path.number, business_now(tx))
    headers = {"Content-Disposition": f'inline; filename="statement-{quote(path.number, safe="")}.pdf"'}
    return Response(bytes(paper), mimetype="application/pdf", headers=headers)
