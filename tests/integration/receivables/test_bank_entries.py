"""Each entry of a statement is booked, or asked of a person who can book it."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import text

import bpmn
from engine.dmn import load_decisions
from engine.problems import Invalid
from handlers.dropship.model import SupplierInvoice
from handlers.ledger import invariants as ledger
from handlers.ledger import posting
from handlers.ledger.model import FxRate
from handlers.ledger.posting import balances
from handlers.receivables import invariants as receivables
from handlers.receivables import manual_application as by_hand
from handlers.receivables import tasks
from handlers.receivables.bank_files import take_in_file
from handlers.receivables.manual_application import HandApplication
from handlers.rowsets import insert_rows
from tests.integration.golden.builders import PAYER_IBAN, count_statements, one, stored
from tests.steps import as_a_step, commit_step
from tests.unit.receivables.statement_files import Credit, camt053, debit

D = Decimal
apply_manually, identify, reverse_receipt = map(as_a_step, (by_hand.apply_manually, by_hand.identify, by_hand.reverse_receipt))
TREASURY, CLERK = "treasury", "accounts-receivable"


def table(name):
    """A decision table as it is shipped."""
    path = Path(bpmn.__file__).parent / "invoice-to-receipt" / f"{name.replace('_', '-')}.dmn"
    return load_decisions(path.read_bytes()).decisions[name]


def decided(kind):
    return table("bank_entry").evaluate({"direction": kind.direction, "reversal": kind.reversal, "code": kind.code}).value


def bank_day(tx, *entries, opening="0.00", statement="STMT-077"):
    """A whole statement, as the diagram goes through it up to the questions to people; answers its number."""
    change = sum((D(each.amount) * (1 if each.direction == "CRDT" else -1) for each in entries), D(0))
    content = camt053(list(entries), opening=opening, closing=str(D(opening) + change), statement=statement)
    (number,) = stored(tx, content)
    given = tasks.OfStatement(number)
    facts = tasks.read_statement(given, tx)
    tasks.book_entries(tasks.BookEntries(number, facts.kinds, [decided(kind) for kind in facts.kinds]), tx)
    tasks.record_receipts(given, tx)
    cases = tasks.propose_applications(tasks.Propose(given.statement_no), tx).residual_cases
    tasks.apply_receipts(tasks.Apply(number, cases, ["PARTIAL"] * len(cases)), tx)
    commit_step(tx)
    return number


@as_a_step
def settle(tx, number, group=CLERK, *answers):
    return tasks.settle_entries(tasks.SettleEntries(number, group, list(answers)), tx)


def explain(position, action, **said):
    return {"position": position, "action": action, **said}


def off_the_bank(tx):
    """What is broken of the books and of the bank; who owns an open line is another test's question."""
    rules = [each for each in (*receivables.INVARIANTS, *ledger.INVARIANTS) if each.id != "INV-32"]
    return [(each.sentence, dict(row)) for each in rules for row in tx.execute(text(each.sql)).mappings()]


def outcomes(tx, statement_no="BS-000001"):
    sql = "SELECT outcome, document_no, asked_group FROM bank_line WHERE statement_no = :no ORDER BY position"
    return [tuple(row) for row in tx.execute(text(sql), {"no": statement_no})]


@dataclass(frozen=True)
class Bill:
    """A supplier's invoice that was paid in our books and not yet by the bank."""

    number: str = "SI-000001"
    document_no: str = "RE-2026/17"
    amount: str = "120.00"
    currency: str = "EUR"
    rate: str = "1"


def supplier_paid(tx, bill):
    amount, party, rate = D(bill.amount), "S-OMINOUS", D(bill.rate)
    steps = (("test.owed", "5200", "2000"), ("supplier.paid", "2000", "1000"))
    for event, debited, credited in steps:
        lines = [
            posting.debit(debited, amount, party_no=party, reference=bill.number),
            posting.credit(credited, amount, party_no=party, reference=bill.number),
        ]
        posting.post(tx, posting.Entry(event, bill.number, bill.currency, lines, gl_date=date(2026, 3, 12), fx_rate=rate))
    tx.execute(text("SET LOCAL session_replication_role = replica"))  # what the supplier billed is beside the point
    row = {
        "supplier_invoice_no": bill.number, "document_no": bill.document_no, "po_no": "PO-1", "supplier_no": party,
        "currency": bill.currency, "sha256": bill.number,
        "invoice_date": date(2026, 3, 10), "net_total": amount, "tax_total": 0, "gross_total": amount,
        "paid_at": "2026-03-12T09:00:00Z", "paid_amount": amount,
    }  # fmt: skip
    insert_rows(tx, SupplierInvoice, [row])
    tx.execute(text("SET LOCAL session_replication_role = origin"))


