"""A coyote who buys at the demo company by X12 and by EDIFACT."""

from decimal import Decimal

import pytest
from sqlalchemy import text

from handlers.catalog.master_data import CustomerItemDraft, set_customer_item
from handlers.changes import Author
from handlers.edi.arriving import take_in
from handlers.edi.partners import PartnerDraft, add_partner
from handlers.parties import master_data as parties
from tests.integration.at_work import at_work, settle

BOTH = {"our_qualifier": "ZZ", "our_id": "BERGWERK", "customer_no": "C-COYOTE"}


class Desk:
    """Sends files in and looks at what became of them."""

    def __init__(self, runtime):
        self.runtime = runtime

    def send(self, data):
        """What is answered at once, then the engine works."""
        with self.runtime.database.transaction() as tx:
            kept = take_in(self.runtime, tx, data, "edi")
        settle(self.runtime)
        return kept

    def rows(self, statement, **given):
        """Rows of the database."""
        with self.runtime.database.transaction() as tx:
            return [tuple(row) for row in tx.execute(text(statement), given)]


@pytest.fixture
def folders():
    return ("edi-order", "order-to-promise")


@pytest.fixture
def desk(company_database, folders):
    runtime = at_work(company_database, *folders)
    with company_database.transaction() as tx:
        add_coyote(tx)
    return Desk(runtime)


def add_coyote(tx):
    yard = parties.AddressDraft(
        name="Coyote Yard", street="Cliffside 1", city="Linz", postal_code="4020", country="AT", gln="9012345000028"
    )
    coyote = parties.CustomerDraft(
        customer_no="C-COYOTE", name="Coyote Supply", country="AT", currency="EUR", customer_class="A", credit_limit=Decimal(100000),
        order_limit=Decimal(100000), email="wile@coyote.example",
    )  # fmt: skip
    parties.add_customer(tx, coyote, [yard])
    set_customer_item(tx, CustomerItemDraft(customer_no="C-COYOTE", customer_sku="C-77", sku="PUMP-40"))
    add_partner(
        tx,
        PartnerDraft(partner_no="COYOTE-X12", name="Coyote", syntax="X12", their_qualifier="ZZ", their_id="COYOTE", **BOTH),
        Author("edith"),
    )
    gs1 = BOTH | {"our_qualifier": "14", "our_id": "9012345000011"}
    add_partner(
        tx,
        PartnerDraft(partner_no="COYOTE-EDIFACT", name="Coyote", syntax="EDIFACT", their_qualifier="14", their_id="9012345000004", **gs1),
        Author("edith"),
    )
