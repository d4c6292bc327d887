"""What the tests of billing share: a company that has something to sell."""

import pytest

from tests.integration.golden.builders import company, customer, item, on_stock, warehouse


@pytest.fixture
def world(database):
    """A company with a customer, and a hundred pieces of an item on stock."""
    with database.transaction() as tx:
        company(tx)
        customer(tx)
        item(tx)
        warehouse(tx)
        on_stock(tx, "100")
    return database
