"""Invoices that are owed, statements that pay them, and the steps from a bank's file to what was applied."""

from datetime import date
from decimal import Decimal

from handlers.ledger import posting
from handlers.ledger.open_items import NewOpenItem, add_open_item
from handlers.ledger.posting import balances
from handlers.receivables import tasks
from tests.integration.golden.builders import CUSTOMER, stored
from tests.steps import commit_step
from tests.unit.receivables.statement_files import camt053

D = Decimal


def owed(tx, number="INV-000001", amount="1668.00", *, tax="278.00", discount="33.36", **changes):
    """An invoice that is posted and open: 1,668.00 of our customer, with 33.36 for whoever pays in time."""
    party = changes.get("party_no", CUSTOMER)
    lines = [
        posting.debit("1200", D(amount), party_no=party, reference=number),
        posting.credit("4000", D(amount) - D(tax)),
        posting.credit("2200", D(tax)),
    ]
    entry = posting.Entry("invoice.posted", number, changes.get("currency", "EUR"), lines, gl_date=date(2026, 3, 10))
    posting.post(tx, entry)
    draft = {
        "kind": "AR", "party_no": CUSTOMER, "document_no": number, "document_date": date(2026, 3, 10), "due_date": date(2026, 4, 9),
        "amount": D(amount), "currency": "EUR", "discount_date": date(2026, 3, 20), "discount_amount": D(discount), "tax_amount": D(tax),
    }  # fmt: skip
    add_open_item(tx, NewOpenItem(**draft | changes))
    commit_step(tx)


def paid(*credits_, opening="0.00", **changes):
    """A statement with these credits, whose balances add up."""
    closing = D(opening) + sum(D(credit.amount) for credit in credits_)
    return camt053(list(credits_), opening=opening, closing=str(closing), **changes)


def take_in(tx, content, *actions):
    """Read a statement, record its receipts and apply them, with what a person answers for each case."""
    statement = tasks.OfStatement(stored(tx, content)[0])
    tasks.read_statement(statement, tx)
    tasks.record_receipts(statement, tx)
    found = tasks.propose_applications(tasks.Propose(statement.statement_no), tx)
    done = tasks.apply_receipts(tasks.Apply(statement.statement_no, found.residual_cases, [{"action": action} for action in actions]), tx)
    commit_step(tx)
    return done


def nonzero(tx):
    """What each account holds, where it holds anything."""
    return {account: amount for account, amount in balances(tx).items() if amount}
