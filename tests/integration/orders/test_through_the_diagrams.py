"""Quote-to-order and order-to-promise as they are deployed, run by the engine on a real company."""

import pytest
from sqlalchemy import select, text

from engine.runtime.state.people import Person
from engine.runtime.verbs import messages, start, user_tasks
from engine.runtime.verbs.messages import Message
from engine.runtime.verbs.run_until_idle import run_until_idle
from engine.runtime.verbs.start import StartOptions
from engine.runtime.verbs.user_tasks import Completion
from engine.store.tables import incident
from handlers.invariants import check_all
from handlers.orders.drafts import LineDraft, OrderDraft, create_order
from handlers.orders.story import order_story
from handlers.quoting.drafts import QuoteDraft, QuoteLineDraft, create_quote
from tests.integration.at_work import at_work
from tests.integration.orders.trade import D, open_trade, stock
from tests.worklist import tasks_of

EVERY_GROUP = frozenset({"sales", "sales-manager", "deal-desk", "finance", "executive", "order-desk", "credit"})
MARCUS, ERIKA = Person("marcus", EVERY_GROUP), Person("erika", EVERY_GROUP)


@pytest.fixture
def runtime(database):
    runtime = at_work(database, "quote-to-order", "order-to-promise", "fulfillment-to-invoice", "dropship")
    with database.transaction() as tx:
        open_trade(tx)
        stock(tx, "OMINOUS-ANVIL", 60)
    return runtime


def incidents(tx):
    return tx.execute(select(incident.c.element_id, incident.c.message, incident.c.traceback)).all()


def quote(runtime, tx, *lines) -> str:
    drafts = [QuoteLineDraft(sku=sku, qty=D(qty), discount_pct=D(discount)) for sku, qty, discount in lines]
    quote_no = create_quote(tx, QuoteDraft(customer_no="C-COYOTE", requester="mia", lines=drafts))
    given = {"quote_no": quote_no, "requester": "mia"}
    start.start(runtime, tx, "quote-to-order", given, StartOptions(business_key=quote_no, actor="mia"))
    return quote_no


def decide(runtime, person, **form) -> None:
    with runtime.database.transaction() as tx:
        (task,) = tasks_of(tx, person)
        user_tasks.complete(runtime, tx, task.id, form, Completion(person))
    run_until_idle(runtime)


def accept(runtime, quote_no) -> None:
    with runtime.database.transaction() as tx:
        given = {"quote_no": quote_no, "customer_po": "PO-9"}
        messages.publish(runtime, tx, Message("quote.accepted", {"quote_no": quote_no}, given))
    run_until_idle(runtime)


def test_a_quote_becomes_a_promised_order(database, runtime):
    with database.transaction() as tx:
        quote_no = quote(runtime, tx, ("OMINOUS-ANVIL", 80, 25), ("GIANT-MAGNET", 2, 0))
    decide(runtime, MARCUS, approved=True, comment="Fine")
    accept(runtime, quote_no)
    with database.transaction() as tx:
        assert incidents(tx) == []
        assert tx.execute(text("SELECT approver, approver_group FROM quote_approval")).all() == [("marcus", "sales-manager")]
        order_no = tx.execute(text("SELECT order_no FROM sales_order")).scalar_one()
        story = order_story(tx, order_no)
        assert story.status.status == "PROCESSING", story.events
        assert [group["kind"] for group in story.groups] == ["DROP", "STOCK"]
        assert [row["response_code"] for row in story.replies] == ["CA"], "20 anvils are a backorder"
        assert [result.id for result in check_all(tx) if not result.ok] == []


def test_each_of_several_approvers_is_kept_under_their_own_name(database, runtime):
    with database.transaction() as tx:
        quote(runtime, tx, ("OMINOUS-ANVIL", 50, 50))
    people = [MARCUS, ERIKA]
    with database.transaction() as tx:
        assert len(tasks_of(tx, MARCUS)) == 1
    for person in people:
        decide(runtime, person, approved=True, comment="Fine")
        with database.transaction() as tx:
            assert tasks_of(tx, person) == [], "who has decided once is asked no second time"
    with database.transaction() as tx:
        assert incidents(tx) == []
        kept = tx.execute(text("SELECT approver, approver_group FROM quote_approval ORDER BY id")).all()
    assert [row.approver for row in kept] == [person.name for person in people]
    assert all(row.approver_group for row in kept)


def test_an_order_above_the_limit_waits_for_credit_and_is_cancelled_there(database, runtime):
    with database.transaction() as tx:
        tx.execute(text("UPDATE customer SET credit_limit = 100"))
        quote_no = quote(runtime, tx, ("OMINOUS-ANVIL", 50, 0))
    accept(runtime, quote_no)
    with database.transaction() as tx:
        assert incidents(tx) == []
        order_no = tx.execute(text("SELECT order_no FROM sales_order")).scalar_one()
        assert order_story(tx, order_no).status.holds == ("CREDIT_CHECK_FAILURE",)
        (task,) = tasks_of(tx, ERIKA)
        assert task.business_key == order_no
    decide(runtime, ERIKA, action="cancel", reason="They never pay")
    with database.transaction() as tx:
        assert incidents(tx) == []
        story = order_story(tx, order_no)
        assert story.status.status == "CANCELLED"
        assert [row["response_code"] for row in story.replies] == ["RE"]
        assert [result.id for result in check_all(tx) if not result.ok] == []


@pytest.mark.parametrize(
    ("stated", "holds", "net"),
    [("25.00", (), 2500), ("24.90", (), 2490), ("25.10", (), 2510), ("24.80", ("PRICE_DISCREPANCY",), 2500)],
)
def test_a_small_difference_of_price_is_settled_for_the_customer(database, runtime, stated, holds, net):
    with database.transaction() as tx:
        line = LineDraft(sku="OMINOUS-ANVIL", qty=D(100), unit_price=D(stated))
        order_no = create_order(tx, OrderDraft(customer_no="C-COYOTE", lines=[line], source="API"))
        given = {"order_no": order_no, "source": "API"}
        messages.publish(runtime, tx, Message("order.received", {"order_no": order_no}, given, business_key=order_no))
    run_until_idle(runtime)
    with database.transaction() as tx:
        assert incidents(tx) == []
        story = order_story(tx, order_no)
        assert (story.status.holds, story.order["net_total"]) == (holds, net)
        assert [task.business_key for task in tasks_of(tx, ERIKA)] == [order_no] * len(holds)
