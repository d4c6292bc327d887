from datetime import date
from decimal import Decimal

import pytest

from handlers.documents.addressee import addressee
from handlers.documents.payment import payment_code
from handlers.receivables.letters import Overdue, Wording, reminder

D = Decimal
US = {"name": "Ordercraft", "iban": "DE89370400440532013000", "bic": "COBADEFFXXX", "bank_name": "Commerzbank"}
ITEM = Overdue(
    invoice_no="INV-000001",
    customer_no="C-MIRROR",
    document_date=date(2026, 3, 10),
    due_date=date(2026, 4, 9),
    original=D(1668),
    open_amount=D("1168.50"),
    currency="EUR",
)


def written(level=1, *, hold_orders=False):
    wording = Wording(level=level, written_on=date(2026, 5, 11), pay_by=date(2026, 5, 18), hold_orders=hold_orders)
    return reminder(ITEM, wording, US, {"name": "Indifferent Mirror GmbH"})


@pytest.mark.parametrize("level", [1, 2, 3, 4, 5])
def test_every_reminder_names_the_day_to_pay_by_the_open_amount_and_our_account(level):
    shown = written(level)
    assert "2026-05-18" in shown["sentence"]
    assert shown["terms"] == "Payable by 2026-05-18 without deduction."
    assert dict(shown["payment"]) == {
        "Amount": "1\u202f168.50 EUR",
        "Reference": "INV-000001",
        "Account": "DE89 3704 0044 0532 0130 00",
        "Bank": "Commerzbank COBADEFFXXX",
    }
    assert shown["qr"] == payment_code(US, D("1168.50"), "EUR", "INV-000001") != []
    assert [row[3:] for row in shown["rows"]] == [["32", "1\u202f668.00", "1\u202f168.50"]]


def test_a_reminder_says_when_new_orders_wait():
    assert "New orders are on hold" in written(3, hold_orders=True)["sentence"]
    assert "on hold" not in written(3)["sentence"]


def test_a_reminder_goes_to_the_customer_by_its_legal_name_and_names_the_department():
    customer = {"name": "Indifferent Mirror GmbH", "country": "AT"}
    assert addressee(customer, {"name": "Buchhaltung", "city": "Wien"}) == {
        "name": "Indifferent Mirror GmbH",
        "department": "Buchhaltung",
        "city": "Wien",
        "country": "AT",
    }
    assert addressee(customer, {}) == {"name": "Indifferent Mirror GmbH", "department": "", "country": "AT"}
    assert addressee(customer, {"name": "Lager Nord"}, ["Lager Nord"])["department"] == ""
