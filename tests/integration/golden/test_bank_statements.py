"""Bank statements run through the real diagram: what cannot be booked is somebody's task, and the statement ends when all is placed."""

from decimal import Decimal

import pytest
from sqlalchemy import text

from engine.problems import Invalid
from engine.runtime.state.people import Person
from engine.runtime.verbs import messages, user_tasks
from engine.runtime.verbs.messages import Message
from engine.runtime.verbs.user_tasks import Completion
from handlers.billing import tasks as billing
from handlers.fulfillment import tasks as fulfillment
from handlers.invariants import check_all
from handlers.ledger.posting import balances
from handlers.receivables.bank_files import take_in_file
from handlers.receivables.manual_application import identify
from tests.integration.at_work import say, settle
from tests.integration.golden.builders import CUSTOMER, Sold, context, one, order
from tests.integration.golden.test_diagrams import runtime  # noqa: F401  # a fixture of the room
from tests.unit.receivables.statement_files import Credit, camt053, debit
from tests.worklist import tasks_of

D = Decimal
AMINA = Person("amina", frozenset({"treasury", "accounts-receivable"}))


def bank(runtime, *entries, opening="0.00", closing=None, statement="S1"):  # noqa: F811
    """The bank sends a statement; answers its number."""
    change = sum((D(each.amount) * (1 if each.direction == "CRDT" else -1) for each in entries), D(0))
    content = camt053(list(entries), opening=opening, closing=closing or str(D(opening) + change), statement=statement)
    with runtime.database.transaction() as tx:
        (number,) = take_in_file(tx, content).statement_nos
        given = {"statement_no": number}
        messages.note(runtime, tx, Message("statement.received", correlation=given, payload=given, business_key=number, actor="amina"))
    settle(runtime)
    return number


def tasks_about(runtime, number):  # noqa: F811
    with runtime.database.transaction() as tx:
        return {each.element_id: each for each in tasks_of(tx, AMINA, business_key=number)}


def complete(runtime, task, **data):  # noqa: F811
    with runtime.database.transaction() as tx:
        user_tasks.complete(runtime, tx, task.id, data, Completion(AMINA))
    settle(runtime)


def sold(runtime):  # noqa: F811
    """Tables for 1,668.00 are shipped and invoiced, and the invoice is collected."""
    with runtime.database.transaction() as tx:
        group = order(tx, [Sold("60", "22.50")], freight="40.00").groups[0]
        fulfillment.reserve(fulfillment.Group(group), tx)
        shipment_no = fulfillment.confirm_pick(fulfillment.PickAndPack(group, 1, D(1)), tx).shipment_no
        fulfillment.ship_confirm(fulfillment.OfShipment(shipment_no), tx, context())
        made = billing.create_invoice(billing.OfShipment(shipment_no), tx, context())
        billing.post_invoice(billing.OfInvoice(made.invoice_no), tx)
    say(runtime, "invoice.posted", made.invoice_no, invoice_no=made.invoice_no, order_no="SO-000001")


def states(tx, process):
    """How the instances of a process stand; what the reminders of an invoice charge is collected by itself."""
    sql = "SELECT array_agg(state ORDER BY started_at) FROM instance WHERE process_key = :key AND business_key NOT LIKE 'LC-%'"
    return one(tx, sql, key=process)


BOOKS_AND_BANK = {"INV-01", "INV-02", "INV-03", "INV-10", "INV-11", "INV-30", "INV-31", "INV-32", "INV-33"}


def broken(tx):
    return [(each.id, each.examples) for each in check_all(tx) if not each.ok and each.id in BOOKS_AND_BANK]


def test_a_returned_payment_is_collected_again_and_what_nobody_knows_is_asked(runtime):  # noqa: F811
    sold(runtime)
    bank(runtime, Credit("1668.00", "INV-000001"))
    entries = debit("1668.00", "RETURN INV-000001", reversal=True), debit("12.50", code="CHRG"), debit("99.00", "Leasing 4711")
    number = bank(runtime, *entries, opening="1668.00", statement="S2")
    with runtime.database.transaction() as tx:
        assert one(tx, "SELECT open_amount FROM open_item WHERE document_no = 'INV-000001'") == 1668
        assert states(tx, "invoice-to-receipt") == ["completed", "waiting"]
        assert broken(tx) == []
    tasks = tasks_about(runtime, number)
    assert list(tasks) == ["explain_entry"]
    with runtime.database.transaction() as tx:
        opened = user_tasks.get(runtime, tx, tasks["explain_entry"].id, AMINA)
        assert (opened.form_data["amount"], opened.form_data["text"]) == (99, "Leasing 4711")
    for wrong in ({"action": "account", "account": "1200"}, {"action": "account"}, {"action": "return"}, {"action": "ignore"}):
        with pytest.raises(Invalid) as refusal:
            complete(runtime, tasks["explain_entry"], **wrong)
        assert refusal.value.errors
    complete(runtime, tasks["explain_entry"], action="return", receipt_no="RC-000404")
    (task,) = tasks_about(runtime, number).values()
    with runtime.database.transaction() as tx:
        assert user_tasks.get(runtime, tx, task.id, AMINA).form_data["note"] == "There is no such receipt."
    complete(runtime, task, action="account", account="6900")
    with runtime.database.transaction() as tx:
        assert states(tx, "statement-intake") == ["completed", "completed"]
        booked = balances(tx)
        late = booked["4300"]  # what the reminder of the invoice that is owed again charges
        assert (booked["1000"], booked["6400"], booked["6900"], booked["1200"] + late) == (D("-111.50"), D("12.50"), 99, 1668)
        assert broken(tx) == []


