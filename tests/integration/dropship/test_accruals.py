"""Goods that will never be billed: their accrual is written off by two people, and taken back when a bill comes after all."""

from decimal import Decimal

import pytest

from engine.runtime.state.people import Person
from engine.service_tasks import Refused
from handlers.dropship import accruals
from handlers.dropship.accruals import WriteOff
from tests.integration.at_work import do
from tests.integration.dropship.desk import PO, Desk
from tests.worklist import tasks_of

FELIX = Person("felix", frozenset({"finance"}))
SAID = WriteOff("A free replacement", "petra", "felix")


@pytest.fixture
def desk(database):
    return Desk(database)


def delivered(desk, *bills):
    """10 pieces at 55.00 came, and so much of them was billed."""
    desk.order()
    desk.acknowledge()
    desk.ship("10")
    for number, qty in enumerate(bills, start=1):
        desk.bill(qty, f"RE-{number}")


def chased(desk):
    """The buyer has asked twice, and calls."""
    for _ in range(3):
        desk.ring("paper_overdue")
    desk.do("Overdue", action="write_off", reason="A free replacement")


def accrued(desk):
    return desk.ask("SELECT coalesce(-sum(accounted), 0) FROM journal_line WHERE account = '2100'")


def open_to(desk, person):
    with desk.transaction() as tx:
        return [each.title for each in tasks_of(tx, person)]


def test_finance_agrees_to_what_the_buyer_asks_for_and_the_order_is_settled(desk):
    delivered(desk, "6")
    chased(desk)
    assert desk.tasks() == []
    assert open_to(desk, Person("petra", frozenset({"buyer", "finance"}))) == [], "who asked does not agree to it"
    assert accrued(desk) == 220
    do(desk.runtime, "Write off the accrual", person=FELIX, approved=True)
    assert accrued(desk) == 0
    assert desk.ask("SELECT sum(credit) FROM journal_line WHERE account = '5100'") == 220
    assert desk.ask("SELECT amount, asked_by, approved_by FROM accrual_write_off") == (220, "petra", "felix")
    assert desk.ask("SELECT closed_at IS NOT NULL FROM purchase_order")
    assert desk.ask("SELECT action, actor FROM audit WHERE action = 'write_off'") == ("write_off", "felix")
    assert "dropship" not in desk.waits()
    assert desk.broken() == []


def test_what_finance_does_not_agree_to_is_the_buyers_to_ask_for_again(desk):
    delivered(desk, "6")
    chased(desk)
    do(desk.runtime, "Write off the accrual", person=FELIX, approved=False, comment="They bill once a quarter")
    assert accrued(desk) == 220
    assert desk.waits()["dropship"] == "paper_overdue"
    assert "write-off-accrual" not in desk.waits()
    assert desk.broken() == []


def test_a_bill_that_comes_while_finance_looks_at_it_ends_the_question(desk):
    delivered(desk, "6")
    chased(desk)
    desk.bill("4", "RE-9")
    assert open_to(desk, FELIX) == []
    assert desk.ask("SELECT count(*) FROM accrual_write_off") == 0
    assert desk.ask("SELECT closed_at IS NOT NULL FROM purchase_order")
    assert desk.broken() == []


def test_a_small_rest_is_written_off_by_the_buyer_alone(desk):
    delivered(desk, "9.5")
    chased(desk)
    assert open_to(desk, FELIX) == []
    assert desk.ask("SELECT amount, approved_by FROM accrual_write_off") == (Decimal("27.50"), "petra")
    assert desk.broken() == []


def written_off(desk):
    with desk.transaction() as tx:
        return accruals.write_off(tx, PO, SAID)


def test_a_bill_that_comes_after_all_is_paid_and_what_it_does_not_cover_stays_written_off(desk):
    delivered(desk, "2")
    assert written_off(desk) == 440
    assert accrued(desk) == 0
    desk.bill("5", "RE-9")
    assert accrued(desk) == 0
    assert desk.ask("SELECT sum(credit - debit) FROM journal_line WHERE account = '5100'") == 165
    assert desk.ask("SELECT qty_billed, qty_given_up FROM po_line") == (7, 3)
    assert desk.ask("SELECT sum(amount) FROM accrual_write_off WHERE taken_back_at IS NULL") == 165
    assert desk.ask("SELECT count(*), sum(open_amount) FROM open_item WHERE kind = 'AP'") == (2, 462)
    assert desk.broken() == []


def test_all_that_is_billed_cannot_be_written_off_and_nothing_is_written_off_twice(desk):
    delivered(desk, "6")
    written_off(desk)
    with desk.transaction() as tx:
        assert accruals.read_accrual(tx, PO).qty == 0
        with pytest.raises(Refused) as refused:
            accruals.write_off(tx, PO, SAID)
    assert refused.value.code == "NOTHING_ACCRUED"


def test_goods_that_come_after_a_write_off_are_to_be_billed(desk):
    desk.order()
    desk.acknowledge()
    desk.ship("4")
    written_off(desk)
    desk.ship("6", "LS-2")
    with desk.transaction() as tx:
        found = accruals.read_accrual(tx, PO)
    assert (found.qty, found.amount) == (6, 330)
    assert desk.waits()["dropship"] == "paper_overdue"
    assert desk.broken() == []
