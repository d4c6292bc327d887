"""Tampering with closed months."""

from tests.integration.invariants.tampering import Tamper, unnoticed

CLOSED_WITHOUT_A_PERIOD = (
    "INSERT INTO period_close (period, starts_on, ends_on, begun_by, state, closed_at) "
    "VALUES ('2001-02', '2001-02-01', '2001-02-28', 'ines', 'CLOSED', now())"
)
TAMPERED = (
    Tamper("INV-18", CLOSED_WITHOUT_A_PERIOD),
    Tamper("INV-18", "UPDATE journal SET event_type = 'period.revalued' WHERE id = (SELECT min(id) FROM journal)"),
    Tamper(
        "INV-18",
        "INSERT INTO period_balance (starts_on, account, currency, party_no, debits, credits, entered) "
        "SELECT starts_on, '1000', 'EUR', 'X', 5, 0, 5 FROM ledger_period LIMIT 1",
    ),
)


def test_whoever_tampers_with_closed_months_is_noticed(lived_in):
    assert unnoticed(lived_in, TAMPERED) == []
