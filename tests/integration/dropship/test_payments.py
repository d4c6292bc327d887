"""A supplier's bill is measured by our own tax, owed by the supplier's terms, paid on its day, and seen on the bank's statement."""

from datetime import timedelta
from threading import Thread

import pytest
from sqlalchemy import text

from engine.problems import Conflict
from handlers.dropship import payments
from handlers.ledger.posting import balances
from tests.integration.dropship.desk import D, Desk

DISCOUNT = {"discount_pct": 3, "discount_days": 14}


def delivered(database, **terms):
    desk = Desk(database, **terms)
    desk.order()
    desk.acknowledge()
    desk.ship("10")
    return desk


def books(desk):
    with desk.transaction() as tx:
        return {account: amount for account, amount in balances(tx).items() if amount}


def shown_by_the_bank(desk):
    """A line of a statement, as the statement's own process leaves it."""
    with desk.transaction() as tx:
        tx.execute(text("SET LOCAL session_replication_role = replica"))
        tx.execute(_SHOWN)


def test_half_of_the_price_as_tax_is_held_and_can_be_refused(database):
    desk = delivered(database)
    desk.bill("10", rate="50")
    assert desk.ask("SELECT form_data->>'hold', form_data->>'tax_off' FROM user_task WHERE state = 'open'")[0] in {"AMOUNT", "TAX"}
    desk.do("Match hold", action="refuse", reason="50 % is no rate of tax")
    assert desk.ask("SELECT count(*) FROM open_item WHERE kind = 'AP'") == 0
    assert desk.ask("SELECT payload->>'reason' FROM effect WHERE kind = 'supplier_invoice_refused'") == "50 % is no rate of tax"
    desk.bill("10", "RE-2")
    assert desk.waits()["supplier-invoice"] == "payment_day"
    assert desk.broken() == []


def test_a_small_bill_with_a_wrong_tax_is_held_for_its_tax(database):
    desk = Desk(database)
    desk.order("1")
    desk.acknowledge(qty="1", price="40.00", code="CA")
    desk.ship("1")
    desk.bill("1", price="40.00", rate="50")
    assert desk.ask("SELECT form_data->>'hold' FROM user_task WHERE state = 'open'") == "TAX"


def test_a_bill_is_paid_on_its_due_date_and_not_before(database):
    desk = delivered(database, net_days=30)
    desk.bill("10")
    assert desk.ask("SELECT due_date, open_amount FROM open_item WHERE kind = 'AP'") == (desk.today + timedelta(days=30), 660)
    assert desk.ask("SELECT due_at::date FROM timer WHERE element_id = 'payment_day'") == desk.today + timedelta(days=30)
    assert desk.ask("SELECT count(*) FROM effect WHERE kind = 'payment'") == 0
    desk.ring("payment_day")
    assert desk.ask("SELECT open_amount, (SELECT paid_amount FROM supplier_invoice) FROM open_item WHERE kind = 'AP'") == (0, 660)
    assert desk.ask("SELECT payload->>'end_to_end_id', payload->>'amount' FROM effect WHERE kind = 'payment'")[0] == "SI-000001"
    assert books(desk)["1000"] == -660
    assert desk.waits()["supplier-invoice"] == "statement_due"


def test_a_discount_is_taken_on_its_last_day_with_its_share_of_the_tax(database):
    desk = delivered(database, **DISCOUNT)
    desk.bill("10")
    assert desk.ask("SELECT due_at::date FROM timer WHERE element_id = 'payment_day'") == desk.today + timedelta(days=14)
    desk.ring("payment_day")
    booked = books(desk)
    assert (booked["1000"], booked["5150"], booked["1250"]) == (D("-640.20"), D("-16.50"), D("106.70"))
    assert "2000" not in booked
    assert desk.broken() == []


def test_a_discount_that_is_over_is_not_taken(database):
    desk = delivered(database, net_days=20, **DISCOUNT)
    desk.bill("10", days_ago=15)
    assert desk.ask("SELECT due_at::date FROM timer WHERE element_id = 'payment_day'") == desk.today + timedelta(days=5)
    desk.ring("payment_day")
    assert books(desk)["1000"] == -660


