"""Tampering with the processes of the warehouse."""

import pytest

from tests.integration.invariants.tampering import Tamper, noticed_by, unnoticed, waits

_SHIPPED = "SELECT DISTINCT group_no FROM fulfil_line WHERE source_type = 'STOCK' AND qty_shipped > 0"
_ASKED = f"""
{waits("fulfillment-to-invoice", _SHIPPED)};
INSERT INTO user_task (id, instance_id, element_id, name, title) SELECT gen_random_uuid(), id, 'pick_and_pack', 'Pick', 'Pick' FROM instance
"""
_NOTHING_LEFT = f"{waits('fulfillment-to-invoice', _SHIPPED)}; UPDATE invoice SET delivered_at = now()"
TAMPERED = (Tamper("INV-22", _ASKED), Tamper("INV-22", _NOTHING_LEFT))


def test_whoever_tampers_with_fulfillment_is_noticed(lived_in):
    assert unnoticed(lived_in, TAMPERED) == []


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE user_task SET state = 'completed'; UPDATE invoice SET delivered_at = NULL",
        "UPDATE user_task SET element_id = 'trace_delivery'",
        "UPDATE instance SET wake = 1",
        """
        UPDATE fulfil_line SET qty_shipped = qty - 1, qty_invoiced = 0, qty_delivered = 0, qty_returned = 0, qty_credited = 0
        WHERE qty_shipped > 0
        """,
    ],
)
def test_who_is_asked_for_something_that_is_still_to_do_is_left_alone(lived_in, change):
    assert noticed_by(lived_in, Tamper("INV-22", f"{_ASKED}; {change}")) == set()


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE invoice SET delivered_at = NULL",
        "UPDATE instance SET wake = 1",
        "UPDATE instance SET state = 'incident'",
        "UPDATE fulfil_line SET qty_invoiced = 0, qty_credited = 0 WHERE qty_invoiced > 0",
        """
        INSERT INTO user_task (id, instance_id, element_id, name, title)
        SELECT gen_random_uuid(), id, 'trace_delivery', 'Trace', 'Trace' FROM instance
        """,
        """
        INSERT INTO work (id, instance_id, element_id, handler, input, state, idempotency_key)
        SELECT gen_random_uuid(), id, 'render', 'billing.render_invoice', '{}', 'ready', 'k' FROM instance
        """,
    ],
)
def test_a_group_that_still_has_something_to_do_may_wait(lived_in, change):
    assert noticed_by(lived_in, Tamper("INV-22", f"{_NOTHING_LEFT}; {change}")) == set()
