"""Each business event posts to its own accounts and to no other."""

import re
from decimal import Decimal
from pathlib import Path

import pytest

import handlers
from engine.problems import Invalid
from handlers.ledger.accounts import NUMBERS
from handlers.ledger.events import ACCOUNTS_OF, accounts_of
from handlers.ledger.rules import Entry, check_entry, credit, debit

D = Decimal


def entry(event_type, account):
    return Entry(event_type, "INV-1", "EUR", [debit("1200", D(5), party_no="C-1"), credit(account, D(5))])


def test_revenue_of_an_invoice_on_another_account_is_refused():
    check_entry(entry("invoice.posted", "4000"))
    with pytest.raises(Invalid, match="names account 4200, which is none of its event's") as refused:
        check_entry(entry("invoice.posted", "4200"))
    assert refused.value.code == "journal_account"
    with pytest.raises(Invalid):
        check_entry(entry("invoice.posted.reversed", "4200"))


def test_a_journal_by_hand_may_touch_any_account():
    check_entry(entry("journal.manual", "4200"))
    assert accounts_of("journal.manual") is None


def test_every_event_that_the_capabilities_post_names_its_accounts():
    sources = [path.read_text(encoding="utf-8") for path in Path(handlers.__file__).parent.rglob("*.py")]
    posted = {event for source in sources for event in re.findall(r'event_type="([^"]+)"', source)}
    assert posted - ACCOUNTS_OF.keys() - {"journal.manual"} == set()
    assert {number for allowed in ACCOUNTS_OF.values() for number in allowed} - NUMBERS == set()
