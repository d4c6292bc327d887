"""The demo company: Alpenkontor, a trader of pumps and tanks in Vienna. Loading it again changes nothing."""

from datetime import timedelta
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.auth.accounts import add_account
from api.demo.people import PEOPLE
from engine.store.clock import allow_moving, business_today
from engine.store.locks import Advisory, advisory
from engine.store.unit_of_work import Database
from handlers.catalog import master_data as catalog
from handlers.inventory.stock import Receipt
from handlers.inventory.supply import SupplyDraft, WarehouseDraft, add_warehouse, expect_supply
from handlers.ledger.bank_accounts import add_first_bank_account
from handlers.ledger.books import open_books
from handlers.orders.receiving import receive_stock
from handlers.parties import master_data as parties
from handlers.parties.model import Company

_EURO = "EUR"
_COMPANY = parties.CompanyDraft(
    name="Alpenkontor Handels GmbH",
    country="AT",
    currency=_EURO,
    street="Lagerstraße 12",
    city="Wien",
    postal_code="1230",
    legal_id="FN 412345 k",
    vat_no="ATU12345675",
    gln="9123450000015",
    peppol_id="9915:alpenkontor",
    email="office@alpenkontor.example",
    phone="+43 1 555 0100",
    iban="AT611904300234573201",
    bic="BKAUATWW",
    bank_name="Donaubank",
)

_ITEM_CLASSES = {"HARDWARE": Decimal(18), "CONSUMABLE": Decimal(25), "SERVICE": Decimal(35)}

# sku, name, class, cost, list price, kg, sourcing
_ITEMS = (
    ("PUMP-40", "Circulation pump 40 W", "HARDWARE", "142.00", "249.00", "4.8", "STOCK"),
    ("PUMP-90", "Circulation pump 90 W", "HARDWARE", "228.00", "389.00", "7.1", "STOCK"),
    ("VALVE-3W", "Three-way mixing valve", "HARDWARE", "31.50", "58.00", "0.9", "STOCK"),
    ("SEAL-12", "Shaft seal 12 mm", "CONSUMABLE", "2.10", "6.40", "0.05", "STOCK"),
    ("GLYCOL-10", "Heat-transfer fluid, 10 l", "CONSUMABLE", "18.40", "34.00", "10.6", "STOCK"),
    ("TANK-500", "Buffer tank 500 l", "HARDWARE", "560.00", "890.00", "96", "DROP"),
    ("TANK-800", "Buffer tank 800 l", "HARDWARE", "705.00", "1140.00", "128", "DROP"),
)
_STOCK = {"PUMP-40": 60, "PUMP-90": 25, "VALVE-3W": 140, "SEAL-12": 900, "GLYCOL-10": 48}
_SUPPLY = {"PUMP-40": 40, "PUMP-90": 30, "GLYCOL-10": 96}

_CUSTOMERS = (
    parties.CustomerDraft(
        customer_no="C-1001", name="Bergmann Haustechnik GmbH", country="AT", currency=_EURO, customer_class="A", region="AT-W",
        vat_no="ATU61874582", gln="9123450000022", email="einkauf@bergmann.example",
        credit_limit=Decimal(60000), order_limit=Decimal(25000),
        credit_tolerance_pct=Decimal(5), net_days=30, discount_pct=Decimal(2), discount_days=10, requires_po=True,
    ),
    parties.CustomerDraft(
        customer_no="C-1002", name="Stadtwerke Lindau", country="DE", currency=_EURO, customer_class="B", region="DE-S",
        vat_no="DE136695976", email="bestellung@sw-lindau.example", credit_limit=Decimal(40000), order_limit=Decimal(20000),
    ),
    parties.CustomerDraft(
        customer_no="C-1003", name="Café Morgenrot e.U.", country="AT", currency=_EURO, customer_class="C", region="AT-W",
        email="hallo@morgenrot.example", credit_limit=Decimal(500), order_limit=Decimal(500), net_days=14,
    ),
)  # fmt: skip
_SHIP_TO = {
    "C-1001": parties.AddressDraft(
        name="Bergmann Haustechnik, Lager Nord", street="Industriezeile 8", city="Linz", postal_code="4020", region="AT-4", country="AT"
    ),
    "C-1002": parties.AddressDraft(
        name="Stadtwerke Lindau, Wasserwerk", street="Seeweg 3", city="Lindau", postal_code="88131", country="DE"
    ),
    "C-1003": parties.AddressDraft(
        name="Café Morgenrot", street="Neubaugasse 21", city="Wien", postal_code="1070", region="AT-9", country="AT"
    ),
}
_PAYS_FROM = {"C-1001": "AT022011100003429660", "C-1003": "AT023200000000641605"}
_SUPPLIER = parties.SupplierDraft(
    supplier_no="S-501",
    name="Kesselbau Huber KG",
    country="AT",
    currency=_EURO,
    vat_no="ATU61874591",
    email="auftrag@kesselbau-huber.example",
    net_days=0,  # paid at once, so that a visitor sees it
    rating=Decimal(95),
)
_TAX_RATES = {"AT": Decimal(20), "DE": Decimal(19), "SE": Decimal(25)}


