"""What is billed before the goods leave stands as owed to the customer until their invoices take it off, to the cent."""

from datetime import date
from decimal import Decimal

from sqlalchemy import text

from handlers.billing import advance_tasks, tasks
from handlers.billing.en16931 import validate_invoice
from handlers.billing.facts import read_facts
from handlers.billing.ubl import write_ubl
from handlers.credit.exposure import assess
from handlers.invariants import check_all
from handlers.ledger.books import set_rate
from handlers.ledger.posting import balances
from tests.integration.billing.test_before_posting import ship
from tests.integration.golden.builders import Sold, context, effects, one, order

D = Decimal


def step(percent, policy="DEPOSIT", **changes):
    return advance_tasks.PlannedStep(**{"name": "Deposit", "policy": policy, "percent": D(percent), "due": "ORDER"} | changes)


def plan(tx, order_no, *steps):
    return advance_tasks.plan_advances(advance_tasks.Plan(order_no, steps), tx)


def bill_ahead(world, order_no, step_no=1):
    with world.transaction() as tx:
        made = advance_tasks.bill_in_advance(advance_tasks.OfStep(order_no, step_no), tx, context())
    if made.invoice_no:
        send(world, made.invoice_no)
    return made.invoice_no


def send(world, number):
    tasks.prepare_invoice(tasks.OfInvoice(number), world)
    with world.transaction() as tx:
        tasks.post_invoice(tasks.OfInvoice(number), tx)
        tasks.deliver_invoice(tasks.OfInvoice(number), tx, effects())


def bill(world, group):
    shipment_no = ship(world, group)
    with world.transaction() as tx:
        made = tasks.create_invoice(tasks.OfShipment(shipment_no), tx, context())
    send(world, made.invoice_no)
    return made.invoice_no


def in_books(world, *accounts):
    with world.transaction() as tx:
        found = balances(tx)
        assert [each for each in check_all(tx) if not each.ok] == []
    return tuple(found.get(account, 0) for account in accounts)


def amounts(world, number):
    with world.transaction() as tx:
        row = tx.execute(
            text("SELECT net_total, freight_total, tax_total, gross_total FROM invoice WHERE invoice_no = :no"), {"no": number}
        )
        assert validate_invoice(write_ubl(read_facts(tx, number))) == []
        return tuple(row.one())


def test_g8_a_deposit_of_30_percent_is_used_up_by_the_final_invoice(world):
    with world.transaction() as tx:
        made = order(tx, [Sold("60", "22.50")], freight="40.00")
        assert plan(tx, made.order_no, step("30")).steps == 1
    deposit = bill_ahead(world, made.order_no)
    assert amounts(world, deposit) == (D("417.00"), 0, D("83.40"), D("500.40"))
    assert in_books(world, "1200", "2300", "2200", "4000") == (D("500.40"), D("-417.00"), D("-83.40"), 0)
    final = bill(world, made.groups[0])
    assert amounts(world, final) == (D("933.00"), D("40.00"), D("194.60"), D("1167.60"))
    assert in_books(world, "1200", "2300", "2200", "4000", "4100") == (1668, 0, -278, -1350, -40)
    with world.transaction() as tx:
        document = write_ubl(read_facts(tx, final)).decode()
        assert advance_tasks.look_at_advances(advance_tasks.OfOrder(made.order_no), tx) == advance_tasks.Advances(
            is_over=True, is_paid=True, is_held=False, unused=[]
        )
    assert ("Less invoice in advance INV-000001" in document, ">-1</cbc:InvoicedQuantity>" in document) == (True, True)


def test_an_order_billed_with_the_order_is_deferred_until_its_parts_leave(world):
    with world.transaction() as tx:
        made = order(tx, [Sold("3", "3.33", ("1", "2"))])
        plan(tx, made.order_no, step("100", "ON_ORDER", name="Payment in advance"))
    ahead = bill_ahead(world, made.order_no)
    assert amounts(world, ahead) == (D("9.99"), 0, D("2.00"), D("11.99"))
    assert in_books(world, "2400", "1500") == (D("-9.99"), 0)
    first = bill(world, made.groups[0])
    assert amounts(world, first) == (0, 0, 0, 0)
    assert in_books(world, "2400", "4000", "1500", "5000") == (D("-6.66"), D("-3.33"), 0, 14)
    bill(world, made.groups[1])
    assert in_books(world, "1200", "2400", "4000", "2200") == (D("11.99"), 0, D("-9.99"), -2)


