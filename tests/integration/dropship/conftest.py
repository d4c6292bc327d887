"""What the tests of two orders side by side share: a shop, and how far the two orders came."""

import pytest

from handlers.dropship.inbound import AcknowledgementDraft
from tests.integration.dropship.side_by_side import CHAIR, MINE, OTHER, ack, confirm, on_order, open_shop
from tests.integration.golden.builders import Sold, order
from tests.steps import commit_step


@pytest.fixture
def tx(database):
    with database.transaction() as tx:
        open_shop(tx)
        yield tx


@pytest.fixture
def groups(tx):
    """The neighbour's group of 20 tables and 6 chairs, and mine of 10 tables and 4 chairs."""
    other = order(tx, [Sold("20", "70.00"), Sold("6", "99.00", sku=CHAIR)], kind="DROP")
    mine = order(tx, [Sold("10", "80.00"), Sold("4", "50.00", sku=CHAIR)], kind="DROP")
    commit_step(tx)
    return other.groups[0], mine.groups[0]


@pytest.fixture
def two(tx, groups):
    """Both are on order."""
    on_order(tx, *groups)
    return groups


@pytest.fixture
def agreed(tx, two):
    """Both are agreed as ordered."""
    for po_no in (OTHER, MINE):
        ack(tx, AcknowledgementDraft(po_no=po_no, document_no="AB-1", code="AP"))
        confirm(tx, po_no)
    return two