def test_charges_and_interest_are_booked_by_the_table(books):
    with books.transaction() as tx:
        number = bank_day(
            tx, debit("12.50", "Quarterly charges", code="CHRG"), debit("3.00", code="INTR"), Credit("7.00", code="INTR"),
            Credit("1.50", code="FEES", reversal=True), opening="100.00",
        )  # fmt: skip
        booked = balances(tx)
        assert [booked[account] for account in ("1000", "3000", "6400", "6410", "7300")] == [D("93.00"), -100, 11, 3, -7]
        assert outcomes(tx) == [("ACCOUNT", "6400", ""), ("ACCOUNT", "6410", ""), ("ACCOUNT", "7300", ""), ("ACCOUNT", "6400", "")]
        assert settle(tx, number, TREASURY).entries == settle(tx, number, CLERK).entries == []
        assert off_the_bank(tx) == []


def test_a_debit_that_nobody_knows_is_treasury_s_until_it_is_explained(books):
    with books.transaction() as tx:
        number = bank_day(tx, debit("99.00", "Kfz-Leasing\n4711", name="Autohaus"), opening="500.00")
        (entry,) = settle(tx, number, TREASURY).entries
        assert (entry.position, entry.direction, entry.amount, entry.text, entry.note) == (1, "debit", D(99), "Kfz-Leasing\n4711", "")
        assert settle(tx, number, CLERK).entries == []
        assert off_the_bank(tx) == []
        for wrong in (explain(1, "account", account="9999"), explain(1, "account", account="1000"), explain(1, "account")):
            (entry,) = settle(tx, number, TREASURY, wrong).entries
            assert "choose one of the list" in entry.note
        assert settle(tx, number, CLERK, explain(1, "account", account="6900")).entries == []  # not the clerk's to say
        assert outcomes(tx) == [("", "", TREASURY)]
        assert settle(tx, number, TREASURY, explain(1, "account", account="6900")).entries == []
        assert settle(tx, number, TREASURY, explain(1, "account", account="6400")).entries == []
        assert (balances(tx)["1000"], balances(tx)["6900"], balances(tx).get("6400", 0)) == (401, 99, 0)
        assert off_the_bank(tx) == []


def test_an_account_that_needs_a_party_or_belongs_to_a_sub_ledger_is_not_on_the_list():
    offered = {each["value"] for each in table("bank_account_choice").evaluate({}).value}
    assert offered == {"6400", "6410", "2350", "6900", "1010", "7300", "2360", "7200", "1296"}


def test_a_returned_payment_opens_its_invoice_again(books):
    with books.transaction() as tx:
        before = balances(tx)
        first = bank_day(tx, Credit("1668.00", "INV-000001"))
        assert one(tx, "SELECT open_amount FROM open_item") == 0
        number = bank_day(tx, debit("1668.00", "RETURN INV-000001", reversal=True), opening="1668.00", statement="S2")
        assert settle(tx, number, TREASURY).reopened == []
        done = settle(tx, number)
        assert done.entries == []
        assert one(tx, "SELECT open_amount, closed_at IS NULL FROM open_item") == (1668, True)
        assert outcomes(tx, number) == [("RETURN", "RC-000001", CLERK)]
        assert {account: amount for account, amount in balances(tx).items() if amount} == before
        assert settle(tx, number).reopened == []
        assert off_the_bank(tx) == []
        assert first == "BS-000001"


@pytest.mark.parametrize(
    ("came", "went", "found"),
    [
        (Credit("100.00", "INV-000001"), debit("100.00", "INV-000001 R01", reversal=True), True),
        (Credit("100.00", "hello", structured="E2E-77"), debit("100.00", structured="e2e-77", reversal=True), True),
        (Credit("100.00", "hello", iban=PAYER_IBAN), debit("100.00", "?", iban=PAYER_IBAN, reversal=True), True),
        (Credit("100.00", "hello", iban=PAYER_IBAN), debit("100.00", "?", iban=PAYER_IBAN, code="RRTN"), True),
        (Credit("100.00", "hello"), debit("100.00", "hello", reversal=True), False),
        (Credit("100.00", "INV-000001"), debit("100.01", "INV-000001", reversal=True), False),
        (Credit("100.00", "INV-000001"), debit("100.00", "INV-000002", reversal=True), False),
        (Credit("100.00", "INV-000001", day="2026-03-18"), debit("100.00", "INV-000001", day="2026-03-17", reversal=True), False),
        (Credit("100.00", "hello", structured="NONREF"), debit("100.00", structured="NONREF", reversal=True), False),
    ],
)
def test_a_return_is_found_by_its_amount_and_another_witness(books, came, went, found):
    with books.transaction() as tx:
        bank_day(tx, came)
        number = bank_day(tx, went, opening="100.00", statement="S2")
        assert (settle(tx, number).entries == []) is found
        assert one(tx, "SELECT reversed_at IS NOT NULL FROM receipt") is found
        assert off_the_bank(tx) == []


