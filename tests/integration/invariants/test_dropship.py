"""Tampering with drop-ship."""

from tests.integration.invariants.tampering import Tamper, unnoticed, waits

_SETTLED = f"""
{waits("dropship", "SELECT group_no FROM fulfil_group WHERE kind = 'DROP' AND group_no IN (SELECT group_no FROM purchase_order)")};
UPDATE invoice SET delivered_at = now(); UPDATE po_line SET qty_billed = qty_received
"""
_TAKEN_TWICE = """
DROP INDEX IF EXISTS asn_document_ix;
INSERT INTO asn (asn_no, po_no, supplier_no, document_no, shipped_on, sha256)
SELECT 'ASN-9', po_no, supplier_no, lower(document_no) || ' ', shipped_on, '' FROM asn
"""
_BILLED_TWICE = """
DROP INDEX IF EXISTS supplier_invoice_document_ix;
INSERT INTO supplier_invoice (supplier_invoice_no, po_no, supplier_no, document_no, invoice_date, currency, net_total, tax_total,
  gross_total, sha256)
SELECT 'SI-' || spelling.number, po_no, supplier_no, spelling.number, current_date, 'EUR', 1, 0, 1, ''
FROM purchase_order CROSS JOIN (VALUES ('R1'), (' r1')) AS spelling(number)
"""
_CREDITED_TWICE = """
DROP INDEX IF EXISTS supplier_credit_document_ix;
INSERT INTO supplier_credit (supplier_credit_no, supplier_invoice_no, po_no, supplier_no, document_no, reason, credit_date, currency,
  net_total, tax_total, gross_total, sha256)
SELECT 'SCN-9', supplier_invoice_no, po_no, supplier_no, lower(document_no), reason, credit_date, 'EUR', 1, 0, 1, ''
FROM supplier_credit WHERE reason = 'PRICE'
"""
_WRITTEN_OFF_UNPOSTED = """
INSERT INTO accrual_write_off (po_no, amount, asked_by, approved_by) SELECT po_no, 55, 'petra', 'felix' FROM purchase_order
"""
_RETURNED = """
INSERT INTO supplier_return (return_no, po_no, reason, currency, expected, closed_at)
SELECT 'RTS-9', po_no, 'Scratched', 'EUR', 55, now() FROM purchase_order LIMIT 1;
INSERT INTO supplier_return_line (return_no, po_line_id, qty, unit_price, amount)
SELECT 'RTS-9', id, 1, 55, 55 FROM po_line WHERE po_no = (SELECT po_no FROM supplier_return) LIMIT 1
"""
OF_SUPPLIER = "reference IN (SELECT supplier_invoice_no FROM supplier_invoice)"
TAMPERED = (
    Tamper("INV-03", "UPDATE po_line SET qty_received = qty_received + 1"),
    Tamper("INV-03", "UPDATE journal_line SET account = '1410' WHERE account = '1450' AND debit > 0"),
    Tamper("INV-22", _SETTLED),
    Tamper("INV-48", f"{_RETURNED}; UPDATE supplier_return_line SET qty = 11"),
    Tamper("INV-48", f"{_RETURNED}; UPDATE supplier_return SET expected = 56"),
    Tamper("INV-23", _TAKEN_TWICE),
    Tamper("INV-23", _BILLED_TWICE),
    Tamper("INV-23", _CREDITED_TWICE),
    Tamper("INV-12", "UPDATE po_line SET qty_billed = 1"),
    Tamper("INV-12", "UPDATE supplier_credit SET reason = 'GOODS'"),
    Tamper("INV-26", "UPDATE supplier_invoice SET paid_amount = paid_amount - 0.01 WHERE paid_at IS NOT NULL"),
    Tamper("INV-26", "UPDATE supplier_invoice SET paid_amount = 1 WHERE paid_at IS NULL"),
    Tamper("INV-26", f"UPDATE journal_line SET account = '1001' WHERE account = '1000' AND {OF_SUPPLIER}"),
    Tamper("INV-26", "DELETE FROM open_item WHERE kind = 'AP' AND open_amount > 0"),
    Tamper("INV-26", "UPDATE open_item SET open_amount = 0 WHERE kind = 'AP' AND open_amount > 0"),
    Tamper("INV-26", "UPDATE open_item SET open_amount = 1 WHERE kind = 'AP' AND open_amount = 0"),
    Tamper("INV-26", "UPDATE supplier_invoice SET approved_at = NULL WHERE paid_at IS NULL"),
    Tamper("INV-39", "UPDATE journal_line SET account = '5100' WHERE account = '2100' AND credit > 0"),
    Tamper("INV-39", "UPDATE journal_line SET account = '5100' WHERE account = '2100' AND debit = 330"),
    Tamper("INV-39", "UPDATE journal_line SET account = '2100' WHERE account = '1400' AND debit > 0"),
    Tamper("INV-39", "UPDATE journal_line SET reference = 'PO-000009' WHERE account = '2100'"),
    Tamper("INV-39", "UPDATE supplier_invoice SET accrual_cleared = accrual_cleared + 0.01 WHERE paid_at IS NULL"),
    Tamper("INV-39", "UPDATE asn SET accrual_cleared = 0.01"),
    Tamper("INV-39", "UPDATE shipment_line SET cost = cost + 0.01 WHERE shipment_no IN (SELECT shipment_no FROM asn)"),
    Tamper("INV-39", "UPDATE po_line SET qty_billed = qty_received"),
    Tamper("INV-39", "UPDATE po_line SET qty_given_up = 1"),
    Tamper("INV-39", _WRITTEN_OFF_UNPOSTED),
    Tamper("INV-39", "UPDATE supplier_credit SET accrual_restored = 0.01"),
    Tamper("INV-03", "UPDATE po_line SET qty_given_up = 1"),
    Tamper("INV-47", "UPDATE supplier_invoice SET credited = 0 WHERE credited > 0"),
    Tamper("INV-47", "UPDATE supplier_invoice SET credited = gross_total + 1 WHERE credited > 0"),
    Tamper("INV-47", "UPDATE supplier_credit SET reason = 'PRICE'"),
    Tamper("INV-47", "UPDATE supplier_credit SET claimed = claimed + 0.01, set_off = set_off - 0.01 WHERE reason = 'PRICE'"),
    Tamper("INV-47", "UPDATE journal_line SET account = '1295' WHERE account = '1296'"),
    Tamper("INV-47", "UPDATE journal_line SET account = '1296' WHERE account = '4000'"),
)


def test_whoever_tampers_with_dropship_is_noticed(lived_in):
    assert unnoticed(lived_in, TAMPERED) == []
