import io
import re
import zlib
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from pypdf import PdfReader

from handlers.billing.facts import InvoiceFacts, LineFacts, TaxFacts
from handlers.billing.paper import as_shown, price, print_invoice
from handlers.documents.payment import grouped, money

D = Decimal
PLACE = {"name": "Indifferent Mirror GmbH", "street": "Hauptstraße 1", "city": "Wien", "postal_code": "1010", "region": "", "country": "AT"}
SELLER = PLACE | {"name": "Ordercraft", "vat_no": "ATU12345675", "legal_id": "", "gln": "", "email": "a@b.example", "phone": ""}
FACTS = InvoiceFacts(
    invoice_no="INV-000001",
    order_no="SO-000001",
    shipment_no="SH-000001",
    customer_po="",
    invoice_date=date(2026, 3, 10),
    delivery_date=date(2026, 3, 10),
    due_date=date(2026, 4, 9),
    terms="Payable by 2026-04-09 without deduction.",
    currency="EUR",
    seller=SELLER | {"iban": "DE89370400440532013000", "bic": "", "bank_name": ""},
    buyer={"customer_no": "C-MIRROR", "name": "Indifferent Mirror GmbH", "country": "AT", "vat_no": ""},
    bill_to=PLACE,
    ship_to=PLACE,
    lines=(LineFacts(1, "1", "TABLE", "", "Table", D("60.0000"), "EA", D("22.5000"), D("1350.00"), "S", D("20.0000")),),
    taxes=(TaxFacts("S", D(20), D("1390.00"), D("278.00"), ""),),
    freight_tax=("S", D(20)),
    net_total=D("1350.00"),
    freight_total=D("40.00"),
    tax_total=D("278.00"),
    gross_total=D("1668.00"),
    discount_date=None,
    discount_amount=D(0),
    created_at=datetime(2026, 3, 10, 9, tzinfo=UTC),
)


def filled_shapes(pdf):
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL)
    deflated = [zlib.decompress(stream) for stream in streams if stream.startswith(b"x")]
    pages = [plain for plain in deflated if b"BDC" in plain]
    assert len(pages) == 1
    return pages[0].count(b"\nf")


@pytest.mark.parametrize(
    ("amount", "currency", "shown"),
    [
        ("1668", "EUR", "1\u202f668.00"),
        ("1234567.895", "EUR", "1\u202f234\u202f567.90"),
        ("-0.5", "EUR", "-0.50"),
        ("1999.5", "JPY", "2\u202f000"),
    ],
)
def test_amounts_are_shown_in_the_currency_s_decimals(amount, currency, shown):
    assert money(D(amount), currency) == shown


@pytest.mark.parametrize(
    ("amount", "currency", "shown"),
    [("22.5", "EUR", "22.50"), ("9.9999", "EUR", "9.9999"), ("0.125", "EUR", "0.125"), ("150", "JPY", "150")],
)
def test_unit_prices_show_what_they_need_and_at_least_the_currency_s_decimals(amount, currency, shown):
    assert price(D(amount), currency) == shown


def test_an_invoice_shows_its_sums_and_leaves_out_what_is_empty():
    shown = as_shown(FACTS)
    assert shown["sums"] == [("Goods", "1\u202f350.00"), ("Carriage", "40.00"), ("Tax", "278.00"), ("Total EUR", "1\u202f668.00")]
    assert [label for label, _ in shown["facts"]] == ["Invoice date", "Delivered", "Our order", "Shipment", "Customer"]
    assert shown["payment"][-1] == ("Account", grouped("DE89370400440532013000")) == ("Account", "DE89 3704 0044 0532 0130 00")


def test_an_invoice_is_addressed_to_the_legal_name_and_not_to_the_place_of_delivery():
    yard = PLACE | {"name": "Lager Nord", "street": "Hafen 7"}
    shown = as_shown(replace(FACTS, bill_to=yard, ship_to=yard))["bill_to"]
    assert (shown["name"], shown["department"], shown["street"]) == ("Indifferent Mirror GmbH", "", "Hafen 7")
    shown = as_shown(replace(FACTS, bill_to=PLACE | {"name": "Accounts payable"}, ship_to=yard))["bill_to"]
    assert (shown["name"], shown["department"]) == ("Indifferent Mirror GmbH", "Accounts payable")


def test_an_invoice_names_the_country_in_words():
    assert "Austria" in PdfReader(io.BytesIO(print_invoice(FACTS))).pages[0].extract_text()


def test_printing_twice_gives_the_same_bytes():
    first = print_invoice(FACTS)
    assert first.startswith(b"%PDF-")
    assert print_invoice(FACTS) == first


@pytest.mark.parametrize("text", ['#read("/etc/passwd")', "#panic()", "*bold* $x$ @ref <tag> \\", "漢字 🙂", "]#[", "x" * 3000])
def test_what_people_wrote_is_printed_and_never_run(text):
    line = replace(FACTS.lines[0], description=text)
    assert print_invoice(replace(FACTS, lines=(line,), terms=text, bill_to=PLACE | {"name": text})).startswith(b"%PDF-")


def test_the_payment_code_is_printed_on_the_invoice():
    with_code, without = (filled_shapes(print_invoice(facts)) for facts in (FACTS, replace(FACTS, currency="USD")))
    assert with_code - without == len(as_shown(FACTS)["qr"]) ** 2
