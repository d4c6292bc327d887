"""Credit memos and debit notes without goods: what is asked for, agreed to, posted, and what is left of the invoice."""

from decimal import Decimal

import pytest

from engine.problems import Conflict, Invalid
from handlers.billing import adjustment_tasks, adjustments, advance_tasks, credit_tasks
from handlers.billing.adjustments import AdjustedLine, AdjustmentRequest
from handlers.billing.en16931 import validate_invoice
from handlers.billing.facts import read_facts
from handlers.billing.ubl import write_ubl
from handlers.orders.cancellation import cancel_order
from tests.integration.billing.test_advances import bill, bill_ahead, in_books, plan, send, step
from tests.integration.golden.builders import Sold, effects, one, order

D = Decimal


def ask(world, invoice_no, kind="CM", reason="The price agreed in March", **amounts):
    lines = [AdjustedLine(line_no=int(number.removeprefix("line_")), amount=D(amount)) for number, amount in amounts.items()]
    with world.transaction() as tx:
        return adjustments.keep_adjustment(tx, invoice_no, AdjustmentRequest(kind=kind, reason=reason, lines=lines), "rita").adjustment_no


def write(world, adjustment_no):
    with world.transaction() as tx:
        number = adjustment_tasks.draft_adjustment(adjustment_tasks.OfAdjustment(adjustment_no), tx).invoice_no
    if number.startswith("DM"):
        send(world, number)
        return number
    credit_tasks.prepare_credit_memo(credit_tasks.OfCreditMemo(number), world)
    with world.transaction() as tx:
        credit_tasks.post_credit_memo(credit_tasks.OfCreditMemo(number), tx)
        credit_tasks.deliver_credit_memo(credit_tasks.OfCreditMemo(number), tx, effects())
        assert validate_invoice(write_ubl(read_facts(tx, number))) == []
    return number


@pytest.fixture
def invoice_no(world):
    """Sixty tables at 22.50 with 40.00 of carriage, 20 % of tax, 2 % discount: 1,668.00."""
    with world.transaction() as tx:
        made = order(tx, [Sold("60", "22.50")], freight="40.00")
    return bill(world, made.groups[0])


def test_a_price_credit_takes_its_share_off_the_invoice_and_off_its_discount(world, invoice_no):
    assert write(world, ask(world, invoice_no, line_1="150.00")) == "CM-000001"
    assert in_books(world, "1200", "4050", "2200", "4000", "5000") == (1488, 150, -248, -1350, 840)
    with world.transaction() as tx:
        assert one(tx, "SELECT open_amount, discount_amount FROM open_item") == (1488, D("29.76"))
        assert one(tx, "SELECT sum(qty_credited) FROM fulfil_line") == 0


def test_a_debit_note_charges_more_and_is_owed_by_itself(world, invoice_no):
    assert write(world, ask(world, invoice_no, "DM", line_1="60.00", line_2="5.00")) == "DM-000001"
    assert in_books(world, "1200", "4000", "4100", "2200") == (1746, -1415, -40, -291)
    with world.transaction() as tx:
        assert one(tx, "SELECT open_amount FROM open_item WHERE document_no = 'DM-000001'") == 78
        document = write_ubl(read_facts(tx, "DM-000001"))
    assert (b">383<" in document, b"<cbc:ID>INV-000001<" in document, validate_invoice(document)) == (True, True, [])


def test_two_requests_never_share_what_is_left_of_a_line(world, invoice_no):
    ask(world, invoice_no, line_1="1000.00")
    with pytest.raises(Invalid) as refused:
        ask(world, invoice_no, line_1="350.01")
    assert refused.value.errors == {"lines.0.amount": ["must be at most 350.00, which is left of the line"]}
    again = ask(world, invoice_no, line_1="350.00")
    with world.transaction() as tx:
        adjustments.refuse(tx, again, "max")
    with pytest.raises(Conflict, match="was refused"), world.transaction() as tx:
        adjustments.draft(tx, again)
    assert ask(world, invoice_no, line_1="350.00") == "ADJ-000003"


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"kind": "XX", "line_1": "1.00"}, "kind"),
        ({"reason": " ", "line_1": "1.00"}, "reason"),
        ({}, "lines"),
        ({"line_7": "1.00"}, "lines.0.line_no"),
        ({"line_1": "0.00"}, "lines.0.amount"),
        ({"line_1": "0.005"}, "lines.0.amount"),
        ({"kind": "DM", "line_2": "400.01"}, "lines.0.amount"),
    ],
)
def test_a_request_that_cannot_be_is_answered_by_field_and_kept_by_nobody(world, invoice_no, given, field):
    with pytest.raises(Invalid) as refused:
        ask(world, invoice_no, **given)
    assert list(refused.value.errors) == [field]
    with world.transaction() as tx:
        assert one(tx, "SELECT count(*) FROM billing_adjustment") == 0


def test_what_nobody_will_use_of_a_deposit_is_given_back_and_the_step_is_over(world):
    with world.transaction() as tx:
        made = order(tx, [Sold("10", "10.00")])
        plan(tx, made.order_no, step("30"), step("20", "MILESTONE", due="CONFIRMED"))
    deposit = bill_ahead(world, made.order_no)
    with world.transaction() as tx:
        cancel_order(tx, made.order_no, "The site is not built", actor="olga")
    with world.transaction() as tx:
        asked = advance_tasks.request_credit_of_advance(advance_tasks.OfOrder(made.order_no), tx)
        assert advance_tasks.request_credit_of_advance(advance_tasks.OfOrder(made.order_no), tx).adjustment_no is None
        assert one(tx, "SELECT dropped_at IS NOT NULL FROM billing_step WHERE step_no = 2")
    assert bill_ahead(world, made.order_no, 2) is None
    write(world, asked.adjustment_no)
    assert in_books(world, "1200", "2300", "2200", "4050") == (0, 0, 0, 0)
    with world.transaction() as tx:
        assert one(tx, "SELECT open_amount FROM open_item WHERE document_no = :no", no=deposit) == 0
