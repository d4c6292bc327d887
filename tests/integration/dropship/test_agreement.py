"""What becomes of an order: chased, closed short, given up, cancelled by the customer or by an operator. Nothing ends in silence."""

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import text

from engine.problems import Conflict
from engine.runtime.operate.operations import cancel
from engine.runtime.operate.restart import Restart, start_anew
from handlers.dropship import tasks
from handlers.dropship.progress import close
from handlers.open_things import under_key
from handlers.parties.policy import choose
from tests.integration.dropship.desk import PO, SUPPLIER, Desk
from tests.integration.golden.builders import supplier


@pytest.fixture
def desk(database):
    return Desk(database)


def cancelled_by_operator(desk, group):
    with desk.transaction() as tx:
        instance = tx.scalar(
            text("SELECT id FROM instance WHERE process_key = 'dropship' AND business_key = :key AND ended_at IS NULL"), {"key": group}
        )
        cancel(desk.runtime, tx, instance, "otto", "Stuck")
    desk.settle()


def backorders(desk):
    return desk.ask("SELECT coalesce(sum(qty - qty_cancelled), 0) FROM fulfil_line WHERE group_no IS NULL")


def asked_to_promise(desk):
    return desk.ask("SELECT count(*) FROM message WHERE name = 'backorder.requested'")


def test_a_silent_supplier_is_reminded_once_then_the_buyer_calls_and_looks_for_another(desk):
    group = desk.order()
    with desk.transaction() as tx:
        supplier(tx, "S-SECOND", price="56.00", rank=2)
    desk.ring("answer_overdue")
    assert desk.tasks() == []
    desk.ring("answer_overdue")
    assert desk.tasks() == [f"No answer to {PO}"]
    desk.do("No answer", action="give_up", reason="Nobody picks up")
    assert desk.ask("SELECT supplier_no FROM purchase_order WHERE cancelled_at IS NULL") == "S-SECOND"
    assert desk.ask(f"SELECT supplier_no FROM fulfil_group WHERE group_no = '{group}'") == "S-SECOND"
    assert desk.ask("SELECT count(*) FROM effect WHERE kind = 'purchase_order_reminder'") == 1


def test_an_answer_that_comes_while_the_buyer_calls_ends_the_call(desk):
    desk.order()
    desk.ring("answer_overdue")
    desk.ring("answer_overdue")
    desk.acknowledge()
    assert desk.tasks() == []
    assert desk.ask("SELECT confirmed_at IS NOT NULL, reminders FROM purchase_order") == (True, 0)


def test_overdue_goods_are_chased_and_the_rest_is_closed_short_and_promised_anew(desk):
    desk.order()
    desk.acknowledge()
    desk.ship("3")
    for _ in range(3):
        desk.ring("paper_overdue")
    assert desk.tasks() == [f"Overdue: {PO}"]
    desk.do("Overdue", action="wait", reason="On Friday")
    for _ in range(3):
        desk.ring("paper_overdue")
    desk.do("Overdue", action="close", reason="They have no more")
    assert desk.ask("SELECT confirmed_qty FROM po_line") == 3
    assert (backorders(desk), asked_to_promise(desk)) == (7, 1)
    assert desk.waits()["dropship"] == "paper_overdue"  # 3 are to be billed
    desk.bill("3")
    assert desk.ask("SELECT closed_at IS NOT NULL FROM purchase_order")


def test_goods_that_come_while_the_buyer_calls_end_the_call(desk):
    desk.order()
    desk.acknowledge()
    for _ in range(3):
        desk.ring("paper_overdue")
    desk.ship("10")
    assert desk.tasks() == []
    assert desk.waits()["dropship"] == "paper_overdue"


def nobody_delivers(desk):
    group = desk.order()
    desk.acknowledge("RE")
    assert desk.tasks() == [f"Find a supplier for {group}"]
    desk.do("Find a supplier", action="give_up", reason="Nobody makes it any more")
    assert desk.tasks() == [f"Nobody delivers {group}"]
    assert desk.ask("SELECT count(*) FROM hold") == 0
    return group


def test_the_order_desk_has_the_lines_promised_anew_and_tells_the_customer(desk):
    group = nobody_delivers(desk)
    desk.do("Nobody delivers", action="promise", reason="There is stock now", customer_note="It takes a week longer.")
    assert desk.ask(f"SELECT cancelled_at IS NOT NULL FROM fulfil_group WHERE group_no = '{group}'")
    assert (backorders(desk), asked_to_promise(desk), desk.waits()) == (10, 1, {})
    assert desk.ask("SELECT target, payload->>'text' FROM effect WHERE kind = 'order_note'") == (
        "ap@mirror.example",
        "It takes a week longer.",
    )


