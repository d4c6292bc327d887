"""The order conversations of Peppol run end to end, and each paper we write passes the rules of its transaction. Skips without the data."""

from functools import cache
from pathlib import Path

import pytest
from sqlalchemy import text

from handlers.billing.en16931 import Rules
from handlers.catalog.master_data import (
    ItemDraft,
    PriceDraft,
    PriceListDraft,
    TaxRateDraft,
    add_item,
    add_price_list,
    set_price,
    set_tax_rate,
)
from handlers.inventory.stock import Receipt
from handlers.inventory.supply import WarehouseDraft, add_warehouse
from handlers.ledger.books import open_books
from handlers.orders.receiving import receive_stock
from handlers.parties.master_data import AddressDraft, CompanyDraft, CustomerDraft, add_customer, set_company
from tests.integration.orders.trade import D
from tests.system.house import rows
from tests.system.site import Site
from tests.system.ubl_orders import shared

INTAKE = "/api/v1/intake"
#: SKU, name, unit, price; the last is ordered by its name alone.
ITEMS = (
    ("SN-33", "Brown sauce", "EA", 4),
    ("SN-34", "White sauce", "EA", 6),
    ("SN-35", "Pepper sauce", "EA", 3),
    ("SN-1", "Item 1", "EA", 40),
    ("SN-2", "Item 2", "EA", 6),
    ("TR-SE-ES", "Translation", "DAY", 400),
)


@pytest.fixture
def site(database) -> Site:
    """A Swedish supplier of sauces with a hospital that has credit, and everything on the shelf but of Item 1: only five."""
    shared("peppol-rules/PEPPOLBIS-T01.xslt")
    site = Site(database)
    with database.transaction() as tx:
        company = CompanyDraft(
            name="The Supplier AB", country="SE", currency="EUR", street="Harbour street", city="Malmö", postal_code="50205",
            vat_no="SE556036079301", legal_id="556036-0793", gln="7302347231110", peppol_id="0088:7302347231110",
        )  # fmt: skip
        set_company(tx, company)
        open_books(tx, "EUR")
        add_warehouse(tx, WarehouseDraft(code="MMX", name="Malmö harbour", country="SE", city="Malmö", postal_code="21120"))
        set_tax_rate(tx, TaxRateDraft(country="SE", category="S", rate_pct=D(25)))
        add_price_list(tx, PriceListDraft(code="BASE-EUR", currency="EUR"))
        for sku, name, uom, price in ITEMS:
            add_item(tx, ItemDraft(sku=sku, name=name, uom=uom, cost=D(1)))
            set_price(tx, PriceDraft(price_list_code="BASE-EUR", sku=sku, uom=uom, unit_price=D(price)))
        stock = {"SN-1": 5}
        receipts = [
            Receipt(sku=sku, warehouse_code="MMX", qty=D(stock.get(sku, 50)), unit_cost=D(1), reference="LKW-1") for sku, *_ in ITEMS
        ]
        receive_stock(tx, receipts)
        hospital = CustomerDraft(
            customer_no="C-HOSPITAL", name="City Hospital", country="SE", currency="EUR", peppol_id="0088:7300010000001",
            credit_limit=D(100000), order_limit=D(100000), customer_class="A", email="orders@cityhospital.example",
        )  # fmt: skip
        home = AddressDraft(name="City Hospital", street="Lower street 5", city="Stockholm", postal_code="11120", country="SE")
        add_customer(tx, hospital, [home])
    return site


@cache
def rules(transaction: str) -> Rules:
    return Rules(Path(shared(f"peppol-rules/PEPPOLBIS-{transaction}.xslt")))


def conversation(name: str) -> bytes:
    return shared(f"peppol-order/{name}").read_bytes()


def papers(site: Site, kind: str) -> list[bytes]:
    with site.database.transaction() as tx:
        found = tx.execute(text("SELECT content FROM document WHERE kind = :kind ORDER BY id"), {"kind": kind}).scalars()
        return [bytes(each) for each in found]


def wrong_in(site: Site, kind: str, transaction: str) -> list[tuple[str, str]]:
    """What the rules of a transaction find wrong in the latest paper of a kind."""
    return [(each.rule, each.message) for each in rules(transaction).findings(papers(site, kind)[-1]) if each.fatal]


def code_of(paper: bytes) -> str:
    return paper.split(b"OrderResponseCode>")[1][:2].decode()


def level_code(site: Site) -> str:
    """What the latest Message Level Response says."""
    return papers(site, "MESSAGE_LEVEL_RESPONSE")[-1].split(b"ResponseCode>")[1][:2].decode()


