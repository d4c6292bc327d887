"""Cancelling, through the real diagrams: what was prepared is undone, whoever asks, and what has left is not lost."""

from decimal import Decimal

import pytest
from sqlalchemy import text

from engine.problems import Conflict, Invalid
from engine.runtime.operate import operations
from engine.runtime.verbs.run_until_idle import run_until_idle
from handlers.billing.posting import post_invoice
from handlers.holdings import holdings_of
from handlers.invariants import check_all
from handlers.orders.commands import may_be_cancelled, request_cancellation
from handlers.orders.holds import apply_hold
from handlers.orders.status import status_of
from tests.integration.at_work import WANDA, at_work, do, say, settle
from tests.integration.golden.builders import Sold, company, customer, item, on_stock, one, order, supplier, warehouse
from tests.worklist import tasks_of

D = Decimal
FOLDERS = ("order-to-promise", "fulfillment-to-invoice", "dropship", "cancel-fulfillment", "cancel-order", "invoice-to-receipt")


@pytest.fixture
def runtime(database):
    made = at_work(database, *FOLDERS)
    with database.transaction() as tx:
        company(tx)
        customer(tx)
        item(tx)
        warehouse(tx)
        supplier(tx)
        on_stock(tx, "100")
    return made


@pytest.fixture
def ordered(runtime):
    """An order of 60 tables whose one group waits to be picked."""
    with runtime.database.transaction() as tx:
        made = order(tx, [Sold("60", "22.50")])
    say(runtime, "fulfillment.requested", made.groups[0], group_no=made.groups[0], order_no=made.order_no)
    return made


def pack(runtime):
    do(runtime, "Pick", packages=1, weight_kg=D("90"))


def ask_to_cancel(runtime, order_no, reason="Bought elsewhere"):
    with runtime.database.transaction() as tx:
        request_cancellation(runtime, tx, order_no, reason, "olga")
    settle(runtime)


def cancel_instance(runtime, group_no):
    with runtime.database.transaction() as tx:
        found = one(tx, "SELECT id FROM instance WHERE business_key = :no AND process_key = 'fulfillment-to-invoice'", no=group_no)
        operations.cancel(runtime, tx, found, "otto", "Stuck")
    settle(runtime)


def states(tx):
    rows = tx.execute(text("SELECT process_key, state FROM instance ORDER BY process_key"))
    return {row.process_key: row.state for row in rows}


def instances(tx):
    return {tuple(row) for row in tx.execute(text("SELECT process_key, business_key, state FROM instance"))}


def backorders_asked_for(tx):
    return tx.scalars(text("SELECT business_key FROM message WHERE name = 'backorder.requested'")).all()


def broken(tx):
    return [(each.id, each.examples) for each in check_all(tx) if not each.ok]


def nothing_is_kept(tx):
    assert one(tx, "SELECT on_hand, reserved FROM stock_balance") == (100, 0)
    assert one(tx, "SELECT sum(qty_reserved), sum(qty_picked) FROM fulfil_line") == (0, 0)
    assert one(tx, "SELECT count(*) FROM shipment WHERE cancelled_at IS NULL") == 0


@pytest.mark.parametrize("packed", [False, True], ids=["while it is picked", "with the label bought"])
def test_an_instance_an_operator_cancels_gives_everything_back_and_its_lines_are_promised_anew(runtime, ordered, packed):
    if packed:
        pack(runtime)
    cancel_instance(runtime, ordered.groups[0])
    with runtime.database.transaction() as tx:
        groups = tx.execute(text("SELECT group_no, cancelled_at IS NOT NULL AS cancelled FROM fulfil_group ORDER BY group_no")).all()
        assert groups == [("FG-000001", True), ("FG-000002", False)]
        parts = tx.execute(text("SELECT group_no, qty - qty_cancelled, qty_reserved, qty_picked FROM fulfil_line ORDER BY seq")).all()
        assert parts == [("FG-000001", 0, 0, 0), ("FG-000002", 60, 60, 0)]
        assert one(tx, "SELECT on_hand, reserved FROM stock_balance") == (100, 60)
        assert one(tx, "SELECT count(*) FROM shipment WHERE tracking_no <> '' OR cancelled_at IS NULL") == 0
        assert status_of(tx, ordered.order_no).qty_cancelled == 0
        assert instances(tx) == {
            ("fulfillment-to-invoice", "FG-000001", "cancelled"),
            ("cancel-fulfillment", "FG-000001", "completed"),
            ("backorder-run", ordered.order_no, "completed"),
            ("fulfillment-to-invoice", "FG-000002", "waiting"),
        }
        assert broken(tx) == []


