"""Which price list counts, from the tables: the most specific, the right quantity, the right day; then tax, freight and cost."""

from datetime import date

import pytest

from engine.problems import Conflict, Invalid, NotFound
from handlers.catalog import master_data as catalog
from handlers.catalog.rules import PriceMissing
from handlers.ledger.books import set_rate
from handlers.orders.pricing import LineToPrice, PricingRequest, price
from handlers.parties.master_data import CompanyDraft, set_company
from handlers.parties.policy import choose
from tests.integration.orders.trade import D, add_coyote, open_trade

DAY = date(2026, 3, 2)
AUSTRIA = {"country": "AT", "region": "AT-4"}


def priced(tx, qty=1, sku="OMINOUS-ANVIL", **more):
    given = {"customer_no": "C-COYOTE", "currency": "EUR", "day": DAY, "ship_to": AUSTRIA} | more
    return price(tx, PricingRequest(**given, lines=[LineToPrice(line_no=1, sku=sku, qty=D(qty))]))


def unit_price(tx, qty=1, **more):
    return priced(tx, qty, **more).lines[0].unit_net


def add_list(tx, code, kind, owner, unit, **more):
    currency = more.pop("currency", "EUR")
    catalog.add_price_list(tx, catalog.PriceListDraft(code=code, currency=currency, kind=kind, owner=owner))
    catalog.set_price(tx, catalog.PriceDraft(price_list_code=code, sku="OMINOUS-ANVIL", unit_price=D(unit), **more))


def test_a_customers_list_beats_the_groups_beats_the_channels_beats_the_base(database):
    with database.transaction() as tx:
        open_trade(tx)
        add_coyote(tx, "C-TRADE", customer_group="TRADE", channel="WEB")
        found = [unit_price(tx, customer_no="C-TRADE")]
        for code, kind, owner, unit in (("W", "CHANNEL", "WEB", 24), ("T", "GROUP", "TRADE", 23), ("C", "CUSTOMER", "C-TRADE", 22)):
            add_list(tx, code, kind, owner, unit)
            found.append(unit_price(tx, customer_no="C-TRADE"))
        assert found == [25, 24, 23, 22]
        assert unit_price(tx) == 25, "another customer pays the base price"


def test_larger_quantities_have_their_own_price_and_smaller_ones_fall_back_to_the_next_list(database):
    with database.transaction() as tx:
        open_trade(tx)
        add_list(tx, "C", "CUSTOMER", "C-COYOTE", 20, min_qty=D(10))
        catalog.set_price(tx, catalog.PriceDraft(price_list_code="C", sku="OMINOUS-ANVIL", unit_price=D(18), min_qty=D(100)))
        assert [unit_price(tx, qty) for qty in (9, 10, 99, 100)] == [25, 20, 20, 18]


def test_a_price_counts_only_on_its_days_and_in_its_currency(database):
    with database.transaction() as tx:
        open_trade(tx)
        add_list(tx, "MARCH", "CUSTOMER", "C-COYOTE", 20, valid_from=date(2026, 3, 1), valid_until=date(2026, 3, 31))
        add_list(tx, "USD", "CUSTOMER", "C-COYOTE", 30, currency="USD")
        assert [unit_price(tx, day=day) for day in (date(2026, 2, 28), DAY, date(2026, 4, 1))] == [25, 20, 25]
        with pytest.raises(Invalid, match="No exchange rate for USD"):
            priced(tx, currency="USD")
        set_rate(tx, "USD", date(2026, 1, 1), D("0.5"))
        line = priced(tx, currency="USD").lines[0]
        assert (line.unit_net, line.facts.cost) == (30, 28), "14.00 EUR of cost are 28.00 USD"


def test_an_agreement_replaces_every_list_until_it_ends(database):
    with database.transaction() as tx:
        open_trade(tx)
        draft = catalog.AgreementDraft(
            customer_no="C-COYOTE", sku="OMINOUS-ANVIL", currency="EUR", unit_price=D(19), reference="K-7", valid_until=DAY
        )
        catalog.add_agreement(tx, draft)
        assert [unit_price(tx, day=day) for day in (DAY, date(2026, 3, 3))] == [19, 25]


def test_promotions_look_at_the_class_of_the_customer_and_at_the_channel(database):
    with database.transaction() as tx:
        open_trade(tx)
        catalog.add_promotion(tx, catalog.PromotionDraft(code="FOR-A", discount_pct=D(50), customer_class="A"))
        catalog.add_promotion(tx, catalog.PromotionDraft(code="FOR-WEB", discount_pct=D(40), channel="WEB"))
        catalog.add_promotion(tx, catalog.PromotionDraft(code="OVER", discount_pct=D(30), valid_until=date(2026, 3, 1)))
        catalog.add_promotion(tx, catalog.PromotionDraft(code="NOW", discount_pct=D(10)))
        assert unit_price(tx) == D("22.5")
        assert unit_price(tx, channel="WEB") == D("13.5")


def test_a_drop_ship_item_costs_what_its_best_supplier_asks_with_the_inbound_freight(database):
    with database.transaction() as tx:
        open_trade(tx)
        catalog.set_supplier_item(
            tx,
            catalog.SupplierItemDraft(
                supplier_no="S-ACME", sku="GIANT-MAGNET", price=D(100), currency="USD", inbound_freight=D(10), rank=1
            ),
        )
        set_rate(tx, "USD", date(2026, 1, 1), D("0.5"))
        assert priced(tx, sku="GIANT-MAGNET").lines[0].facts.cost == 55


