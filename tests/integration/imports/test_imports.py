"""The life of an import: checked, applied, corrected, confirmed by a second person, undone."""

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import text

from engine.problems import Conflict, Forbidden
from engine.runtime.state.people import Person
from engine.runtime.verbs.pending_changes import Wanting, confirm
from engine.store.paging import Asked
from handlers.imports import verbs
from handlers.imports.files import corrections
from handlers.imports.verbs import File
from handlers.imports.views import list_rows, show_import, wrong_rows
from handlers.invariants import check_all
from handlers.orders.drafts import LineDraft, OrderDraft, create_order
from handlers.orders.order_pricing import price_order
from tests.integration.at_work import at_work, settle

TOM, CLAIRE = Wanting("tom"), Person("claire", frozenset({"credit", "treasury"}))
CUSTOMERS = b"""customer_no,name,country,currency,credit_limit,net_days
C-7001,Acme Rockets,AT,EUR,5000,30
C-7002,Wile & Sons,AT,EUR,"1,000",30
C-1001,Bergmann Haustechnik GmbH,AT,EUR,60000.00,45
C-7003,Roadrunner Ltd,XX,EUR,10,30
C-7001,Acme again,AT,EUR,1,30
C-1002,Stadtwerke Lindau,DE,EUR,40000.00,
"""


class Desk:
    """Somebody with files."""

    def __init__(self, runtime):
        self.runtime = runtime

    def do(self, verb, *given):
        with self.runtime.database.transaction() as tx:
            return verb(self.runtime, tx, *given)

    def check(self, kind, data, name="file.csv"):
        return self.do(verbs.check, File(kind=kind, name=name, data=data), "tom")

    def apply(self, kind, data):
        number = self.check(kind, data)
        self.do(verbs.apply, number, TOM)
        settle(self.runtime)
        return number

    def undo(self, number):
        self.do(verbs.undo, number, TOM)
        settle(self.runtime)

    def ask(self, read, *given):
        with self.runtime.database.transaction() as tx:
            return read(tx, *given)

    def counts(self, number):
        return {name: many for name, many in self.ask(show_import, number).counts.items() if many}

    def wrong(self, number):
        return {row.line_no: row.wrong for row in self.ask(wrong_rows, number)[1]}

    def rows(self, statement, **given):
        return [tuple(row) for row in self.ask(lambda tx: tx.execute(text(statement), given).all())]

    def broken(self):
        return [(each.id, each.examples) for each in self.ask(check_all) if not each.ok]


@pytest.fixture
def desk(company_database):
    return Desk(at_work(company_database))


@pytest.fixture
def collecting(company_database):
    return Desk(at_work(company_database, "invoice-to-receipt"))


def test_the_good_rows_are_written_and_the_others_come_back_to_be_corrected(desk):
    number = desk.check("customers", CUSTOMERS)
    assert desk.counts(number) == {"ADD": 1, "CHANGE": 1, "SAME": 1, "WRONG": 3}
    assert desk.rows("SELECT 1 FROM customer WHERE customer_no LIKE 'C-70%'") == []
    wrong = desk.wrong(number)
    assert "thousand or a fraction" in wrong[3]
    assert "country" in wrong[5]
    assert "line 2" in wrong[6]
    desk.do(verbs.apply, number, TOM)
    assert desk.rows("SELECT net_days FROM customer WHERE customer_no IN ('C-7001', 'C-1001') ORDER BY customer_no") == [(45,), (30,)]
    headings, rows = desk.ask(wrong_rows, number)
    mended = corrections(headings, rows, "csv").replace(b'"1,000"', b"1000").replace(b"XX", b"AT").replace(b"C-7001", b"C-7004")
    assert desk.counts(desk.apply("customers", mended)) == {"ADD": 3}


def test_the_same_file_is_one_import_and_the_same_rows_change_nothing(desk):
    number = desk.apply("customers", CUSTOMERS)
    assert desk.apply("customers", CUSTOMERS) == number
    again = desk.apply("customers", CUSTOMERS.replace(b"\n", b"\r\n"))
    assert desk.counts(again) == {"SAME": 3, "WRONG": 3}


