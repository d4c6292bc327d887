"""BAI2, MT940, CSV and the announcements of ISO 20022 are read into one shape, and every control total is looked at."""

from contextlib import suppress
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.problems import Invalid, Problem
from handlers.receivables.bai2 import read_bai2
from handlers.receivables.bank_csv import Layout, find_layout, read_rows
from handlers.receivables.camt import read_camt
from handlers.receivables.mt940 import read_mt940

D = Decimal
SHARED = Path(__file__).parents[4] / "shared" / "data"
BAI = """01,BANK,US,260318,0800,1,80,,2/
02,US,BANK,1,260318,,USD,2/
03,4711,USD,010,100000,,,015,262500,,/
16,142,163000,Z,BANK-1,INV-000001,ACME CORP, INV/
88,OICE INV-000001/
16,698,500,Z,B2,,ACCOUNT FEE/
49,526000,5/
98,526000,1,7/
99,526000,1,9/
"""
MT = """{1:F01BANKDEFFAXXX0000000000}{2:I940X}{4:
:20:STARTUMSE
:25:37040044/0532013000
:28C:00001/001
:60F:C260317EUR1000,00
:61:2603180318CR634,64NTRFNONREF//BANK-1
:86:166?00GUTSCHRIFT?20EREF+RE 1?21SVWZ+Invoice INV-000?22001?31DE02120300000000202051?32Indifferent Mirr?33or GmbH
:61:260318RC5,00NCHGFEE//B2
:86:Account fee given back
:62F:C260318EUR1639,64
-}
"""
OURS = Layout(
    layout_no="L", account="DE89370400440532013000", currency="EUR", delimiter="semicolon", decimal_sign="comma", date_format="DD.MM.YYYY",
    booked_on="Buchung", amount="Betrag", payer_name="Name", remittance="Zweck+Zusatz", balance="Saldo",
)  # fmt: skip
CSV = """Kontoauszug der Musterbank
Buchung;Name;Zweck;Zusatz;Betrag;Saldo
19.03.2026;Musterbank;Entgelt;;-4,50;1.630,14
18.03.2026;ACME;INV-000001;Danke;1.634,64;1.634,64
"""


def test_a_bai2_account_is_a_statement_with_its_cents_its_texts_put_together_and_its_codes_in_words_of_iso():
    (statement,) = read_bai2(BAI).statements
    assert statement.faults == ()
    assert (statement.account, statement.currency, statement.opening, statement.closing) == ("4711", "USD", D("1000.00"), D("2625.00"))
    paid, fee = statement.entries
    assert (paid.amount, paid.bank_ref, paid.structured_refs) == (D("1630.00"), "BANK-1", ("INV-000001",))
    assert paid.remittance == "ACME CORP, INV OICE INV-000001"
    assert (fee.amount, fee.transaction_code) == (D("-5.00"), "BAI2/698/CHRG")


@pytest.mark.parametrize(
    ("written", "instead", "fault"),
    [
        ("49,526000,5/", "49,526001,5/", "control total is 526001"),
        ("49,526000,5/", "49,526000,6/", "should have 6 records and has 5"),
        ("98,526000", "98,526001", "group's control total"),
        ("99,526000", "99,526001", "file's control total"),
        ("99,526000,1,9/\n", "", "record 99 is missing"),
        ("015,262500", "015,262501", "The balances differ"),
    ],
)
def test_a_control_total_of_bai2_that_is_wrong_makes_the_statement_one_for_treasury(written, instead, fault):
    (statement,) = read_bai2(BAI.replace(written, instead)).statements
    assert fault in " ".join(statement.faults)


CUT, NO_DAY = BAI[: BAI.index("49,")], BAI.replace("260318,,USD", "261399,,USD")


@pytest.mark.parametrize("text", ["", "01,x/", "88,x/", "16,142,1/", BAI.replace("16,142,163000", "16,142,1.63"), CUT, NO_DAY])
def test_what_is_no_bai2_is_refused_in_words(text):
    with pytest.raises(Invalid) as refusal:
        read_bai2(text)
    assert refusal.value.next_step


