"""Tampering with bank accounts, statements and receipts."""

from tests.integration.invariants.tampering import Tamper, unnoticed, waits

PAID_FROM_ELSEWHERE = (
    "UPDATE journal_line SET account = '1010' FROM journal "
    "WHERE journal.id = journal_id AND event_type = 'supplier.paid' AND account = '1000'"
)
TAMPERED = (
    Tamper("INV-03", "UPDATE receipt SET amount = amount + 1"),
    Tamper("INV-03", "DELETE FROM application"),
    Tamper("INV-03", "UPDATE journal_line SET accounted = accounted + 1 WHERE account = '1290' AND reference = 'RC-000001'"),
    Tamper("INV-10", "UPDATE receipt SET on_account = 1 WHERE receipt_no = 'RC-000001'"),
    Tamper("INV-11", "UPDATE application SET cash = cash - 1"),
    Tamper("INV-22", waits("invoice-to-receipt", "SELECT document_no FROM open_item WHERE kind = 'AR' AND open_amount = 0")),
    Tamper("INV-30", "UPDATE journal_line SET account = '7200' WHERE account = '1000' AND reference = 'RC-000001'"),
    Tamper("INV-30", PAID_FROM_ELSEWHERE),
    Tamper("INV-30", "UPDATE bank_statement SET closing = closing + 1 WHERE statement_no = 'BS-000002'"),
    Tamper("INV-31", "DELETE FROM bank_line WHERE statement_no = 'BS-000002'"),
    Tamper("INV-31", "UPDATE bank_line SET amount = amount + 1 WHERE statement_no = 'BS-000001' AND position = 1"),
    Tamper("INV-31", "UPDATE bank_line SET payer_iban = 'AT022011100003429660' WHERE statement_no = 'BS-000001' AND position = 1"),
    Tamper("INV-31", "UPDATE bank_statement SET closing = closing + 1 WHERE statement_no = 'BS-000001'"),
    Tamper("INV-31", "UPDATE bank_statement SET opening = opening + 1 WHERE statement_no = 'BS-000002'"),
    Tamper("INV-32", "UPDATE bank_line SET outcome = '', journal_id = NULL WHERE statement_no = 'BS-000002'"),
    Tamper("INV-32", "UPDATE bank_line SET document_no = 'RC-000404', outcome = 'RETURN' WHERE statement_no = 'BS-000002'"),
    Tamper("INV-32", "UPDATE bank_line SET outcome = 'PAYMENT' WHERE statement_no = 'BS-000002'"),
    Tamper("INV-42", "UPDATE open_item SET disputed = true, open_amount = 1 WHERE kind = 'AR'"),
    Tamper(
        "INV-42",
        """
        INSERT INTO adjustment (adjustment_no, dispute_no, invoice_no, kind, amount, currency)
        VALUES ('AD-9', 'DP-9', 'INV-000001', 'CREDIT', 5, 'EUR')
        """,
    ),
    Tamper("INV-48", "UPDATE late_charge SET fee = fee + 1"),
    Tamper("INV-48", "UPDATE late_charge_days SET interest = interest + 1"),
    Tamper("INV-48", "UPDATE journal_line SET credit = credit + 1 WHERE account = '4300'"),
    Tamper("INV-48", "UPDATE open_item SET original = original + 1, open_amount = open_amount + 1 WHERE document_no LIKE 'LC-%'"),
    Tamper("INV-48", "UPDATE late_charge_days SET first_day = first_day - 1"),
    Tamper("INV-48", "UPDATE late_charge_days SET invoice_no = 'INV-000001'"),
    Tamper(
        "INV-48",
        """
        INSERT INTO late_charge_days (charge_no, position, invoice_no, first_day, last_day, principal, rate_pct, interest)
        SELECT charge_no, position + 1, invoice_no, last_day, last_day + 3, principal, rate_pct, 0 FROM late_charge_days
        """,
    ),
    Tamper(
        "INV-42",
        """
        INSERT INTO dispute
          (dispute_no, invoice_no, customer_no, amount, currency, reason, opened_by, resolution, resolved_at, credit_request)
        SELECT 'DP-9', 'INV-000001', customer_no, 5, 'EUR', 'PRICE', 'rita', 'CREDIT', now(), 'ADJ-404' FROM customer LIMIT 1
        """,
    ),
    Tamper("INV-33", "UPDATE receipt SET written_off = 1 WHERE receipt_no = 'RC-000001'"),
)


def test_whoever_tampers_with_receivables_is_noticed(lived_in):
    assert unnoticed(lived_in, TAMPERED) == []