def load_company(database: Database) -> None:
    """Load the demo company unless a company is there already. One transaction."""
    with database.transaction() as tx:
        advisory(tx, Advisory.DEMO)  # two servers starting together load it once
        if tx.scalar(select(Company.code)) is None:
            _load(tx)


def _load(tx: Session) -> None:
    allow_moving(tx)
    for person in PEOPLE:
        add_account(tx, person)
    parties.set_company(tx, _COMPANY)
    open_books(tx, _EURO)
    add_first_bank_account(tx, _COMPANY.iban, _EURO)
    _load_catalog(tx)
    for customer in _CUSTOMERS:
        parties.add_customer(tx, customer, [_SHIP_TO[customer.customer_no]])
    for customer_no, iban in _PAYS_FROM.items():
        parties.set_bank_account(tx, parties.BankAccountDraft(iban=iban, customer_no=customer_no))
    _load_supplier(tx)
    _load_stock(tx)


def _load_catalog(tx: Session) -> None:
    catalog.add_price_list(tx, catalog.PriceListDraft(code="BASE-EUR", currency=_EURO))
    for sku, name, item_class, cost, price, weight, sourcing in _ITEMS:
        catalog.add_item(
            tx,
            catalog.ItemDraft(
                sku=sku,
                name=name,
                item_class=item_class,
                cost=Decimal(cost),
                weight_kg=Decimal(weight),
                sourcing=sourcing,
                tax_category="S",
            ),
        )
        catalog.set_price(tx, catalog.PriceDraft(price_list_code="BASE-EUR", sku=sku, unit_price=Decimal(price)))
    for code, floor in _ITEM_CLASSES.items():
        catalog.set_item_class(tx, catalog.ItemClassDraft(code=code, margin_floor_pct=floor))
    for country, rate in _TAX_RATES.items():
        catalog.set_tax_rate(tx, catalog.TaxRateDraft(country=country, category="S", rate_pct=rate))
    for up_to_kg, amount in ((30, "9.90"), (200, "48.00"), (2000, "160.00")):
        catalog.set_freight_rate(
            tx, catalog.FreightRateDraft(currency=_EURO, up_to_kg=Decimal(up_to_kg), amount=Decimal(amount), free_from_net=Decimal(5000))
        )


def _load_supplier(tx: Session) -> None:
    address = parties.AddressDraft(
        name=_SUPPLIER.name, street="Kesselgasse 2", city="Steyr", postal_code="4400", region="AT-4", country="AT"
    )
    parties.add_supplier(tx, _SUPPLIER, [address])
    for sku, price in (("TANK-500", "555.00"), ("TANK-800", "698.00")):
        catalog.set_supplier_item(
            tx,
            catalog.SupplierItemDraft(
                supplier_no="S-501", sku=sku, price=Decimal(price), currency=_EURO, supplier_sku=f"KH-{sku[-3:]}", lead_days=4
            ),
        )


def _load_stock(tx: Session) -> None:
    add_warehouse(
        tx,
        WarehouseDraft(
            code="VIE", name="Wien Süd", street="Lagerstraße 12", city="Wien", postal_code="1230", country="AT", time_zone="Europe/Vienna"
        ),
    )
    costs = {sku: Decimal(cost) for sku, _, _, cost, *_ in _ITEMS}
    receive_stock(
        tx,
        [
            Receipt(sku=sku, warehouse_code="VIE", qty=Decimal(qty), unit_cost=costs[sku], reference="OPENING", kind="OPENING")
            for sku, qty in _STOCK.items()
        ],
    )
    today = business_today(tx)
    for sku, qty in _SUPPLY.items():
        expect_supply(
            tx,
            SupplyDraft(
                reference="PO-900144",
                sku=sku,
                warehouse_code="VIE",
                due_date=today + timedelta(days=6),
                qty_open=Decimal(qty),
                unit_cost=costs[sku],
            ),
        )
