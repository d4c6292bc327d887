"""Each condition of matching and paying bills has a case here that goes wrong without it: of two orders with one supplier one is meant."""

from datetime import date

import pytest
from sqlalchemy import text

from engine.service_tasks import Refused
from handlers.dropship import agreement, payables, payments, progress, purchasing, returned
from handlers.ledger import posting
from tests.integration.dropship.side_by_side import DAY, LAMP, MINE, OTHER, D, approve, bill, charge, delivered, pay
from tests.integration.golden.builders import one
from tests.steps import as_a_step, commit_step

# ---- bills


def measured(tx, number):
    order_row = purchasing.lock_order(tx, MINE)
    return payables._billed(tx, payables.lock_bill(tx, number), order_row)


def test_a_bill_is_measured_by_its_own_lines_and_what_was_billed_of_them_before(tx, agreed):
    delivered(tx, OTHER, "LS-1", (1, 20), (2, 6))
    delivered(tx, MINE, "LS-2", (1, 10), (2, 4))
    tx.execute(text("UPDATE item SET tax_category = 'Z' WHERE sku = :sku"), {"sku": LAMP})
    for country, rate, since, until in (
        ("AT", 10, date(2020, 1, 1), date(2026, 2, 28)),
        ("DE", 19, date(2020, 1, 1), date(2099, 1, 1)),
        ("AT", 25, date(2026, 6, 1), date(2099, 1, 1)),
    ):
        tx.execute(_RATE, {"country": country, "rate": rate, "since": since, "until": until})
    commit_step(tx)
    approve(tx, OTHER, bill(tx, charge(OTHER, "RE-1", (1, 20, "55"))), DAY)
    approve(tx, MINE, bill(tx, charge(MINE, "RE-2", (1, 4, "55"))), DAY)
    bill(tx, charge(MINE, "RE-3", (2, 2, "30")))
    number = bill(tx, charge(MINE, "RE-4", (1, 6, "55"), (2, 4, "31")))
    lines = measured(tx, number)
    assert [(line.qty, line.ordered_qty, line.received, line.billed_before) for line in lines] == [(6, 10, 10, 4), (4, 4, 4, 0)]
    assert {line.own_tax_pct for line in lines} == {20}
    assert tx.execute(text("SELECT po_no, qty_billed FROM po_line ORDER BY id")).all() == [(OTHER, 20), (OTHER, 0), (MINE, 4), (MINE, 0)]
    commit_step(tx)
    approve(tx, MINE, number, DAY)
    assert [line.billed_before for line in measured(tx, number)] == [4, 0], "it is not before itself"


def test_a_bill_is_a_twin_of_one_of_the_same_order_day_and_amount_that_stands(tx, two):
    read = as_a_step(payables.read_match_facts)
    bill(tx, charge(OTHER, "RE-2", (1, 2, "55")))
    refused = bill(tx, charge(MINE, "RE-1", (1, 2, "55")))
    as_a_step(payables.reject)(tx, refused, "Not ours")
    assert tx.scalars(text("SELECT supplier_invoice_no FROM supplier_invoice WHERE rejected_at IS NOT NULL")).all() == [refused]
    bill(tx, charge(MINE, "RE-3", (1, 2, "55"), day=date(2026, 3, 11)))
    bill(tx, charge(MINE, "RE-4", (1, 2, "54")))
    first, twin, last = (bill(tx, charge(MINE, number, (1, qty, "55"))) for number, qty in (("RE-5", 2), ("RE-6", 2), ("RE-7", 1)))
    assert [read(tx, MINE, number).duplicate for number in (first, twin, last)] == [False, True, False]