def test_an_import_is_undone_where_nothing_was_built_on_it(desk):
    number = desk.apply("customers", CUSTOMERS)
    addresses = desk.apply("customer-addresses", b"customer_no;kind;name;country;city\nC-7001;SHIP;Acme;AT;Wien\n")
    with pytest.raises(Conflict, match=r"C-7001 is in use \(address\)"):
        desk.undo(number)
    desk.undo(addresses)
    desk.undo(number)
    assert desk.rows("SELECT customer_no, net_days FROM customer ORDER BY 1") == [("C-1001", 30), ("C-1002", 30), ("C-1003", 14)]
    assert desk.apply("customers", CUSTOMERS) != number  # it may come again


def test_what_somebody_has_changed_since_is_not_undone(desk):
    number = desk.apply("customers", CUSTOMERS)
    desk.ask(lambda tx: tx.execute(text("UPDATE customer SET net_days = 60 WHERE customer_no = 'C-1001'")))
    with pytest.raises(Conflict, match="C-1001 changed since"):
        desk.undo(number)


def test_a_high_credit_limit_and_another_payer_wait_for_a_second_person(desk):
    number = desk.apply("customers", b"customer_no,name,country,currency,credit_limit\nC-8,Big,AT,EUR,9000000\nC-9,Small,AT,EUR,1\n")
    assert desk.counts(number) == {"ADD": 1, "WAITS": 1}
    pending = desk.ask(show_import, number).pending_change_id
    with pytest.raises(Conflict, match="second person"):
        desk.undo(number)
    with pytest.raises(Forbidden):
        desk.do(confirm, pending, Person("tom", frozenset({"credit"})))
    desk.do(confirm, pending, CLAIRE)
    assert desk.rows("SELECT credit_limit FROM customer WHERE customer_no = 'C-8'") == [(Decimal(9000000),)]
    assert desk.counts(number) == {"ADD": 2}
    accounts = desk.apply("customer-bank-accounts", b"iban,customer_no\nAT022011100003429660,C-1003\nAT483200000012345864,C-1002\n")
    assert desk.counts(accounts) == {"ADD": 1, "WAITS": 1}
    assert desk.rows("SELECT customer_no FROM bank_account WHERE iban = 'AT022011100003429660'") == [("C-1001",)]


def test_prices_of_suppliers_and_lists_are_found_by_all_that_names_them(desk):
    number = desk.apply("prices", b"price_list_code,sku,unit_price,min_qty\nBASE-EUR,PUMP-40,240,0\nBASE-EUR,PUMP-40,230,10\nB,NONE,1,0\n")
    assert desk.counts(number) == {"CHANGE": 1, "ADD": 1, "WRONG": 1}
    assert "price list B" in desk.wrong(number)[4]
    assert "item NONE" in desk.wrong(number)[4]
    desk.undo(number)
    assert desk.rows("SELECT min_qty, unit_price FROM price WHERE sku = 'PUMP-40'") == [(0, 249)]


def test_items_may_name_one_another_in_any_order(desk):
    number = desk.apply("items", b"sku,name,item_class,substitute_sku\nA-1,Old,NEWCLASS,A-2\nA-2,New,NEWCLASS,\nA-3,Odd,X,A-9\n")
    assert desk.counts(number) == {"ADD": 2, "WRONG": 1}
    desk.undo(number)
    assert desk.rows("SELECT sku FROM item WHERE sku LIKE 'A-%'") == []


def test_opening_stock_is_in_the_books_and_is_taken_back_while_it_lies_there(desk):
    rows = b"sku,warehouse_code,qty,unit_cost,lot\nTANK-500,VIE,3,500,\nTANK-800,VIE,2,,L1\nPUMP-40,VIE,1,1,\nTANK-500,NOWHERE,1,1,\n"
    number = desk.apply("stock", rows)
    assert desk.counts(number) == {"ADD": 2, "WRONG": 2}
    assert "was opened with 60" in desk.wrong(number)[4]
    assert desk.rows("SELECT sku, on_hand, value FROM stock_balance WHERE sku LIKE 'TANK%' ORDER BY 1") == [
        ("TANK-500", 3, 1500),
        ("TANK-800", 2, 1410),
    ]
    assert desk.broken() == []
    desk.undo(number)
    assert desk.rows("SELECT on_hand, value FROM stock_balance WHERE sku LIKE 'TANK%'") == [(0, 0), (0, 0)]
    assert desk.broken() == []
    assert desk.counts(desk.apply("stock", rows)) == {"ADD": 2, "WRONG": 2}