def test_milestones_come_to_their_part_of_the_order_and_the_last_finds_what_is_left(world):
    with world.transaction() as tx:
        made = order(tx, [Sold("1", "10.01"), Sold("1", "100.00", tax_rate="10")])
        steps = [step("33.33", "MILESTONE", due="CONFIRMED", name=name) for name in ("Drawing", "Sample", "Approval")]
        plan(tx, made.order_no, *steps)
        assert plan(tx, made.order_no, step("5")).steps == 3, "a plan that was kept stays"
    found = []
    for number in (1, 2, 3):
        with world.transaction() as tx:
            waiting = advance_tasks.next_advance(advance_tasks.OfOrder(made.order_no), tx)
            assert (waiting.step_no, waiting.due) == (number, "CONFIRMED")
            advance_tasks.confirm_milestone(advance_tasks.OfStep(made.order_no, number), tx, context())
        found.append(amounts(world, bill_ahead(world, made.order_no, number))[0])
    assert found == [D("36.67"), D("36.66"), D("36.67")]
    with world.transaction() as tx:
        assert advance_tasks.next_advance(advance_tasks.OfOrder(made.order_no), tx).step_no is None
    assert amounts(world, bill(world, made.groups[0]))[0] == D("0.01")


def test_a_milestone_reached_after_the_goods_were_billed_has_nothing_to_charge(world):
    with world.transaction() as tx:
        made = order(tx, [Sold("1", "10.00")])
        plan(tx, made.order_no, step("50", "MILESTONE", due="CONFIRMED"))
    bill(world, made.groups[0])
    assert bill_ahead(world, made.order_no) is None
    with world.transaction() as tx:
        assert advance_tasks.next_advance(advance_tasks.OfOrder(made.order_no), tx).step_no is None


def test_what_was_paid_in_advance_in_dollars_is_revenue_at_the_rate_of_that_day(world):
    with world.transaction() as tx:
        set_rate(tx, "USD", date(2026, 1, 1), D("0.90"))
        made = order(tx, [Sold("10", "100.00")], currency="USD")
        plan(tx, made.order_no, step("40"))
    bill_ahead(world, made.order_no)
    with world.transaction() as tx:
        set_rate(tx, "USD", date(2026, 3, 10), D("0.95"))
    bill(world, made.groups[0])
    assert in_books(world, "2300", "4000", "1200") == (0, D("-930.00"), D("1116.00"))


def test_a_step_that_is_asked_for_twice_is_billed_once(world):
    with world.transaction() as tx:
        made = order(tx, [Sold("1", "10.00")])
        plan(tx, made.order_no, step("50"))
    with world.transaction() as tx:
        first = advance_tasks.bill_in_advance(advance_tasks.OfStep(made.order_no, 1), tx, context())
        again = advance_tasks.bill_in_advance(advance_tasks.OfStep(made.order_no, 1), tx, context())
    assert (first.created, again) == (True, advance_tasks.BilledInAdvance(first.invoice_no, created=False))


def test_before_the_goods_leave_their_invoice_is_tried_with_its_advance_taken_off(world):
    with world.transaction() as tx:
        made = order(tx, [Sold("2", "10.00")])
        plan(tx, made.order_no, step("50"))
    bill_ahead(world, made.order_no)
    tasks.check_group(tasks.OfGroup(made.groups[0]), world, context())
    with world.transaction() as tx:
        assert one(tx, "SELECT count(*) FROM invoice") == 1


def test_what_was_billed_in_advance_counts_once_as_exposure_owed_or_paid(world):
    """An order of 120.00, of which 36.00 are billed ahead: 36.00 owed and 84.00 to come, and 84.00 once the deposit is paid."""

    def exposure():
        with world.transaction() as tx:
            found = assess(tx, asked.order_no)
            return found.open_ar, found.booked_not_shipped + found.shipped_not_invoiced

    with world.transaction() as tx:
        made = order(tx, [Sold("4", "25.00", parts=("2", "2"))])
        asked = order(tx, [Sold("1", "10.00")])
        plan(tx, made.order_no, step("30"))
    assert exposure() == (0, 120)
    bill_ahead(world, made.order_no)
    assert exposure() == (36, 84)
    ship(world, made.groups[0])
    assert exposure() == (36, 84)
    with world.transaction() as tx:
        tx.execute(text("UPDATE open_item SET open_amount = 0, open_in_books = 0"))
    assert exposure() == (0, 84)
