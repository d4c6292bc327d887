"""Supply that is kept for a class or a channel is promised to it alone, until it is released."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from engine.problems import Invalid, NotFound
from engine.store.clock import business_today
from handlers.changes import Author
from handlers.invariants import check_all
from handlers.orders import tasks as orders
from handlers.promising import tasks as promising
from handlers.promising.allocation_views import list_allocations
from handlers.promising.allocations import AllocationDraft, AllocationKey, drop_allocation, set_allocation
from handlers.quoting.drafts import QuoteDraft, QuoteLineDraft, create_quote
from tests.integration.orders.trade import STOCK_ONLY, D, add_coyote, context, open_trade, order, stock, supply_in

OLGA = Author("olga.orders", "Before the season")


@pytest.fixture
def tx(database):
    with database.transaction() as tx:
        open_trade(tx)
        add_coyote(tx, "C-ROADRUNNER", customer_class="A")
        stock(tx, "OMINOUS-ANVIL", 100)
        yield tx


def keep(tx, *, first=0, last=30, **more):
    today = business_today(tx)
    given = {"qty": D(60), "customer_class": "A"} | more
    draft = AllocationDraft(
        sku="OMINOUS-ANVIL",
        warehouse_code="VIENNA",
        valid_from=today + timedelta(days=first),
        valid_until=today + timedelta(days=last),
        **given,
    )
    set_allocation(tx, draft, OLGA)
    return draft


def promised(tx, qty, customer_no="C-COYOTE", **more):
    order_no = order(tx, ("OMINOUS-ANVIL", qty), customer_no=customer_no, **more)
    orders.price_order(orders.OrderNumber(order_no), tx)
    orders.submit_order(orders.OrderNumber(order_no), tx)
    promising.promise_lines(promising.PromiseLines(order_no, STOCK_ONLY), tx, context(tx), None)
    has_place = text("SELECT coalesce(sum(qty), 0) FROM fulfil_line WHERE order_no = :no AND group_no IS NOT NULL")
    return tx.execute(has_place, {"no": order_no}).scalar_one()


def test_what_is_kept_for_class_a_is_promised_to_it_and_not_to_b(tx):
    keep(tx)
    assert promised(tx, 50) == 40, "100 less the 60 that are kept"
    assert promised(tx, 50, "C-ROADRUNNER") == 50
    (row,) = list_allocations(tx, "OMINOUS-ANVIL")
    assert (row.size, row.used, row.left, row.state) == (60, 50, 10, "KEPT")
    assert promised(tx, 5) == 0
    assert promised(tx, 10, "C-ROADRUNNER") == 10
    assert [result.id for result in check_all(tx) if not result.ok] == []


def test_what_is_kept_for_a_channel_is_promised_to_orders_that_come_by_it(tx):
    keep(tx, customer_class="", channel="WEB", qty=None, share_pct=D(80))
    assert promised(tx, 50) == 20
    assert promised(tx, 50, channel="WEB") == 50
    assert list_allocations(tx, "OMINOUS-ANVIL")[0].left == 30


def test_a_share_grows_with_what_comes_in_until_its_last_day(tx):
    supply_in(tx, "OMINOUS-ANVIL", 100, days=10)
    supply_in(tx, "OMINOUS-ANVIL", 100, days=40)
    keep(tx, qty=None, share_pct=D(50))
    assert list_allocations(tx, "OMINOUS-ANVIL")[0].size == 100


def test_a_week_before_its_end_what_is_left_goes_to_whoever_waits(tx):
    keep(tx, last=7, release_days=7)
    assert list_allocations(tx, "OMINOUS-ANVIL")[0].state == "KEPT"
    assert promised(tx, 50) == 40
    tx.execute(text("UPDATE supply_allocation SET release_days = 8"))
    assert list_allocations(tx, "OMINOUS-ANVIL")[0].state == "RELEASED"
    found = promising.list_backorders(promising.WhichBackorders(), tx)
    asked = promising.PromiseBackorders(
        rank_cases=found.rank_cases,
        ranks=[{"strategy": "GAIN", "priority": 1}],
        sourcing_cases=found.sourcing_cases,
        sources=STOCK_ONLY,
    )
    promising.promise_backorders(asked, tx, context(tx), None)
    assert tx.execute(text(_WAITS)).scalar() is None


def test_the_backorder_run_leaves_what_is_kept(tx):
    keep(tx)
    assert promised(tx, 50) == 40
    found = promising.list_backorders(promising.WhichBackorders(), tx)
    asked = promising.PromiseBackorders(
        rank_cases=found.rank_cases, ranks=[{"strategy": "WIN", "priority": 1}], sourcing_cases=found.sourcing_cases, sources=STOCK_ONLY
    )
    promising.promise_backorders(asked, tx, context(tx), None)
    assert tx.execute(text(_WAITS)).scalar() == 10


def test_an_inquiry_sees_what_is_kept_as_its_customer_would(tx):
    keep(tx)
    for customer_no, complete in (("C-COYOTE", False), ("C-ROADRUNNER", True)):
        draft = QuoteDraft(customer_no=customer_no, requester="mia", lines=[QuoteLineDraft(sku="OMINOUS-ANVIL", qty=D(50))])
        found = promising.check_availability(promising.QuoteNumber(create_quote(tx, draft)), tx, context(tx))
        assert found.complete is complete


def test_what_is_kept_is_set_anew_and_dropped(tx):
    draft = keep(tx)
    keep(tx, qty=D(90))
    assert promised(tx, 50) == 10
    key = AllocationKey(sku=draft.sku, warehouse_code="VIENNA", valid_from=draft.valid_from, customer_class="A")
    drop_allocation(tx, key, OLGA)
    assert promised(tx, 50) == 50
    with pytest.raises(NotFound, match="no such allocation"):
        drop_allocation(tx, key, OLGA)


def test_shares_of_a_day_come_to_no_more_than_the_whole(tx):
    keep(tx, qty=None, share_pct=D(60), last=10)
    keep(tx, qty=None, share_pct=D(60), customer_class="B", first=11)
    with pytest.raises(Invalid, match=r"120 % of OMINOUS-ANVIL in VIENNA") as refused:
        keep(tx, qty=None, share_pct=D(60), customer_class="B", first=10)
    assert list(refused.value.errors) == ["share_pct"]


def test_a_later_first_day_takes_over(tx):
    keep(tx, qty=D(60))
    keep(tx, qty=D(20), first=5)
    first, second = list_allocations(tx, "OMINOUS-ANVIL")
    assert (first.size, second.size) == (60, 20)
    promised(tx, 70, "C-ROADRUNNER")
    assert [row.left for row in list_allocations(tx, "OMINOUS-ANVIL")] == [0, 20], "it ships today"


_WAITS = "SELECT sum(qty) FROM fulfil_line WHERE group_no IS NULL"
WRONG = [
    ({"customer_class": ""}, "customer_class"),
    ({"qty": None}, "qty"),
    ({"share_pct": D(10)}, "qty"),
    ({"qty": None, "share_pct": D(0)}, "share_pct"),
    ({"qty": None, "share_pct": D(101)}, "share_pct"),
    ({"qty": D(0)}, "qty"),
    ({"last": -1}, "valid_until"),
    ({"release_days": -1}, "release_days"),
    ({"priority": 0}, "priority"),
]


@pytest.mark.parametrize(("change", "field"), WRONG)
def test_what_cannot_be_kept_is_refused_by_field(tx, change, field):
    with pytest.raises(Invalid) as refused:
        keep(tx, **change)
    assert (list(refused.value.errors), bool(refused.value.next_step)) == ([field], True)