@pytest.mark.parametrize(("name", "accounts", "entries"), [("moov_sample1", 2, 17), ("moov_sample3", 15, 26)])
def test_real_bai2_files_keep_every_control_total(name, accounts, entries):
    path = SHARED / "bai2" / f"{name}.txt"
    if not path.exists():
        pytest.skip("the shared data are not beside this checkout")
    statements = read_bai2(path.read_text()).statements
    assert (len(statements), sum(len(each.entries) for each in statements)) == (accounts, entries)
    assert [each.faults for each in statements] == [()] * accounts


def test_an_mt940_says_who_paid_what_they_wrote_and_what_came_back():
    (statement,) = read_mt940(MT).statements
    assert statement.faults == ()
    assert (statement.account, statement.opening, statement.closing) == ("37040044/0532013000", D("1000.00"), D("1639.64"))
    paid, fee = statement.entries
    assert (paid.payer_name, paid.payer_iban) == ("Indifferent Mirror GmbH", "DE02120300000000202051")
    assert (paid.remittance, paid.structured_refs, paid.bank_ref) == ("Invoice INV-000001", ("RE 1",), "BANK-1")
    assert (fee.amount, fee.reversal, fee.transaction_code) == (D("5.00"), True, "SWIFT/NCHG/CHRG")


def test_a_closing_balance_of_mt940_that_is_wrong_is_found_though_its_reader_takes_it():
    (statement,) = read_mt940(MT.replace("1639,64", "1639,63")).statements
    assert statement.faults == ("The balances differ by 639.63 EUR, the entries add up to 639.64 EUR.",)


def test_a_broken_message_of_mt940_does_not_take_the_good_one_with_it():
    found = read_mt940(MT + MT.replace(":60F:C260317EUR1000,00\n", ""))
    assert (len(found.statements), [each.where for each in found.refusals]) == (1, ["statement 2"])
    with pytest.raises(Invalid):
        read_mt940(":20:only a beginning\n")


def test_a_csv_with_its_newest_row_first_is_put_in_order_and_its_balances_are_checked():
    rows = read_rows(CSV, *find_layout(CSV, [OURS]))
    assert [(each.amount, each.booked_on) for each in rows.entries] == [(D("1634.64"), date(2026, 3, 18)), (D("-4.50"), date(2026, 3, 19))]
    assert (rows.opening, rows.closing, rows.faults) == (D("0.00"), D("1630.14"), ())
    assert rows.entries[0].remittance == "INV-000001\nDanke"
    wrong = CSV.replace("1.630,14", "1.630,15")
    assert "does not add up" in " ".join(read_rows(wrong, *find_layout(wrong, [OURS])).faults)


def test_a_row_that_cannot_be_read_is_told_with_its_line_and_the_others_go_on():
    plain = replace(OURS, balance="")
    broken = CSV.replace("19.03.2026", "31.02.2026")
    rows = read_rows(broken, *find_layout(broken, [plain]))
    assert [each.amount for each in rows.entries] == [D("1634.64")]
    assert [(each.where, "no date" in each.detail) for each in rows.refusals] == [("line 3", True)]


def test_a_file_that_no_layout_or_two_fit_is_refused_with_what_to_do():
    with pytest.raises(Invalid, match="No layout") as none:
        find_layout("Datum,Betrag\n", [OURS])
    assert "Bank files" in none.value.next_step
    with pytest.raises(Invalid, match="L, M fit"):
        find_layout(CSV, [OURS, replace(OURS, layout_no="M")])


def test_a_notification_announces_and_is_no_statement():
    path = SHARED / "camt" / "genkgo_camt054.v4.xml"
    if not path.exists():
        pytest.skip("the shared data are not beside this checkout")
    found = read_camt(path.read_bytes())
    assert (found.statements, [(each.message, len(each.entries)) for each in found.notices]) == ((), [("camt.054", 1)])


@given(st.text(alphabet=":20/,-+0123456789ABCDEF?{}\n;\"'.", max_size=300))
def test_no_text_makes_a_reader_stumble(text):
    for read in (read_bai2, read_mt940, lambda given: read_rows(given, OURS, 0), lambda given: read_mt940(f":20:{given}")):
        with suppress(Problem):
            read(text)