def test_a_payment_that_comes_and_goes_on_one_statement_is_still_owed(runtime):  # noqa: F811
    sold(runtime)
    bank(runtime, Credit("1668.00", "INV-000001"), debit("1668.00", "INV-000001", reversal=True))
    with runtime.database.transaction() as tx:
        assert one(tx, "SELECT open_amount FROM open_item WHERE document_no = 'INV-000001'") == 1668
        assert "waiting" in states(tx, "invoice-to-receipt")
        assert broken(tx) == []
    bank(runtime, Credit("1668.00", "INV-000001"), statement="S2")
    with runtime.database.transaction() as tx:
        assert set(states(tx, "invoice-to-receipt")) == {"completed"}
        assert broken(tx) == []


def test_a_return_of_a_receipt_that_nobody_knows_is_the_receivables_clerk_s(runtime):  # noqa: F811
    number = bank(runtime, debit("50.00", "RETURN", reversal=True), opening="50.00")
    tasks = tasks_about(runtime, number)
    assert [(name, task.candidate_groups) for name, task in tasks.items()] == [("explain_return", ["accounts-receivable"])]
    complete(runtime, tasks["explain_return"], action="account", account="2350")
    with runtime.database.transaction() as tx:
        assert states(tx, "statement-intake") == ["completed"]
        assert broken(tx) == []


def test_a_receipt_of_an_unknown_payer_waits_until_somebody_knows_whose_it_is(runtime):  # noqa: F811
    number = bank(runtime, Credit("50.00", "hello"))
    complete(runtime, tasks_about(runtime, number)["review_unapplied"], outcome="on_account", reason="The payer is not known")
    (task,) = tasks_about(runtime, number).values()
    with runtime.database.transaction() as tx:
        identify(tx, "RC-000001", CUSTOMER)
    complete(runtime, task, outcome="on_account", reason="He will order again")
    with runtime.database.transaction() as tx:
        assert states(tx, "statement-intake") == ["completed"]
        assert one(tx, "SELECT on_account FROM receipt") == 50
        assert broken(tx) == []


def test_the_suggestion_for_an_unknown_payer_is_applied_by_the_clerk_and_the_invoice_is_heard_to_be_settled(runtime):  # noqa: F811
    sold(runtime)
    with runtime.database.transaction() as tx:
        amount = one(tx, "SELECT open_amount FROM open_item WHERE document_no = 'INV-000001'")
    number = bank(runtime, Credit(str(amount), "hello", name="Who is that"))
    complete(runtime, tasks_about(runtime, number)["review_unapplied"], outcome="suggested")
    with runtime.database.transaction() as tx:
        assert states(tx, "statement-intake") == ["completed"]
        assert one(tx, "SELECT open_amount FROM open_item WHERE document_no = 'INV-000001'") == 0
        assert "waiting" not in states(tx, "invoice-to-receipt")
        assert broken(tx) == []


def test_a_statement_that_treasury_refuses_makes_room_for_its_corrected_successor(runtime):  # noqa: F811
    number = bank(runtime, Credit("120.00", "?", ref="BK-77"), closing="100.00")
    complete(runtime, tasks_about(runtime, number)["balance_statement"], action="refuse", reason="The bank sends a new one")
    with runtime.database.transaction() as tx:
        assert one(tx, "SELECT refused_because FROM bank_statement") == "The bank sends a new one"
        assert broken(tx) == []
    bank(runtime, Credit("120.00", "?", ref="BK-77"))
    with runtime.database.transaction() as tx:
        assert balances(tx)["1000"] == 120
        assert broken(tx) == []


def test_a_line_whose_process_somebody_cancelled_has_no_owner_and_is_noticed(runtime):  # noqa: F811
    number = bank(runtime, debit("99.00", "Leasing 4711"))
    with runtime.database.transaction() as tx:
        tx.execute(text("UPDATE instance SET state = 'cancelled' WHERE business_key = :no"), {"no": number})
        assert "INV-32" in [each.id for each in check_all(tx) if not each.ok]
        tx.rollback()
