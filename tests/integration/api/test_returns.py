"""Goods come back: asked for on the page of their invoice, carried by the diagram to the credit memo and the refund."""

import re
from decimal import Decimal
from uuid import uuid4

import pytest
from sqlalchemy import text

from api.auth.accounts import add_account
from api.auth.roles import GROUPS
from api.demo.people import PEOPLE
from api.product import Product
from api.settings import Settings
from engine.runtime.post import timers
from engine.store.paging import Asked
from handlers.invariants import check_all
from handlers.open_things import Filter, list_open_things
from tests.applications import application_of
from tests.integration.at_work import at_work, do, settle
from tests.integration.golden.builders import one
from tests.integration.golden.test_returns import sold

D = Decimal


@pytest.fixture
def runtime(database):
    made = at_work(database, "return-to-credit")
    with database.transaction() as tx:
        for person in PEOPLE:
            add_account(tx, person)
        sold(tx, "60", parts=("60",), freight="0")
    return made


@pytest.fixture
def tom(runtime):
    """The order desk's browser."""
    application = application_of(Product(Settings(), runtime.database, runtime, demo=True, groups=GROUPS))
    browser = application.test_client()
    browser.post("/login", data={"persona": "tom"})
    browser.environ_base["HTTP_X_CSRF_TOKEN"] = browser.get("/api/v1/me").json["csrf_token"]
    return browser


def test_five_tables_come_back_from_the_page_of_the_invoice_to_the_closed_return(tom, runtime):
    assert "Goods come back…" in tom.get("/finance/invoices/INV-000001").text
    form = "/finance/invoices/INV-000001/return"
    assert "60" in tom.get(form).text
    wrong = tom.post(form, data={"reason": "", "qty.1": "61"})
    assert (wrong.status_code, "Choose one of the reasons" in wrong.text) == (422, True)
    assert "is more than the 60 that may still come back" in wrong.text
    assert tom.post(form, data={"reason": "DAMAGED", "qty.1": "five"}).status_code == 422
    assert "No goods are named" in tom.post(form, data={"reason": "DAMAGED"}).text
    asked = tom.post(form, data={"reason": "DAMAGED", "note": "Two of five wobble.", "qty.1": "5"})
    assert (asked.status_code, asked.headers["Location"]) == (303, "/fulfillment/returns/RMA-000001")
    settle(runtime)
    assert re.search(r"RMA-000001.*Accepted", tom.get("/fulfillment/returns").text, re.DOTALL)
    do(runtime, "Goods to come back", came=True, lines=[{"line_no": 1, "qty": 5, "expected": 5}])
    do(runtime, "Inspect what came back", lines=[{"line_no": 1, "came": 5, "restocked": 3}])
    do(runtime, "Approve credit memo", approved=True)
    page = tom.get("/fulfillment/returns/RMA-000001").text
    assert all(said in page for said in ("Closed", "CM-000001", "Two of five wobble."))
    assert "Credit memo" in tom.get("/finance/invoices/CM-000001").text
    with runtime.database.transaction() as tx:
        assert one(tx, "SELECT open_amount FROM open_item") == D("1485.00")
        assert one(tx, "SELECT count(*) FROM effect WHERE kind IN ('return_accepted', 'credit_memo')") == 2
        assert one(tx, "SELECT state FROM instance") == "completed"
        assert [each.id for each in check_all(tx) if not each.ok] == ["INV-40"]
        left = list_open_things(tx, Filter(ownerless=True), Asked()).rows
        assert {each.number for each in left} == {"INV-000001"}, "which nobody collects here"


