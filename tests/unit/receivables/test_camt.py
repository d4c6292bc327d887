from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.problems import Invalid, Problem, TooLarge
from handlers.receivables.camt import read_camt053
from tests.unit.receivables.statement_files import Credit, camt053

SAMPLES = Path(__file__).parents[4] / "shared" / "data" / "camt"
PAID = Credit("1634.64", "Invoice INV-000001 less 2 %", ref="BANK-1", name="Indifferent Mirror GmbH", iban="DE02120300000000202051")


@pytest.mark.parametrize("version", [2, 3, 4, 6, 8])
def test_every_version_reads_the_same(version):
    statement = read_camt053(camt053([PAID], closing="2634.64", version=version))
    assert statement.faults == ()
    assert (statement.opening, statement.closing, statement.currency) == (Decimal("1000.00"), Decimal("2634.64"), "EUR")
    (paid,) = statement.entries
    assert (paid.amount, paid.bank_ref, paid.payer_iban) == (Decimal("1634.64"), "BANK-1", "DE02120300000000202051")
    assert paid.remittance == "Invoice INV-000001 less 2 %"
    assert paid.booked_on == date(2026, 3, 18)


def test_a_debit_is_negative_and_pending_entries_are_left_out():
    debit = Credit("5.00", ref="FEE", direction="DBIT", status="<Sts><Cd>BOOK</Cd></Sts>")
    pending = Credit("99.00", ref="LATER", status="<Sts><Cd>PDNG</Cd></Sts>")
    statement = read_camt053(camt053([debit, pending], closing="995.00"))
    assert [entry.amount for entry in statement.entries] == [Decimal("-5.00")]
    assert statement.faults == ()


def test_two_payments_alike_without_a_bank_reference_stay_two():
    twin = Credit("10.00", "twice")
    first, second = read_camt053(camt053([twin, twin], closing="1020.00")).entries
    assert first.bank_ref != second.bank_ref


def test_a_statement_that_does_not_add_up_says_by_how_much():
    (fault,) = read_camt053(camt053([PAID], closing="2634.65")).faults
    assert "1634.65" in fault
    assert "1634.64" in fault


def test_an_entry_in_another_currency_is_a_fault():
    faults = read_camt053(camt053([Credit("10.00", currency="USD", ref="X")], closing="1010.00")).faults
    assert faults == ("Entry X is in USD, the account in EUR.",)


@pytest.mark.parametrize("amount", ["-5.00", "1e3", "NaN", "", "1,000.00", "9" * 40])
def test_an_amount_that_is_no_plain_number_is_refused(amount):
    with pytest.raises(Invalid) as refusal:
        read_camt053(camt053([Credit(amount)], closing="1000.00"))
    assert refusal.value.code == "statement_amount"
    assert refusal.value.next_step


HOSTILE = {
    "entities": (
        "xml_doctype",
        b'<!DOCTYPE d [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><Document><BkToCstmrStmt>&b;</BkToCstmrStmt></Document>',
    ),
    "a local file": ("xml_doctype", b'<!DOCTYPE d [<!ENTITY f SYSTEM "file:///etc/passwd">]><Document>&f;</Document>'),
    "no xml": ("xml_malformed", b"HDR,053,not xml"),
    "nothing": ("xml_malformed", b""),
    "a zero byte": ("xml_malformed", b"<Document>\x00</Document>"),
    "another message": ("statement_kind", b"<Document><BkToCstmrDbtCdtNtfctn/></Document>"),
    "no statement": ("statement_count", b"<Document><BkToCstmrStmt/></Document>"),
    "no account": ("statement_account", b"<Document><BkToCstmrStmt><Stmt/></BkToCstmrStmt></Document>"),
    "deep nesting": ("xml_malformed", b"<a>" * 5000 + b"</a>" * 5000),
}


@pytest.mark.parametrize(("code", "content"), HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_and_broken_files_are_refused_in_words(code, content):
    with pytest.raises(Invalid) as refusal:
        read_camt053(content)
    assert refusal.value.code == code
    assert refusal.value.detail
    assert refusal.value.next_step
    assert "root:" not in refusal.value.detail


def test_a_huge_file_is_refused_before_it_is_read():
    with pytest.raises(TooLarge, match="bank statement has 20000001 bytes"):
        read_camt053(b" " * 20_000_001)


@given(st.binary(max_size=300))
def test_whatever_comes_only_problems_come_out(content):
    with pytest.raises(Problem):
        read_camt053(b"<Document><BkToCstmrStmt>" + content + b"</BkToCstmrStmt></Document>")


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the public camt samples are not beside the repository")
@pytest.mark.parametrize("name", ["genkgo_camt053.v2.minimal.xml", "genkgo_camt053.v4.xml"])
def test_public_samples_are_read_and_their_mixed_currencies_noticed(name):
    statement = read_camt053((SAMPLES / name).read_bytes())
    assert [entry.amount for entry in statement.entries] == [Decimal("8.85")]
    assert statement.entries[0].payer_name == "NAME NAME"
    assert statement.entries[0].structured_refs == ("4654654654654654",)
    assert statement.faults[0] == "The closing balance is in SEK, the account in EUR."


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the public camt samples are not beside the repository")
def test_a_notification_is_not_a_statement():
    with pytest.raises(Invalid, match="BkToCstmrDbtCdtNtfctn"):
        read_camt053((SAMPLES / "genkgo_camt054.v4.xml").read_bytes())
