"""The credit check over open items, shipped and booked orders."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from sqlalchemy import insert, text

from engine.problems import Invalid, NotFound
from engine.service_tasks import Refused
from handlers.credit import tasks as credit
from handlers.credit.decisions import Ruling, decide
from handlers.ledger import posting
from handlers.ledger.books import set_rate
from handlers.ledger.model import OpenItem
from handlers.orders import tasks as orders
from handlers.orders.holds import apply_hold
from handlers.orders.story import order_story
from handlers.promising.promise import promise_lines
from tests.integration.orders.trade import STOCK_ONLY, D, add_coyote, context, open_trade, order, stock
from tests.steps import commit_step


def assessed(tx, order_no):
    return credit.assess_exposure(credit.OrderNumber(order_no), tx)


def owe(tx, document_no, amount, due_in_days, **more) -> None:
    today = tx.execute(text("SELECT current_date")).scalar_one()
    tx.execute(
        insert(OpenItem).values(
            {
                "kind": "AR",
                "party_no": "C-COYOTE",
                "document_no": document_no,
                "document_date": today,
                "due_date": today + timedelta(days=due_in_days),
                "original": amount,
                "open_amount": amount,
                "open_in_books": amount,
                "currency": "EUR",
            }
            | more
        )
    )


def booked(tx, qty, **more):
    order_no = order(tx, ("OMINOUS-ANVIL", qty), **more)
    orders.price_order(orders.OrderNumber(order_no), tx)
    orders.submit_order(orders.OrderNumber(order_no), tx)
    promise_lines(tx, order_no, STOCK_ONLY, context(tx).now)
    return order_no


def test_open_invoices_count_and_the_oldest_overdue_one_is_named(database):
    with database.transaction() as tx:
        open_trade(tx)
        owe(tx, "INV-1", 600, -40)
        owe(tx, "INV-2", 400, 10)
        order_no = order(tx, ("OMINOUS-ANVIL", 10))
        orders.price_order(orders.OrderNumber(order_no), tx)
        facts = assessed(tx, order_no)
        assert (facts.exposure, facts.available, facts.order_total) == (1000, 9000, 300)
        assert (facts.oldest_overdue_days, facts.overdue_share_pct, facts.customer_class) == (40, 60, "B")


def test_booked_orders_count_with_tax_until_they_ship_and_shipped_ones_until_they_are_billed(database):
    with database.transaction() as tx:
        open_trade(tx)
        stock(tx, "OMINOUS-ANVIL", 100)
        booked(tx, 10)
        asking = order(tx, ("OMINOUS-ANVIL", 1))
        assert assessed(tx, asking).exposure == 300
        tx.execute(text("UPDATE fulfil_line SET qty_shipped = 4"))
        assert assessed(tx, asking).exposure == 300, "6 booked and 4 shipped"
        tx.execute(text("UPDATE fulfil_line SET qty_invoiced = 4"))
        assert assessed(tx, asking).exposure == 180, "the 4 that are billed are an open item from now on"


def approved(tx, qty, *, by="decision:credit-check", **more):
    """An order that was priced, approved and submitted, and is not promised yet."""
    order_no = order(tx, ("OMINOUS-ANVIL", qty), **more)
    orders.price_order(orders.OrderNumber(order_no), tx)
    assessed(tx, order_no)
    decide(tx, Ruling(order_no, None, "APPROVED", "", by))
    orders.submit_order(orders.OrderNumber(order_no), tx)
    return order_no


def of_group(tx, group_no):
    order_no = tx.execute(text("SELECT order_no FROM fulfil_group WHERE group_no = :no"), {"no": group_no}).scalar_one()
    return credit.assess_release(credit.GroupOfOrder(order_no, group_no), tx)


def promised(tx, days):
    """An approved order of ten anvils that is promised and leaves in so many days, with its group."""
    open_trade(tx)
    stock(tx, "OMINOUS-ANVIL", 100)
    order_no = approved(tx, 10)
    promise_lines(tx, order_no, STOCK_ONLY, context(tx).now)
    return order_no, ship_in(tx, order_no, days)


def ship_in(tx, order_no, days) -> str:
    """Let the whole order ship in so many days; answer its group."""
    given = {"no": order_no, "days": days}
    tx.execute(text("UPDATE fulfil_line SET sched_ship = business_today() + CAST(:days AS int) WHERE order_no = :no"), given)
    moved = "UPDATE fulfil_group SET ship_date = business_today() + CAST(:days AS int) WHERE order_no = :no RETURNING group_no"
    return tx.execute(text(moved), given).scalar_one()


def checked_ago(tx, order_no, days) -> None:
    for moment in ("checked_at", "decided_at"):
        aged = f"UPDATE credit_check SET {moment} = {moment} - make_interval(days => :days) WHERE order_no = :no"
        tx.execute(text(aged), {"no": order_no, "days": days})


def test_an_order_counts_from_its_approval_promised_or_not_and_so_do_backorders(database):
    with database.transaction() as tx:
        open_trade(tx)
        approved(tx, 10)
        assert assessed(tx, order(tx, ("OMINOUS-ANVIL", 1))).exposure == 300, "approved and not promised"
        promise_lines(tx, "SO-000001", STOCK_ONLY, context(tx).now)
        assert tx.execute(text("SELECT count(*) FROM fulfil_line WHERE group_no IS NULL")).scalar_one() == 1
        assert assessed(tx, order(tx, ("OMINOUS-ANVIL", 1))).exposure == 300, "a backorder"


def test_what_is_asked_and_not_decided_counts_and_what_was_refused_does_not(database):
    with database.transaction() as tx:
        open_trade(tx)
        asked, refused, asking = (order(tx, ("OMINOUS-ANVIL", 10)) for _ in range(3))
        for each in (asked, refused, asking):
            orders.price_order(orders.OrderNumber(each), tx)
        assessed(tx, refused)
        decide(tx, Ruling(refused, None, "HOLD", "", "decision:credit-check"))
        assessed(tx, asked)
        assert assessed(tx, asking).exposure == 300


def test_a_rejected_order_does_not_count(database):
    with database.transaction() as tx:
        open_trade(tx)
        tx.execute(text("UPDATE sales_order SET state = 'REJECTED' WHERE order_no = :no"), {"no": approved(tx, 10)})
        assert assessed(tx, order(tx, ("OMINOUS-ANVIL", 1))).exposure == 0


def test_four_orders_at_once_pass_a_limit_that_is_enough_for_one_only_once(database):
    with database.transaction() as tx:
        open_trade(tx)
        add_coyote(tx, "C-SMALL", credit_limit=D(1000))
        numbers = [order(tx, ("OMINOUS-ANVIL", 24), customer_no="C-SMALL") for _ in range(4)]
        for order_no in numbers:
            orders.price_order(orders.OrderNumber(order_no), tx)
    together = Barrier(4)

    def ask(order_no: str) -> bool:
        together.wait(10)
        with database.transaction() as tx:
            found = assessed(tx, order_no)
            fits = found.order_total <= found.available
            decide(tx, Ruling(order_no, None, "APPROVED" if fits else "HOLD", "", "decision:credit-check"))
            return fits

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(ask, numbers)) == [False, False, False, True]


@pytest.mark.parametrize(("days", "age", "stands"), [(30, 7, True), (31, 0, False), (5, 8, False), (30, 0, True)])
def test_an_approval_covers_a_release_within_the_horizon_for_seven_days(database, days, age, stands):
    with database.transaction() as tx:
        order_no, group = promised(tx, days - age)
        checked_ago(tx, order_no, age)
        assert credit.check_release(credit.GroupNumber(group), tx).stands is stands


def test_a_release_that_was_refused_does_not_stand_until_it_is_approved_and_is_one_question_meanwhile(database):
    with database.transaction() as tx:
        order_no, group = promised(tx, 40)
        asked = credit.check_release(credit.GroupNumber(group), tx)
        of_group(tx, group)
        assert credit.check_release(credit.GroupNumber(group), tx) == asked
        decide(tx, Ruling(order_no, group, "HOLD", "", "decision:credit-check"))
        assert credit.check_release(credit.GroupNumber(group), tx) == asked
        decide(tx, Ruling(order_no, group, "APPROVED", "", "carla.credit"))
        released = credit.check_release(credit.GroupNumber(group), tx)
        assert (released.stands, released.request == asked.request) == (True, False)
        with pytest.raises(NotFound, match="no group FG-9"):
            credit.check_release(credit.GroupNumber("FG-9"), tx)


def test_a_release_of_what_was_cancelled_while_the_question_was_on_its_way_is_no_question(database):
    with database.transaction() as tx:
        _, group = promised(tx, 40)
        checks = "SELECT count(*) FROM credit_check"
        before = tx.scalar(text(checks))
        tx.execute(text("UPDATE fulfil_group SET cancelled_at = business_now()"))
        with pytest.raises(Refused, match="cancelled"):
            of_group(tx, group)
        assert tx.scalar(text(checks)) == before


def test_at_release_a_group_is_asked_for_beside_what_was_approved_before_it(database):
    with database.transaction() as tx:
        open_trade(tx)
        stock(tx, "OMINOUS-ANVIL", 100)
        near, far, other = (approved(tx, qty) for qty in (10, 20, 5))
        for each in (near, far, other):
            promise_lines(tx, each, STOCK_ONLY, context(tx).now)
        near_group, far_group, other_group = ship_in(tx, near, 3), ship_in(tx, far, 40), ship_in(tx, other, 45)
        facts = of_group(tx, far_group)
        assert (facts.order_total, facts.exposure) == (600, 300), "the other far one has still to ask"
        decide(tx, Ruling(far, far_group, "APPROVED", "", "decision:credit-check"))
        assert of_group(tx, other_group).exposure == 900
        decide(tx, Ruling(other, other_group, "HOLD", "", "decision:credit-check"))
        assert of_group(tx, near_group).exposure == 600, "what was refused does not count"
        tx.execute(text("UPDATE fulfil_line SET qty_shipped = 4 WHERE group_no = :no"), {"no": near_group})
        facts = of_group(tx, near_group)
        assert (facts.order_total, facts.exposure) == (180, 720), "6 are left of it, and 4 were shipped"


def test_an_order_on_credit_hold_or_far_ahead_or_cancelled_does_not_count(database):
    with database.transaction() as tx:
        open_trade(tx)
        stock(tx, "OMINOUS-ANVIL", 100)
        held, far, cancelled = (booked(tx, 10) for _ in range(3))
        apply_hold(tx, held, "CREDIT_CHECK_FAILURE", "Over the limit")
        tx.execute(text("UPDATE fulfil_line SET sched_ship = current_date + 31 WHERE order_no = :far"), {"far": far})
        orders.cancel_order(orders.Reasoned(cancelled, "Not needed"), tx, context(tx))
        assert assessed(tx, order(tx, ("OMINOUS-ANVIL", 1))).exposure == 0


def test_an_order_does_not_count_against_itself(database):
    with database.transaction() as tx:
        open_trade(tx)
        stock(tx, "OMINOUS-ANVIL", 100)
        assert assessed(tx, booked(tx, 10)).exposure == 0


def test_what_is_owed_in_dollars_counts_at_the_rate_on_file(database):
    with database.transaction() as tx:
        open_trade(tx)
        owe(tx, "INV-1", 1000, 10, currency="USD")
        order_no = order(tx, ("OMINOUS-ANVIL", 1))
        with pytest.raises(Invalid, match="No exchange rate for USD"):
            assessed(tx, order_no)
        set_rate(tx, "USD", tx.execute(text("SELECT current_date")).scalar_one(), D("0.92"))
        assert assessed(tx, order_no).exposure == 920


def test_nobody_pays_for_the_debts_of_another(database):
    with database.transaction() as tx:
        open_trade(tx)
        add_coyote(tx, "C-ROADRUNNER")
        owe(tx, "INV-1", 5000, -90, party_no="C-ROADRUNNER")
        facts = assessed(tx, order(tx, ("OMINOUS-ANVIL", 1)))
        assert (facts.exposure, facts.oldest_overdue_days) == (0, 0)


def test_the_decision_is_kept_with_its_figures_and_on_the_order(database):
    with database.transaction() as tx:
        open_trade(tx)
        order_no = order(tx, ("OMINOUS-ANVIL", 1))
        assessed(tx, order_no)
        by_table = credit.RecordDecision(order_no, "HOLD", "Too much", decision_table="credit-check")
        credit.record_decision(by_table, tx, context(tx, "tom.clerk"))
        assert order_story(tx, order_no).order["credit_status"] == "HOLD"
        credit.record_decision(credit.RecordDecision(order_no, "APPROVED", "Known buyer"), tx, context(tx, "carla.credit"))
        kept = tx.execute(text("SELECT decision, reason, decided_by, exposure FROM credit_check ORDER BY id")).all()
        assert kept == [("HOLD", "Too much", "decision:credit-check", 0), ("APPROVED", "Known buyer", "carla.credit", 0)]
        assert order_story(tx, order_no).order["credit_status"] == "APPROVED"
        told = "SELECT actor FROM order_event WHERE kind = 'credit_decided' ORDER BY id"
        assert tx.execute(text(told)).scalars().all() == ["decision:credit-check", "carla.credit"]
        with pytest.raises(Invalid, match="no credit decision"):
            credit.record_decision(credit.RecordDecision(order_no, "MAYBE"), tx, context(tx))


# ---- each condition of what counts, one at a time


def test_what_another_customer_has_ordered_counts_for_nobody_else_promised_or_not(database):
    with database.transaction() as tx:
        open_trade(tx)
        stock(tx, "OMINOUS-ANVIL", 100)
        add_coyote(tx, "C-ROADRUNNER")
        booked(tx, 10, customer_no="C-ROADRUNNER")
        approved(tx, 20, customer_no="C-ROADRUNNER")
        assert assessed(tx, order(tx, ("OMINOUS-ANVIL", 1))).exposure == 0


def test_an_order_that_is_not_promised_counts_beside_one_that_is(database):
    with database.transaction() as tx:
        open_trade(tx)
        stock(tx, "OMINOUS-ANVIL", 100)
        booked(tx, 10)
        approved(tx, 20)
        assert assessed(tx, order(tx, ("OMINOUS-ANVIL", 1))).exposure == 900


@pytest.mark.parametrize("promised", [True, False])
def test_a_cancelled_order_in_dollars_asks_for_no_exchange_rate(database, promised):
    with database.transaction() as tx:
        open_trade(tx)
        cancelled = booked(tx, 10) if promised else approved(tx, 10)
        commit_step(tx)
        tx.execute(text("UPDATE sales_order SET currency = 'USD'"))
        tx.execute(text("UPDATE order_line SET qty_cancelled = qty_ordered"))
        tx.execute(text("UPDATE fulfil_line SET qty_cancelled = qty"))
        asking = order(tx, ("OMINOUS-ANVIL", 1))
        assert (cancelled, assessed(tx, asking).exposure) == ("SO-000001", 0)


def test_a_paid_invoice_in_dollars_asks_for_no_rate_and_its_reminders_are_forgotten(database):
    with database.transaction() as tx:
        open_trade(tx)
        owe(tx, "INV-1", 1000, -40, currency="USD", open_amount=0, dunning_level=3)
        facts = assessed(tx, order(tx, ("OMINOUS-ANVIL", 1)))
        assert (facts.exposure, facts.dunning_level, facts.oldest_overdue_days, facts.overdue_share_pct) == (0, 0, 0, 0)


def test_what_we_owe_a_customer_who_is_also_a_supplier_is_not_what_he_owes_us(database):
    with database.transaction() as tx:
        open_trade(tx)
        owe(tx, "INV-1", 400, -10)
        owe(tx, "BILL-1", 900, -20, kind="AP")
        facts = assessed(tx, order(tx, ("OMINOUS-ANVIL", 1)))
        assert (facts.exposure, facts.oldest_overdue_days, facts.overdue_share_pct) == (400, 10, 100)


def test_an_invoice_that_is_due_today_is_not_overdue(database):
    with database.transaction() as tx:
        open_trade(tx)
        owe(tx, "INV-1", 400, 0)
        owe(tx, "INV-2", 100, -1)
        facts = assessed(tx, order(tx, ("OMINOUS-ANVIL", 1)))
        assert (facts.oldest_overdue_days, facts.overdue_share_pct) == (1, 20)


def test_what_another_owes_too_late_is_no_part_of_the_share_that_is_overdue(database):
    with database.transaction() as tx:
        open_trade(tx)
        add_coyote(tx, "C-ROADRUNNER")
        owe(tx, "INV-1", 400, 5)
        owe(tx, "INV-2", 100, -9, party_no="C-ROADRUNNER")
        assert assessed(tx, order(tx, ("OMINOUS-ANVIL", 1))).overdue_share_pct == 0


def test_what_another_was_sent_counts_for_nobody_else_and_what_is_billed_in_dollars_asks_for_no_rate(database):
    with database.transaction() as tx:
        open_trade(tx)
        stock(tx, "OMINOUS-ANVIL", 100)
        add_coyote(tx, "C-ROADRUNNER")
        theirs, billed = booked(tx, 10, customer_no="C-ROADRUNNER"), booked(tx, 5)
        tx.execute(text("UPDATE fulfil_line SET qty_shipped = qty"))
        tx.execute(text("UPDATE fulfil_line SET qty_invoiced = qty WHERE order_no = :no"), {"no": billed})
        tx.execute(text("UPDATE sales_order SET currency = 'USD' WHERE order_no = :no"), {"no": billed})
        assert (theirs, assessed(tx, order(tx, ("OMINOUS-ANVIL", 1))).exposure) == ("SO-000001", 0)


def test_a_check_that_was_tampered_with_stays_so_when_another_is_made(database):
    with database.transaction() as tx:
        open_trade(tx)
        approved(tx, 10)
        tx.execute(text("UPDATE credit_check SET credit_limit = 1000000"))
        approved(tx, 5)
        broken = "SELECT order_no FROM credit_check WHERE fingerprint <> credit_check_fingerprint(credit_check)"
        assert tx.execute(text(broken)).scalars().all() == ["SO-000001"]


def test_only_his_own_money_on_account_is_taken_off(database):
    with database.transaction() as tx:
        open_trade(tx)
        add_coyote(tx, "C-ROADRUNNER")
        owe(tx, "INV-1", 1000, 5)
        for number, (party, amount) in enumerate((("C-COYOTE", 150), ("C-ROADRUNNER", 700))):
            lines = [posting.debit("1000", D(amount)), posting.credit("1290", D(amount), party_no=party, reference=f"RC-{number}")]
            posting.post(tx, posting.Entry("test.paid", f"RC-{number}", "EUR", lines))
        lines = [posting.debit("1200", D(90), party_no="C-COYOTE", reference="INV-1"), posting.credit("4000", D(90))]
        posting.post(tx, posting.Entry("test.owed", "INV-1", "EUR", lines))
        assert assessed(tx, order(tx, ("OMINOUS-ANVIL", 1))).exposure == 850


def test_only_a_credit_hold_of_the_order_itself_that_nobody_released_keeps_it_from_counting(database):
    with database.transaction() as tx:
        open_trade(tx)
        stock(tx, "OMINOUS-ANVIL", 100)
        held, address, released, free = (booked(tx, 10) for _ in range(4))
        apply_hold(tx, held, "CREDIT_CHECK_FAILURE", "Over the limit")
        apply_hold(tx, address, "ADDRESS", "No such street")
        apply_hold(tx, released, "CREDIT_CHECK_FAILURE", "Over the limit")
        tx.execute(text("UPDATE hold SET released_at = now(), released_by = 'carla.credit' WHERE order_no = :no"), {"no": released})
        assert assessed(tx, order(tx, ("OMINOUS-ANVIL", 1))).exposure == 900, f"{address}, {released} and {free}"


def two_promised(tx):
    """Two approved orders, of 10 and 20, whose goods are reserved."""
    open_trade(tx)
    stock(tx, "OMINOUS-ANVIL", 100)
    orders = approved(tx, 10), approved(tx, 20)
    for each in orders:
        promise_lines(tx, each, STOCK_ONLY, context(tx).now)
    return orders


@pytest.mark.parametrize("refused", [False, True])
def test_at_release_what_was_beyond_the_horizon_of_another_orders_approval_has_still_to_ask(database, refused):
    with database.transaction() as tx:
        old, asking = two_promised(tx)
        old_group, group = ship_in(tx, old, 20), ship_in(tx, asking, 3)
        checked_ago(tx, old, 20)  # its horizon of 30 days ended 10 days from now
        if refused:
            of_group(tx, old_group)
            decide(tx, Ruling(old, old_group, "HOLD", "", "decision:credit-check"))
        assert of_group(tx, group).exposure == 0
        assert assessed(tx, order(tx, ("OMINOUS-ANVIL", 1))).exposure == 900, "an order is asked beside all of the next 30 days"


def test_a_decision_goes_to_the_latest_check_of_its_own_order_and_group(database):
    with database.transaction() as tx:
        mine, other = two_promised(tx)
        group, far = ship_in(tx, mine, 40), ship_in(tx, other, 40)
        for asked in (mine, other):
            assessed(tx, asked)
        for asked in (group, far):
            of_group(tx, asked)
        decide(tx, Ruling(mine, None, "PREPAY", "Half of it", "carla.credit"))
        decide(tx, Ruling(other, None, "HOLD", "Too much", "carla.credit"))
        decide(tx, Ruling(mine, group, "APPROVED", "Known buyer", "carla.credit"))
        kept = tx.execute(text("SELECT order_no, group_no, decision FROM credit_check WHERE id > 2 ORDER BY id")).all()
        assert kept == [(mine, None, "PREPAY"), (other, None, "HOLD"), (mine, group, "APPROVED"), (other, far, "")]


def test_an_approval_is_of_its_own_order_or_group_and_of_no_other(database):
    with database.transaction() as tx:
        mine, other = two_promised(tx)
        group, far = ship_in(tx, mine, 5), ship_in(tx, other, 40)
        asked = credit.check_release(credit.GroupNumber(group), tx)
        of_group(tx, far)
        decide(tx, Ruling(other, far, "HOLD", "", "decision:credit-check"))
        assert credit.check_release(credit.GroupNumber(group), tx) == asked, "another order's refusal"
        assert asked.stands
        decide(tx, Ruling(other, far, "APPROVED", "", "carla.credit"))
        assert credit.check_release(credit.GroupNumber(group), tx) == asked, "another order's approval"
        decide(tx, Ruling(other, None, "HOLD", "", "carla.credit"))
        assert credit.check_release(credit.GroupNumber(group), tx) == asked, "another order's refusal as a whole"
        tx.execute(text("UPDATE credit_check SET group_no = :far, order_no = :no WHERE group_no = :far"), {"far": far, "no": mine})
        refused = "UPDATE credit_check SET decision = 'HOLD', decided_at = now() WHERE group_no = :far"
        tx.execute(text(refused), {"far": far})
        assert credit.check_release(credit.GroupNumber(group), tx).stands, "the refusal of another group of the order"
