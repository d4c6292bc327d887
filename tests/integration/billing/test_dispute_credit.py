"""A dispute that the customer wins ends by a credit memo: a legal paper with its number, valid for machines, that gives the tax back."""

from dataclasses import replace
from decimal import Decimal

import pytest

from engine.service_tasks import Refused
from handlers.billing import adjustment_tasks
from handlers.billing.en16931 import validate_invoice
from handlers.billing.facts import read_facts
from handlers.billing.ubl import write_ubl
from handlers.invariants import check_all
from handlers.ledger.posting import balances
from handlers.receivables import commands
from handlers.receivables.disputes import DisputeDraft
from tests.integration.at_work import WANDA, at_work, do, settle
from tests.integration.billing.test_advances import bill
from tests.integration.golden.builders import Sold, context, one, order

D = Decimal
OLGA = replace(WANDA, name="olga")


@pytest.fixture
def running(world):
    """INV-000001 of 1,668.00: sixty tables at 22.50 and 40.00 of carriage, 20 % of tax; disputes and credits are at work."""
    with world.transaction() as tx:
        made = order(tx, [Sold("60", "22.50")], freight="40.00")
    bill(world, made.groups[0])
    return at_work(world, "dispute", "return-to-credit")


def disputed(runtime, amount):
    with runtime.database.transaction() as tx:
        draft = DisputeDraft(invoice_no="INV-000001", reason="PRICE", amount=D(amount))
        number = commands.dispute(runtime, tx, draft, "rita")
    settle(runtime)
    return number


def found_right(runtime):
    do(runtime, "Dispute of INV-000001", resolution="CREDIT", note="The list says so")


def test_the_customer_is_right_and_gets_a_credit_memo_that_machines_accept(running, world):
    number = disputed(running, "120.00")
    found_right(running)
    do(running, "Credit 120.00 EUR of INV-000001", person=OLGA, approved=True)
    with world.transaction() as tx:
        assert one(tx, "SELECT resolution, credit_request FROM dispute") == ("CREDIT", "ADJ-000001")
        assert one(tx, "SELECT invoice_no, gross_total, net_total, tax_total FROM invoice WHERE kind = 'CM'") == ("CM-000001", 120, 100, 20)
        facts = read_facts(tx, "CM-000001")
        assert (facts.terms, validate_invoice(write_ubl(facts))) == (f"Credit for invoice INV-000001: Dispute {number}, PRICE.", [])
        assert one(tx, "SELECT count(*) FROM adjustment") == 0
        assert one(tx, "SELECT open_amount, disputed FROM open_item") == (1548, False)
        assert one(tx, "SELECT count(*) FROM instance WHERE state <> 'completed'") == 0
        assert [each.id for each in check_all(tx) if not each.ok and each.id != "INV-40"] == []  # nobody collects in this test
        books = balances(tx)
        assert (books["1200"], books["4050"], books["2200"]) == (1548, 100, -258)


def test_a_credit_that_is_not_agreed_to_sends_the_dispute_back_and_nothing_is_given_away(running, world):
    disputed(running, "120.00")
    found_right(running)
    do(running, "Credit 120.00 EUR of INV-000001", person=OLGA, approved=False, comment="Which list?")
    do(running, "Dispute of INV-000001", resolution="CHARGE_BACK", note="Ours is right")
    with world.transaction() as tx:
        assert one(tx, "SELECT resolution, credit_request FROM dispute") == ("CHARGE_BACK", "")
        assert one(tx, "SELECT count(*) FROM invoice WHERE kind = 'CM'") == 0
        assert one(tx, "SELECT open_amount FROM open_item") == 1668


def test_the_cent_that_no_net_amount_comes_to_is_written_off(running, world):
    disputed(running, "33.33")
    found_right(running)
    with world.transaction() as tx:
        assert one(tx, "SELECT gross_total FROM invoice WHERE kind = 'CM'") == D("33.32")
        assert one(tx, "SELECT kind, amount FROM adjustment") == ("WRITE_OFF", D("0.01"))
        assert one(tx, "SELECT open_amount FROM open_item") == D("1634.67")


def test_all_of_an_invoice_is_credited_and_its_collection_is_told(running, world):
    disputed(running, "1668.00")
    found_right(running)
    do(running, "Credit 1668.00 EUR of INV-000001", person=OLGA, approved=True)
    with world.transaction() as tx:
        assert one(tx, "SELECT open_amount FROM open_item") == 0
        assert one(tx, "SELECT count(*) FROM message WHERE name = 'receivable.settled'") == 2  # by the memo, and by the dispute that ends
        assert one(tx, "SELECT count(*) FROM instance WHERE state <> 'completed'") == 0


def test_what_is_no_invoice_of_ours_and_what_is_credited_already_are_told_apart(running, world):
    given = adjustment_tasks.CreditOfAmount("INV-000001", D("1668.00"), "Broken", "rita")
    with world.transaction() as tx:
        other = replace(given, invoice_no="LC-000001")
        assert adjustment_tasks.request_credit(other, tx, context()) == adjustment_tasks.AskedCredit(None, D(0))
        asked = adjustment_tasks.request_credit(given, tx, context())
        assert asked == adjustment_tasks.AskedCredit("ADJ-000001", D("1668.00"))
        number = adjustment_tasks.OfAdjustment("ADJ-000001")
        assert adjustment_tasks.look_at_request(number, tx) == adjustment_tasks.CreditDecided(decided=False, credited=False, reason="")
    with world.transaction() as tx, pytest.raises(Refused, match="Less than 0.01 EUR is left"):
        adjustment_tasks.request_credit(replace(given, amount=D("0.01")), tx, context())
    with world.transaction() as tx:
        adjustment_tasks.refuse_adjustment(number, tx, context())
    with world.transaction() as tx:
        found = adjustment_tasks.look_at_request(number, tx)
        assert (found.decided, found.credited, found.reason[:10]) == (True, False, "Refused by")
