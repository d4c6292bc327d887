from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.problems import Invalid, Problem, TooLarge
from handlers.receivables.camt import read_camt
from tests.unit.receivables.statement_files import Credit, camt053

SAMPLES = Path(__file__).parents[4] / "shared" / "data" / "camt"


def read_camt053(content):
    return read_camt(content).statements


PAID = Credit("1634.64", "Invoice INV-000001 less 2 %", ref="BANK-1", name="Indifferent Mirror GmbH", iban="DE02120300000000202051")


@pytest.mark.parametrize("version", [2, 3, 4, 6, 8])
def test_every_version_reads_the_same(version):
    (statement,) = read_camt053(camt053([PAID], closing="2634.64", version=version))
    assert statement.faults == ()
    assert (statement.opening, statement.closing, statement.currency) == (Decimal("1000.00"), Decimal("2634.64"), "EUR")
    (paid,) = statement.entries
    assert (paid.amount, paid.bank_ref, paid.payer_iban) == (Decimal("1634.64"), "BANK-1", "DE02120300000000202051")
    assert paid.remittance == "Invoice INV-000001 less 2 %"
    assert paid.booked_on == date(2026, 3, 18)


def test_a_debit_is_negative_and_pending_entries_are_left_out():
    debit = Credit("5.00", ref="FEE", direction="DBIT", status="<Sts><Cd>BOOK</Cd></Sts>")
    pending = Credit("99.00", ref="LATER", status="<Sts><Cd>PDNG</Cd></Sts>")
    (statement,) = read_camt053(camt053([debit, pending], closing="995.00"))
    assert [entry.amount for entry in statement.entries] == [Decimal("-5.00")]
    assert statement.faults == ()


def test_two_payments_alike_stay_two():
    twin = Credit("10.00", "twice", ref="NONREF")
    (statement,) = read_camt053(camt053([twin, twin], closing="1020.00"))
    assert [entry.amount for entry in statement.entries] == [Decimal("10.00"), Decimal("10.00")]
    assert statement.faults == ()


def test_a_file_may_hold_several_statements():
    one = camt053([PAID], closing="2634.64").decode()
    inner = one[one.index("<Stmt>") : one.index("</BkToCstmrStmt>")]
    both = one.replace("</BkToCstmrStmt>", inner.replace("STMT-077", "STMT-078") + "</BkToCstmrStmt>").encode()
    assert [statement.bank_ref for statement in read_camt053(both)] == ["STMT-077", "STMT-078"]


@pytest.mark.parametrize(
    ("written", "amount"),
    [("000000000000149.87", "149.87"), ("+149.87", "149.87"), ("149.", "149"), (".5", "0.5"), ("149.870000", "149.87"), ("0", "0")],
)
def test_an_amount_is_read_as_its_schema_types_it(written, amount):
    (statement,) = read_camt053(camt053([Credit(written, ref="X")], closing="1000.00"))
    assert statement.entries[0].amount == Decimal(amount)


def test_accounts_are_known_by_their_electronic_form():
    spaced = Credit("10.00", ref="X", iban="de02 1203 0000 0000 2020 51")
    content = camt053([spaced], closing="1010.00").replace(b"DE89370400440532013000", b"DE89 3704 0044 0532 0130 00")
    (statement,) = read_camt053(content)
    assert (statement.account, statement.entries[0].payer_iban) == ("DE89370400440532013000", "DE02120300000000202051")


@pytest.mark.parametrize("day", ["1899-12-31", "2200-01-01", "2026-02-30", "0001-01-01"])
def test_a_day_that_is_none_of_our_time_is_refused(day):
    with pytest.raises(Invalid) as refusal:
        read_camt053(camt053([Credit("10.00", day=day)], closing="1010.00"))
    assert refusal.value.code == "statement_date"


@pytest.mark.parametrize(
    ("reference", "kept"), [("NONREF", ()), ("NOTPROVIDED", ()), ("not-provided", ()), ("INV-000001", ("INV-000001",))]
)
def test_what_banks_write_where_they_have_no_reference_is_none(reference, kept):
    (statement,) = read_camt053(camt053([Credit("10.00", structured=reference)], closing="1010.00"))
    assert statement.entries[0].structured_refs == kept


def test_the_parties_of_a_reversal_keep_their_parts():
    back = Credit("10.00", ref="R", name="Payer", direction="DBIT", status="<Sts><Cd>BOOK</Cd></Sts><RvslInd>true</RvslInd>")
    (statement,) = read_camt053(camt053([back], closing="990.00"))
    (entry,) = statement.entries
    assert (entry.payer_name, entry.reversal, entry.amount) == ("Payer", True, Decimal("-10.00"))


def test_the_bank_s_code_of_a_transaction_is_kept():
    code = "<BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>MDOP</Cd><SubFmlyCd>CHRG</SubFmlyCd></Fmly></Domn></BkTxCd>"
    fee = Credit("5.00", ref="FEE", direction="DBIT", status=f"<Sts><Cd>BOOK</Cd></Sts>{code}")
    own = Credit("5.00", ref="FEE", direction="DBIT", status="<Sts><Cd>BOOK</Cd></Sts><BkTxCd><Prtry><Cd>NTRF+166</Cd></Prtry></BkTxCd>")
    (statement,) = read_camt053(camt053([fee, own], closing="990.00"))
    assert [entry.transaction_code for entry in statement.entries] == ["PMNT/MDOP/CHRG", "NTRF+166"]


def test_a_statement_that_does_not_add_up_says_by_how_much():
    ((fault,),) = (each.faults for each in read_camt053(camt053([PAID], closing="2634.65")))
    assert "1634.65" in fault
    assert "1634.64" in fault


def test_an_entry_in_another_currency_is_a_fault():
    (statement,) = read_camt053(camt053([Credit("10.00", currency="USD", ref="X")], closing="1010.00"))
    assert statement.faults == ("Entry 1 is in USD, the account in EUR.",)


@pytest.mark.parametrize("amount", ["-5.00", "1e3", "NaN", "", "1,000.00", "9" * 40, "1_000", "--5", "1.00001", "100000000000000", "٣"])
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
    "another message": ("statement_kind", b"<Document><BkToCstmrAcctSwtch/></Document>"),
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
    (statement,) = read_camt053((SAMPLES / name).read_bytes())
    assert [entry.amount for entry in statement.entries] == [Decimal("8.85")]
    assert statement.entries[0].payer_name == "NAME NAME"
    assert statement.entries[0].structured_refs == ("4654654654654654",)
    assert statement.faults[0] == "The closing balance is in SEK, the account in EUR."
