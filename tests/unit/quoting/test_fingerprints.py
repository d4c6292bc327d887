"""What an approval covers, and when an acceptance counts."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from handlers.quoting.rules import Offer, fingerprint, objection

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
OPEN = Offer(
    state="SENT",
    now=NOON,
    valid_until=NOON + timedelta(days=20),
    approved_at=NOON - timedelta(days=10),
    approval_days=14,
    hash_is_approved=True,
    customer_po="PO-9",
)


def test_the_same_numbers_written_differently_have_one_fingerprint():
    assert fingerprint({"net": Decimal(5)}, [{"qty": Decimal(100)}]) == fingerprint({"net": Decimal("5.0000")}, [{"qty": Decimal("1E+2")}])


@pytest.mark.parametrize("line", [{"qty": Decimal(2), "sku": "A"}, {"qty": Decimal(1), "sku": "B"}])
def test_any_change_of_a_line_changes_the_fingerprint(line):
    assert fingerprint({}, [line]) != fingerprint({}, [{"qty": Decimal(1), "sku": "A"}])


def test_an_open_quote_may_be_accepted():
    assert objection(OPEN) == ""


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"state": "PENDING_APPROVAL"}, "pending approval, not open"),
        ({"now": NOON + timedelta(days=21), "approved_at": NOON + timedelta(days=20)}, "valid until 2026-03-22"),
        ({"hash_is_approved": False}, "changed after its approval"),
        ({"approved_at": NOON - timedelta(days=15)}, "older than 14 days"),
        ({"approved_at": None}, "older than 14 days"),
        ({"customer_active": False}, "not active"),
        ({"requires_po": True, "customer_po": ""}, "requires a purchase order number"),
        ({"po_is_well_formed": False}, "'PO-9' does not look like"),
        ({"po_used_for": "SO-000004"}, "used for SO-000004"),
    ],
)
def test_one_thing_wrong_is_said_in_a_sentence(change, says):
    assert says in objection(replace(OPEN, **change))