def test_open_items_are_in_the_books_collected_on_and_taken_back(collecting):
    desk = collecting
    rows = (
        b"document_no,customer_no,document_date,due_date,amount,currency\n"
        b"RE-1,C-1001,2026-01-05,2026-02-04,1188.00,EUR\nRE-2,C-1002,2026-01-05,2199-02-04,50.555,EUR\nRE-3,C-1003,05.01.2026,2199-01-01,70,EUR\n"
    )
    number = desk.apply("open-items", rows)
    assert desk.counts(number) == {"ADD": 2, "WRONG": 1}
    assert desk.rows("SELECT business_key, state FROM instance ORDER BY 1") == [("RE-1", "waiting"), ("RE-3", "waiting")]
    assert desk.broken() == []
    with pytest.raises(Conflict, match="RE-1 was paid, disputed or reminded of"):
        desk.undo(number)  # RE-1 is long overdue: a reminder went out


def test_open_items_that_nobody_has_touched_are_taken_back(collecting):
    desk = collecting
    rows = b"document_no,customer_no,document_date,due_date,amount,currency\nRE-3,C-1003,2026-01-05,2199-01-01,70,EUR\n"
    desk.undo(desk.apply("open-items", rows))
    assert desk.rows("SELECT state FROM instance") == [("completed",)]
    assert desk.broken() == []
    desk.apply("open-items", rows)
    assert desk.rows("SELECT open_amount, closed_at FROM open_item") == [(70, None)]
    assert desk.broken() == []


def test_an_order_comes_in_whole_or_waits_for_its_wrong_row(company_database):
    desk = Desk(at_work(company_database, "order-to-promise"))
    number = desk.apply(
        "orders",
        b"reference,customer_no,sku,qty,customer_po,ordered_on,freight\n"
        b"OLD-1,C-1001,PUMP-40,2,PO-1,2026-01-05,12.50\nOLD-1,,SEAL-12,10,,,\nOLD-2,C-1002,PUMP-40,1,,,\nOLD-2,C-1002,NONE,1,,,\n",
    )
    assert desk.counts(number) == {"ADD": 2, "WRONG": 2}
    assert "waits for line 5" in desk.wrong(number)[4]
    (order,) = desk.rows("SELECT source_ref, customer_no, ordered_on, freight, state FROM sales_order")
    assert order == ("OLD-1", "C-1001", date(2026, 1, 5), Decimal("12.50"), "SUBMITTED")
    row = desk.ask(list_rows, number, "ADD", Asked()).rows[0]
    with pytest.raises(Conflict, match=row.after["order_no"]):
        desk.undo(number)


def test_agreed_prices_volume_discounts_and_promotions_come_by_file_and_an_order_is_priced_by_them(desk):
    desk.apply("items", b"sku,name,tier_group\nANVIL-1,Anvil,ANVILS\nANVIL-2,Heavy anvil,ANVILS\n")
    desk.apply("prices", b"price_list_code,sku,unit_price\nBASE-EUR,ANVIL-1,100\nBASE-EUR,ANVIL-2,100\n")
    desk.apply("tiers", b"tier_group,min_qty,discount_pct\nANVILS,10,10\n")
    desk.apply("promotions", b"code,discount_pct,sku\nSPRING,50,ANVIL-2\nODD,150,ANVIL-2\n")
    number = desk.apply("agreements", b"customer_no,sku,currency,unit_price\nC-1001,ANVIL-1,EUR,80\nC-404,ANVIL-1,EUR,1\n")
    assert (desk.counts(number), list(desk.wrong(number))) == ({"ADD": 1, "WRONG": 1}, [3])
    order_no = desk.ask(
        lambda tx: create_order(
            tx, OrderDraft(customer_no="C-1001", lines=[LineDraft(sku=each, qty=Decimal(5)) for each in ("ANVIL-1", "ANVIL-2")])
        )
    )
    desk.ask(lambda tx: price_order(tx, order_no, at_stated_prices=False))
    assert [row[0] for row in desk.rows("SELECT unit_net FROM order_line ORDER BY line_no")] == [Decimal(80), Decimal(45)], (
        "an agreement stops the rest; 10 % and then 50 % off 100"
    )
    desk.undo(number)
    assert desk.rows("SELECT count(*) FROM agreement WHERE sku = 'ANVIL-1'") == [(0,)]