def test_what_cannot_come_back_is_refused_at_the_door_of_programs_too(tom):
    def ask(**body):
        return tom.post("/api/v1/returns", json=body, headers={"Idempotency-Key": uuid4().hex})

    line = {"line_no": 1, "qty": "5"}
    assert ask(invoice_no="INV-404", reason="DAMAGED", lines=[line]).status_code == 404
    refused = ask(invoice_no="INV-000001", reason="BORED", lines=[line, {"line_no": 7, "qty": "1"}])
    assert (refused.status_code, sorted(refused.json["errors"])) == (422, ["lines.1.line_no", "reason"])
    assert tom.get("/api/v1/invoices/INV-000001/returnable").json[0]["left"] == "60.0000"
    assert ask(invoice_no="INV-000001", reason="DAMAGED", lines=[line]).json == {"id": "RMA-000001", "state": "requested"}
    assert tom.get("/api/v1/invoices/INV-000001/returnable").json[0]["left"] == "55.0000"


def test_a_refund_that_no_statement_shows_has_an_owner_until_it_is_seen(tom, runtime):
    with runtime.database.transaction() as tx:
        tx.execute(text("UPDATE open_item SET original = original, open_amount = 0, open_in_books = 0, closed_at = now()"))
    tom.post("/finance/invoices/INV-000001/return", data={"reason": "DAMAGED", "qty.1": "1"})
    settle(runtime)
    do(runtime, "Goods to come back", came=True, lines=[{"line_no": 1, "qty": 1, "expected": 1}])
    do(runtime, "Inspect what came back", lines=[{"line_no": 1, "came": 1, "restocked": 1}])
    with runtime.database.transaction() as tx:
        assert one(tx, "SELECT amount, attempt, paid_at FROM refund") == (D("27.00"), 1, None)
        (thing,) = list_open_things(tx, Filter(kind="refund"), Asked()).rows
        assert (thing.number, thing.mover) == ("CM-000001", "timer")
        tx.execute(text("UPDATE timer SET due_at = now() - interval '1 minute'"))
        timers.tick(runtime, tx)
    settle(runtime)
    do(runtime, "Refund not on a statement", action="again")
    with runtime.database.transaction() as tx:
        assert one(tx, "SELECT attempt FROM refund") == 2
        assert one(tx, "SELECT count(*) FROM effect WHERE kind = 'payment'") == 2


def test_a_price_credit_is_asked_for_on_the_page_of_the_invoice_and_agreed_to_by_another_one(runtime):
    application = application_of(Product(Settings(), runtime.database, runtime, demo=True, groups=GROUPS))
    amina = application.test_client()
    amina.post("/login", data={"persona": "amina"})
    token = amina.environ_base["HTTP_X_CSRF_TOKEN"] = amina.get("/api/v1/me").json["csrf_token"]
    assert token, "she is of receivables"
    assert "Credit or charge…" in amina.get("/finance/invoices/INV-000001").text
    form = "/finance/invoices/INV-000001/adjust"
    wrong = amina.post(form, data={"kind": "", "reason": "", "amount.1": "1350.01"})
    assert (wrong.status_code, "Choose one of the two" in wrong.text) == (422, True)
    assert "No amount is named" in amina.post(form, data={"kind": "CM"}).text
    assert amina.post(form, data={"kind": "CM", "amount.1": "five"}).status_code == 422
    asked = amina.post(form, data={"kind": "CM", "reason": "The price agreed in March", "amount.1": "150"})
    assert (asked.status_code, asked.headers["Location"]) == (303, "/finance/invoices/INV-000001")
    settle(runtime)
    do(runtime, "Credit 180", approved=True)
    page = amina.get("/finance/invoices/INV-000001").text
    assert all(said in page for said in ("CM-000001", "The price agreed in March", "Posted"))
    assert amina.get("/api/v1/invoices/INV-000001/adjustable").json[0]["left"] == "1200.0000"
    body = {"kind": "DM", "reason": "Carriage", "lines": [{"line_no": 1, "amount": "9.00"}]}
    answer = amina.post("/api/v1/invoices/INV-000001/adjustments", json=body, headers={"Idempotency-Key": uuid4().hex})
    assert answer.json == {"id": "ADJ-000002", "state": "requested"}
