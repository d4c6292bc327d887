"""A payment that the bank gave back is accounts payable's until the supplier has its money."""

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import text

from engine.service_tasks import Refused
from handlers.dropship import returned
from handlers.ledger import posting
from handlers.open_things import under_key
from tests.integration.dropship.desk import Desk

D = Decimal


def booked(tx, reference, amount, *, currency="EUR", back=True):
    """A bank entry that treasury booked: the money came back, or left again."""
    bank, other = (posting.debit, posting.credit) if back else (posting.credit, posting.debit)
    lines = [bank("1000", D(amount), reference=reference), other("2360", D(amount), reference=reference)]
    rate = None if currency == "EUR" else D("0.92")
    posting.post(tx, posting.Entry("bank.entry", reference, currency, lines, gl_date=date(2026, 3, 10), fx_rate=rate, narration="Closed"))


def references(tx):
    return [each.reference for each in returned.list_returned(tx)]


@pytest.fixture
def desk(database):
    desk = Desk(database, folders=("returned-payment",))
    desk.order()
    desk.acknowledge()
    desk.ship("10")
    desk.bill("10")
    desk.ring("payment_day")
    return desk


def test_what_came_back_is_cleared_by_the_same_amount_in_the_same_currency_once(desk):
    with desk.transaction() as tx:
        for place, amount, currency in ((1, "660", "EUR"), (2, "660", "EUR"), (3, "660", "USD"), (4, "50", "EUR")):
            booked(tx, f"BS-1/{place}", amount, currency=currency)
        assert references(tx) == ["BS-1/1", "BS-1/2", "BS-1/3", "BS-1/4"]
        booked(tx, "BS-2/1", "660", back=False)
        assert references(tx) == ["BS-1/2", "BS-1/3", "BS-1/4"]
        booked(tx, "BS-2/2", "49.99", back=False)
        assert references(tx) == ["BS-1/2", "BS-1/3", "BS-1/4"]
        booked(tx, "BS-2/3", "660", back=False)
        assert references(tx) == ["BS-1/3", "BS-1/4"]


def test_accounts_payable_pays_again_and_is_asked_until_a_statement_shows_it(desk):
    with desk.transaction() as tx:
        booked(tx, "BS-1/1", "660")
        (thing,) = under_key(tx, "returned-BS-1/1")
    assert (thing.kind, thing.mover, thing.what, thing.detail) == ("returned payment", "schedule", "returned-payment-run", "660.00 EUR")
    for _ in range(2):
        desk.strike("returned-payment-run")
    assert [each for each in desk.tasks() if "came back" in each.lower()] == ["Came back: 660.00 EUR, entry BS-1/1"]
    desk.do("Came back", action="pay", supplier_invoice_no="SI-000009", reason="New account")
    assert "SI-000009" in desk.ask("SELECT form_data->>'refusal' FROM user_task WHERE state = 'open'")
    desk.do("Came back", action="pay", supplier_invoice_no="SI-000001", reason="New account")
    paid = (
        "SELECT array_agg(payload->>'attempt' ORDER BY created_at), count(DISTINCT payload->>'amount') FROM effect WHERE kind = 'payment'"
    )
    assert desk.ask(paid) == (["1", "2"], 1)
    desk.ring_of("returned-payment", "statement_due")
    assert desk.tasks() == ["Came back: 660.00 EUR, entry BS-1/1"]
    desk.do("Came back", action="wait", reason="The bank is slow")
    with desk.transaction() as tx:
        booked(tx, "BS-2/1", "660", back=False)
    desk.ring_of("returned-payment", "statement_due")
    assert desk.ask("SELECT state FROM instance WHERE process_key = 'returned-payment'") == "completed"


@pytest.mark.parametrize("amount", ["659.99", "660.01"])
def test_a_bill_that_was_paid_with_another_amount_is_not_that_bill(desk, amount):
    with desk.transaction() as tx:
        booked(tx, "BS-1/1", amount)
        with pytest.raises(Refused, match=r"SI-000001 is paid with 660"):
            returned.pay_again(tx, "BS-1/1", "SI-000001")


def test_a_bill_that_is_not_paid_is_not_that_bill(desk):
    with desk.transaction() as tx:
        booked(tx, "BS-1/1", "660")
        tx.execute(text("UPDATE supplier_invoice SET paid_at = NULL"))
        with pytest.raises(Refused, match="SI-000001 is not paid"):
            returned.pay_again(tx, "BS-1/1", "SI-000001")
