"""Every paper of a supplier is heard: the first, the second, the one that comes too early, too late, twice or changed."""

import pytest
from sqlalchemy import text

from engine.problems import Conflict, Invalid
from engine.runtime.operate.operations import cancel
from engine.service_tasks import Refused
from handlers.dropship import tasks
from tests.integration.dropship.desk import PO, Desk


@pytest.fixture
def desk(database):
    return Desk(database)


def agreed(desk, qty="10"):
    group = desk.order(qty)
    desk.acknowledge()
    return group


def test_three_despatches_and_two_bills_settle_one_order_and_each_delivery_is_invoiced(desk):
    agreed(desk)
    for number, qty in (("LS-1", "3"), ("LS-2", "3"), ("LS-3", "4")):
        assert desk.ship(qty, number) == "started"
    assert desk.ask("SELECT count(*), sum(net_total) FROM invoice WHERE posted_at IS NOT NULL") == (3, 800)
    desk.bill("6", "RE-1")
    assert desk.waits()["dropship"] == "paper_overdue"  # 4 are delivered and not billed
    assert desk.ask("SELECT closed_at IS NULL FROM purchase_order")
    desk.bill("4", "RE-2")
    assert "dropship" not in desk.waits()
    assert desk.ask("SELECT closed_at IS NOT NULL FROM purchase_order")
    assert desk.ask("SELECT count(*), sum(open_amount) FROM open_item WHERE kind = 'AP'") == (2, 660)
    assert desk.broken() == []


def test_goods_that_are_still_to_come_keep_the_order_open_though_all_that_came_is_billed(desk):
    agreed(desk)
    desk.ship("7")
    desk.bill("7")
    assert desk.waits()["dropship"] == "paper_overdue"
    desk.ship(None, "LS-2")
    assert desk.ask("SELECT qty_received FROM po_line") == 10
    assert desk.waits()["dropship"] == "paper_overdue"
    desk.bill("3", "RE-2")
    assert "dropship" not in desk.waits()


@pytest.mark.parametrize("spelling", [" re-1", "RE-1 ", "Re - 1"])
def test_a_bill_under_another_spelling_of_its_number_is_a_duplicate_at_the_door(desk, spelling):
    agreed(desk)
    desk.ship("10")
    desk.bill("10", "RE-1")
    with pytest.raises(Conflict) as refusal:
        desk.bill("9", spelling)
    assert refusal.value.code == "key_reused"
    assert desk.ask("SELECT count(*) FROM supplier_invoice") == 1


def test_the_same_bill_again_is_the_same_bill_and_another_bill_after_the_end_is_a_task_of_accounts_payable(desk):
    agreed(desk)
    desk.ship("10")
    desk.bill("10")
    assert desk.bill("10") != "buffered"
    assert desk.ask("SELECT count(*) FROM supplier_invoice") == 1
    assert desk.tasks() == []
    desk.bill("2", "RE-2")
    assert desk.tasks() == []  # goods may come
    desk.ring("goods_overdue")
    assert desk.tasks() == ["Match hold on SI-000002"]
    desk.do("Match hold", action="refuse", reason="Nobody ordered these")
    assert desk.ask("SELECT reject_reason, approved_at FROM supplier_invoice ORDER BY supplier_invoice_no DESC LIMIT 1") == (
        "Nobody ordered these",
        None,
    )
    assert desk.broken() == []


def test_a_bill_before_the_goods_waits_and_is_owed_when_they_come(desk):
    agreed(desk)
    desk.bill("10")
    assert desk.waits()["supplier-invoice"] == "goods_overdue"
    desk.ship("10")
    assert desk.waits()["supplier-invoice"] == "payment_day"
    assert desk.broken() == []


def test_a_bill_held_by_accounts_payable_is_matched_again_when_goods_are_booked(desk):
    agreed(desk)
    desk.ship("4")
    desk.bill("10")
    desk.ring("goods_overdue")
    assert desk.tasks() == ["Match hold on SI-000001"]
    desk.ship("6", "LS-2")
    assert desk.tasks() == []
    assert desk.waits()["supplier-invoice"] == "payment_day"


def test_accounts_payable_cannot_pay_a_bill_for_nothing_received(desk):
    agreed(desk)
    desk.bill("10")
    desk.ring("goods_overdue")
    desk.do("Match hold", action="accept", reason="Trust them")
    assert desk.waits()["supplier-invoice"] == "goods_overdue"
    assert desk.ask("SELECT count(*) FROM open_item WHERE kind = 'AP'") == 0


