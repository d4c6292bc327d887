"""How values are written."""

import pytest

from tests.integration.orders.trade import D
from ui.formats import typed_money


@pytest.mark.parametrize(
    ("amount", "currency", "written"),
    [
        (D("6.4000"), "EUR", "6.40"),
        (D("6.4"), "EUR", "6.40"),
        (D("0.0125"), "EUR", "0.0125"),
        (D("1250"), "EUR", "1250.00"),
        (D("1250"), "JPY", "1250"),
        (D("0.5"), "JPY", "0.5"),
        (D("6.4"), "KWD", "6.400"),
        ("many", "EUR", "many"),
        (None, "EUR", ""),
    ],
)
def test_an_amount_to_be_changed_has_the_decimals_of_its_currency(amount, currency, written):
    assert typed_money(amount, currency) == written
