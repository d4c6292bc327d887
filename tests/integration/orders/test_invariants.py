"""Each invariant holds on honest data and is broken by tampering with it."""

from sqlalchemy import text

from handlers.credit.exposure import assess
from handlers.invariants import check_all
from handlers.orders import tasks as orders
from handlers.promising.promise import promise_lines
from handlers.quoting import life
from handlers.quoting.drafts import QuoteDraft, QuoteLineDraft, create_quote
from tests.integration.orders.trade import ANYWHERE, D, context, open_trade, order, stock

_SHIP = """
INSERT INTO shipment (shipment_no, group_no, order_no, kind, shipped_at)
SELECT 'SH-1', group_no, order_no, kind, now() FROM fulfil_group WHERE kind = 'STOCK';
UPDATE fulfil_line SET qty_shipped = 1 WHERE source_type = 'STOCK';
UPDATE fulfil_line SET qty_reserved = 0; UPDATE stock_balance SET reserved = 0; UPDATE reservation SET state = 'CONSUMED';
"""
_MESSAGE = """
INSERT INTO inbound_message (channel, sender, idempotency_key, sha256, raw, status, order_no, order_version)
SELECT 'API', 'coyote', '{key}', '', '', 'ACCEPTED', min(order_no), 1 FROM sales_order
"""
TAMPERED = [
    ("INV-04", "UPDATE stock_balance SET reserved = reserved - 1"),
    ("INV-04", "UPDATE reservation SET state = 'RELEASED'"),
    ("INV-04", "UPDATE fulfil_line SET qty_reserved = 0"),
    ("INV-05", "UPDATE stock_balance SET on_hand = on_hand + 1"),
    ("INV-05", "UPDATE stock_movement SET value = value + 0.01"),
    ("INV-06", "UPDATE order_line SET qty_cancelled = 1"),
    ("INV-06", "ALTER TABLE fulfil_line DROP CONSTRAINT fulfil_line_qty_shipped_check; UPDATE fulfil_line SET qty_shipped = qty + 1"),
    ("INV-14", "UPDATE credit_check SET exposure = exposure + 1"),
    ("INV-15", _SHIP + "INSERT INTO hold (order_no, hold_code, reason, applied_by, applied_at) "
               "SELECT min(order_no), 'MANUAL', '', 'me', now() - interval '1 hour' FROM sales_order"),
    ("INV-16", _MESSAGE.format(key="1") + "; UPDATE inbound_message SET order_no = NULL"),
    ("INV-16", _MESSAGE.format(key="1") + ";" + _MESSAGE.format(key="2")),
    ("INV-16", _SHIP + _MESSAGE.format(key="1")),
    ("INV-17", "ALTER TABLE fulfil_line DISABLE TRIGGER ALL; UPDATE fulfil_line SET supplier_no = 'S-ACME'"),
    ("INV-20", "UPDATE quote SET requester = 'sam.manager'"),
    ("INV-20", "UPDATE quote_approval SET amount_limit = 1"),
    ("INV-20", "UPDATE quote SET snapshot_hash = 'other'"),
    ("INV-21", "UPDATE order_line SET first_promised = first_promised + 1"),
]  # fmt: skip


def honest_trade(tx) -> None:
    open_trade(tx)
    stock(tx, "OMINOUS-ANVIL", 10)
    order_no = order(tx, ("OMINOUS-ANVIL", 2), ("GIANT-MAGNET", 2))
    orders.price_order(orders.OrderNumber(order_no), tx)
    orders.submit_order(orders.OrderNumber(order_no), tx)
    promise_lines(tx, order_no, ANYWHERE, context(tx).now)
    assess(tx, order_no)
    quote_no = create_quote(tx, QuoteDraft(customer_no="C-COYOTE", requester="mia", lines=[QuoteLineDraft(sku="OMINOUS-ANVIL", qty=D(1))]))
    life.price_quote(tx, quote_no)
    life.record_approval(tx, quote_no, [life.Decision(approver="sam.manager")], context(tx).now)
    life.send_quote(tx, quote_no, context(tx).now)


def test_tampering_breaks_the_invariant_that_guards_it(database):
    with database.transaction() as tx:
        honest_trade(tx)
        assert broken(tx) == []
        tx.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
        for invariant, statement in TAMPERED:
            tampering = tx.begin_nested()
            for part in filter(str.strip, statement.split(";")):
                tx.execute(text(part))
            assert invariant in broken(tx), statement
            tampering.rollback()
        assert broken(tx) == []


def broken(tx) -> list[str]:
    return [result.id for result in check_all(tx) if not result.ok]


def test_every_invariant_has_a_sentence_and_a_query_that_runs(database):
    with database.transaction() as tx:
        results = check_all(tx)
    assert all(result.ok and result.sentence.endswith(".") for result in results)
    assert {"INV-04", "INV-05", "INV-06", "INV-14", "INV-15", "INV-16", "INV-17", "INV-20", "INV-21"} <= {result.id for result in results}


def test_the_parts_that_several_capabilities_hold_of_one_invariant_are_one_answer_with_their_violations_added_up(database):
    with database.transaction() as tx:
        honest_trade(tx)
        answers = check_all(tx)
        assert len({answer.id for answer in answers}) == len(answers) == 21
        tx.execute(text("UPDATE stock_balance SET reserved = reserved - 1 WHERE reserved > 0"))  # the stock's part of INV-04
        tx.execute(text("UPDATE fulfil_line SET qty_reserved = 1"))  # the orders' part of it
        (reserved,) = (answer for answer in check_all(tx) if answer.id == "INV-04")
    assert reserved.violations == len(reserved.examples) == 3
    assert {"sku", "fulfil_line_id"} <= set().union(*reserved.examples)