def test_two_receipts_that_a_return_could_mean_are_a_question_and_each_is_returned_once(books):
    with books.transaction() as tx:
        twice = [Credit("50.00", "a", iban=PAYER_IBAN), Credit("50.00", "b", iban=PAYER_IBAN)]
        bank_day(tx, *twice)
        back = [debit("50.00", iban=PAYER_IBAN, reversal=True), debit("50.00", iban=PAYER_IBAN, reversal=True)]
        number = bank_day(tx, *back, opening="100.00", statement="S2")
        assert [entry.position for entry in settle(tx, number).entries] == [1, 2]
        (left,) = settle(tx, number, CLERK, *(explain(place, "return", receipt_no=" RC-000001 ") for place in (1, 2))).entries
        assert (left.position, left.note) == (2, "RC-000001 was returned already.")
        # Only one is left that it can mean: now the account is witness enough.
        assert settle(tx, number).entries == []
        assert outcomes(tx, number) == [("RETURN", "RC-000001", CLERK), ("RETURN", "RC-000002", CLERK)]
        assert off_the_bank(tx) == []


def test_what_a_return_takes_beyond_the_receipt_is_bank_charges(books):
    with books.transaction() as tx:
        bank_day(tx, Credit("100.00", "INV-000001"))
        number = bank_day(tx, debit("104.50", "INV-000001 + fee", reversal=True), opening="100.00", statement="S2")
        for wrong, why in ((explain(1, "return"), "no such receipt"), (explain(1, "return", receipt_no="RC-404"), "no such receipt")):
            assert why in settle(tx, number, CLERK, wrong).entries[0].note
        assert settle(tx, number, CLERK, explain(1, "return", receipt_no="RC-000001")).entries == []
        assert (balances(tx)["1000"], balances(tx)["6400"], balances(tx)["1290"]) == (D("-4.50"), D("4.50"), 0)
        assert off_the_bank(tx) == []


def test_more_than_was_taken_back_cannot_have_been_returned(books):
    with books.transaction() as tx:
        bank_day(tx, Credit("100.00", "INV-000001"))
        number = bank_day(tx, debit("60.00", "?", reversal=True), opening="100.00", statement="S2")
        assert "more than was taken back" in settle(tx, number, CLERK, explain(1, "return", receipt_no="RC-000001")).entries[0].note
        assert one(tx, "SELECT reversed_at IS NULL FROM receipt")


def test_a_receipt_that_a_clerk_reversed_before_the_bank_said_so_is_not_reversed_twice(books):
    with books.transaction() as tx:
        bank_day(tx, Credit("1668.00", "INV-000001"))
        reverse_receipt(tx, "RC-000001", "the bank called")
        assert balances(tx)["1000"] == 0
        assert off_the_bank(tx) == []
        number = bank_day(tx, debit("1668.00", "INV-000001", reversal=True), opening="1668.00", statement="S2")
        assert settle(tx, number).entries == []
        assert balances(tx)["1000"] == 0
        assert outcomes(tx, number) == [("RETURN", "RC-000001", CLERK)]
        assert off_the_bank(tx) == []


@pytest.mark.parametrize(
    ("entry", "found"),
    [
        (debit("120.00", "Re. RE-2026/17 thanks"), True),
        (debit("120.00", structured="re-2026/17"), True),
        (debit("120.00", "SI-000001"), True),
        (debit("120.00", "RE-2026/171"), False),
        (debit("120.00", "XRE-2026/17"), False),
        (debit("120.00", "no number"), False),
        (debit("120.01", "RE-2026/17"), False),
    ],
)
def test_a_payment_of_ours_is_known_by_amount_and_whole_number(books, entry, found):
    with books.transaction() as tx:
        supplier_paid(tx, Bill())
        assert off_the_bank(tx) == []
        number = bank_day(tx, entry, opening="500.00")
        assert (settle(tx, number, TREASURY).entries == []) is found
        assert off_the_bank(tx) == []
        assert balances(tx)["1000"] == D("380.00")


