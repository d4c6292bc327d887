"""Each condition by which a price is found has a case here that goes wrong without it: what does not apply would always be preferred."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from handlers.catalog import master_data as catalog
from handlers.orders.drafts import currency_is_allowed
from handlers.orders.pricing import LineToPrice, PricingRequest, price
from handlers.parties import master_data as parties
from tests.integration.orders.trade import D, add_coyote, open_trade

ANVIL, PARASOL, MAGNET = "OMINOUS-ANVIL", "TINY-PARASOL", "GIANT-MAGNET"


@pytest.fixture
def tx(database):
    with database.transaction() as tx:
        open_trade(tx)
        yield tx


@pytest.fixture
def today(tx):
    return tx.execute(text("SELECT business_today()")).scalar_one()


def priced(tx, today, sku=ANVIL):
    line = LineToPrice(line_no=1, sku=sku, qty=D(10))
    (found,) = price(tx, PricingRequest(customer_no="C-COYOTE", currency="EUR", day=today, ship_to={}, lines=[line])).lines
    return found


def test_a_line_is_priced_once_by_the_floor_of_its_own_class(tx, today):
    for code in ("ABOVE", "SEATING"):
        catalog.set_item_class(tx, catalog.ItemClassDraft(code=code, margin_floor_pct=D(40)))
    assert priced(tx, today).facts.margin_floor_pct == 18


def test_a_price_is_listed_for_the_customer_the_currency_the_unit_the_quantity_and_the_day(tx, today):
    lists = {
        "BASE-USD": {"currency": "USD"},
        "THEIRS": {"currency": "EUR", "kind": "CUSTOMER", "owner": "C-ROADRUNNER"},
        "OVER": {"currency": "EUR", "kind": "CUSTOMER", "owner": "C-COYOTE", "valid_until": today - timedelta(days=1)},
        "TO-COME": {"currency": "EUR", "kind": "CUSTOMER", "owner": "C-COYOTE", "valid_from": today + timedelta(days=1)},
        "OURS": {"currency": "EUR", "kind": "CUSTOMER", "owner": "C-COYOTE"},
    }
    add_coyote(tx, "C-ROADRUNNER")
    for code, given in lists.items():
        catalog.add_price_list(tx, catalog.PriceListDraft(code=code, **given))
    wrong = {
        "BASE-USD": {"min_qty": D(5)},
        "THEIRS": {},
        "OVER": {},
        "TO-COME": {},
    }
    for number, (code, given) in enumerate(wrong.items()):
        catalog.set_price(tx, catalog.PriceDraft(price_list_code=code, sku=ANVIL, unit_price=D(10 + number), **given))
    for number, given in enumerate(
        (
            {"min_qty": D(11)},
            {"min_qty": D(6), "uom": "KGM"},
            {"min_qty": D(7), "valid_until": today - timedelta(days=1)},
            {"min_qty": D(8), "valid_from": today + timedelta(days=1)},
        )
    ):
        catalog.set_price(tx, catalog.PriceDraft(price_list_code="BASE-EUR", sku=ANVIL, unit_price=D(20 + number), **given))
    assert priced(tx, today).list_price == 25
    catalog.set_price(tx, catalog.PriceDraft(price_list_code="OURS", sku=ANVIL, unit_price=D(24)))
    assert priced(tx, today).list_price == 24


def test_a_price_is_agreed_with_the_customer_for_the_item_the_currency_and_the_day(tx, today):
    add_coyote(tx, "C-ROADRUNNER")
    agreed = {"customer_no": "C-COYOTE", "sku": ANVIL, "currency": "EUR"}
    for number, more in enumerate(
        (
            {},
            {"customer_no": "C-ROADRUNNER"},
            {"sku": PARASOL},
            {"currency": "USD"},
            {"valid_from": today - timedelta(days=9), "valid_until": today - timedelta(days=1)},
            {"valid_from": today + timedelta(days=1)},
        )
    ):
        catalog.add_agreement(tx, catalog.AgreementDraft(**agreed | {"unit_price": D(22 - number)} | more))
    assert priced(tx, today).facts.agreed_price == 22


def test_what_a_supplier_asks_is_the_cost_of_what_the_supplier_ships_and_offers(tx, today):
    parties.add_supplier(tx, parties.SupplierDraft(supplier_no="S-AAA", name="First of all", country="AT", currency="EUR"))
    catalog.add_item(tx, catalog.ItemDraft(sku="GIANT-ROCKET", name="Rocket", sourcing="DROP"))
    for sku, asked in ((ANVIL, 5), ("GIANT-ROCKET", 6), (MAGNET, 7)):
        offer = {"supplier_no": "S-AAA", "sku": sku, "price": D(asked), "currency": "EUR"}
        catalog.set_supplier_item(tx, catalog.SupplierItemDraft(**offer))
    tx.execute(text("UPDATE supplier_item SET active = false WHERE supplier_no = 'S-AAA' AND sku = 'GIANT-MAGNET'"))
    assert [priced(tx, today, sku).facts.cost for sku in (ANVIL, MAGNET)] == [14, 55]
    dearer = {"supplier_no": "S-ACME", "sku": MAGNET, "price": D(60), "currency": "EUR", "valid_from": today}
    catalog.set_supplier_item(tx, catalog.SupplierItemDraft(**dearer))
    assert [priced(tx, day, MAGNET).facts.cost for day in (today - timedelta(days=1), today)] == [55, 60]


def test_a_customer_buys_in_its_own_currency_and_in_those_of_its_own_price_lists(tx):
    customer = parties.find_customer(tx, "C-COYOTE")
    for code, currency, kind, owner in (
        ("THEIRS", "USD", "CUSTOMER", "C-ROADRUNNER"),
        ("GROUP", "USD", "GROUP", "C-COYOTE"),
        ("OURS", "CHF", "CUSTOMER", "C-COYOTE"),
    ):
        catalog.add_price_list(tx, catalog.PriceListDraft(code=code, currency=currency, kind=kind, owner=owner))
    assert [currency_is_allowed(tx, customer, currency) for currency in ("EUR", "CHF", "USD")] == [True, True, False]
