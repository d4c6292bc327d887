"""The demo's ninety days: lived through the product's own doors, kept as a file, and opened as a company that goes on."""

import tarfile
from datetime import date

import pytest
from sqlalchemy import text

from api.app import create_app
from api.content import deploy_content
from api.demo.history import making, seed
from api.demo.history.house import House
from engine.problems import Invalid
from handlers.invariants import check_all

D = date


def counted(tx, sql):
    return tx.execute(text(sql)).scalar_one()


def test_two_days_are_lived_without_a_broken_invariant_and_come_out_of_their_file_as_they_went_in(own_database, another_database, tmp_path):
    made = making.make(House(own_database, create_app), D(2026, 9, 1), D(2026, 9, 2))
    assert made.broken == []
    assert made.figures["orders"] > 0
    assert made.figures["invoices"] > 0
    path = tmp_path / "days.tar.xz"
    seed.write(own_database, path)
    with another_database.transaction() as tx:
        seed.load(tx, path)
        assert counted(tx, "SELECT count(*) FROM sales_order") == made.figures["orders"]
        assert counted(tx, "SELECT business_today()") == D(2026, 9, 3)
        assert [each.id for each in check_all(tx) if not each.ok] == []


def test_the_company_that_the_product_comes_with_is_whole_and_goes_on(own_database):
    seed.load_days(own_database)
    house = House(own_database, create_app)
    deploy_content(house.product, actor="ordercraft")
    with own_database.transaction() as tx:
        assert [each.id for each in check_all(tx) if not each.ok] == []
        before = counted(tx, "SELECT count(*) FROM instance WHERE state NOT IN ('completed', 'cancelled')")
        assert before > 0
        assert counted(tx, "SELECT count(*) FROM sales_order") >= 350
        assert counted(tx, "SELECT count(DISTINCT fingerprint) FROM incident WHERE state = 'open'") == 2
        assert counted(tx, "SELECT count(*) FROM user_task WHERE state = 'open' AND due_at < business_now()") > 0
        assert counted(tx, "SELECT count(*) FROM period_close WHERE closed_at IS NOT NULL") >= 2
    assert house.send("tom", "/orders", {"customer_no": "C-1005", "lines": [{"sku": "PUMP-40", "quantity": "1"}]})["order_no"]
    house.work()
    seed.load_days(own_database)  # a second start of the same installation
    with own_database.transaction() as tx:
        assert counted(tx, "SELECT count(*) FROM instance WHERE state NOT IN ('completed', 'cancelled')") >= before


def test_a_file_of_tables_that_are_no_more_says_what_to_do_and_loads_nothing(database, tmp_path):
    path = tmp_path / "old.tar.xz"
    with tarfile.open(path, "w:xz") as file:
        seed._add(file, "manifest.json", b'{"ended_at": "2026-09-03T08:00:00+02:00", "tables": {"company": ["motto"]}, "sequences": {}}')
        seed._add(file, "company", b"ever onwards\n")
    with database.transaction() as tx, pytest.raises(Invalid, match=r"company\.motto") as refused:
        seed.load(tx, path)
    assert "ordercraft demo history" in refused.value.next_step
