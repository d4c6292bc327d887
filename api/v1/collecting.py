"""Collecting: what customers promise to pay, and the statement of account."""

from datetime import date
from urllib.parse import quote

from flask import Response
from flask_openapi3 import APIBlueprint, Tag
from pydantic import Field

from api.auth.roles import Role
from api.requests import operation, person, transaction
from api.v1.shapes import Done, NumberPath, Shape
from engine.store.clock import business_now, business_today
from handlers.receivables import promises
from handlers.receivables.account_statement import print_account_statement, send_account_statement

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
