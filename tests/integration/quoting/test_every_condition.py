"""Each condition of the room's SQL has a case here that goes wrong without it."""

from dataclasses import replace

import pytest
from sqlalchemy import text

from handlers.quoting import tasks as quoting
from handlers.quoting.approvers import decisions
from handlers.quoting.drafts import QuoteDraft, QuoteLineDraft, create_quote
from tests.integration.orders.trade import D, add_coyote, context, effects, open_trade, order
from tests.integration.standing import standing_instance, standing_task


@pytest.fixture
def tx(database):
    with database.transaction() as tx:
        open_trade(tx)
        yield tx


def approved(tx, instance_id, count=2):
    asked = replace(context(tx, "rita"), instance_id=instance_id)
    return [(each.approver, each.approver_group) for each in decisions(tx, [{"approved": "yes"}] * count, asked)]


def said(approved):
    return {"outcome": {"approved": approved}, "completed_by": "sam", "state": "completed"}


def test_whose_task_it_was_is_read_from_the_quotes_own_tasks_that_agreed(tx):
    mine, another = standing_instance(tx, "quote-to-order", "Q-1"), standing_instance(tx, "quote-to-order", "Q-2")
    standing_task(tx, mine, groups=["sales-managers"], second=1, **said("yes"))
    standing_task(tx, mine, groups=["directors"], second=2, **said("no") | {"completed_by": "tom"})
    standing_task(tx, mine, groups=["nobody"], second=3, **said("yes") | {"state": "cancelled", "completed_by": "otto"})
    standing_task(tx, mine, groups=["board"], second=4, **said(approved=True) | {"completed_by": "vera"})
    standing_task(tx, another, groups=["strangers"], second=5, **said("yes") | {"completed_by": "xenia"})
    standing_task(tx, another, groups=["strangers"], second=6)
    assert approved(tx, mine) == [("sam", "sales-managers"), ("vera", "board")]
    standing_task(tx, mine, groups=["finance"], second=3)
    assert approved(tx, mine) == [("vera", "board"), ("rita", "finance")], "the task that is open is the last one's"


def accepted(tx, quote_no):
    return quoting.check_acceptance(quoting.Acceptance(quote_no, "PO-9"), tx, context(tx)).reason


def test_a_purchase_order_counts_as_used_by_the_customers_other_orders_that_stand(tx):
    add_coyote(tx, "C-ROADRUNNER")
    quote_no = create_quote(tx, QuoteDraft(customer_no="C-COYOTE", requester="mia", lines=[QuoteLineDraft(sku="OMINOUS-ANVIL", qty=D(1))]))
    quoting.price_quote(quoting.QuoteNumber(quote_no), tx)
    quoting.record_approval(quoting.RecordApproval(quote_no, []), tx, context(tx))
    quoting.send_quote(quoting.QuoteNumber(quote_no), tx, context(tx), effects(tx))
    order(tx, ("OMINOUS-ANVIL", 1), customer_no="C-ROADRUNNER", customer_po="PO-9")
    order(tx, ("OMINOUS-ANVIL", 1), customer_po="PO-10")
    own = quoting.create_order(quoting.Acceptance(quote_no, "PO-9"), tx).order_no
    assert accepted(tx, quote_no) == "", "a step that comes again finds its own order"
    other = order(tx, ("OMINOUS-ANVIL", 1), customer_po="po-9")
    assert accepted(tx, quote_no) == f"The purchase order was used for {other} already."
    tx.execute(text("UPDATE sales_order SET state = 'REJECTED' WHERE order_no = :no"), {"no": other})
    assert (accepted(tx, quote_no), own < other) == ("", True)
