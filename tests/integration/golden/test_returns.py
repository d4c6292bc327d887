"""Goods that come back, to the cent: the end of golden scenario G1, and what each step does to books, stock and invoice."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from engine.problems import Conflict, Invalid
from engine.service_tasks import Refused
from handlers.billing import credit_tasks as billing
from handlers.billing.en16931 import validate_invoice
from handlers.ledger.posting import balances
from handlers.receivables import refund_tasks as refunds
from handlers.receivables import tasks as receivables
from handlers.returns import requests
from handlers.returns import tasks as returns
from tests.integration.golden.builders import Sold, company, customer, effects, item, on_stock, one, order, stored, warehouse
from tests.integration.golden.test_golden import bill, figures, nothing_is_broken, receive, ship
from tests.steps import commit_step
from tests.unit.receivables.statement_files import Credit, camt053, debit

D = Decimal
DAY = datetime(2026, 3, 10, 9, tzinfo=UTC)


def sold(tx, qty="100", *, parts=("60", "40"), freight="40.00"):
    company(tx)
    customer(tx)
    item(tx)
    warehouse(tx)
    on_stock(tx, qty)
    made = order(tx, [Sold(qty, "22.50", parts, list_price="25.00")], freight=freight)
    return [bill(tx, ship(tx, group, DAY), DAY) for group in made.groups]


def asked(tx, invoice_no, qty, reason="DEFECTIVE"):
    wanted = requests.ReturnRequest(
        invoice_no=invoice_no, reason=reason, lines=[requests.ReturnedLine(line_no=1, qty=D(qty))], note="Wobbly."
    )
    kept = requests.keep_request(tx, wanted, "dora")
    commit_step(tx)
    return kept.rma_no


def come_back(tx, rma_no, qty, *, restocked, fee="0"):
    returns.accept_return(returns.AcceptReturn(rma_no, D(fee)), tx, effects())
    commit_step(tx)
    came = returns.receive_goods(returns.ReceiveReturn(rma_no, [returns.CountedGoods(1, D(qty))]), tx)
    commit_step(tx)
    returns.inspect_goods(returns.InspectReturn(rma_no, [returns.JudgedGoods(1, D(restocked))]), tx)
    commit_step(tx)
    return came


def credited(tx, rma_no, invoice_no, qty, fee="0"):
    given = billing.DraftCredit(rma_no, invoice_no, [billing.CreditedGoods(1, D(qty))], D(fee), "Does not work")
    drafted = billing.draft_credit_memo(given, tx)
    commit_step(tx)
    posted = billing.post_credit_memo(billing.OfCreditMemo(drafted.credit_memo_no), tx)
    commit_step(tx)
    return drafted.credit_memo_no, posted


def test_g1_ends_with_five_pieces_back_on_the_shelf_and_135_00_back_at_the_customer(database):
    with database.transaction() as tx:
        first, second = sold(tx)
        receive(tx, Credit("1634.64", first, ref="B1", day="2026-03-18"), "0.00", decision="EARNED_DISCOUNT")
        receive(tx, Credit("1076.80", second, ref="B2", day="2026-04-15"), "1634.64", decision="WRITE_OFF")
        commit_step(tx)
        rma_no = asked(tx, second, "5")
        assert come_back(tx, rma_no, "5", restocked="5").qty == 5
        assert (balances(tx)["1400"], balances(tx)["5000"], balances(tx)["1480"]) == (D("70.00"), D("1330.00"), 0)
        memo, posted = credited(tx, rma_no, second, "5")
        assert posted == billing.PostedCredit(D("135.00"), D("0.00"), D("135.00"), "EUR", [], memo, D("135.00"))
        assert nothing_is_broken(tx)
        refunds.order_refund(refunds.OrderRefund(memo), tx, effects())
        commit_step(tx)
        statement = camt053([debit("135.00", memo, day="2026-04-20", ref="B3")], opening="2711.44", closing="2576.44", statement="STMT-B3")
        given = receivables.OfStatement(stored(tx, statement)[0])
        kinds = receivables.read_statement(given, tx).kinds
        receivables.book_entries(receivables.BookEntries(given.statement_no, kinds, [{"action": "PAYMENT", "ask": "accounts-payable"}]), tx)
        commit_step(tx)
        assert refunds.read_refund(refunds.OfCreditMemo(memo), tx).on_statement
        assert figures(tx) == {
            "1000": D("2576.44"), "1400": D("70.00"), "3000": D("-1400.00"), "2200": D("-429.94"), "4000": D("-2250.00"),
            "4050": D("112.50"), "4100": D("-40.00"), "4900": D("27.80"), "5000": D("1330.00"), "6300": D("3.20"),
        }  # fmt: skip
        assert nothing_is_broken(tx)


def test_what_the_invoice_still_owes_is_settled_first_and_a_fee_is_kept_back_of_the_rest(database):
    with database.transaction() as tx:
        (invoice_no,) = sold(tx, "60", parts=("60",), freight="0")  # 1,350.00 net, 1,620.00 gross
        commit_step(tx)
        rma_no = asked(tx, invoice_no, "8", reason="CHANGE_OF_MIND")
        come_back(tx, rma_no, "8", restocked="5", fee="15")
        # Eight at 22.50 are 180.00; 27.00 are kept back, 153.00 and 30.60 tax are given back.
        memo, posted = credited(tx, rma_no, invoice_no, "8", fee="15")
        assert posted == billing.PostedCredit(D("183.60"), D("183.60"), D("0.00"), "EUR", [], memo)
        assert one(tx, "SELECT open_amount FROM open_item WHERE document_no = :no", no=invoice_no) == D("1436.40")
        assert {name: amount for name, amount in figures(tx).items() if name in {"1400", "4050", "4200", "5000", "5300", "1480"}} == {
            "1400": D("70.00"), "4050": D("180.00"), "4200": D("-27.00"), "5000": D("728.00"), "5300": D("42.00"),
        }  # fmt: skip
        assert one(tx, "SELECT qty_returned, qty_credited FROM fulfil_line") == (8, 8)
        requests.close(tx, rma_no)
        assert nothing_is_broken(tx)


def test_three_returns_of_one_line_come_to_what_was_charged_whatever_rounding_leaves(database):
    with database.transaction() as tx:
        company(tx)
        customer(tx)
        item(tx)
        warehouse(tx)
        on_stock(tx, "3", cost="3.3333")
        made = order(tx, [Sold("3", "3.3333", ("3",))])
        invoice_no = bill(tx, ship(tx, made.groups[0], DAY), DAY)
        assert one(tx, "SELECT net_total, tax_total FROM invoice") == (D("10.00"), D("2.00"))
        given = []
        for _ in range(3):
            rma_no = asked(tx, invoice_no, "1")
            come_back(tx, rma_no, "1", restocked="1")
            number, _ = credited(tx, rma_no, invoice_no, "1")
            requests.close(tx, rma_no)
            given.append(one(tx, "SELECT net_total, tax_total FROM invoice WHERE invoice_no = :no", no=number))
        assert given == [(D("3.33"), D("0.67")), (D("3.34"), D("0.66")), (D("3.33"), D("0.67"))]
        assert one(tx, "SELECT open_amount FROM open_item") == 0
        assert (balances(tx)["1400"], balances(tx)["5000"]) == (D("10.00"), 0)
        assert nothing_is_broken(tx)
        with pytest.raises(Invalid) as refused:
            asked(tx, invoice_no, "1")
        assert refused.value.errors == {"lines.0.qty": ["is more than the 0 that may still come back"]}


def test_a_credit_memo_is_a_valid_credit_note_that_names_its_invoice_and_the_fee(database):
    with database.transaction() as tx:
        (invoice_no,) = sold(tx, "60", parts=("60",), freight="0")
        commit_step(tx)
        rma_no = asked(tx, invoice_no, "8")
        come_back(tx, rma_no, "8", restocked="8", fee="15")
        given = billing.DraftCredit(rma_no, invoice_no, [billing.CreditedGoods(1, D(8))], D(15), "Does not work")
        number = billing.draft_credit_memo(given, tx).credit_memo_no
    billing.prepare_credit_memo(billing.OfCreditMemo(number), database)
    with database.transaction() as tx:
        ubl = one(tx, "SELECT content FROM document WHERE kind = 'CREDIT_MEMO_UBL'")
        pdf = one(tx, "SELECT content FROM document WHERE kind = 'CREDIT_MEMO_PDF'")
    assert validate_invoice(bytes(ubl)) == []
    assert bytes(pdf).startswith(b"%PDF")
    for said in (
        "<cbc:CreditNoteTypeCode>381<",
        f"<cbc:ID>{invoice_no}<",
        "Restocking fee",
        'PayableAmount currencyID="EUR">183.60<',
    ):
        assert said in bytes(ubl).decode()


@pytest.mark.parametrize(
    ("wanted", "errors"),
    [
        ({"reason": "BORED"}, {"reason": ["must be one of DAMAGED, DEFECTIVE, WRONG_ITEM, NOT_ORDERED, CHANGE_OF_MIND"]}),
        ({"qty": "61"}, {"lines.0.qty": ["is more than the 60 that may still come back"]}),
        ({"qty": "0"}, {"lines.0.qty": ["must be above zero and at most 999,999,999, with at most four decimals"]}),
        ({"line_no": 9}, {"lines.0.line_no": ["is no line for goods of this invoice"]}),
        ({"times": 2}, {"lines.1.line_no": ["is named twice"]}),
        ({"times": 0}, {"lines": ["must be between 1 and 500"]}),
    ],
)
def test_what_cannot_come_back_is_refused_beside_its_field_and_nothing_is_kept(database, wanted, errors):
    with database.transaction() as tx:
        (invoice_no,) = sold(tx, "60", parts=("60",), freight="0")
        commit_step(tx)
        line = requests.ReturnedLine(line_no=wanted.get("line_no", 1), qty=D(wanted.get("qty", "1")))
        request = requests.ReturnRequest(
            invoice_no=invoice_no, reason=wanted.get("reason", "DAMAGED"), lines=[line] * wanted.get("times", 1)
        )
        with pytest.raises(Invalid) as refused:
            requests.keep_request(tx, request, "dora")
        assert refused.value.errors == errors
        assert one(tx, "SELECT count(*) FROM return_authorization") == 0


def test_each_step_is_done_once_and_only_in_its_order(database):
    with database.transaction() as tx:
        (invoice_no,) = sold(tx, "60", parts=("60",), freight="0")
        commit_step(tx)
        rma_no = asked(tx, invoice_no, "5")
        with pytest.raises(Conflict, match="was not accepted"):
            returns.receive_goods(returns.ReceiveReturn(rma_no, [returns.CountedGoods(1, D(5))]), tx)
        commit_step(tx)
        returns.accept_return(returns.AcceptReturn(rma_no, D(0)), tx, effects())
        commit_step(tx)
        with pytest.raises(Conflict, match="was accepted"):
            requests.refuse(tx, rma_no, "Too late")
        for qty, said in (("6", "Of line 1 6 came, where 5 may."), ("-1", "Of line 1 -1 came, where 5 may.")):
            with pytest.raises(Refused, match=said):
                returns.receive_goods(returns.ReceiveReturn(rma_no, [returns.CountedGoods(1, D(qty))]), tx)
        for _ in range(2):
            came = returns.receive_goods(returns.ReceiveReturn(rma_no, [returns.CountedGoods(1, D(4))]), tx)
            commit_step(tx)
        assert (came.qty, balances(tx)["1480"]) == (4, D("56.00"))
        with pytest.raises(Conflict, match="not inspected"):
            requests.close(tx, rma_no)
        commit_step(tx)
        with pytest.raises(Refused, match="Of line 1 4 came back"):
            returns.inspect_goods(returns.InspectReturn(rma_no, [returns.JudgedGoods(1, D(5))]), tx)
        for _ in range(2):
            returns.inspect_goods(returns.InspectReturn(rma_no, [returns.JudgedGoods(1, D(4))]), tx)
            commit_step(tx)
        first, second = (credited(tx, rma_no, invoice_no, "4") for _ in range(2))
        assert first == second
        requests.close(tx, rma_no)
        commit_step(tx)
        # The fifth did not come: it may be sent back under another return.
        assert asked(tx, invoice_no, "56").startswith("RMA-")
        with pytest.raises(Invalid):
            asked(tx, invoice_no, "1")
