from sqlalchemy import text

from api.demo.company import load_company


def test_the_demo_company_is_loaded_once_however_often_it_is_asked_for(database):
    load_company(database)
    load_company(database)
    with database.transaction() as tx:
        assert tx.execute(text("SELECT count(*) FROM user_account")).scalar_one() == 11
        assert tx.execute(text("SELECT on_hand FROM stock_balance WHERE sku = 'PUMP-40'")).scalar_one() == 60


def test_the_opening_stock_is_in_the_books(database):
    load_company(database)
    with database.transaction() as tx:
        in_stock = tx.execute(text("SELECT sum(value) FROM stock_balance")).scalar_one()
        in_books = tx.execute(text("SELECT sum(accounted) FROM journal_line WHERE account = '1400'")).scalar_one()
    assert in_stock == in_books > 0
