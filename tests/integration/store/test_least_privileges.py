"""The product runs as a role that owns nothing and makes no table; the embedded server is started again when it dies."""

import os
import signal
from decimal import Decimal

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, ProgrammingError

from api.bootstrap import build, open_database
from api.content import deploy_content
from api.demo.company import load_company
from api.intake.ordering import take_in
from api.schema import grant
from api.settings import Settings
from engine.problems import Invalid
from engine.runtime.state import audit
from engine.runtime.verbs.run_until_idle import run_until_idle
from handlers.orders.drafts import LineDraft, OrderDraft
from tests.waiting import until


@pytest.fixture
def worker_url(own_database):
    """Of a role that may run the product on this database."""
    with own_database.transaction() as tx:
        tx.execute(text("CREATE ROLE runs_it LOGIN"))
    grant(own_database, "runs_it")
    yield make_url(own_database.url).set(username="runs_it").render_as_string(hide_password=False)
    with own_database.transaction() as tx:
        tx.execute(text("DROP OWNED BY runs_it"))
        tx.execute(text("DROP ROLE runs_it"))


def test_right_after_a_migration_the_product_runs_without_the_right_to_make_a_table(worker_url):
    product = build(Settings(database_url=worker_url))
    load_company(product.database)
    deploy_content(product, actor="ordercraft")
    draft = OrderDraft(customer_no="C-1001", customer_po="PO-1", requester="tom", lines=[LineDraft(sku="PUMP-40", qty=Decimal(2))])
    with product.database.transaction() as tx:
        order_no = take_in(product.runtime, tx, draft)
    run_until_idle(product.runtime)
    with product.database.transaction() as tx:
        audit.record(tx, audit.Entry("tom", "look", f"order:{order_no}"))
    for forbidden in ("CREATE TABLE more (id int)", "DROP TABLE journal", "UPDATE audit SET actor = 'nobody'", "DELETE FROM audit"):
        with pytest.raises(ProgrammingError, match="permission denied|must be owner"), product.database.transaction() as tx:
            tx.execute(text(forbidden))
    product.database.close()


def test_a_role_that_the_server_does_not_know_is_named(database):
    with pytest.raises(Invalid, match="no role nobody_here"):
        grant(database, "nobody_here")


def test_the_embedded_server_is_started_again_when_it_dies(tmp_path):
    database = open_database(Settings(data=tmp_path))
    with database.transaction() as tx:
        tx.execute(text("CREATE TABLE kept (id int)"))
    pid = int((tmp_path / "postgres" / "postmaster.pid").read_text().splitlines()[0])
    os.kill(pid, signal.SIGQUIT)

    def serves_again():
        try:
            with database.transaction() as tx:
                assert tx.scalar(text("SELECT count(*) FROM kept")) == 0
            return int((tmp_path / "postgres" / "postmaster.pid").read_text().splitlines()[0]) != pid
        except (DBAPIError, FileNotFoundError):  # what was connected is gone: who asks first may still be given such a connection
            return False

    until(serves_again)
    database.close()