def test_the_order_desk_cancels_the_lines(desk):
    nobody_delivers(desk)
    desk.do("Nobody delivers", action="cancel", reason="The customer does without")
    assert desk.ask("SELECT qty_cancelled FROM order_line") == 10
    assert (backorders(desk), desk.waits()) == (0, {})
    assert desk.ask("SELECT count(*) FROM effect WHERE kind = 'order_note'") == 0


def test_the_order_desk_has_another_supplier_looked_for(desk):
    nobody_delivers(desk)
    with desk.transaction() as tx:
        supplier(tx, "S-SECOND", price="56.00")
    desk.do("Nobody delivers", action="supplier", reason="Second Lamps has them")
    assert desk.ask("SELECT supplier_no FROM purchase_order WHERE cancelled_at IS NULL") == "S-SECOND"


def test_a_supplier_that_had_less_is_not_asked_for_the_rest(desk):
    group = desk.order()
    desk.acknowledge("CA", qty="6")
    desk.do("Supplier changes", decision="accept")
    with desk.transaction() as tx:
        order_no = tx.scalar(text("SELECT order_no FROM fulfil_group WHERE group_no = :no"), {"no": group})
        tx.execute(
            text("INSERT INTO fulfil_group (group_no, order_no, kind, supplier_no, ship_date) VALUES ('FG-2', :no, 'DROP', :by, now())"),
            {"no": order_no, "by": SUPPLIER},
        )
        tx.execute(
            text("UPDATE fulfil_line SET group_no = 'FG-2', source_type = 'DROP', supplier_no = :by WHERE group_no IS NULL"),
            {"by": SUPPLIER},
        )
    again = {"group_no": "FG-2", "order_no": order_no, "supplier_no": SUPPLIER}
    desk.say("dropship.requested", "FG-2", again, {"group_no": "FG-2"})
    assert desk.tasks() == ["Find a supplier for FG-2"]


def withdrawn(desk, group):
    payload = {"group_no": group, "order_no": "SO-000001", "reason": "Changed their mind", "cancelled_by": "tom"}
    desk.say("dropship.order_cancelled", group, payload, {"group_no": group})


def test_a_customer_may_cancel_before_the_supplier_has_answered(desk):
    withdrawn(desk, desk.order())
    assert desk.ask("SELECT cancel_reason FROM purchase_order") == "The customer's order was cancelled"
    assert desk.ask("SELECT qty_cancelled FROM order_line") == 10
    assert (desk.waits(), asked_to_promise(desk)) == ({}, 0)


def test_a_customer_may_cancel_while_the_order_desk_decides(desk):
    withdrawn(desk, nobody_delivers(desk))
    assert desk.ask("SELECT qty_cancelled FROM order_line") == 10
    assert desk.waits() == {}


def test_a_customer_who_cancels_after_the_agreement_gets_what_the_supplier_cannot_stop(desk):
    group = desk.order()
    desk.acknowledge()
    desk.ship("3")
    withdrawn(desk, group)
    desk.do("Customer cancels", action="goes_on", reason="All is packed")
    assert desk.ask("SELECT qty_cancelled, (SELECT confirmed_qty FROM po_line) FROM order_line") == (0, 10)
    withdrawn(desk, group)
    desk.do("Customer cancels", action="stopped", reason="Seven are free of charge")
    assert desk.ask("SELECT qty_cancelled, (SELECT confirmed_qty FROM po_line) FROM order_line") == (7, 3)
    assert (backorders(desk), asked_to_promise(desk)) == (0, 0)
    desk.bill("3")
    assert "dropship" not in desk.waits()


def test_an_operator_who_cancels_before_the_agreement_gives_everything_back(desk):
    group = desk.order()
    cancelled_by_operator(desk, group)
    assert desk.ask("SELECT cancel_reason FROM purchase_order") == "The process was cancelled"
    assert (backorders(desk), asked_to_promise(desk), desk.waits()) == (10, 1, {})


def test_an_operator_who_cancels_after_the_agreement_hands_the_order_to_the_buyer_and_it_is_watched_again(desk):
    group = desk.order()
    desk.acknowledge()
    cancelled_by_operator(desk, group)
    assert desk.tasks() == [f"Process cancelled: what of {PO}?"]
    desk.do("Process cancelled", action="keep", reason="The goods are needed")
    assert desk.waits() == {"dropship": "paper_overdue"}
    desk.ship("10")
    desk.bill("10")
    assert "dropship" not in desk.waits()
    assert desk.ask("SELECT closed_at IS NOT NULL FROM purchase_order")


