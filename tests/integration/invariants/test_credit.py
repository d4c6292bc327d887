"""Tampering with credit checks."""

from tests.integration.invariants.tampering import Tamper, unnoticed

_FIGURES = (
    "credit_limit", "tolerance_pct", "order_limit", "available", "order_total", "overdue", "oldest_overdue_days", "overdue_share_pct",
    "dunning_level", "order_version", "horizon_days",
)  # fmt: skip
TAMPERED = (
    Tamper("INV-14", "UPDATE credit_check SET exposure = exposure + 1"),
    Tamper("INV-14", "UPDATE credit_check SET open_ar = open_ar + 1, booked_not_shipped = booked_not_shipped - 1"),
    Tamper("INV-14", "UPDATE credit_check SET unapplied = unapplied + 1, shipped_not_invoiced = shipped_not_invoiced + 1"),
    Tamper("INV-14", "UPDATE credit_check SET secured = secured + 1, open_ar = open_ar + 1"),
    *(Tamper("INV-14", f"UPDATE credit_check SET {figure} = {figure} + 1") for figure in _FIGURES),
    *(Tamper("INV-14", f"UPDATE credit_check SET {said} = 'carla.credit'") for said in ("reason", "decided_by")),
    Tamper("INV-14", "UPDATE credit_check SET decision = 'HOLD'"),
    Tamper("INV-14", "UPDATE credit_check SET account_hold = NOT account_hold"),
    Tamper("INV-14", "UPDATE credit_check SET decided_at = decided_at - interval '1 day'"),
    Tamper("INV-34", "UPDATE credit_check SET order_total = available + 0.01"),
    Tamper("INV-34", "UPDATE order_line SET line_net = line_net + 100000"),
    Tamper("INV-34", "UPDATE order_line SET line_net = line_net + 100000; DELETE FROM fulfil_line"),
)


def test_whoever_tampers_with_credit_is_noticed(lived_in):
    assert unnoticed(lived_in, TAMPERED) == []