def test_the_orders_of_the_use_cases_go_straight_through(site: Site):
    tom, jonas = site.sign_in("tom"), site.sign_in("jonas")
    second = conversation("UC2_Order.xml").replace(b"<cbc:ID>1</cbc:ID>\n  <cbc:IssueDate>", b"<cbc:ID>2</cbc:ID>\n  <cbc:IssueDate>")
    with site.database.transaction() as tx:  # the second use case orders ten of what we have five of
        receive_stock(tx, [Receipt(sku="SN-1", warehouse_code="MMX", qty=D(5), unit_cost=D(1), reference="LKW-2")])
    for order in (conversation("UC1_Order.xml"), second, conversation("UC3_Order.xml")):
        assert rules("T01").findings(order) == []
        tom.send(f"{INTAKE}/ubl-orders", order)
        assert rows(site.database, "SELECT title FROM user_task WHERE state = 'open' AND element_id <> 'pick_and_pack'") == []
        assert code_of(papers(site, "ORDER_RESPONSE")[-1]) in {"AP", "CA"}
        assert wrong_in(site, "ORDER_RESPONSE", "T76") == []
        assert (level_code(site), wrong_in(site, "MESSAGE_LEVEL_RESPONSE", "T71")) == ("AP", [])
    assert rows(site.database, "SELECT customer_po, gross_total FROM sales_order ORDER BY 1") == [
        ("1", D("143.75")),
        ("2", D("875.00")),
        ("5", D("400.00")),
    ]
    group_no = rows(site.database, "SELECT group_no FROM fulfil_group JOIN sales_order USING (order_no) WHERE customer_po = '1'")[0][0]
    if rows(site.database, "SELECT 1 FROM user_task WHERE state = 'open' AND element_id = 'pick_and_pack'") == []:
        jonas.post(f"/api/v1/groups/{group_no}/release")  # its day is still to come
    jonas.decide(group_no, "pick_and_pack", {"packages": 1, "weight_kg": 12})
    jonas.decide(group_no, "confirm_shipment", {"handed_over": True})
    assert wrong_in(site, "DESPATCH_ADVICE", "T16") == []


def test_an_order_is_answered_changed_and_cancelled(site: Site):
    tom = site.sign_in("tom")
    order_no = tom.send(f"{INTAKE}/ubl-orders", conversation("advanced_sc1/Order_sc1.xml"))["order_no"]
    # The hospital counts on a tax of 20 %: what it states and what we charge differ, so the order desk settles it.
    tom.decide(order_no, "repair_order", {"action": "repaired", "drop_stated_total": True})
    assert code_of(papers(site, "ORDER_RESPONSE")[-1]) == "CA"
    assert wrong_in(site, "ORDER_RESPONSE", "T76") == []

    change = conversation("advanced_sc1/OrderChange_sc1.xml")
    assert rules("T114").findings(change) == []
    taken = tom.send(f"{INTAKE}/ubl-order-changes", change)
    assert taken["order_no"] == order_no
    again = tom.send(f"{INTAKE}/ubl-order-changes", change)
    assert again["status"] == "DUPLICATE"
    assert (level_code(site), len(papers(site, "MESSAGE_LEVEL_RESPONSE"))) == ("AP", 2)
    wrong = change.replace(b"Change-1", b"Change-9").replace(b"<cbc:LineStatusCode>3", b"<cbc:LineStatusCode>1")
    tom.call("POST", f"{INTAKE}/ubl-order-changes", wrong.replace(b"<cbc:ID>1</cbc:ID>", b"<cbc:ID>77</cbc:ID>"), "application/xml")
    assert (level_code(site), wrong_in(site, "MESSAGE_LEVEL_RESPONSE", "T71")) == ("RE", [])
    if rows(site.database, "SELECT 1 FROM user_task WHERE element_id = 'approve_change' AND state = 'open'"):
        site.sign_in("jonas").decide(order_no, "approve_change", {"action": "agree", "reason": "Nothing is picked"})
    assert rows(site.database, "SELECT state, version_no FROM order_change") == [("APPLIED", 2)]
    lines = "SELECT line_no, qty_ordered - qty_cancelled, unit_net FROM order_line ORDER BY line_no"
    assert rows(site.database, lines) == [(1, 5, 40), (2, 50, 6)]
    assert wrong_in(site, "ORDER_RESPONSE", "T116") == []
    assert rows(site.database, "SELECT status, order_version FROM inbound_message WHERE doc_no = 'Change-1'") == [("ACCEPTED", None)]

    tom.send(f"{INTAKE}/ubl-order-cancellations", conversation("advanced_sc1/OrderCancellation_sc1.xml"))
    assert rows(site.database, "SELECT status FROM order_status") == [("CANCELLED",)]
    refused = tom.call("POST", f"{INTAKE}/ubl-order-changes", change.replace(b"Change-1", b"Change-2"), "application/xml")
    assert (refused.status_code, refused.json["code"]) == (409, "order_cancelled")
    check = site.sign_in("amina").get("/api/v1/invariants")
    assert [each for each in check["invariants"] if not each["ok"]] == []