def test_a_payment_is_on_one_line_only_and_people_can_say_which_it_is(books):
    with books.transaction() as tx:
        supplier_paid(tx, Bill())
        number = bank_day(tx, debit("120.00", "RE-2026/17"), debit("120.00", "RE-2026/17"), debit("7.00", "x"), opening="500.00")
        assert [entry.position for entry in settle(tx, number, TREASURY).entries] == [2, 3]
        again, differs = (explain(place, "payment", supplier_invoice_no="SI-000001") for place in (2, 3))
        notes = [entry.note for entry in settle(tx, number, TREASURY, again, differs).entries]
        assert notes == ["The payment of SI-000001 is on a statement already."] * 2
        notes = [entry.note for entry in settle(tx, number, TREASURY, explain(2, "payment", supplier_invoice_no="SI-404")).entries]
        assert notes[0] == "There is no such invoice, or explain the entry otherwise."
        supplier_paid(tx, Bill("SI-000002", "RE-18", "7.50"))
        supplier_paid(tx, Bill("SI-000003", "RE-19", "7.00"))
        notes = [entry.note for entry in settle(tx, number, TREASURY, explain(3, "payment", supplier_invoice_no="SI-000002")).entries]
        assert notes[1] == "SI-000002 was paid with 7.5000, the entry is 7.0000 EUR."
        assert [each.position for each in settle(tx, number, TREASURY, explain(3, "payment", supplier_invoice_no="SI-000003")).entries] == [
            2
        ]


def test_a_payment_in_another_currency_costs_what_the_bank_took(books):
    with books.transaction() as tx:
        tx.add(FxRate(currency="USD", valid_from=date(2026, 1, 1), rate=D("0.90")))
        tx.flush()
        supplier_paid(tx, Bill(currency="USD", amount="100.00", rate="0.90"))
        number = bank_day(tx, debit("91.25", "FX"), opening="500.00")
        assert off_the_bank(tx) == []
        assert settle(tx, number, TREASURY, explain(1, "payment", supplier_invoice_no="SI-000001")).entries == []
        assert (balances(tx)["1000"], balances(tx)["7110"]) == (D("408.75"), D("1.25"))
        assert off_the_bank(tx) == []


def test_the_rest_of_a_receipt_is_placed_where_a_person_says(books):
    with books.transaction() as tx:
        number = bank_day(tx, Credit("10.00", "?"), Credit("20.00", "?", iban=PAYER_IBAN))

        def place(outcome=None, account=None):
            return tasks.place_receipts(tasks.PlaceReceipts(number, outcome, account), tx).unmatched

        assert place() == place("applied") == ["RC-000001", "RC-000002"]
        assert place("on_account") == ["RC-000001"]
        assert one(tx, "SELECT array_agg(on_account ORDER BY receipt_no) FROM receipt") == [0, 20]
        for account in ("1200", "1290", "", "9999"):
            with pytest.raises(Invalid):
                place("account", account)
        assert place("account", "7200") == []
        assert place() == []
        assert (balances(tx)["7200"], balances(tx)["1290"]) == (-10, -20)
        assert off_the_bank(tx) == []
        assert reverse_receipt(tx, "RC-000001", "returned") == []
        assert (balances(tx)["7200"], balances(tx)["1290"], balances(tx)["1000"]) == (0, -20, 20)


@pytest.mark.parametrize(
    "decision", [None, {"action": "GIVE_AWAY"}, {"action": "ACCOUNT", "account": "9999"}, {"action": "ASK", "ask": ""}]
)
def test_a_decision_that_says_nothing_we_know_books_nothing(books, decision):
    with books.transaction() as tx:
        (number,) = take_in_file(tx, camt053([debit("1.00")], opening="0.00", closing="-1.00")).statement_nos
        kinds = tasks.read_statement(tasks.OfStatement(number), tx).kinds
        with pytest.raises(Invalid) as refusal:
            tasks.book_entries(tasks.BookEntries(number, kinds, [decision]), tx)
        assert refusal.value.code == "entry_decision"
        with pytest.raises(Invalid, match="1 kinds of entry"):
            tasks.book_entries(tasks.BookEntries(number, kinds, []), tx)
        assert outcomes(tx) == [("", "", "")]


