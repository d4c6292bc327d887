"""A list comes by file, whoever is on it is found on new and on open orders, and what compliance decides is remembered for the pair."""

import pytest
from sqlalchemy import text

from engine.problems import Conflict, Invalid
from engine.runtime.state.people import Person
from engine.runtime.verbs import messages
from engine.runtime.verbs.messages import Message
from engine.runtime.verbs.pending_changes import Wanting
from engine.store.paging import Asked
from handlers.changes import Author
from handlers.imports import verbs
from handlers.imports.verbs import File
from handlers.invariants import check_all
from handlers.orders import commands
from handlers.orders.commands import Released, release
from handlers.orders.drafts import LineDraft, OrderDraft, create_order
from handlers.orders.status import status_of
from handlers.parties.guarded import CustomerEdit, _change_customer
from handlers.screening.views import DecisionFilter, list_decisions
from tests.integration.at_work import at_work, do, settle
from tests.integration.orders.trade import D, open_trade, stock
from tests.worklist import tasks_of

CORA = Person("cora", frozenset({"compliance"}))
HEAD = "list_code,entry_no,names,country,reason,delisted\n"


@pytest.fixture
def runtime(database):
    runtime = at_work(database, "order-to-promise", "fulfillment-to-invoice", "denied-party", "cancel-order")
    with database.transaction() as tx:
        open_trade(tx)
        stock(tx, "OMINOUS-ANVIL", 60)
    return runtime


def listed(runtime, *rows) -> None:
    with runtime.database.transaction() as tx:
        given = (HEAD + "".join(f"EU,{row}\n" for row in rows)).encode()
        number = verbs.check(runtime, tx, File(kind="denied-parties", name="eu.csv", data=given), "cora")
        verbs.apply(runtime, tx, number, Wanting("cora"))
    settle(runtime)


def received(runtime) -> str:
    with runtime.database.transaction() as tx:
        order_no = create_order(tx, OrderDraft(customer_no="C-COYOTE", lines=[LineDraft(sku="OMINOUS-ANVIL", qty=D(4))]))
        given = {"order_no": order_no, "source": "API"}
        messages.publish(runtime, tx, Message("order.received", {"order_no": order_no}, given, business_key=order_no))
    settle(runtime)
    return order_no


def where(runtime, order_no):
    with runtime.database.transaction() as tx:
        assert [each.id for each in check_all(tx) if not each.ok] == []
        status = status_of(tx, order_no)
        return status.status, status.holds


def asked(runtime):
    with runtime.database.transaction() as tx:
        return sorted(task.title for task in tasks_of(tx, CORA))


def test_a_false_match_is_remembered_until_the_entry_or_the_customer_changes(runtime):
    listed(runtime, "1,Coyote Suply Ltd; Wile E.,AT,Regulation 1,no", "2,Somebody Else,AT,Regulation 2,no")
    first = received(runtime)
    assert where(runtime, first) == ("DRAFT", ("DENIED_PARTY",))
    do(runtime, f"a party of {first}", person=CORA, action="false_match", reason="Another register number")
    assert where(runtime, first) == ("PROCESSING", ())
    second = received(runtime)
    assert where(runtime, second) == ("PROCESSING", ()), "the pair was decided"
    listed(runtime, "1,Coyote Supply,AT,Regulation 3,no")
    assert asked(runtime) == [f"May be denied: a party of {no}" for no in (first, second)], "the entry is another now: open orders too"
    for order_no in (first, second):
        assert where(runtime, order_no) == ("PROCESSING", ("DENIED_PARTY",))
    listed(runtime, "1,Coyote Supply,AT,Regulation 3,yes")
    do(runtime, f"a party of {first}", person=CORA, action="false_match", reason="It was taken off the list")
    assert where(runtime, first) == ("PROCESSING", ())
    with runtime.database.transaction() as tx:
        _change_customer(runtime, tx, CustomerEdit(customer_no="C-COYOTE", changes={"name": "Somebody Else GmbH"}), Wanting("tom"))
    settle(runtime)
    assert where(runtime, first) == ("PROCESSING", ("DENIED_PARTY",)), "the customer is called otherwise now"


def test_who_is_named_in_a_corrected_address_is_looked_at_and_a_true_match_has_the_order_cancelled(runtime):
    listed(runtime, "9,Sinister Depot,AT,Regulation 9,no")
    order_no = received(runtime)
    assert where(runtime, order_no) == ("PROCESSING", ())
    with runtime.database.transaction() as tx:
        commands.correct_ship_to(runtime, tx, order_no, {"name": "Sinister Depot AG"}, Author("tom", "They moved"))
    settle(runtime)
    assert where(runtime, order_no) == ("PROCESSING", ("DENIED_PARTY",))
    do(runtime, f"a party of {order_no}", person=CORA, action="true_match", reason="The same register number")
    assert where(runtime, order_no) == ("CANCELLED", ())
    with runtime.database.transaction() as tx:
        kept = tx.execute(text("SELECT verdict, reason, decided_by FROM screening_decision")).all()
        assert kept == [("TRUE", "The same register number", "cora")]
        assert tasks_of(tx, CORA) == []


def test_a_hold_is_not_taken_off_by_hand_while_a_match_is_undecided(runtime):
    listed(runtime, "9,Coyote Suply Ltd; Wile E.,AT,Regulation 9,no")
    order_no = received(runtime)
    assert where(runtime, order_no)[1] == ("DENIED_PARTY",)
    by_hand = Released(order_no, "DENIED_PARTY", "The customer hurries")
    with runtime.database.transaction() as tx, pytest.raises(Conflict) as refused:
        release(runtime, tx, by_hand, CORA)
    assert refused.value.code == "match_undecided"
    assert where(runtime, order_no)[1] == ("DENIED_PARTY",)
    do(runtime, f"a party of {order_no}", person=CORA, action="false_match", reason="Another company of the name")
    assert where(runtime, order_no) == ("PROCESSING", ())
    with runtime.database.transaction() as tx:
        release(runtime, tx, by_hand, CORA)  # it is off already: nobody is refused


def test_every_decision_is_listed_with_its_party_entry_and_reason_the_latest_first(runtime):
    listed(runtime, "1,Coyote Suply Ltd; Wile E.,AT,Regulation 1,no")
    first = received(runtime)
    do(runtime, f"a party of {first}", person=CORA, action="false_match", reason="Another register number")
    listed(runtime, "1,Coyote Supply,AT,Regulation 3,no")
    do(runtime, f"a party of {first}", person=CORA, action="true_match", reason="The same owner")
    with runtime.database.transaction() as tx:
        rows = list_decisions(tx, DecisionFilter(), Asked()).rows
        assert [(row.verdict, row.reason, row.decided_by) for row in rows] == [
            ("TRUE", "The same owner", "cora"),
            ("FALSE", "Another register number", "cora"),
        ]
        assert [row.matched_name for row in rows] == ["coyote supply", "coyote suply"], "each as it was when it was decided"
        assert {(row.order_no, row.list_code, row.entry_no) for row in rows} == {(first, "EU", "1")}
        assert [row.id for row in list_decisions(tx, DecisionFilter("cleared"), Asked()).rows] == [rows[1].id]
        assert [row.id for row in list_decisions(tx, DecisionFilter(search="suply"), Asked()).rows] == [rows[1].id]
        with pytest.raises(Invalid, match="no verdict"):
            list_decisions(tx, DecisionFilter("perhaps"), Asked())