def test_goods_that_left_before_their_instance_was_cancelled_are_billed_by_the_order_desk(runtime, ordered):
    pack(runtime)
    with runtime.database.transaction() as tx:
        tx.execute(text("UPDATE sales_order SET incoterm = 'DAP'"))
    do(runtime, "Hand over", handed_over=True)
    cancel_instance(runtime, ordered.groups[0])
    with runtime.database.transaction() as tx:
        assert one(tx, "SELECT count(*) FROM invoice") == 0
    do(runtime, "Settle SH-000001", action="bill")
    with runtime.database.transaction() as tx:
        assert one(tx, "SELECT posted_at IS NOT NULL FROM invoice") is True
        assert states(tx)["cancel-fulfillment"] == "completed"
        assert broken(tx) == []


@pytest.mark.parametrize("posted", [False, True], ids=["only a draft", "posted"])
def test_an_invoice_that_was_made_and_not_sent_when_its_instance_was_cancelled_still_reaches_the_customer(runtime, ordered, posted):
    pack(runtime)
    with runtime.database.transaction() as tx:
        tx.execute(text("UPDATE company SET vat_no = ''"))
    do(runtime, "Hand over", handed_over=True)
    with runtime.database.transaction() as tx:
        tx.execute(text("UPDATE company SET vat_no = 'ATU12345675'"))
        if posted:
            post_invoice(tx, "INV-000001")
    cancel_instance(runtime, ordered.groups[0])
    do(runtime, "Settle SH-000001", action="bill")
    with runtime.database.transaction() as tx:
        assert one(tx, "SELECT invoice_no, posted_at IS NOT NULL, delivered_at IS NOT NULL FROM invoice") == ("INV-000001", True, True)
        assert states(tx)["cancel-fulfillment"] == "completed"
        assert broken(tx) == []


@pytest.mark.parametrize("packed", [False, True], ids=["while it is picked", "with the label bought"])
def test_an_order_cancelled_before_goods_issue_ends_its_work_by_itself_and_tells_the_customer_once(runtime, ordered, packed):
    if packed:
        pack(runtime)
    ask_to_cancel(runtime, ordered.order_no)
    with runtime.database.transaction() as tx:
        nothing_is_kept(tx)
        assert status_of(tx, ordered.order_no).status == "CANCELLED"
        assert one(tx, "SELECT count(*) FROM shipment WHERE tracking_no <> ''") == 0
        assert backorders_asked_for(tx) == []
        assert set(states(tx).values()) == {"completed"}
        assert one(tx, "SELECT count(*) FROM effect WHERE element_id = 'confirm_cancellation'") == 1
        assert tasks_of(tx, WANDA) == []
        assert one(tx, "SELECT count(*) FROM message WHERE state = 'buffered'") == 0
        assert broken(tx) == []


def test_a_group_that_was_cancelled_before_its_work_began_waits_for_no_window(runtime):
    with runtime.database.transaction() as tx:
        made = order(tx, [Sold("60", "22.50")])
        tx.execute(text("UPDATE fulfil_group SET ship_date = business_today() + 40"))
    ask_to_cancel(runtime, made.order_no)
    say(runtime, "fulfillment.requested", made.groups[0], group_no=made.groups[0], order_no=made.order_no)
    with runtime.database.transaction() as tx:
        assert states(tx)["fulfillment-to-invoice"] == "completed"
        assert broken(tx) == []


def test_a_hold_of_a_cancelled_order_is_over(runtime, ordered):
    with runtime.database.transaction() as tx:
        apply_hold(tx, ordered.order_no, "MANUAL", "The customer thinks about it")
    ask_to_cancel(runtime, ordered.order_no)
    with runtime.database.transaction() as tx:
        assert one(tx, "SELECT released_by FROM hold") == "olga"


