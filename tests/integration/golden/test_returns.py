"""Goods that come back, to the cent: the end of golden scenario G1, and what each step does to books, stock and invoice."""

from datetime import UTC, datetime
from decimal import Decimal

from handlers.billing import credit_tasks as billing
from handlers.ledger.posting import balances
from handlers.receivables import refund_tasks as refunds
from handlers.receivables import tasks as receivables
from handlers.returns import requests
from handlers.returns import tasks as returns
from tests.integration.golden.builders import Sold, company, customer, effects, item, on_stock, order, stored, warehouse
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
        assert posted == billing.PostedCredit(D("135.00"), D("0.00"), D("135.00"), "EUR")
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