def test_an_agreed_order_that_is_given_up_after_all_is_closed_short(desk):
    group = desk.order()
    desk.acknowledge()
    desk.ship("3")
    cancelled_by_operator(desk, group)
    desk.do("Process cancelled", action="close", reason="Not needed any more")
    assert (backorders(desk), asked_to_promise(desk)) == (7, 1)
    assert desk.waits()["dropship"] == "paper_overdue"  # 3 are to be billed


def test_an_order_is_not_closed_while_something_is_open(desk):
    desk.order()
    desk.acknowledge()
    with pytest.raises(Conflict, match="waits for goods"), desk.transaction() as tx:
        close(tx, PO)


def test_what_is_closed_or_not_agreed_is_not_changed(desk):
    desk.order()
    with pytest.raises(Conflict, match="is not agreed yet"), desk.transaction() as tx:
        tasks.close_short(tasks.Cancel(PO, "late"), tx, None)
    desk.acknowledge()
    desk.ship("10")
    desk.bill("10")
    with pytest.raises(Conflict, match="is closed"), desk.transaction() as tx:
        tasks.close_short(tasks.Cancel(PO, "late"), tx, None)
    with pytest.raises(Conflict, match="it is closed since"):
        desk.acknowledge("CA", qty="9", number="AB-2")


#: Our VAT number, which must be on the invoice, is not on file.
NOT_BILLABLE = "UPDATE company SET vat_no = ''"


def test_what_the_customer_cannot_be_invoiced_with_is_found_before_a_supplier_is_asked(desk):
    desk.order("10", NOT_BILLABLE)
    assert desk.tasks() == ["Complete what the invoice of SO-000001 needs"]
    assert desk.ask("SELECT count(*) FROM purchase_order") == 0
    desk.do("Complete what the invoice", completed=True)
    assert desk.tasks() == ["Complete what the invoice of SO-000001 needs"]
    with desk.transaction() as tx:
        tx.execute(text("UPDATE company SET vat_no = 'ATU12345675'"))
    desk.do("Complete what the invoice", completed=True)
    assert desk.ask("SELECT count(*) FROM purchase_order") == 1
    assert desk.broken() == []


def test_a_customer_may_cancel_what_cannot_be_invoiced(desk):
    group = desk.order("10", NOT_BILLABLE)
    withdrawn(desk, group)
    assert desk.tasks() == []
    assert desk.ask("SELECT count(*) FROM purchase_order") == 0
    assert desk.ask("SELECT qty_cancelled FROM fulfil_line") == 10
    assert desk.broken() == []


def test_goods_that_are_never_billed_are_the_buyers_to_ask_for_on_days_of_ours(desk):
    with desk.transaction() as tx:
        choose(tx, "dropship.bill_days", Decimal(20))
        choose(tx, "dropship.reminded_bill_days", Decimal(5))
    desk.order()
    desk.acknowledge()
    desk.ship("10")
    due = "SELECT due_at::date FROM timer WHERE element_id = 'paper_overdue'"
    assert desk.ask(due) == desk.today + timedelta(days=20)
    desk.ring("paper_overdue")
    assert desk.ask(due) == desk.today + timedelta(days=5)
    desk.ring("paper_overdue")
    desk.ring("paper_overdue")
    assert desk.ask("SELECT form_data->>'waits_for', form_data->>'reminders' FROM user_task WHERE state = 'open'") == ("BILL", "2")
    with desk.transaction() as tx:
        (thing,) = [each for each in under_key(tx, PO) if each.kind == "purchase order"]
    assert (thing.mover, thing.who) == ("task", "buyer")
    assert desk.broken() == []


def test_a_settled_group_that_is_taken_up_again_orders_nothing_and_waits_for_nobody(desk):
    group = desk.order()
    desk.acknowledge()
    desk.ship("10")
    desk.bill("10")
    with desk.transaction() as tx:
        settled = tx.scalar(text("SELECT id FROM instance WHERE process_key = 'dropship' AND state = 'completed'"))
        start_anew(desk.runtime, tx, Restart(settled, "otto", "By mistake"))
    desk.settle()
    assert desk.ask(f"SELECT count(*) FROM instance WHERE business_key = '{group}' AND state = 'completed'") == 2
    assert desk.ask("SELECT count(*) FROM purchase_order") == 1
    assert desk.broken() == []
