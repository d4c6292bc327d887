from decimal import Decimal

import pytest
import segno

from handlers.documents.payment import how_to_pay, payment_code

D = Decimal
US = {"name": "Ordercraft", "iban": "DE89370400440532013000", "bic": "COBADEFFXXX", "bank_name": "Commerzbank"}


def modules(said):
    return [[int(dark) for dark in row] for row in segno.make_qr(said, error="m").matrix]


def test_the_payment_code_says_what_a_bank_needs_to_pay():
    said = "BCD\n002\n1\nSCT\nCOBADEFFXXX\nOrdercraft\nDE89370400440532013000\nEUR1668.00\n\n\nINV-000001"
    assert payment_code(US, D(1668), "EUR", "INV-000001") == modules(said)
    assert payment_code(US, D("1668.01"), "EUR", "INV-000001") != modules(said)


@pytest.mark.parametrize(("us", "amount", "currency"), [(US, "1668", "USD"), (US | {"iban": ""}, "1668", "EUR"), (US, "0", "EUR")])
def test_a_payment_code_is_only_made_for_euros_an_account_and_something_to_pay(us, amount, currency):
    assert payment_code(us, D(amount), currency, "INV-000001") == []


def test_a_payer_is_told_the_amount_the_reference_and_our_account():
    assert how_to_pay(US, D("1234.5"), "EUR", "INV-000001") == [
        ("Amount", "1\u202f234.50 EUR"),
        ("Reference", "INV-000001"),
        ("Account", "DE89 3704 0044 0532 0130 00"),
        ("Bank", "Commerzbank COBADEFFXXX"),
    ]