def test_an_order_that_has_left_is_returned_and_not_cancelled(runtime, ordered):
    pack(runtime)
    do(runtime, "Hand over", handed_over=True)
    with pytest.raises(Conflict, match="has been shipped") as refused:
        ask_to_cancel(runtime, ordered.order_no)
    assert "return" in refused.value.next_step
    with runtime.database.transaction() as tx:
        assert one(tx, "SELECT count(*) FROM order_event WHERE kind = 'cancellation_requested'") == 0


def test_the_last_goods_that_leave_before_the_cancellation_s_turn_are_told_to_the_order_desk(runtime, ordered):
    pack(runtime)
    with runtime.database.transaction() as tx:
        request_cancellation(runtime, tx, ordered.order_no, "Too late?", "olga")
        tx.execute(text("UPDATE fulfil_line SET qty_shipped = qty, qty_reserved = 0"))
        tx.execute(text("UPDATE reservation SET state = 'CONSUMED'"))
    run_until_idle(runtime)
    do(runtime, "Too late to cancel", told=True)
    with runtime.database.transaction() as tx:
        assert states(tx)["cancel-order"] == "completed"


def test_an_order_is_cancelled_once_however_often_it_is_asked_for(runtime, ordered):
    with runtime.database.transaction() as tx:
        request_cancellation(runtime, tx, ordered.order_no, "Bought elsewhere", "olga")
    with runtime.database.transaction() as tx, pytest.raises(Conflict, match="is being cancelled"):
        request_cancellation(runtime, tx, ordered.order_no, "Bought elsewhere", "tom")
    settle(runtime)
    with runtime.database.transaction() as tx:
        assert may_be_cancelled(tx, ordered.order_no).code == "order_cancelled"


def test_a_cancellation_without_a_reason_changes_nothing(runtime, ordered):
    with pytest.raises(Invalid) as refused:
        ask_to_cancel(runtime, ordered.order_no, " \n ")
    assert refused.value.errors == {"reason": ["must not be blank"]}


def test_what_a_group_holds_is_said_before_it_is_cancelled(runtime, ordered):
    pack(runtime)
    with runtime.database.transaction() as tx:
        held = holdings_of(tx, ordered.groups[0])
    said = {each.kind: (each.number, each.sentence) for each in held}
    assert said["reservation"] == ("INDIFFERENT-TABLE", "Reserved: 60 EA of INDIFFERENT-TABLE in LINZ")
    assert said["packed shipment"] == ("SH-000001", "Packed and not handed over: 1 package")
    assert said["label"][1] == "Label of OWN LABEL for SH-000001"
    assert said["fulfilment lines"][1] == "To ship: 60 EA of INDIFFERENT-TABLE"


def test_what_has_left_is_held_until_it_is_billed(runtime, ordered):
    pack(runtime)
    with runtime.database.transaction() as tx:
        tx.execute(text("UPDATE sales_order SET incoterm = 'DAP'"))
    do(runtime, "Hand over", handed_over=True)
    with runtime.database.transaction() as tx:
        (held,) = holdings_of(tx, ordered.groups[0])
        assert (held.kind, held.number, held.amount, held.unit) == ("unbilled shipment", "SH-000001", D("1350.00"), "EUR")


def test_nothing_is_held_under_no_business_key(runtime):
    with runtime.database.transaction() as tx:
        assert holdings_of(tx, None) == []


def test_what_is_short_goes_back_to_promising_when_the_rest_is_shipped(runtime, ordered):
    with runtime.database.transaction() as tx:
        more = order(tx, [Sold("60", "22.50")])  # of which 40 are left
    say(runtime, "fulfillment.requested", more.groups[0], group_no=more.groups[0], order_no=more.order_no)
    do(runtime, "Shortage", action="ship")
    with runtime.database.transaction() as tx:
        assert backorders_asked_for(tx) == [more.order_no]
        parts = "SELECT qty - qty_cancelled, qty_reserved FROM fulfil_line WHERE order_no = :no ORDER BY seq"
        assert tx.execute(text(parts), {"no": more.order_no}).all() == [(40, 40), (20, 0)]
        assert broken(tx) == []