def test_the_last_bill_of_an_order_clears_all_that_was_accrued_for_it(tx, agreed):
    """The neighbour's goods are not billed, another bill is not decided on, and something of mine stands on another account."""
    delivered(tx, OTHER, "LS-1", (1, 20))
    delivered(tx, MINE, "LS-2", (1, 10))
    assert one(tx, "SELECT sum(accounted) FROM journal_line WHERE reference = :no AND account = '2100'", no=MINE) == -550
    for account, amount in (("2100", "0.01"), ("5100", "7.00")):
        lines = [posting.debit(account, D(amount), reference=MINE), posting.credit("5300", D(amount))]
        posting.post(tx, posting.Entry("test.cents", f"T-{account}", "EUR", lines))
    commit_step(tx)
    bill(tx, charge(MINE, "RE-0", (1, 1, "55")))
    approve(tx, MINE, bill(tx, charge(MINE, "RE-1", (1, 10, "55"))), DAY)
    assert one(tx, "SELECT sum(accrual_cleared) FROM supplier_invoice WHERE po_no = :no", no=MINE) == D("549.99")


def test_a_bill_that_leaves_something_of_the_order_unbilled_clears_only_its_own(tx, agreed):
    delivered(tx, MINE, "LS-1", (1, 10), (2, 4))
    approve(tx, MINE, bill(tx, charge(MINE, "RE-1", (1, 10, "55"))), DAY)
    assert one(tx, "SELECT accrual_cleared FROM supplier_invoice WHERE po_no = :no", no=MINE) == 550


def test_goods_that_were_billed_first_clear_the_cents_when_the_last_of_this_order_is_there(tx, agreed):
    delivered(tx, OTHER, "LS-1", (1, 20))
    delivered(tx, MINE, "LS-2", (1, 5))
    approve(tx, MINE, bill(tx, charge(MINE, "RE-1", (1, 10, "55"), (2, 4, "30"))), DAY)
    lines = [posting.debit("5300", D("0.02")), posting.credit("2100", D("0.02"), reference=MINE)]
    posting.post(tx, posting.Entry("test.cents", "T-1", "EUR", lines))
    commit_step(tx)
    delivered(tx, MINE, "LS-3", (1, 5))
    assert one(tx, "SELECT sum(accrual_cleared) FROM asn") == 0
    last = delivered(tx, MINE, "LS-4", (2, 4))
    assert tx.execute(text("SELECT asn_no, accrual_cleared FROM asn WHERE accrual_cleared <> 0")).all() == [(last, D("0.02"))]


# ---- payments


def test_a_bill_is_paid_shown_and_taken_back_by_itself(tx, agreed):
    delivered(tx, OTHER, "LS-1", (1, 20))
    delivered(tx, MINE, "LS-2", (1, 10))
    theirs, mine = bill(tx, charge(OTHER, "RE-1", (1, 20, "55"))), bill(tx, charge(MINE, "RE-2", (1, 10, "55")))
    for po_no, number in ((OTHER, theirs), (MINE, mine)):
        approve(tx, po_no, number, DAY)
    tx.execute(_RECEIVABLE, {"no": mine})
    commit_step(tx)
    assert pay(tx, mine, DAY).amount == 660
    assert (pay(tx, theirs, DAY).amount, pay(tx, theirs, DAY)) == (1320, None)
    assert tx.execute(text("SELECT supplier_invoice_no, paid_amount FROM supplier_invoice ORDER BY 1")).all() == [
        (theirs, 1320),
        (mine, 660),
    ]
    shown(tx, theirs, "PAYMENT")
    shown(tx, mine, "RETURN")
    assert (payments.is_on_statement(tx, theirs), payments.is_on_statement(tx, mine)) == (True, False)
    lines = [posting.debit("5300", D(3)), posting.credit("1000", D(3), reference=mine)]
    posting.post(tx, posting.Entry("supplier.reminded", mine, "EUR", lines))
    commit_step(tx)
    as_a_step(payments.take_back)(tx, mine)
    assert tx.scalars(text("SELECT supplier_invoice_no FROM supplier_invoice WHERE paid_at IS NULL")).all() == [mine]
    assert one(tx, "SELECT open_amount, open_in_books FROM open_item WHERE kind = 'AP' AND document_no = :no", no=mine) == (660, 660)
    assert pay(tx, mine, DAY).attempt == 2


def shown(tx, number, outcome):
    """A line of a statement, as the statement's own process leaves it."""
    tx.execute(text("SET LOCAL session_replication_role = replica"))
    tx.execute(_SHOWN, {"no": number, "outcome": outcome})
    tx.execute(text("SET LOCAL session_replication_role = origin"))


