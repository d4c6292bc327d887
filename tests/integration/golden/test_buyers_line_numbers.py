"""The numbers that the buyer gave its lines come back on every paper that answers its order."""

import re
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from handlers.billing import tasks as billing
from handlers.fulfillment.papers import save_delivery_papers
from handlers.orders.acknowledgement import reply_to
from tests.integration.golden import builders as b
from tests.integration.golden.test_golden import bill, ship

NOW = datetime(2026, 3, 10, 9, tzinfo=UTC)
PAPERS = ("ORDER_RESPONSE", "DESPATCH_ADVICE", "INVOICE_UBL")


@pytest.mark.parametrize(("theirs", "answered"), [({1: "10", 2: "20-A"}, ["10", "20-A"]), ({}, ["1", "2"])])
def test_the_buyers_own_line_numbers_are_answered_and_ours_where_it_gave_none(database, theirs, answered):
    with database.transaction() as tx:
        b.company(tx)
        b.customer(tx)
        b.item(tx)
        b.warehouse(tx)
        b.on_stock(tx, "100")
        sold = b.order(tx, [b.Sold("4", "22.50"), b.Sold("6", "22.50")])
        for line_no, number in theirs.items():
            tx.execute(text("UPDATE order_line SET buyer_line_no = :number WHERE line_no = :line"), {"number": number, "line": line_no})
        reply_to(tx, sold.order_no)
        shipment_no = ship(tx, sold.groups[0], NOW)
        save_delivery_papers(tx, shipment_no)
        invoice_no = bill(tx, shipment_no, NOW)
    billing.render_invoice(billing.OfInvoice(invoice_no), database)
    with database.transaction() as tx:
        contents = dict(tx.execute(text("SELECT kind, content FROM document")).all())
    found = {paper: re.findall(r"OrderLineReference>\s*<cbc:LineID>([^<]*)", bytes(contents[paper]).decode()) for paper in PAPERS}
    assert found == dict.fromkeys(PAPERS, answered)