def test_who_ships_without_an_answer_accepts(desk):
    desk.order()
    assert desk.ship("10") == "started"
    assert desk.ask("SELECT code, note FROM po_acknowledgement") == ("AP", "Shipped without an answer: LS-1")
    assert desk.ask("SELECT qty_invoiced FROM fulfil_line") == 10
    assert desk.waits()["dropship"] == "paper_overdue"
    assert "supplier-despatch-advice" not in desk.waits()


def test_a_despatch_before_the_buyer_has_decided_waits_for_the_decision(desk):
    desk.order()
    desk.acknowledge("CA", qty="10", price="60.00")
    desk.ship("10")
    assert desk.waits()["supplier-despatch-advice"] == "look_daily"
    desk.do("Supplier changes", decision="accept")
    assert desk.ask("SELECT cost FROM shipment_line") == 600
    assert "supplier-despatch-advice" not in desk.waits()


def test_goods_of_an_order_that_the_buyer_refused_are_a_task_and_go_back(desk):
    desk.order()
    desk.acknowledge("CA", qty="10", price="90.00")
    desk.ship("10")
    desk.do("Supplier changes", decision="refuse", reason="Too dear")
    desk.ring("look_daily")
    assert "Goods for a cancelled order: ASN-000001" in desk.tasks()
    desk.do("Goods for a cancelled order", reason="They collect them on Monday")
    assert desk.ask("SELECT shipment_no, reject_reason FROM asn") == (None, "They collect them on Monday")
    assert desk.ask("SELECT count(*) FROM effect WHERE kind = 'despatch_refused'") == 1


def test_an_answer_that_changes_before_the_decision_is_read_anew_and_only_what_was_decided_on_is_agreed(desk):
    desk.order()
    desk.acknowledge("CA", qty="6")
    assert desk.acknowledge("CA", qty="8", number="AB-2") == "delivered"
    desk.do("Supplier changes", decision="accept")
    assert desk.ask("SELECT confirmed_qty FROM po_line") == 8


def test_the_same_answer_twice_is_one_answer(desk):
    desk.order()
    desk.acknowledge()
    assert desk.acknowledge() == "duplicate"


def test_an_answer_after_the_agreement_is_the_buyers_to_decide_on(desk):
    agreed(desk)
    assert desk.acknowledge("CA", qty="6", number="AB-2") == "started"
    assert desk.tasks() == [f"Supplier changes the agreed {PO}"]
    desk.do("Supplier changes", decision="accept", reason="They have no more")
    assert desk.ask("SELECT confirmed_qty FROM po_line") == 6
    assert desk.ask("SELECT sum(qty) FROM fulfil_line WHERE group_no IS NULL") == 4
    assert desk.ask("SELECT state FROM message WHERE name = 'backorder.requested'") == "buffered"
    desk.ship(None)
    desk.bill("6")
    assert "dropship" not in desk.waits()


def test_a_buyer_may_insist_on_what_was_agreed(desk):
    agreed(desk)
    desk.acknowledge("RE", number="AB-2")
    desk.do("Supplier changes", decision="insist", reason="It was agreed")
    assert desk.ask("SELECT confirmed_qty FROM po_line") == 10
    assert desk.ask("SELECT count(*) FROM effect WHERE kind = 'purchase_order_stands'") == 1


END = {
    "cancelled": "UPDATE purchase_order SET cancelled_at = now(), cancel_reason = 'Not wanted'",
    "closed": "UPDATE purchase_order SET closed_at = now()",
}


@pytest.mark.parametrize("end", END)
def test_nobody_is_asked_about_an_answer_to_an_order_that_is_over_and_nothing_is_changed_or_told(desk, end):
    agreed(desk)
    desk.acknowledge("CA", qty="6", number="AB-2")
    with desk.transaction() as tx:
        tx.execute(text(END[end]))
        for task, given in ((tasks.read_answer, tasks.OfAnswer(PO, 2)), (tasks.apply_answer, tasks.OfAnswer(PO, 2))):
            with pytest.raises(Refused) as refused:
                task(given, tx)
            assert refused.value.code == "ORDER_OVER"
    desk.do("Supplier changes", decision="insist", reason="It was agreed")
    assert desk.ask("SELECT confirmed_qty FROM po_line") == 10
    assert desk.ask("SELECT count(*) FROM effect WHERE kind = 'purchase_order_stands'") == 0