def test_a_reminder_is_counted_on_its_own_order_and_an_order_is_closed_by_itself(tx, agreed):
    assert [as_a_step(progress.remind)(tx, MINE) for _ in range(2)] == [1, 2]
    assert as_a_step(progress.remind)(tx, OTHER) == 1
    as_a_step(progress.be_patient)(tx, OTHER)
    assert tx.execute(text("SELECT po_no, reminders FROM purchase_order ORDER BY 1")).all() == [(OTHER, 0), (MINE, 2)]
    as_a_step(agreement.close_short)(tx, MINE)
    as_a_step(progress.close)(tx, MINE)
    assert tx.scalars(text("SELECT po_no FROM purchase_order WHERE closed_at IS NOT NULL")).all() == [MINE]


def test_a_payment_that_came_back_is_sent_again_with_the_count_of_its_own_payments(tx, agreed):
    delivered(tx, MINE, "LS-1", (1, 10))
    number = bill(tx, charge(MINE, "RE-1", (1, 10, "55")))
    approve(tx, MINE, number, DAY)
    pay(tx, number, DAY)
    came_back(tx, "ST-1/1")
    came_back(tx, "ST-1/2", account="5300")
    for kind, about in (("payment", number), ("payment", "SI-9"), ("mail", number)):
        tx.execute(_EFFECT, {"kind": kind, "no": about, "payload": f'{{"supplier_invoice_no": "{about}"}}'})
    commit_step(tx)
    assert [each.reference for each in returned.list_returned(tx)] == ["ST-1/1"]
    assert returned.pay_again(tx, "ST-1/1", number).attempt == 2
    with pytest.raises(Refused, match="what came back is 0"):
        returned.pay_again(tx, "ST-1/2", number)


def came_back(tx, reference, amount=660, *, account="2360", currency="EUR"):
    lines = [posting.debit("1000", D(amount)), posting.credit(account, D(amount), reference=reference)]
    posting.post(tx, posting.Entry("test.back", reference, currency, lines, fx_rate=D(1)))


def cleared(tx, reference, amount):
    lines = [posting.debit("2360", D(amount)), posting.credit("1000", D(amount))]
    posting.post(tx, posting.Entry("test.cleared", reference, "EUR", lines))


def test_what_came_back_is_cleared_by_as_many_entries_of_the_same_amount_and_currency(tx):
    cleared(tx, "T-0", 50)
    for reference, currency in (("ST-1/1", "EUR"), ("ST-1/2", "USD"), ("ST-1/3", "EUR")):
        came_back(tx, reference, currency=currency)
    for number in (1, 2):
        assert len(returned.list_returned(tx)) == 4 - number
        cleared(tx, f"T-{number}", 660)
    assert [each.reference for each in returned.list_returned(tx)] == ["ST-1/2"]
    for number in (3, 4):
        cleared(tx, f"T-{number}", 70)
    assert [each.reference for each in returned.list_returned(tx)] == ["ST-1/2"]


_RATE = text("""
INSERT INTO tax_rate (country, category, rate_pct, valid_from, valid_until) VALUES (:country, 'S', :rate, :since, :until)
""")
_RECEIVABLE = text("""
INSERT INTO open_item (kind, party_no, document_no, document_date, due_date, original, open_amount, currency, fx_rate, open_in_books)
VALUES ('AR', 'C-MIRROR', :no, '2026-03-12', '2026-03-12', 7, 7, 'EUR', 1, 7)
""")
_SHOWN = text("""
INSERT INTO bank_line (statement_no, position, bank_ref, amount, currency, booked_on, value_on, account, outcome, document_no)
SELECT 'ST-1', 1 + count(*), 'B1', -660, 'EUR', now(), now(), '', :outcome, :no FROM bank_line
""")
_EFFECT = text("""
INSERT INTO effect (key, kind, target, payload, payload_hash) VALUES (gen_random_uuid(), :kind, :no, CAST(:payload AS jsonb), '')
""")
