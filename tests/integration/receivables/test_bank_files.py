"""Every format of a bank's file goes through one intake: kept, taken once, told row by row; what is only announced is never booked."""

from pathlib import Path

import pytest
from sqlalchemy import text

from engine.problems import Conflict, Invalid
from handlers.changes import Author
from handlers.ledger.bank_accounts import HouseBankAccountDraft, add_bank_account
from handlers.receivables import notice_tasks, tasks
from handlers.receivables.bank_files import take_in_file
from handlers.receivables.bank_layouts import LayoutDraft, add_layout, change_layout
from tests.integration.golden.builders import one, stored
from tests.integration.receivables.books import nonzero, paid, take_in
from tests.steps import commit_step
from tests.unit.receivables.statement_files import HEAD, OURS, Credit, entry
from tests.unit.receivables.test_bank_formats import MT

SHARED = Path(__file__).parents[4] / "shared" / "data" / "bai2"
BY = Author("tina.treasury")
LUMP = Credit("1677.00", ref="BATCH-7")
PARTS = (Credit("1668.00", "INV-000001", ref="BATCH-7", name="Mirror"), Credit("9.00", "thanks", ref="BATCH-7", name="Somebody"))


def notified(*entries, message="BkToCstmrDbtCdtNtfctn", part="Ntfctn"):
    """A camt.054, or another message that announces, with these entries of our account."""
    told = f"<{part}><Id>N1</Id><Acct><Id><IBAN>{OURS}</IBAN></Id></Acct>{''.join(entry(each) for each in entries)}</{part}>"
    return f"{HEAD}<Document><{message}>{told}</{message}></Document>".encode()


def test_what_is_announced_is_never_booked_gives_a_lump_its_parts_and_is_met_once(books):
    with books.transaction() as tx:
        (notice_no,) = take_in_file(tx, notified(*PARTS)).notice_nos
        commit_step(tx)
        assert notice_tasks.read_notice(notice_tasks.OfNotice(notice_no), tx).entries == 2
        assert nonzero(tx).keys() == {"1200", "4000", "2200"}
        with pytest.raises(Conflict, match=f"taken before as {notice_no}"):
            take_in_file(tx, notified(*PARTS))
        applied = take_in(tx, paid(LUMP))
        assert [each.invoice_no for each in applied.settled] == ["INV-000001"]
        assert one(tx, "SELECT count(*), sum(amount) FROM receipt") == (2, 1677)
        assert notice_tasks.read_notice(notice_tasks.OfNotice(notice_no), tx).entries == 0


def test_an_entry_that_is_announced_late_or_by_two_messages_meets_the_line_that_booked_it(books):
    with books.transaction() as tx:
        take_in(tx, paid(Credit("10.00", "first", name="Mirror"), Credit("10.00", "first", name="Mirror")))
        twice = take_in_file(tx, notified(*[Credit("10.00", "first", name="Mirror")] * 3)).notice_nos[0]
        report = notified(Credit("10.00", "first", name="Mirror"), message="BkToCstmrAcctRpt", part="Rpt")
        of_the_day = take_in_file(tx, report).notice_nos[0]
        commit_step(tx)
        found = notice_tasks.read_notice(notice_tasks.OfNotice(twice), tx)
        assert (found.entries, found.text) == (1, "2026-03-18: 10.00 EUR Mirror first")
        assert notice_tasks.read_notice(notice_tasks.OfNotice(of_the_day), tx).entries == 0
        notice_tasks.give_up_notice(notice_tasks.GiveUp(twice, "The bank withdrew it"), tx)
        assert notice_tasks.read_notice(notice_tasks.OfNotice(twice), tx).entries == 0


def _layout(tx, **changes):
    columns = {"booked_on": "Day", "amount": "Amount", "payer_name": "Who", "remittance": "Text"}
    written = {"delimiter": "comma", "decimal_sign": "point", "date_format": "YYYY-MM-DD"}
    add_layout(tx, LayoutDraft(**{"layout_no": "MINE", "account": OURS, "currency": "EUR", **columns, **written, **changes}), BY)
    commit_step(tx)


