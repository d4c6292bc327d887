"""A change of an order goes through its process at every stage: what was prepared is undone, the rest goes on, the customer is answered."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from engine.problems import Conflict, Invalid
from engine.runtime.post import timers
from engine.runtime.verbs import messages
from engine.runtime.verbs.messages import Message
from engine.store.clock import business_today
from handlers.invariants import check_all
from handlers.orders.change_requests import ChangeDraft, LineChange, preview_change, request_change
from handlers.orders.commands import request_cancellation
from handlers.parties.policy import choose
from tests.integration.at_work import at_work, do, settle
from tests.integration.orders import trade as t

D = t.D


@pytest.fixture
def desk(database):
    return Desk(database)


class Desk:
    """An order desk: an order of 50 anvils and 10 parasols, promised from Vienna, of which 60 and 40 were there."""

    def __init__(self, database) -> None:
        self.database = database
        self.runtime = at_work(database, "order-to-promise", "cancel-order", "fulfillment-to-invoice", "cancel-fulfillment")
        with database.transaction() as tx:
            t.open_trade(tx)
            t.stock(tx, "OMINOUS-ANVIL", 60)
            t.stock(tx, "TINY-PARASOL", 40)
            choose(tx, "promise.reserve_within_days", D(90))
            wanted = business_today(tx) + timedelta(days=30)
            self.order_no = t.order(tx, ("OMINOUS-ANVIL", 50), ("TINY-PARASOL", 10), customer_po="PO-1", requested_date=wanted)
            given = {"order_no": self.order_no, "source": "API"}
            messages.publish(self.runtime, tx, Message("order.received", {"order_no": self.order_no}, given, business_key=self.order_no))
        settle(self.runtime)

    def draft(self, *lines, **more):
        return ChangeDraft(order_no=self.order_no, lines=lines, requested_by="wile", **more)

    def change(self, *lines, **more):
        with self.database.transaction() as tx:
            change_no = request_change(self.runtime, tx, self.draft(*lines, **more))
        settle(self.runtime)
        return change_no

    def preview(self, *lines, **more):
        with self.database.transaction() as tx:
            return preview_change(tx, self.draft(*lines, **more))

    def row(self, sql, **given):
        with self.database.transaction() as tx:
            return tx.execute(text(sql), {"order_no": self.order_no, **given}).one()

    def rows(self, sql, **given):
        with self.database.transaction() as tx:
            return [tuple(row) for row in tx.execute(text(sql), {"order_no": self.order_no, **given})]

    def lines(self):
        return self.rows("SELECT line_no, qty_ordered, qty_cancelled, line_net FROM order_line WHERE order_no = :order_no ORDER BY line_no")

    def state(self, change_no):
        return self.row("SELECT state FROM order_change WHERE change_no = :change_no", change_no=change_no).state

    def all_true(self):
        with self.database.transaction() as tx:
            # Nobody collects here: the invoice waits for a process that is not deployed.
            assert [(each.id, each.examples) for each in check_all(tx) if not each.ok and each.id != "INV-40"] == []

    def pack(self):
        """The warehouse packs the group; a label is bought."""
        with self.database.transaction() as tx:
            group_no = tx.scalars(text("SELECT group_no FROM fulfil_group WHERE cancelled_at IS NULL")).one()
            messages.note(self.runtime, tx, Message("group.released", {"group_no": group_no}, {"group_no": group_no}))
        settle(self.runtime)
        do(self.runtime, "Pick and pack", packages=1, weight_kg=12, short=False)
        return group_no

    def ship(self):
        do(self.runtime, "Hand over", handed_over=True)


WRONG = [
    (LineChange(line_no=9, qty=D(1)), "lines.0.line_no"),
    (LineChange(add=True, sku="NO-SUCH", qty=D(1)), "lines.0.sku"),
    (LineChange(add=True, qty=D(1)), "lines.0.sku"),
    (LineChange(line_no=1, qty=D(1), uom="BARREL"), "lines.0.uom"),
]


def test_an_order_on_the_shelf_is_changed_again_and_again(desk):
    for line, field in WRONG:
        with pytest.raises(Invalid) as refused:
            desk.change(line)
        assert list(refused.value.errors) == [field]
    with pytest.raises(Conflict, match="already as it is wanted"):
        desk.preview(LineChange(line_no=1, qty=D(50)))
    with pytest.raises(Conflict, match="Nothing of order"):
        desk.preview(LineChange(line_no=1, remove=True), LineChange(line_no=2, remove=True))
    assert desk.rows("SELECT count(*) FROM order_change") == [(0,)]
    first = desk.rows("SELECT first_promised FROM order_line ORDER BY line_no")

    seen = desk.preview(LineChange(line_no=1, qty=D(30)))
    assert (seen.cost, seen.gross_before, seen.gross_after, seen.refusals) == (8, D("1620.00"), D("1020.00"), [])
    assert desk.state(desk.change(LineChange(line_no=1, qty=D(30)))) == "APPLIED"
    assert desk.lines() == [(1, 30, 0, 750), (2, 10, 0, 100)]
    assert desk.rows("SELECT reserved FROM stock_balance ORDER BY 1") == [(10,), (30,)]
    assert desk.row("SELECT version_no, gross_total, change_pending FROM sales_order WHERE order_no = :order_no") == (2, 1020, False)

    more = desk.change(LineChange(line_no=1, qty=D(58)), LineChange(add=True, sku="TINY-PARASOL", qty=D(5)))
    assert desk.state(more) == "APPLIED"
    assert [line[:3] for line in desk.lines()] == [(1, 58, 0), (2, 10, 0), (3, 5, 0)]
    assert desk.row("SELECT order_total, decision FROM credit_check ORDER BY id DESC LIMIT 1") == (D("1920.00"), "APPROVED")
    assert desk.row("SELECT sum(qty - qty_cancelled) AS qty FROM fulfil_line WHERE group_no IS NOT NULL").qty == 73

    with desk.database.transaction() as tx:
        tx.execute(text("UPDATE customer SET credit_limit = 1900"))
    dearer = desk.change(LineChange(line_no=1, qty=D(60)), source_ref="CHG-1", channel="UBL")
    with pytest.raises(Conflict, match="not decided yet"):
        desk.change(LineChange(line_no=1, qty=D(20)))
    assert desk.change(LineChange(line_no=1, qty=D(60)), source_ref="CHG-1", channel="UBL") == dearer
    do(desk.runtime, "Credit for the change", action="refuse", reason="The limit is used up")
    assert desk.state(dearer) == "REFUSED"
    assert desk.lines()[0][:3] == (1, 58, 0)
    told = "SELECT payload->>'response_code', payload->>'reason' FROM effect WHERE payload->>'change_no' IS NOT NULL"
    assert desk.rows(told) == [("RE", "The limit is used up")]

    cheaper = desk.change(LineChange(line_no=1, unit_price=D("24.00")))
    do(desk.runtime, "Change of", action="agree", reason="Their tenth order")
    assert desk.state(cheaper) == "APPLIED"
    assert desk.lines()[0] == (1, 58, 0, 1392)
    assert desk.rows("SELECT first_promised FROM order_line ORDER BY line_no")[:2] == first
    assert desk.rows("SELECT version_no, response_code FROM order_reply ORDER BY 1") == [(1, "AP"), (2, "AP"), (3, "AP"), (4, "AP")]
    desk.all_true()


def test_what_is_packed_is_unpacked_when_the_order_desk_agrees_and_what_has_left_stays(desk):
    later = desk.row("SELECT promised_arrival + 30 AS day FROM order_line WHERE line_no = 1").day
    assert desk.state(desk.change(LineChange(line_no=2, remove=True), requested=later)) == "APPLIED"
    assert desk.lines() == [(1, 50, 0, 1250), (2, 10, 10, 0)]
    assert desk.row("SELECT promised_arrival > first_promised AS later FROM order_line WHERE line_no = 1").later

    group_no = desk.pack()
    seen = desk.preview(LineChange(line_no=1, qty=D(40)))
    assert (seen.cost, seen.stage) == (30, "LABELLED")
    packed = desk.change(LineChange(line_no=1, qty=D(40)))
    assert desk.state(packed) == "ASSESSED"
    do(desk.runtime, "Change of", action="agree", reason="It is still at the dock")
    assert desk.state(packed) == "APPLIED"
    assert desk.rows("SELECT cancelled_at IS NOT NULL, tracking_no FROM shipment") == [(True, "")]
    assert desk.row("SELECT cancelled_at IS NOT NULL AS off FROM fulfil_group WHERE group_no = :group_no", group_no=group_no).off

    desk.pack()
    desk.ship()
    assert desk.rows("SELECT qty_shipped FROM fulfil_line WHERE qty_shipped > 0 ORDER BY 1") == [(40,)]
    seen = desk.preview(LineChange(line_no=1, qty=D(30)))
    assert [refusal.split(": ")[0] for refusal in seen.refusals] == ["Line 1"]
    assert desk.state(desk.change(LineChange(line_no=1, qty=D(30)))) == "REFUSED"
    assert "return" in desk.row("SELECT answer FROM order_change ORDER BY change_no DESC LIMIT 1").answer
    desk.all_true()


def test_a_change_that_waited_for_an_order_that_is_rejected_is_refused_and_promises_nothing(desk):
    with desk.database.transaction() as tx:
        desk.order_no = t.order(tx, ("NO-SUCH", 1), customer_po="PO-2", lenient=True)
        given = {"order_no": desk.order_no, "source": "API"}
        messages.publish(desk.runtime, tx, Message("order.received", {"order_no": desk.order_no}, given, business_key=desk.order_no))
    settle(desk.runtime)
    change_no = desk.change(LineChange(sku="OMINOUS-ANVIL", qty=D(5), add=True))
    assert desk.state(change_no) == "RECEIVED"
    do(desk.runtime, "Repair order", action="reject", reason="We sell no such thing")
    with desk.database.transaction() as tx:  # the pause of what waits is over
        for row in tx.execute(text("SELECT id, now() AS now FROM timer WHERE NOT fired")).all():
            timers.move(tx, row.id, row.now)
    settle(desk.runtime)
    assert tuple(desk.row("SELECT state, answer FROM order_change WHERE change_no = :no", no=change_no)) == (
        "REFUSED",
        f"Order {desk.order_no} was rejected. Nothing of it is open.",
    )
    assert desk.rows("SELECT * FROM fulfil_line WHERE order_no = :order_no") == []
    desk.all_true()


@pytest.mark.parametrize("faster", ["the warehouse", "a cancellation"])
def test_something_else_is_faster_than_the_decision_on_a_change(desk, faster):
    desk.pack()
    change_no = desk.change(LineChange(line_no=1, qty=D(40)))
    if faster == "the warehouse":
        desk.ship()
        do(desk.runtime, "Change of", action="agree", reason="It is still at the dock")
    else:
        with desk.database.transaction() as tx:
            request_cancellation(desk.runtime, tx, desk.order_no, "Bought elsewhere", "olga")
        with pytest.raises(Conflict, match="being cancelled"):
            desk.change(LineChange(line_no=1, qty=D(20)))
        settle(desk.runtime)
    assert desk.state(change_no) == "REFUSED"
    assert desk.lines()[0][1] == 50
    assert desk.rows("SELECT count(*) FROM instance WHERE process_key = 'change-order' AND state NOT IN ('completed', 'cancelled')") == [
        (0,)
    ]
    desk.all_true()