def test_a_payment_that_the_bank_shows_is_the_end(database):
    desk = delivered(database)
    desk.bill("10")
    desk.ring("payment_day")
    shown_by_the_bank(desk)
    desk.ring("statement_due")
    assert "supplier-invoice" not in desk.waits()
    with pytest.raises(Conflict, match="statement has shown"), desk.transaction() as tx:
        payments.take_back(tx, "SI-000001")


def test_a_payment_that_no_statement_shows_is_traced_and_one_that_failed_is_owed_and_paid_again(database):
    desk = delivered(database)
    desk.bill("10")
    desk.ring("payment_day")
    desk.ring("statement_due")
    desk.do("Payment not on a statement", action="wait", reason="The bank is slow")
    desk.ring("statement_due")
    desk.do("Payment not on a statement", action="failed", reason="Account closed")
    assert desk.ask("SELECT count(*) FROM effect WHERE kind = 'payment'") == 2
    assert desk.ask("SELECT count(*) FROM journal WHERE event_type LIKE 'supplier.paid%'") == 3
    assert (books(desk)["1000"], "2000" in books(desk)) == (-660, False)
    assert desk.broken() == []


def test_cents_of_rounding_leave_nothing_in_goods_received_not_invoiced(database):
    desk = Desk(database)
    desk.order()
    desk.acknowledge("CA", qty="10", price="33.3333")
    for number, qty in (("LS-1", "3"), ("LS-2", "3"), ("LS-3", "4")):
        desk.ship(qty, number)
    desk.bill("10", price="33.333")
    assert "2100" not in books(desk)
    assert desk.broken() == []


def test_goods_that_come_after_their_bill_leave_nothing_either(database):
    desk = Desk(database)
    desk.order()
    desk.acknowledge("CA", qty="10", price="33.3333")
    desk.ship("3")
    desk.bill("10", price="33.333")
    desk.ring("goods_overdue")
    desk.do("Match hold", action="accept", reason="The rest is on its way")
    assert desk.ask("SELECT sum(accounted) > 0 FROM journal_line WHERE account = '2100'")
    desk.ship("3", "LS-2")
    desk.ship("4", "LS-3")
    assert "2100" not in books(desk)
    assert "dropship" not in desk.waits()
    assert desk.broken() == []


def test_two_spellings_of_one_bill_at_the_same_moment_are_one_bill(database):
    desk = delivered(database)
    said = []

    def send(number):
        try:
            desk.bill("10", number)
            said.append("taken")
        except Conflict as refusal:
            said.append(refusal.code)

    both = [Thread(target=send, args=(number,)) for number in ("RE-1", "re-1")]
    for each in both:
        each.start()
    for each in both:
        each.join()
    assert sorted(said) == ["key_reused", "taken"]
    assert desk.ask("SELECT count(*) FROM supplier_invoice") == 1


def test_two_despatch_advices_at_the_same_moment_never_ship_more_than_was_agreed(database):
    desk = Desk(database)
    desk.order()
    desk.acknowledge()
    said = []

    def send(number):
        try:
            desk.ship("6", number)
            said.append("taken")
        except Exception as refusal:  # noqa: BLE001  # whatever it is, the list tells
            said.append(getattr(refusal, "code", repr(refusal)))

    both = [Thread(target=send, args=(number,)) for number in ("LS-1", "LS-2")]
    for each in both:
        each.start()
    for each in both:
        each.join()
    assert sorted(said) == ["po_quantity", "taken"]
    assert desk.ask("SELECT qty_received FROM po_line") == 6


_SHOWN = text("""
INSERT INTO bank_line (statement_no, position, bank_ref, amount, currency, booked_on, value_on, account, outcome, document_no)
VALUES ('ST-1', 1, 'B1', -660, 'EUR', now(), now(), '', 'PAYMENT', 'SI-000001')
""")