def test_freight_comes_from_the_nearest_zone_and_is_free_from_a_net_on(database):
    with database.transaction() as tx:
        open_trade(tx)
        tx.execute(catalog.Item.__table__.update().values(weight_kg=D(10)))
        for zone, amount in (("", 20), ("AT", 12), ("AT-4", 5)):
            draft = catalog.FreightRateDraft(zone=zone, currency="EUR", up_to_kg=D(1000), amount=D(amount), free_from_net=D(1000))
            catalog.set_freight_rate(tx, draft)
        catalog.set_tax_rate(tx, catalog.TaxRateDraft(country="DE", category="S", rate_pct=D(19)))
        places = [AUSTRIA, AUSTRIA | {"region": "AT-9"}, {"country": "CH", "region": ""}]
        assert [priced(tx, ship_to=place).freight for place in places] == [5, 12, 20]
        assert priced(tx, 40).freight == 0
        assert priced(tx).tax_total == D("6.00"), "20 % of 25.00 and of 5.00"


def test_the_border_and_the_vat_number_decide_on_the_tax(database):
    with database.transaction() as tx:
        open_trade(tx)
        add_coyote(tx, "C-WITH-VAT", vat_no="DE136695976")
        germany = {"country": "DE", "region": ""}
        taxes = [
            priced(tx, customer_no=customer, ship_to=place).taxes[0]
            for customer, place in (("C-WITH-VAT", germany), ("C-COYOTE", germany), ("C-COYOTE", {"country": "CH", "region": ""}))
        ]
        assert [(tax.category, tax.tax) for tax in taxes] == [("K", 0), ("S", 5), ("G", 0)]


def test_a_missing_tax_rate_says_what_to_file(database):
    with database.transaction() as tx:
        open_trade(tx)
        set_company(tx, CompanyDraft(name="Moved", country="CH", currency="EUR"))
        with pytest.raises(Invalid, match="No tax rate of category S is on file for CH") as missing:
            priced(tx, ship_to={"country": "CH", "region": ""})
        assert missing.value.next_step == "File the rate of category S for CH, then go on."


def test_the_guard_against_typing_errors_is_a_number_the_company_chooses(database):
    with database.transaction() as tx:
        open_trade(tx)
        line = LineToPrice(line_no=1, sku="OMINOUS-ANVIL", qty=D(1), manual_discount_pct=D(-30))
        request = PricingRequest(customer_no="C-COYOTE", currency="EUR", day=DAY, ship_to=AUSTRIA, lines=[line])
        with pytest.raises(Invalid, match="more than 20 % above"):
            price(tx, request)
        choose(tx, "price.most_over_list_pct", D(50))
        assert price(tx, request).lines[0].unit_net == D("32.5")
        with pytest.raises(NotFound, match=r"no policy 'price\.lunch'"):
            choose(tx, "price.lunch", D(1))


WRONG = [
    (catalog.add_item, catalog.ItemDraft(sku="OMINOUS-ANVIL", name="Again"), Conflict, "exists already"),
    (catalog.add_item, catalog.ItemDraft(sku="X", name="X", pack_size=D(0)), Invalid, "pack_size is 0"),
    (catalog.add_item, catalog.ItemDraft(sku="X", name="X", cost=D("NaN")), Invalid, "no usable number"),
    (catalog.add_item, catalog.ItemDraft(sku="X", name="X", sourcing="MAGIC"), Invalid, "must be one of STOCK, DROP, NONE"),
    (catalog.set_price, catalog.PriceDraft(price_list_code="BASE-EUR", sku="GHOST", unit_price=D(1)), NotFound, "no item GHOST"),
    (catalog.set_price, catalog.PriceDraft(price_list_code="MOON", sku="OMINOUS-ANVIL", unit_price=D(1)), NotFound, "no price list MOON"),
    (catalog.set_price, catalog.PriceDraft(price_list_code="BASE-EUR", sku="OMINOUS-ANVIL", unit_price=D(-1)), Invalid, "not be negative"),
    (catalog.add_price_list, catalog.PriceListDraft(code="B", currency="EUR", owner="C-COYOTE"), Invalid, "Give a BASE list no owner"),
    (catalog.add_promotion, catalog.PromotionDraft(code="FREE", discount_pct=D(101)), Invalid, "must be a percentage from 0 to 100"),
]


def test_wrong_master_data_is_refused_with_the_cure(database):
    with database.transaction() as tx:
        open_trade(tx)
        for register, draft, problem, says in WRONG:
            with pytest.raises(problem) as refused:
                register(tx, draft)
            assert says in f"{refused.value.detail} {refused.value.next_step}"
            assert refused.value.next_step


def test_a_line_without_any_price_is_missing_and_named(database):
    with database.transaction() as tx:
        open_trade(tx)
        catalog.add_item(tx, catalog.ItemDraft(sku="ROCKET-SKATES", name="Rocket skates"))
        with pytest.raises(PriceMissing, match="ROCKET-SKATES"):
            priced(tx, sku="ROCKET-SKATES")