def test_an_entry_of_nothing_asks_nobody(books):
    with books.transaction() as tx:
        number = bank_day(tx, debit("0.00", "Information"), Credit("0.00", "Information"))
        assert settle(tx, number, TREASURY).entries == settle(tx, number).entries == []
        assert outcomes(tx) == [("NOTHING", "", "")] * 2


def test_at_most_25_entries_are_asked_at_once_and_none_is_forgotten(books):
    with books.transaction() as tx:
        number = bank_day(tx, *(debit("1.00", f"x{each}") for each in range(30)), opening="30.00")
        first = settle(tx, number, TREASURY).entries
        assert [entry.position for entry in first] == list(range(1, 26))
        rest = settle(tx, number, TREASURY, *(explain(entry.position, "account", account="6900") for entry in first)).entries
        assert [entry.position for entry in rest] == list(range(26, 31))


def test_a_statement_of_many_entries_costs_as_many_statements_as_one_of_few(books):
    sent = count_statements(books)

    def run(count, number, opening):
        entries = [debit("1.00", f"x{each}", code="CHRG") for each in range(count)]
        entries += [Credit("5.00", f"y{number}-{each}", structured=f"E-{number}-{each}") for each in range(count)]
        with books.transaction() as tx:
            bank_day(tx, *entries, opening=str(opening), statement=f"S{number}")
        closing = opening + 4 * count
        back = [debit("5.00", structured=f"E-{number}-{each}", reversal=True) for each in range(count)]
        sent.clear()
        with books.transaction() as tx:
            last = bank_day(tx, *back, opening=str(closing), statement=f"T{number}")
            assert settle(tx, last).entries == []
            settle(tx, last, TREASURY)
        return len(sent), closing - 5 * count

    few, opening = run(2, 1, D(0))
    many, _ = run(20, 2, opening)
    assert few == many < 90


def test_a_person_s_receipt_may_be_returned_too(books):
    with books.transaction() as tx:
        bank_day(tx, Credit("1668.00", "thanks"))
        identify(tx, "RC-000001", "C-MIRROR")
        commit_step(tx)
        apply_manually(tx, HandApplication(receipt_no="RC-000001", invoice_no="INV-000001"))
        number = bank_day(tx, debit("1668.00", "INV-000001 returned", code="UPDD"), opening="1668.00", statement="S2")
        assert settle(tx, number).entries == []
        assert one(tx, "SELECT open_amount FROM open_item") == 1668
        assert off_the_bank(tx) == []


def test_a_question_that_an_operator_skipped_is_asked_again(books):
    with books.transaction() as tx:
        number = bank_day(tx, debit("12.50", "what may this be"))
        for skipped in (None, {}):
            assert [each.position for each in settle(tx, number, TREASURY, skipped).entries] == [1]


def test_what_a_statement_brought_is_placed_in_the_step_that_returned_another_receipt(books):
    @as_a_step
    def answered(tx, number):
        answers = [explain(1, "return", receipt_no="RC-000001")]
        assert tasks.settle_entries(tasks.SettleEntries(number, CLERK, answers), tx).entries == []
        return tasks.place_receipts(tasks.PlaceReceipts(number), tx)

    with books.transaction() as tx:
        bank_day(tx, Credit("1668.00", "INV-000001"))
        entries = [debit("1668.00", "?", reversal=True), Credit("33.00", "who is it from")]
        number = bank_day(tx, *entries, opening="1668.00", statement="S2")
        assert answered(tx, number).unmatched == ["RC-000002"]
        assert off_the_bank(tx) == []


def test_money_of_a_supplier_is_taken_off_a_claim_of_its_amount_or_waits_for_one(books):
    def claim(tx, reference):
        lines = [posting.debit("1296", D(264), reference=reference), posting.credit("5100", D(264), reference=reference)]
        posting.post(tx, posting.Entry("supplier_credit.approved", reference, "EUR", lines, gl_date=date(2026, 3, 10)))

    with books.transaction() as tx:
        number = bank_day(tx, Credit("264.00", "Gutschrift"), Credit("264.00", "Gutschrift"))
        claim(tx, "SCN-000001")
        with pytest.raises(Invalid, match="No supplier owes us 264"):  # two of the amount came in, and one is claimed
            tasks.place_receipts(tasks.PlaceReceipts(number, "account", "1296"), tx)
        claim(tx, "SCN-000002")
        assert tasks.place_receipts(tasks.PlaceReceipts(number, "account", "1296"), tx).unmatched == []
        assert balances(tx).get("1296", 0) == 0