def test_of_a_csv_the_good_rows_go_on_and_a_longer_export_brings_only_what_is_new(books):
    first = "Day,Who,Text,Amount\n2026-03-18,Mirror,INV-000001,1668.00\n2026-03-18,?,?,lots\n"
    with books.transaction() as tx:
        with pytest.raises(Invalid, match="No layout"):
            take_in_file(tx, first.encode())
        _layout(tx)
        taken = take_in_file(tx, first.encode(), "tina.treasury")
        commit_step(tx)
        assert [(each.where, each.detail[:6]) for each in taken.refusals] == [("line 3", "'lots'")]
        longer = take_in_file(tx, (first[:57] + "2026-03-19,Mirror,more,5.00\n").encode())
        commit_step(tx)
        assert [each.detail for each in longer.refusals] == ["It is booked already, as BS-000001/1."]
        assert one(tx, "SELECT opening, closing FROM bank_statement WHERE statement_no = :no", no=longer.statement_nos[0]) == (1668, 1673)
        with pytest.raises(Conflict, match="booked already"):
            take_in_file(tx, first[:57].encode())
        change_layout(tx, "MINE", {"active": False}, BY)
        with pytest.raises(Invalid, match="No layout"):
            take_in_file(tx, (first + "\n").encode())


def test_a_layout_names_our_account_and_one_way_to_write_amounts(books):
    for wrong, field in (
        ({"money_in": "In"}, "amount"),
        ({"amount": "", "money_in": "In"}, "money_out"),
        ({"delimiter": "blank"}, "delimiter"),
    ):
        with books.transaction() as tx, pytest.raises(Invalid) as refusal:
            _layout(tx, **wrong)
        assert field in refusal.value.errors
    with books.transaction() as tx, pytest.raises(Invalid, match="none of our bank accounts"):
        _layout(tx, account="AT611904300234573201")


def test_an_mt940_names_our_account_by_bank_and_number_and_its_charge_is_given_back(books):
    with books.transaction() as tx:
        (number,) = stored(tx, MT.encode("cp1252"))
        facts = tasks.read_statement(tasks.OfStatement(number), tx)
        assert [(kind.direction, kind.reversal, kind.code) for kind in facts.kinds] == [("credit", False, ""), ("credit", True, "CHRG")]
        assert one(tx, "SELECT account FROM bank_statement") == OURS


def test_of_a_file_of_several_accounts_the_one_that_is_not_ours_is_told_and_may_come_again_when_it_is(books):
    ours, others = MT.encode(), MT.replace("37040044/0532013000", "99999999/1").encode()
    with books.transaction() as tx:
        taken = take_in_file(tx, ours + others)
        commit_step(tx)
        assert (len(taken.statement_nos), [each.where for each in taken.refusals]) == (1, ["statement 2"])
        add_bank_account(tx, HouseBankAccountDraft(iban="999999991", currency="EUR", ledger_account="1001"))
        again = take_in_file(tx, ours + others)
        assert (again.statement_nos, again.refusals) == (["BS-000002"], [])


@pytest.mark.skipif(not SHARED.is_dir(), reason="the public BAI2 samples are not beside the repository")
@pytest.mark.parametrize(("name", "accounts", "currency", "statements"), [
    ("moov_sample1", ("10200123456",), "CAD", 2), ("moov_sample3", ("1111111", "11111111"), "USD", 15),
])  # fmt: skip
def test_real_bai2_files_are_taken_in(books, name, accounts, currency, statements):
    with books.transaction() as tx:
        for account, ledger in zip(accounts, ("1001", "1002"), strict=False):
            add_bank_account(tx, HouseBankAccountDraft(iban=account, currency=currency, ledger_account=ledger))
        taken = take_in_file(tx, (SHARED / f"{name}.txt").read_bytes())
        assert (len(taken.statement_nos), taken.refusals, taken.format) == (statements, [], "BAI2")
        assert tx.execute(text("SELECT count(*) FROM bank_statement WHERE faults <> '[]'")).scalar_one() == 0
