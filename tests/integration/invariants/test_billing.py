"""Tampering with invoices."""

from tests.integration.invariants.tampering import Tamper, unnoticed

CARRIED_TWICE = (
    "DROP INDEX invoice_line_freight_once; "
    "INSERT INTO invoice_line (invoice_no, kind, line_no, charge_code, order_no, description, qty, uom, unit_price, amount, tax_category) "
    "VALUES ('INV-000001', 'INV', 99, 'FREIGHT', 'SO-000001', 'again', 1, 'EA', 40, 40, 'S')"
)
TAMPERED = (
    Tamper("INV-03", "UPDATE invoice SET tax_total = tax_total + 1, gross_total = gross_total + 1"),
    Tamper("INV-08", CARRIED_TWICE),
    Tamper("INV-09", "UPDATE invoice_line SET amount = amount + 0.01 WHERE charge_code = 'ITEM'"),
    Tamper("INV-09", "UPDATE invoice_tax SET tax = tax + 0.01"),
    Tamper("INV-12", "UPDATE fulfil_line SET qty_invoiced = qty_invoiced - 1 WHERE qty_invoiced > 0"),
    Tamper("INV-09", "UPDATE invoice SET net_total = net_total - 1, gross_total = gross_total - 1 WHERE kind = 'INV'"),
    Tamper("INV-25", "UPDATE sales_order SET gross_total = gross_total + 0.01 WHERE order_no = 'SO-000001'"),
    Tamper("INV-25", "UPDATE sales_order SET tax_total = tax_total + 1, net_total = net_total - 1 WHERE order_no = 'SO-000002'"),
    Tamper("INV-25", "UPDATE order_line SET line_net = line_net + 1 WHERE order_no = 'SO-000001'"),
    Tamper("INV-25", "UPDATE order_line SET unit_net = unit_net + 1 WHERE order_no = 'SO-000001'"),
    Tamper("INV-25", "UPDATE invoice SET gross_total = gross_total + 1, tax_total = tax_total + 1"),
    Tamper("INV-27", "UPDATE journal_line SET account = '4200' WHERE account = '4000'"),
    Tamper("INV-27", "UPDATE journal_line SET account = '4000' WHERE account = '4100'"),
    Tamper("INV-27", "UPDATE journal_line SET reference = 'INV-000002' WHERE account = '4000' AND reference = 'INV-000001'"),
    Tamper("INV-27", "UPDATE journal_line SET account = '4910' WHERE account = '4900'"),
    Tamper("INV-27", "UPDATE application SET discount = discount + 1"),
    Tamper("INV-27", "UPDATE journal_line SET account = '5300' WHERE account = '5000' AND reference = 'INV-000001'"),
    Tamper("INV-28", "UPDATE invoice_tax SET rate_pct = 10"),
    Tamper("INV-28", "UPDATE invoice_line SET tax_rate_pct = 10 WHERE charge_code = 'FREIGHT'"),
    Tamper("INV-28", "UPDATE invoice_tax SET tax = tax + 0.01 WHERE invoice_no = 'INV-000001'"),
    Tamper("INV-28", "UPDATE invoice_tax SET tax = tax + 1 WHERE invoice_no = 'INV-000001'"),
    Tamper("INV-28", "UPDATE order_line SET tax_rate_pct = 10 WHERE order_no = 'SO-000001'"),
    Tamper("INV-19", "UPDATE number_series SET last_value = last_value + 1 WHERE series = 'INV'"),
    Tamper("INV-19", "UPDATE number_series SET last_value = last_value + 1 WHERE series = 'CM'"),
    Tamper("INV-27", "UPDATE journal_line SET account = '4000' WHERE account = '4050'"),
    Tamper("INV-43", "UPDATE journal_line SET credit = credit + 1 WHERE account = '2300' AND credit > 0"),
    Tamper("INV-43", "UPDATE invoice_line SET advance_no = 'INV-000001' WHERE charge_code = 'ADVANCE_USED'"),
    Tamper("INV-43", "UPDATE journal_line SET accounted = accounted + 0.01 WHERE account = '2300' AND debit > 0"),
    Tamper("INV-19", "UPDATE invoice SET invoice_no = 'INV-000007' WHERE invoice_no = 'INV-000002'"),
)


def test_whoever_tampers_with_billing_is_noticed(lived_in):
    assert unnoticed(lived_in, TAMPERED) == []