def test_a_bill_of_an_order_that_was_cancelled_waits_for_no_goods_and_can_only_be_refused(desk):
    desk.order()
    desk.acknowledge()
    desk.bill("10")
    with desk.transaction() as tx:
        tx.execute(text(END["cancelled"]))
    desk.ring_of("supplier-invoice", "goods_overdue")
    desk.do("Match hold", action="rematch", reason="Is it still wanted?")
    desk.do("Match hold", action="accept", reason="Pay it")
    assert desk.ask("SELECT form_data->>'hold', form_data->>'order_cancelled' FROM user_task WHERE state = 'open'") == (
        "NO_RECEIPT",
        "true",
    )
    desk.do("Match hold", action="refuse", reason="We cancelled the order")
    assert desk.ask("SELECT rejected_at IS NOT NULL FROM supplier_invoice")
    assert desk.ask("SELECT count(*) FROM open_item WHERE kind = 'AP'") == 0


def test_what_is_on_its_way_stays_agreed_when_the_supplier_gives_up_the_rest(desk):
    agreed(desk)
    desk.ship("3")
    desk.acknowledge("RE", number="AB-2")
    desk.do("Supplier changes", decision="accept", reason="Bankrupt")
    assert desk.ask("SELECT confirmed_qty, qty_received FROM po_line") == (3, 3)
    assert desk.ask("SELECT sum(qty) FROM fulfil_line WHERE group_no IS NULL") == 7


def test_a_confirmed_none_is_none(desk):
    desk.order()
    desk.acknowledge("CA", qty="6")
    desk.do("Supplier changes", decision="accept")
    with pytest.raises(Invalid) as refusal:
        desk.ship("7")
    assert refusal.value.errors == {"lines.0.qty": ["must be at most 6"]}
    assert desk.ask("SELECT state FROM message WHERE name = 'backorder.requested'") == "buffered"
    assert desk.ask("SELECT sum(qty) FROM fulfil_line WHERE group_no IS NULL") == 4


def cancelled_by_operator(desk, process_key):
    with desk.transaction() as tx:
        running = text("SELECT id FROM instance WHERE process_key = :key AND ended_at IS NULL")
        cancel(desk.runtime, tx, tx.execute(running, {"key": process_key}).scalar_one(), "otto", "Stuck")
    desk.settle()


def test_a_bill_whose_process_an_operator_cancels_is_taken_over_by_accounts_payable_and_paid_once(desk):
    agreed(desk)
    desk.ship("10")
    desk.bill("10")
    cancelled_by_operator(desk, "supplier-invoice")
    assert desk.tasks() == ["Take over SI-000001: its Supplier's invoice to payment ended early"]
    assert desk.broken() == []
    desk.do("Take over", outcome="by_hand", reason="I thought it was paid")
    assert desk.ask("SELECT form_data->>'still_open' FROM user_task WHERE state = 'open'") == "supplier invoice SI-000001"
    desk.do("Take over", outcome="anew", reason="It is not")
    assert desk.waits()["supplier-invoice"] == "payment_day"
    desk.ring("payment_day")
    assert desk.ask("SELECT count(*) FROM effect WHERE kind = 'payment'") == 1
    assert desk.ask("SELECT open_amount, (SELECT count(*) FROM open_item) FROM open_item WHERE kind = 'AP'")[0] == 0
    assert desk.broken() == []


def test_goods_whose_despatch_advice_an_operator_cancels_are_taken_over_by_the_buyer_and_booked_once(desk):
    desk.order()
    desk.acknowledge("CA", qty="10", price="60.00")
    desk.ship("10")
    assert desk.waits()["dropship"] == "decide_acknowledgement"
    cancelled_by_operator(desk, "supplier-despatch-advice")
    assert [each for each in desk.tasks() if each.startswith("Take over")] == [
        "Take over ASN-000001: its Supplier's despatch advice ended early"
    ]
    assert desk.broken() == []
    desk.do("Take over", outcome="anew", reason="By mistake")
    desk.do("Supplier changes", decision="accept")
    assert desk.ask("SELECT count(*), sum(qty_received) FROM asn JOIN po_line USING (po_no) WHERE shipment_no IS NOT NULL") == (1, 10)
    assert desk.broken() == []
