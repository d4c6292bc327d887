"""Tampering with the books."""

from tests.integration.invariants.tampering import Tamper, unnoticed

OWED_TWICE = (
    "INSERT INTO open_item (kind, party_no, document_no, document_date, due_date, original, open_amount, open_in_books, currency) "
    "VALUES ('AP', 'S-1', 'SI-9', now(), now(), 5, 5, 5, 'EUR')"
)
CLOSED_BEFORE_IT_WAS_POSTED = "UPDATE ledger_period SET starts_on = '2026-03-01', ends_on = '2026-03-31', closed_at = '2026-03-31'"
TAMPERED = (
    Tamper("INV-11", "INSERT INTO open_item_part SELECT id, 1, due_date, original - 1, 0 FROM open_item WHERE original > 1"),
    Tamper("INV-11", "INSERT INTO open_item_part SELECT id, 1, due_date + 1, original, 0 FROM open_item WHERE open_amount > 0"),
    Tamper("INV-01", "UPDATE journal_line SET debit = debit + 1 WHERE account = '1500' AND debit > 0"),
    Tamper("INV-01", "DELETE FROM journal_line WHERE journal_id = (SELECT min(id) FROM journal)"),
    Tamper("INV-02", "UPDATE journal_line SET accounted = accounted + 1 WHERE account = '5000'"),
    Tamper("INV-03", "UPDATE open_item SET open_amount = open_amount - 1 WHERE open_amount > 0"),
    Tamper("INV-03", "UPDATE journal_line SET party_no = 'C-OTHER' WHERE account = '1200'"),
    Tamper("INV-03", OWED_TWICE),
    Tamper("INV-03", "UPDATE open_item SET open_in_books = open_in_books + 0.01"),
    Tamper("INV-11", "UPDATE open_item SET closed_at = now()"),
    Tamper("INV-11", "UPDATE open_item SET original = original + 1 WHERE document_no = 'INV-000001'"),
    Tamper(
        "INV-23", "ALTER TABLE journal DROP CONSTRAINT journal_event_key; UPDATE journal SET event_type = '', source_id = '', sequence = 1"
    ),
    Tamper("INV-29", "UPDATE journal_line SET account = '4200' WHERE account = '4000'"),
    Tamper("INV-29", "UPDATE journal_line SET account = '4000' WHERE account = '4900'"),
    Tamper("INV-29", "UPDATE journal_line SET account = '2300' WHERE account = '2100' AND reference LIKE 'PO-0%'"),
    Tamper("INV-29", "UPDATE journal_line SET account = '1010' WHERE account = '1000'"),
    Tamper("INV-18", CLOSED_BEFORE_IT_WAS_POSTED),
)


def test_whoever_tampers_with_ledger_is_noticed(lived_in):
    assert unnoticed(lived_in, TAMPERED) == []
