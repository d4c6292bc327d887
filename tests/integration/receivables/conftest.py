"""What the tests of receivables share: books in which one invoice is owed, and books of a bank and a customer in dollars."""

from datetime import date
from decimal import Decimal

import pytest

from handlers.ledger.model import FxRate
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


@pytest.fixture
def dollars(database):
    """A company of euros whose bank and customer count in dollars, at 0.9137 when it bills and 0.95 when it is paid."""
    with database.transaction() as tx:
        company(tx, banks_in="USD")
        customer(tx, currency="USD")
        tx.add(FxRate(currency="USD", valid_from=date(2026, 3, 1), rate=Decimal("0.9137")))
        tx.add(FxRate(currency="USD", valid_from=date(2026, 3, 18), rate=Decimal("0.95")))
        tx.flush()
    return database
