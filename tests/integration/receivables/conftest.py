"""What the tests of receivables share: books in which one invoice is owed."""

import pytest

from tests.integration.golden.builders import company, customer
from tests.integration.receivables.books import owed


@pytest.fixture
def books(database):
    """A company, a customer, and INV-000001 of 1,668.00 that the customer owes."""
    with database.transaction() as tx:
        company(tx)
        customer(tx)
        owed(tx)
    return database
