"""Tampering with the stock."""

from sqlalchemy import text

from handlers.invariants import all_invariants
from tests.integration.invariants.tampering import DEPLOYED, Tamper, unnoticed

_GROUPS = "SELECT DISTINCT group_no FROM fulfil_line WHERE qty_reserved > 0"
_RESERVED = "SELECT order_no FROM fulfil_line WHERE qty_reserved > 0"
#: An instance for each group that has stock reserved.
_CARRIED = """
INSERT INTO instance (id, process_version_id, process_key, business_key, state)
SELECT gen_random_uuid(), 1, 'fulfillment-to-invoice', group_no, 'waiting' FROM fulfil_line WHERE qty_reserved > 0 GROUP BY group_no
"""
TAMPERED = (
    Tamper("INV-03", "UPDATE stock_balance SET value = value + 1"),
    Tamper("INV-04", "UPDATE stock_balance SET reserved = reserved - 1 WHERE reserved > 0"),
    Tamper("INV-05", "UPDATE stock_balance SET on_hand = on_hand + 1"),
    Tamper(
        "INV-23", "ALTER TABLE stock_movement DROP CONSTRAINT stock_movement_once; UPDATE stock_movement SET kind = 'ISSUE', reference = ''"
    ),
    Tamper("INV-05", "UPDATE stock_movement SET value = value + 0.01"),
    Tamper("INV-37", f"UPDATE sales_order SET state = 'REJECTED' WHERE order_no IN ({_RESERVED})"),
    Tamper("INV-37", f"UPDATE sales_order SET state = 'DRAFT' WHERE order_no IN ({_RESERVED})"),
    Tamper("INV-37", "UPDATE fulfil_group SET cancelled_at = now()"),
    Tamper("INV-37", DEPLOYED),
    *(Tamper("INV-37", f"{DEPLOYED}; {_CARRIED}; UPDATE instance SET state = '{state}'") for state in ("completed", "cancelled")),
)


def test_stock_is_with_the_instance_of_its_group_or_with_the_message_that_begins_one(lived_in):
    with lived_in.engine.connect() as connection, connection.begin() as transaction:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        for statement in (DEPLOYED, _CARRIED):
            connection.execute(text(statement))
        assert broken_parts(connection, "INV-37") == []
        connection.execute(text("UPDATE instance SET business_key = 'FG-999999'"))
        assert len(broken_parts(connection, "INV-37")) == 1
        connection.execute(
            text(
                "INSERT INTO message (name, correlation, payload, payload_hash, state, expires_at, business_key) "
                f"SELECT 'fulfillment.cancelled', '{{}}', '{{}}', '', 'buffered', now(), group_no FROM ({_GROUPS}) AS one"
            )
        )
        assert broken_parts(connection, "INV-37") == []
        for change in (
            "state = 'expired'",
            "state = 'buffered', name = 'order.cancelled'",
            "name = 'fulfillment.x', business_key = 'X'",
        ):
            connection.execute(text(f"UPDATE message SET {change}"))
            assert len(broken_parts(connection, "INV-37")) == 1, change
        transaction.rollback()


def broken_parts(connection, invariant_id):
    parts = [each for each in all_invariants() if each.id == invariant_id]
    return [each.sentence for each in parts if connection.execute(text(each.sql)).first() is not None]


def test_whoever_tampers_with_inventory_is_noticed(lived_in):
    assert unnoticed(lived_in, TAMPERED) == []
