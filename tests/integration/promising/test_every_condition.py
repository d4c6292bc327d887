"""Each condition of the room's SQL has a case here that goes wrong without it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from sqlalchemy import text

from handlers.catalog import master_data as catalog
from handlers.invariants import check_all
from handlers.inventory.supply import SupplyArrival, SupplyDraft, expect_supply
from handlers.orders import fulfilment_lines
from handlers.orders import tasks as orders
from handlers.orders.holds import apply_hold, release_hold
from handlers.parties.master_data import SupplierDraft, add_supplier
from handlers.parties.policy import choose
from handlers.promising import overdue
from handlers.promising.availability import look
from handlers.promising.backorders import Answered, Wanted, cases, news_of, run_round, waiting_orders
from handlers.promising.inquiry import availability_of_quote
from handlers.promising.planning import open_lines
from handlers.promising.promise import promise_lines
from handlers.promising.ranking import Rank
from handlers.promising.sourcing import Case, read_answers
from handlers.quoting.drafts import QuoteDraft, QuoteLineDraft, create_quote
from tests.integration.orders.trade import STOCK_ONLY, D, context, open_trade, order, stock, supply_in
from tests.integration.standing import standing_instance, standing_wait
from tests.steps import commit_step

ANVIL, PARASOL, MAGNET = "OMINOUS-ANVIL", "TINY-PARASOL", "GIANT-MAGNET"


@pytest.fixture
def tx(database):
    with database.transaction() as tx:
        open_trade(tx)
        yield tx


def now(tx):
    return context(tx).now


def today(tx):
    return tx.execute(text("SELECT business_today()")).scalar_one()


def free(tx, days=0):
    projections = look(tx, [ANVIL], now(tx)).stock.get(ANVIL, {})
    return sum(projection.free_at(today(tx) + timedelta(days=days)) for projection in projections.values())


def submitted(tx, *lines, **more):
    order_no = order(tx, *(lines or [(ANVIL, 10)]), **more)
    orders.submit_order(orders.OrderNumber(order_no), tx)
    return order_no


def promised(tx, *lines, **more):
    order_no = submitted(tx, *lines, **more)
    promise_lines(tx, order_no, STOCK_ONLY, now(tx))
    return order_no


def waiting(tx, **wanted):
    return [each.order_no for each in waiting_orders(tx, Wanted(**wanted))]


def test_what_expires_today_or_is_kept_for_safety_is_not_free(tx):
    stock(tx, ANVIL, 10)
    assert free(tx) == 10
    tx.execute(text("UPDATE stock_balance SET safety_stock = 3"))
    assert free(tx) == 7
    tx.execute(text("UPDATE stock_balance SET expires_on = business_today() + 1"))
    assert free(tx) == 7
    tx.execute(text("UPDATE stock_balance SET expires_on = business_today()"))
    assert free(tx) == 0


def test_a_warehouse_that_is_closed_promises_nothing(tx):
    stock(tx, ANVIL, 10)
    tx.execute(text("UPDATE warehouse SET active = false"))
    assert free(tx) == 0


@pytest.mark.parametrize(("late", "counts"), [(3, 8), (4, 0)])
def test_supply_that_is_late_counts_for_three_days_more(tx, late, counts):
    day = today(tx) - timedelta(days=late)
    expect_supply(tx, SupplyDraft(reference="PO-1", sku=ANVIL, warehouse_code="VIENNA", due_date=day, qty_open=D(8)))
    assert free(tx) == counts
    tx.execute(text("UPDATE supply SET qty_open = 0"))
    assert free(tx) == 0


def test_only_what_is_promised_from_a_warehouse_and_has_not_left_is_taken_off(tx):
    stock(tx, ANVIL, 10)
    promised(tx, (ANVIL, 4))
    assert free(tx) == 6
    promised(tx, (ANVIL, 20))
    assert free(tx) == 0, "6 of the 20 are promised, the other 14 wait and take nothing"
    tx.execute(text("UPDATE fulfil_line SET qty_cancelled = qty WHERE group_no IS NOT NULL AND qty = 6"))
    assert free(tx) == 6
    tx.execute(text("UPDATE fulfil_line SET qty_reserved = 0, qty_cancelled = 1, qty_shipped = 3 WHERE group_no IS NOT NULL AND qty = 4"))
    assert free(tx) == 10, "the stock is still on hand in this test, though its promise is over"


LATER = "INSERT INTO supplier_item (supplier_no, sku, price, currency, active, valid_from, valid_until) VALUES "
#: What makes an offer one that is not in force today; the later one is another's day, item or supplier where it changes nothing.
OUT_OF_USE = (
    "UPDATE supplier SET active = false",
    "UPDATE supplier_item SET active = false",
    "UPDATE supplier_item SET valid_from = business_today() + 1",
    "UPDATE supplier_item SET valid_until = business_today() - 1",
    f"{LATER} ('S-ACME', 'GIANT-MAGNET', 1, 'EUR', false, business_today(), '9999-12-31')",
)
IN_USE = (
    "UPDATE supplier_item SET valid_from = business_today(), valid_until = business_today()",
    f"{LATER} ('S-ACME', 'GIANT-MAGNET', 1, 'EUR', false, business_today() + 1, '9999-12-31')",
    f"{LATER} ('S-ACME', 'GIANT-MAGNET', 1, 'EUR', false, business_today() - 9, business_today() - 1)",
    f"{LATER} ('S-ACME', 'TINY-PARASOL', 1, 'EUR', false, business_today() - 9, '9999-12-31')",
    f"{LATER} ('S-OTHER', 'GIANT-MAGNET', 1, 'EUR', false, business_today() - 9, '9999-12-31')",
)


@pytest.mark.parametrize("change", IN_USE)
def test_an_offer_is_in_force_from_its_first_day_to_its_last_whatever_else_is_on_file(tx, change):
    add_supplier(tx, SupplierDraft(supplier_no="S-OTHER", name="Other", country="AT", currency="EUR"))
    tx.execute(text(change))
    assert [offer.source for offer in look(tx, ["GIANT-MAGNET"], now(tx)).suppliers["GIANT-MAGNET"]] == ["S-ACME"]


@pytest.mark.parametrize("change", OUT_OF_USE)
def test_a_supplier_or_an_offer_that_is_out_of_use_is_not_asked(tx, change):
    assert [offer.source for offer in look(tx, ["GIANT-MAGNET"], now(tx)).suppliers["GIANT-MAGNET"]] == ["S-ACME"]
    tx.execute(text(change))
    assert look(tx, ["GIANT-MAGNET"], now(tx)).suppliers == {}


def test_only_the_items_that_are_asked_for_are_looked_at(tx):
    stock(tx, PARASOL, 10)
    supply_in(tx, PARASOL, 5, days=9)
    promised(tx, (PARASOL, 2))
    stock(tx, ANVIL, 10)
    tx.execute(text("INSERT INTO supplier_item (supplier_no, sku, price, currency) VALUES ('S-ACME', 'TINY-PARASOL', 1, 'EUR')"))
    seen = look(tx, [ANVIL, MAGNET], now(tx))
    assert (set(seen.stock), set(seen.suppliers)) == ({ANVIL}, {MAGNET})


def test_a_quote_is_answered_by_its_own_lines_items_and_classes(tx):
    for code in ("FENCED-BEFORE", "FENCED-AFTER"):
        catalog.set_item_class(tx, catalog.ItemClassDraft(code=code, time_fence_days=1, margin_floor_pct=D(0)))
    catalog.add_item(tx, catalog.ItemDraft(sku="ZEBRA-PAINT", name="Paint", sourcing="DROP"))
    tx.execute(text("UPDATE item SET sourcing = 'DROP' WHERE sku = :sku"), {"sku": ANVIL})
    for sku in (PARASOL, MAGNET):  # written anew, so that of all items the parasol is read neither first nor last
        tx.execute(text("UPDATE item SET cost = cost WHERE sku = :sku"), {"sku": sku})
    stock(tx, PARASOL, 10)

    def quoted(sku):
        draft = QuoteDraft(customer_no="C-COYOTE", requester="mia", lines=[QuoteLineDraft(sku=sku, qty=D(5))])
        answer = availability_of_quote(tx, create_quote(tx, draft), now(tx))
        return answer.complete, answer.short_lines

    assert [quoted(sku) for sku in (ANVIL, PARASOL, MAGNET)] == [(False, (1,)), (True, ()), (True, ())]
    tx.execute(text("UPDATE item SET sourcing = 'STOCK' WHERE sku = :sku"), {"sku": ANVIL})
    stock(tx, ANVIL, 1)
    assert quoted(ANVIL) == (False, (1,))


def test_a_line_is_planned_once_however_many_classes_of_items_there_are(tx):
    catalog.set_item_class(tx, catalog.ItemClassDraft(code="SEATING", margin_floor_pct=D(0)))
    assert [row["sku"] for row in open_lines(tx, [submitted(tx)])] == [ANVIL]


def test_a_promise_reserves_for_its_own_orders(tx):
    stock(tx, ANVIL, 20)
    other = promised(tx, (ANVIL, 2))
    commit_step(tx)
    fulfilment_lines.release(tx, tx.scalars(text("SELECT id FROM fulfil_line WHERE order_no = :no"), {"no": other}).all())
    commit_step(tx)
    promised(tx, (ANVIL, 3))
    assert tx.execute(text("SELECT order_no, qty_reserved FROM fulfil_line ORDER BY order_no")).all() == [(other, 0), ("SO-000002", 3)]


# ---- supply that is overdue


def supply(tx, days, qty=8, **more):
    given = {"reference": f"PO-{days}", "sku": ANVIL, "warehouse_code": "VIENNA"} | more
    expect_supply(tx, SupplyDraft(due_date=today(tx) + timedelta(days=days), qty_open=D(qty), **given))
    return tx.execute(text("SELECT max(id) FROM supply")).scalar_one()


def test_supply_is_overdue_when_something_of_it_is_missing_after_its_day_and_each_is_changed_by_itself(tx):
    late, complete, due, other = supply(tx, -2), supply(tx, -3), supply(tx, 0), supply(tx, -1)
    tx.execute(text("UPDATE supply SET qty_open = 0 WHERE id = :id"), {"id": complete})
    assert [each.supply_id for each in overdue.list_overdue(tx)] == [late, other]
    assert [overdue.read_missing(tx, each).overdue for each in (late, complete, due)] == [True, False, False]
    assert [overdue.read_missing(tx, each).reference for each in (late, due)] == ["PO--2", "PO-0"]
    commit_step(tx)
    overdue.redate(tx, late, today(tx))
    assert [each.supply_id for each in overdue.list_overdue(tx)] == [other]
    commit_step(tx)
    overdue.close(tx, due)
    open_now = text("SELECT id FROM supply WHERE qty_open > 0 ORDER BY id")
    assert tx.scalars(open_now).all() == [late, other]


def test_what_customers_wait_for_is_what_of_the_item_is_promised_by_nobody(tx):
    stock(tx, ANVIL, 4)
    promised(tx, (ANVIL, 10), (PARASOL, 3))
    assert overdue.read_missing(tx, supply(tx, -2)).qty_waiting == 6


def test_an_arrival_belongs_to_the_supply_it_names_while_somebody_chases_that(tx):
    tx.execute(text("INSERT INTO warehouse (code, name, country, time_zone) VALUES ('GRAZ', 'Graz', 'AT', 'UTC')"))
    named = supply(tx, -2, reference="PO-77")
    others = (
        supply(tx, -2, reference="PO-78"),
        supply(tx, -2, reference="PO-77", sku=PARASOL),
        supply(tx, -2, reference="PO-77", warehouse_code="GRAZ"),
        supply(tx, -2, reference="PO-77", kind="TRANSFER"),
    )
    arrival = SupplyArrival(reference="PO-77", sku=ANVIL, warehouse_code="VIENNA", qty=D(1), delivery_note="GR-1")
    buyer = standing_instance(tx, "overdue-supply")
    for each in others:
        standing_wait(tx, buyer, "supply.arrived", supply_id=str(each))
    standing_wait(tx, buyer, "supply.arrived", kind="signal", supply_id=str(named))
    standing_wait(tx, buyer, "supply.lost", supply_id=str(named))
    assert overdue.chased(tx, arrival) is None
    standing_wait(tx, buyer, "supply.arrived", supply_id=str(named))
    assert overdue.chased(tx, arrival) == named


def test_what_is_open_is_what_is_in_no_group_less_what_is_cancelled(tx):
    stock(tx, ANVIL, 4)
    order_no = promised(tx)
    other = promised(tx)
    assert [(row["order_no"], row["qty"]) for row in open_lines(tx, [order_no])] == [(order_no, 6)]
    tx.execute(text("UPDATE order_line SET qty_cancelled = 6 WHERE order_no = :no"), {"no": order_no})
    assert open_lines(tx, [order_no]) == []
    assert [row["order_no"] for row in open_lines(tx, [order_no, other])] == [other]
    tx.execute(text("UPDATE fulfil_line SET qty_cancelled = 1 WHERE group_no IS NOT NULL"))
    assert [row["qty"] for row in open_lines(tx, [order_no])] == [1], "what a group gives back is open again"


def test_what_ships_soon_is_reserved_and_what_ships_later_or_is_reserved_already_is_not(tx):
    choose(tx, "promise.reserve_within_days", D(5))
    stock(tx, ANVIL, 30)
    near = promised(tx, (ANVIL, 2))
    far = promised(tx, (ANVIL, 3), requested_date=today(tx) + timedelta(days=40))
    reserved = "SELECT sum(qty_reserved) FROM fulfil_line WHERE order_no = :no"
    assert [tx.execute(text(reserved), {"no": number}).scalar_one() for number in (near, far)] == [2, 0]
    promise_lines(tx, near, STOCK_ONLY, now(tx))
    assert tx.execute(text("SELECT sum(qty) FROM reservation WHERE state = 'ACTIVE'")).scalar_one() == 2


def test_the_run_lists_submitted_orders_with_a_line_that_waits(tx):
    stock(tx, ANVIL, 10)
    promised(tx)
    waits = promised(tx)
    submitted(tx)
    draft = order(tx, (ANVIL, 1))
    assert waiting(tx) == [waits]
    assert (waiting(tx, order_no=waits), waiting(tx, order_no=draft)) == ([waits], [])
    assert (waiting(tx, skus=(ANVIL,)), waiting(tx, skus=("TINY-PARASOL",))) == ([waits], [])
    tx.execute(text("UPDATE sales_order SET state = 'REJECTED' WHERE order_no = :no"), {"no": waits})
    assert waiting(tx) == []
    tx.execute(text("UPDATE sales_order SET state = 'SUBMITTED'"))
    tx.execute(text("UPDATE fulfil_line SET qty_cancelled = qty WHERE group_no IS NULL"))
    assert waiting(tx) == []


def test_only_an_active_hold_of_the_order_itself_that_stops_a_promise_keeps_it_out(tx):
    waits, other = promised(tx), submitted(tx)
    apply_hold(tx, other, "CREDIT_CHECK_FAILURE", "Over the limit")
    apply_hold(tx, waits, "MANUAL", "Look at it")
    assert waiting(tx) == [waits]
    apply_hold(tx, waits, "CREDIT_CHECK_FAILURE", "Over the limit")
    assert waiting(tx) == []
    release_hold(tx, waits, "CREDIT_CHECK_FAILURE", "Paid")
    assert waiting(tx) == [waits]


def test_the_earliest_wanted_day_of_the_lines_that_wait_is_the_orders(tx):
    stock(tx, "TINY-PARASOL", 5)
    day = today(tx)
    waits = promised(tx, (ANVIL, 1), ("TINY-PARASOL", 1), requested_date=day + timedelta(days=20))
    tx.execute(text("UPDATE order_line SET requested_arrival = :day WHERE sku = 'TINY-PARASOL'"), {"day": day - timedelta(days=9)})
    (found,) = waiting_orders(tx, Wanted(order_no=waits))
    assert found.wanted == day + timedelta(days=20), "the parasol is promised; nobody waits for it"


def test_a_run_of_nothing_asks_nothing(tx):
    assert cases(tx, Wanted()) == ([], [])


def test_news_tell_the_parts_of_the_groups_alone_and_what_of_the_order_still_waits(tx):
    stock(tx, ANVIL, 4)
    order_no = promised(tx)
    promised(tx)
    supply_in(tx, ANVIL, 5, days=20)
    again = promise_lines(tx, order_no, STOCK_ONLY, now(tx))
    (told,) = news_of(tx, [group.group_no for group in again.groups])
    assert [line["qty"] for line in told.payload["lines"]] == [5]
    assert told.payload["still_open"] == 1


def answered(tx):
    ranks, asked = cases(tx, Wanted())
    return Answered(
        ranks={case: Rank(strategy="GAIN", priority=1) for case in ranks},
        asked=frozenset(asked),
        sourcing=read_answers(STOCK_ONLY * len(asked), asked),
    )


def test_an_order_whose_case_nobody_was_asked_for_is_left_to_the_next_round(tx):
    order_no = promised(tx)
    stock(tx, ANVIL, 10)
    known = answered(tx)
    strange = Answered(ranks=known.ranks, asked=frozenset([Case(item_class="X", region="", customer_class="A")]), sourcing={})
    assert run_round(tx, Wanted(), strange, now(tx)).promised == ()
    unranked = Answered(ranks={}, asked=known.asked, sourcing=known.sourcing)
    assert run_round(tx, Wanted(), unranked, now(tx)).promised == ()
    assert [each.order_no for each in run_round(tx, Wanted(), known, now(tx)).promised] == [order_no]


def test_exactly_as_many_orders_as_a_round_takes_leave_nothing_for_another(tx):
    for _ in range(2):
        promised(tx)
    stock(tx, ANVIL, 20)
    choose(tx, "promise.most_in_a_round", D(2))
    served = run_round(tx, Wanted(), answered(tx), now(tx))
    assert (len(served.promised), served.more) == (2, False)


def test_two_runs_at_the_same_moment_promise_every_piece_once(database):
    with database.transaction() as tx:
        open_trade(tx)
        for _ in range(4):
            promised(tx, (ANVIL, 3), ("TINY-PARASOL", 1))
        stock(tx, ANVIL, 9)
        stock(tx, "TINY-PARASOL", 4)
    start = Barrier(2)

    def run(_number):
        with database.transaction() as tx:
            asked = answered(tx)
            start.wait()
            return sum(len(each.groups) for each in run_round(tx, Wanted(), asked, now(tx)).promised)

    with ThreadPoolExecutor(2) as threads:
        groups = list(threads.map(run, range(2)))
    with database.transaction() as tx:
        assert sorted(groups) == [0, 4]
        assert tx.execute(text("SELECT sum(qty - qty_cancelled) FROM fulfil_line WHERE group_no IS NOT NULL")).scalar_one() == 13
        assert tx.execute(text("SELECT sum(reserved) FROM stock_balance")).scalar_one() == 13
        assert [result.id for result in check_all(tx) if not result.ok] == []
