"""Bank accounts customers pay from: money is recognised by them.

One that nobody has is known at once; to move or forget one that is known takes a second person.
"""

from dataclasses import asdict

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session

from engine.problems import Conflict, Forbidden, NotFound, Problem
from engine.store.locks import Advisory, advisory
from handlers.changes import Author, note
from handlers.identifiers import canonical
from handlers.parties.master_data import BankAccountDraft, find_customer, set_bank_account
from handlers.parties.model import BankAccount, BankAccountChange


def keep_or_ask(tx: Session, draft: BankAccountDraft, by: Author, *, removes: bool = False) -> int | None:
    """Know an account that nobody has as the customer's, at once; else ask for the change and answer its number.

    Raises as `ask_change` does.
    """
    draft = canonical(draft)
    advisory(tx, Advisory.PAYER_ACCOUNT, draft.iban)
    known = tx.scalar(select(BankAccount.customer_no).where(BankAccount.iban == draft.iban))
    if removes or known is not None:
        return ask_change(tx, draft, by, removes=removes)
    set_bank_account(tx, draft)
    note(tx, by, "add", f"bank_account:{draft.iban}", asdict(draft))
    return None


def ask_change(tx: Session, draft: BankAccountDraft, by: Author, *, removes: bool = False) -> int:
    """Ask that an account be known as the customer's, or be forgotten; answers the number of the change.

    Raises NotFound (customer, account), Invalid (IBAN), Conflict when a change of the account waits already.
    """
    draft = canonical(draft)
    find_customer(tx, draft.customer_no)
    if removes and tx.get(BankAccount, draft.iban) is None:
        raise NotFound(f"There is no account {draft.iban}.", code="bank_account_unknown", next_step="Look at the customer's accounts.")
    waiting = select(BankAccountChange.id).where(BankAccountChange.iban == draft.iban, BankAccountChange.decision == "PENDING")
    if tx.scalar(waiting) is not None:
        raise Conflict(
            f"A change of {draft.iban} waits for a second person already.", code="change_pending", next_step="Let it be decided first."
        )
    values = {**asdict(draft), "removes": removes, "asked_by": by.name}
    number: int = tx.execute(insert(BankAccountChange).values(values).returning(BankAccountChange.id)).scalar_one()
    note(tx, by, "ask", f"bank_account:{draft.iban}", {**values, "change": number})
    return number


def decide_change(tx: Session, number: int, by: Author, *, approve: bool) -> BankAccountChange:
    """Agree to a change, or refuse it. Raises NotFound, Conflict when it is decided, Forbidden for whoever asked for it."""
    known = select(BankAccount.customer_no).join(BankAccountChange, BankAccountChange.iban == BankAccount.iban)
    before = tx.scalar(known.where(BankAccountChange.id == number))
    decision = "APPROVED" if approve else "REFUSED"
    asked = tx.scalars(
        update(BankAccountChange)
        .where(BankAccountChange.id == number, BankAccountChange.decision == "PENDING", BankAccountChange.asked_by != by.name)
        .values(decision=decision, decided_by=by.name, decided_at=func.business_now())
        .returning(BankAccountChange)
    ).one_or_none()
    if asked is None:
        raise _why_not(tx.get(BankAccountChange, number), number)
    if approve:
        _carry_out(tx, asked)
    after = before if not approve else None if asked.removes else asked.customer_no
    told = {"change": number, "decision": decision, "asked_by": asked.asked_by, "customer_no": {"from": before, "to": after}}
    note(tx, by, "decide", f"bank_account:{asked.iban}", told)
    return asked


def _why_not(asked: BankAccountChange | None, number: int) -> Problem:
    if asked is None:
        return NotFound(f"There is no change {number}.", code="change_unknown", next_step="Look at the customer's accounts.")
    if asked.decision != "PENDING":
        return Conflict(
            f"{asked.decided_by} has {asked.decision.lower()} this change.", code="change_decided", next_step="Ask for another change."
        )
    return Forbidden(
        "Whoever asked for a change does not decide it.", code="four_eyes", next_step="Let somebody else of receivables decide it."
    )


def _carry_out(tx: Session, asked: BankAccountChange) -> None:
    if asked.removes:
        tx.execute(delete(BankAccount).where(BankAccount.iban == asked.iban))
    else:
        account = BankAccountDraft(iban=asked.iban, customer_no=asked.customer_no, bic=asked.bic, holder=asked.holder)
        set_bank_account(tx, account)
