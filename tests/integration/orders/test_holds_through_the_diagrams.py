"""Holds as people live with them: each has an owner, several stop together, one that comes late stops the parcel in the house."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from engine.problems import Forbidden
from engine.runtime.state.people import Person
from engine.runtime.verbs import messages
from engine.runtime.verbs.messages import Message
from engine.store.clock import business_now
from handlers.invariants import check_all
from handlers.orders import commands
from handlers.orders.drafts import LineDraft, OrderDraft, create_order
from handlers.orders.holds import blocking
from handlers.orders.status import status_of
from tests.integration.at_work import at_work, do, settle, tell
from tests.integration.orders.trade import D, open_trade, stock
from tests.worklist import tasks_of

TOM = Person("tom", frozenset({"order-desk"}))
CORA = Person("cora", frozenset({"compliance", "credit"}))


@pytest.fixture
def runtime(database):
    runtime = at_work(database, "order-to-promise", "fulfillment-to-invoice", "order-hold", "cancel-order")
    with database.transaction() as tx:
        open_trade(tx)
        stock(tx, "OMINOUS-ANVIL", 60)
    return runtime


def received(runtime, holds=(), **more) -> str:
    with runtime.database.transaction() as tx:
        draft = OrderDraft(customer_no="C-COYOTE", lines=[LineDraft(sku="OMINOUS-ANVIL", qty=D(4))], **more)
        order_no = create_order(tx, draft)
        for code, person, until in holds:
            commands.put_on_hold(runtime, tx, commands.Held(order_no, code, "Look at it first", until), person)
        given = {"order_no": order_no, "source": "API"}
        messages.publish(runtime, tx, Message("order.received", {"order_no": order_no}, given, business_key=order_no))
    return order_no


def where(runtime, order_no):
    with runtime.database.transaction() as tx:
        assert [each.id for each in check_all(tx) if not each.ok] == []
        return status_of(tx, order_no)


def test_an_order_with_two_holds_goes_on_when_both_are_off_and_fraud_is_taken_off_by_another(runtime):
    order_no = received(runtime, [("FRAUD", TOM, None), ("ACCOUNT_HOLD", CORA, None)])
    settle(runtime)
    assert where(runtime, order_no).holds == ("ACCOUNT_HOLD", "FRAUD")
    with runtime.database.transaction() as tx:
        assert [task.title for task in tasks_of(tx, TOM)] == []
        assert sorted(task.title for task in tasks_of(tx, CORA)) == [f"ACCOUNT_HOLD on {order_no}", f"FRAUD on {order_no}"]
        with pytest.raises(Forbidden, match="another person takes it off"):
            commands.release(runtime, tx, commands.Released(order_no, "FRAUD", "I was wrong"), Person("tom", frozenset({"compliance"})))
    do(runtime, "FRAUD", person=CORA, action="release", reason="The cards belong to the firm")
    assert where(runtime, order_no).status == "DRAFT"
    with runtime.database.transaction() as tx:
        commands.release(runtime, tx, commands.Released(order_no, "ACCOUNT_HOLD", "They have paid"), CORA)
    settle(runtime)
    assert (where(runtime, order_no).status, where(runtime, order_no).on_hold) == ("PROCESSING", False)
    with runtime.database.transaction() as tx:
        assert tasks_of(tx, CORA) == [], "who released it on the page leaves no task behind"


def test_a_hold_that_is_over_by_itself_lets_the_order_go_on_and_a_cancelled_order_is_nobodys_task(runtime):
    with runtime.database.transaction() as tx:
        soon = business_now(tx) - timedelta(seconds=1)
    first, second = (received(runtime, [("FRAUD", TOM, until)]) for until in (soon, None))
    settle(runtime)
    assert (where(runtime, first).status, where(runtime, second).holds) == ("PROCESSING", ("FRAUD",))
    do(runtime, f"FRAUD on {second}", person=CORA, action="cancel", reason="It is fraud")
    assert (where(runtime, second).status, where(runtime, second).holds) == ("CANCELLED", ())
    with runtime.database.transaction() as tx:
        still = "SELECT process_key FROM instance WHERE state NOT IN ('completed', 'cancelled') AND process_key <> 'fulfillment-to-invoice'"
        assert tx.execute(text(still)).scalars().all() == []
        released = tx.execute(text("SELECT release_reason FROM hold WHERE order_no = :no"), {"no": first}).scalar_one()
    assert released == "Its time is over."


def test_a_purchase_order_that_comes_again_waits_at_the_release_for_the_order_desk(runtime):
    first, second = (received(runtime, customer_po="PO-7") for _ in range(2))
    settle(runtime)
    with runtime.database.transaction() as tx:
        assert [blocking(tx, order_no, "release") for order_no in (first, second)] == [[], ["DUPLICATE_PO"]]
        (said,) = tx.execute(text("SELECT reason FROM hold")).scalars()
        assert said == f"Purchase order PO-7 was received before as {first}."
    do(runtime, f"DUPLICATE_PO on {second}", person=TOM, action="release", reason="They want it twice")
    assert not where(runtime, second).on_hold
    assert tell(runtime, Message("order.received", {"order_no": second}, {"order_no": second, "source": "API"}, business_key="again"))
    assert not where(runtime, second).on_hold, "what a person has cleared is not asked again"
